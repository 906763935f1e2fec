# Attributes, folders, and what is removed. made is for a folder that is new, a for attributes
# that were changed.
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
		safe "$b" && as_is "$b"
	else
		locked alter
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
	lock || return
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
	seen "$1" || return
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
	a=0 made=0 new=
	mkfolder
	made=0
	cd /
	[ -z "$ko" ] || unmake
}
mkfolder() {
	allow mkdir "$p" && who "$o" "$og" || return
	d=${p%/*}/
	[ -d "$d" ] || { above && parents; } || return
	enter || return
	if peek; then change; return; fi
	gone || return
	md=${md:-00755}
	[ $((sm & 1024)) -gt 0 ] || sg=0
	su=0
	stay
	sweep
	IFS= read -r x </proc/sys/kernel/random/uuid
	t=./.cephstack.$$.$x
	e=$(mkdir -m 700 -- "$t" 2>&1)
	before "$t"
	fresh 5<"$t" || [ -n "$ko" ] || fail sys "$e"
	[ -z "$t" ] || rm -df -- "$t"
	t=
	[ -n "$ko" ] || [ "$made" = 1 ] || { who "$o" "$og" && peek && change; } || [ -n "$ko" ] || fail sys "$s"
}
# The new folder is open as 5, if that is our own, and empty. It appears whole, unless there is one by now.
fresh() {
	calm
	y=/proc/self/fd/5
	held $y && [ -d $y ] && [ -O $y ] && [ -z "$(ls -A $y/ 2>&1)" ] || { fail conflict ""; return; }
	setattr /proc/self/fd/5 || { fail sys "$e"; return; }
	e=$(mv -nT -- "$t" "$b" 2>&1)
	if [ "$b" -ef /proc/self/fd/5 ] && ! [ -h "$b" ]; then
		t= made=1
		say "changed 1"
		e=$(sync . 2>&1) || { fail unknown "$e"; return; }
		as_is "$b"
	elif [ "$t" -ef /proc/self/fd/5 ]; then
		[ -e "$b" ] || [ -h "$b" ] || fail sys "$e"
	else
		fail unknown "$e"
	fi
}
# Make the folder d and those above it. new has a line for each that was made.
parents() {
	new=$( { umask 022; mkdir -pv -- "$d"; } 2>&1 ) || { fail sys "${new##*"$nl"}"; return; }
	set --
	deepest
	set -f
	IFS=$nl
	for y in $new; do
		set -- "$@" "$x"
		x=${x%/*}
	done
	unset IFS
	set +f
	e=$(sync "$@" "${x:-/}" 2>&1) || fail sys "$e"
}
deepest() { x=${d%/}; until [ -d "$x/" ]; do x=${x%/*}; done; }
# Remove the folders that parents made, as the operation failed.
unmake() {
	deepest
	set -f
	IFS=$nl
	for y in $new; do
		case $y in "mkdir: created "*) e=$(rmdir -- "$x" 2>&1) || { fail unknown "$e"; break; }
			x=${x%/*} ;;
		esac
	done
	unset IFS
	set +f
}
op_remove() {
	line p
	line was
	allow remove "$p" || return
	if cd -P "${p%/*}/" 2>/dev/null; then
		b=./${p##*/}
		locked remove
		cd /
	elif look "$p"; then
		fail sys "the folder cannot be entered"
	else
		gone
	fi
}
remove() {
	here || return
	lock || return
	peek || { gone && safe .; return; }
	case $kind:$was in d:*) fail isdir ""; return ;;
	*:) unlink; return ;;
	-:*) ;;
	*) fail conflict ""; return ;;
	esac
	before
	matching 6<"$b" || [ -n "$ko" ] || fail conflict ""
}
matching() {
	opened && digest || return
	[ "$was" = "$h" ] && still || { fail conflict ""; return; }
	unlink
}
unlink() {
	if e=$(rm -f -- "$b" 2>&1); then :
	elif look "$b"; then
		fail sys "$e"
		return
	else
		gone || { fail unknown "$e"; return; }
	fi
	say "changed 1"
	e=$(sync . 2>&1) || fail unknown "$e"
}
