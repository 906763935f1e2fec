# Attributes, folders, and what is removed. made is for a folder that is new.
made=0
op_attr() {
	line p
	line o
	line og
	line md
	num "0$md"
	attr
	cd /
}
attr() {
	allow attr "$p" && who "$o" "$og" && enter || return
	peek || { fail sys "$s"; return; }
	change
}
# Give b, a file or a folder, its owner, group and mode, unless that has them.
change() {
	right || return
	if (stay; fits); then
		a=0
		as_is "$b"
	else
		alter 9<. || [ -n "$ko" ] || fail sys "the folder cannot be opened"
	fi
}
# Whether b is what has attributes, for what is asked.
right() {
	case $kind:$op in d:*|-:attr) ;;
	l:*) fail symlink "" ;;
	*:mkdir) fail notdir "" ;;
	*) fail notreg "" ;;
	esac
}
alter() {
	lock
	peek || { fail sys "$s"; return; }
	right || return
	stay
	before
	if [ "$kind" = d ]; then
		cd -P "$b" 2>/dev/null || { fail conflict ""; return; }
		calm
		setattr . && as_is .
	else
		file 5<"$b" && as_is "$b" || [ -n "$ko" ] || fail conflict ""
	fi
}
as_is() {
	look "$1" || { fail unknown "$s"; return; }
	say "stat $s"
	say "acl -"
	say "changed $((made | a))"
}
file() {
	calm
	[ -f /proc/self/fd/5 ] || { fail conflict ""; return; }
	setattr /proc/self/fd/5
}
op_mkdir() {
	line p
	line o
	line og
	line md
	num "0$md"
	made=0
	mkfolder
	made=0
	cd /
}
parents() { e=$( { umask 022; mkdir -p -- "$d"; } 2>&1 ); }
mkfolder() {
	allow mkdir "$p" && who "$o" "$og" || return
	d=${p%/*}/
	[ -d "$d" ] || parents || { fail sys "$e"; return; }
	enter || return
	if peek; then :; else
		gone || return
		md=${md:-00755}
		# The folder is root's alone until it was entered.
		e=$(mkdir -- "$b" 2>&1)
		c=$?
		case $c:$e in 0:*) made=1 ;;
		*": File exists") ;;
		*) [ "$c" -gt 128 ] && [ -d "$b" ] || { fail sys "$e"; return; }
			made=1 ;;
		esac
		[ "$made" = 0 ] || say "changed 1"
		[ "$made" = 0 ] || e=$(sync . "$b" 2>&1) || { fail unknown "$e"; return; }
		peek || { fail sys "$s"; return; }
	fi
	change
}
op_remove() {
	line p
	line was
	allow remove "$p" || return
	if cd -P "${p%/*}/" 2>/dev/null; then
		b=./${p##*/}
		remove 9<. || [ -n "$ko" ] || fail sys "the folder cannot be opened"
		cd /
	else
		look "$p" || gone
	fi
}
remove() {
	here || return
	lock
	peek || { gone; return; }
	case $kind:$was in d:*) fail isdir ""; return ;;
	*:) unlink; return ;;
	-:*) ;;
	*) fail conflict ""; return ;;
	esac
	before
	matching 6<"$b" || [ -n "$ko" ] || fail conflict ""
}
matching() {
	calm
	digest || return
	[ "$was" = "$h" ] && still || { fail conflict ""; return; }
	unlink
}
unlink() {
	e=$(rm -f -- "$b" 2>&1)
	if [ -e "$b" ] || [ -h "$b" ]; then fail sys "$e"; return; fi
	say "changed 1"
	e=$(sync . 2>&1) || fail unknown "$e"
}
