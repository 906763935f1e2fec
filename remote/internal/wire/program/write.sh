op_write() {
	line p
	line was
	line o
	line og
	line md
	line sum
	line rnd
	data
	num "0$md"
	case $rnd in */*) exit 91 ;;
	esac
	left=$n
	len=$n
	[ -z "$w" ] || len=${#w}
	write
	cd /
	[ "$n" = 0 ] || drain "$left"
}
# Compare and replace, one after the other in the folder.
write() {
	allow write "$p" && who "$o" "$og" && enter || return
	locked swap
}
swap() {
	lock || return
	if peek; then
		case $kind in -) ;;
		l) fail symlink ""; return ;;
		d) fail isdir ""; return ;;
		*) fail notreg ""; return ;;
		esac
		before
		h=
		compare 6<"$b" || [ -n "$ko" ] || fail conflict ""
	else
		gone || return
		h=absent su=0 sg=0 sm=384
		[ -z "$was" ] || [ "$was" = absent ] || { fail conflict ""; return; }
		stay
		replace 6</dev/null && tell
	fi
}
# The file is open as 6. Where it already has the content, nothing is in conflict.
compare() {
	opened || return
	if [ "$size" = "$len" ]; then digest || return; fi
	stay
	if [ "$h" = "$sum" ]; then
		was=$sum a=0
		if fits; then safe /proc/self/fd/6; elif [ -n "$plus" ]; then replace; else setattr /proc/self/fd/6; fi && tell
		return
	fi
	case $was in absent) fail conflict ""; return ;;
	""|"$h") ;;
	*) [ -z "$h" ] || { fail conflict ""; return; } ;;
	esac
	replace && tell
}
# The file as it is now.
tell() {
	seen "$b" || return
	say "sha $sum"
	say "changed $a"
}
replace() {
	sweep
	t=./.cephstack.$$.$rnd
	left=0
	e=$(create 2>&1)
	c=$?
	case $c in 0|5[0-3]) ;;
	*) moved ;;
	esac
	[ "$c" = 0 ] && t= && a=1 && return
	rm -f -- "$t"
	t=
	e=${e##*"moving $rnd"}
	e=${e#"$nl"}
	case $c in 51) fail content "$e" ;;
	52) fail conflict "" ;;
	53) fail unknown "$e" ;;
	*) fail sys "$e" ;;
	esac
}
# create was killed, or could not start a program. It may have renamed the temp file, and mv may
# still be at work: without the temp file, mv cannot rename it any more.
moved() {
	case $e in *"moving $rnd"*) ;;
	*) return ;;
	esac
	rm -f -- "$t"
	if [ -n "$risky" ] || [ -e "$t" ]; then c=53; return; fi
	if peek; then :; else
		case $s in *": No such file or directory") ;;
		*) c=53 ;;
		esac
		return
	fi
	x=$(sha256sum <"$b") || { c=53; return; }
	[ "${x%% *}" = "$sum" ] || return
	if [ "$kind" = - ] && fits && sync .; then c=0; else c=53; fi
}
# The temp file is new, and nobody else can open it from its first moment, by the umask. Where
# the folder gives new files an access control list, cp makes the file: with the mode 0600,
# and without a list. All that follows reaches the temp file by its descriptor, so that a
# symlink put in its place is not followed.
create() {
	if [ -n "$lists" ]; then
		content | cp --no-preserve=mode /proc/self/fd/0 "$t" || exit 50
	else
		set -C
		content >"$t" || exit 50
		set +C
	fi
	before "$t"
	furnish 5<"$t" || { calm; exit 50; }
}
content() {
	if [ -n "$w" ]; then
		# The shell does not tell what is wrong.
		printf "%s" "$w" 2>/dev/null || { printf "%s" "$w" | cat; return 1; }
	else
		feed "$n" && return
		# What has not been read, but for some blocks.
		x=$(stat -c %s -- "$t") && [ $((n - x)) -gt 262144 ] && feed $((n - x - 262144)) >/dev/null
		return 1
	fi
}
furnish() {
	calm
	at=/proc/self/fd/5
	[ -f "$at" ] && [ -O "$at" ] && held "$at" || exit 51
	[ "$u:$g" = 0:0 ] && ! [ -g . ] || chown "$u:$g" "$at" || exit 50
	[ "$dm" = 384 ] || chmod "$md" "$at" || exit 50
	if [ -e /sys/fs/selinux/enforce ]; then
		if [ "$h" = absent ]; then chcon "$(matchpathcon -n "$p")" "$at"; else chcon --reference=/proc/self/fd/6 "$at"; fi
	fi
	fit "$at" || { echo "$e"; exit 50; }
	sync "$at" || exit 50
	# Its digest, and that of what it replaces.
	set -- "$at"
	case $was in ""|absent) ;;
	*) set -- "$at" /proc/self/fd/6 ;;
	esac
	x=$(sha256sum "$@" 2>/dev/null)
	[ "${x%% *}" = "$sum" ] || { echo "the content did not arrive whole"; exit 51; }
	x=${x#*"$nl"}
	no=
	case $was in "") ;;
	absent) no=n ;;
	*) [ "${x%% *}" = "$was" ] && still || exit 52 ;;
	esac
	echo "moving $rnd" || exit 50
	e=$(mv "-${no:-f}T" -- "$t" "$b" 2>&1)
	c=$?
	# mv may have been killed, or have found a file that is new.
	if [ "$b" -ef "$at" ] && ! [ -h "$b" ]; then :
	elif [ "$t" -ef "$at" ]; then
		[ -z "$no" ] || ! { [ -e "$b" ] || [ -h "$b" ]; } || exit 52
		echo "$e"
		exit 50
	else
		echo "somebody else replaced the file at the same time"
		exit 53
	fi
	sync . || exit 53
}
