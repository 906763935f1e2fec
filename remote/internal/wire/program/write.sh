op_write() {
	line p
	line was
	line o
	line og
	line md
	line sum
	line rnd
	data
	left=$n
	write
	[ "$left" = 0 ] || feed "$left"
}
# What is there now: its attributes and digest, h.
before() {
	if absent "$p" && [ -d "$d" ]; then
		nothing
	elif look "$p"; then
		case $s in 8???:*) ;;
		a???:*) fail symlink ""; return 1 ;;
		4???:*) fail isdir ""; return 1 ;;
		*) fail notreg ""; return 1 ;;
		esac
		# What it must still be is compared right before it is replaced.
		case $was in ""|absent|"$sum") digest "$p" || return 1 ;;
		*) h=$was ;;
		esac
		split
	else
		gone || return 1
		if [ -d "$d" ]; then :; else
			e=$(stat -L -c %f -- "$d" 2>&1) || { fail sys "$e"; return 1; }
			fail sys "$d: Not a directory"
			return 1
		fi
		nothing
	fi
	case $was in ""|"$h") ;;
	*) fail conflict ""; return 1 ;;
	esac
}
nothing() {
	h=absent
	su=0
	sg=0
	sm=384
}
write() {
	who "$o" "$og" || return
	folder
	before || return
	sweep "$d"
	if [ "$h" = "$sum" ]; then
		setattr "$p" || return
	else
		stay
		replace || return
		a=1
	fi
	look "$p" || { fail sys "$s"; return; }
	say "stat $s"
	say "sha $sum"
	say "changed $a"
}
replace() {
	t=$d/.cephstack.$$.$rnd
	e=$(create 2>&1)
	c=$?
	[ "$c" -ge 50 ] && left=0
	[ "$c" = 0 ] && left=0 && t= && return 0
	[ "$c" = 53 ] || rm -f -- "$t"
	t=
	case $c in 51) fail content "$e" ;;
	52) fail conflict "" ;;
	53) fail unknown "$e" ;;
	*) fail sys "$e" ;;
	esac
}
# The temp file is made new (-C), its mode is 0600 by the umask, and all that
# follows reaches it by its descriptor, so that a symlink put in its place is not followed.
create() {
	set -C
	{ fill; } 5>"$t"
}
fill() {
	set +C
	if [ -n "$w" ]; then
		printf "%s" "$w" >&5 || { printf "%s" "$w" | cat >&5; } || exit 50
	else
		feed "$n" | { cat >&5 || { c=$?; cat; exit "$c"; }; } >/dev/null || exit 50
	fi
	{ [ "$u:$g" = 0:0 ] && ! [ -g "$d" ]; } || chown "$u:$g" /proc/self/fd/5 || exit 50
	[ "$dm" = 384 ] || chmod "$md" /proc/self/fd/5 || exit 50
	if [ -e /sys/fs/selinux/enforce ]; then
		if [ "$h" = absent ]; then chcon "$(matchpathcon -n "$p")" "$t"; else chcon --reference="$p" /proc/self/fd/5; fi
	fi
	sync /proc/self/fd/5 || exit 50
	# Its digest, and that of what it replaces.
	set -- /proc/self/fd/5
	case $was in ""|absent) ;;
	*) set -- /proc/self/fd/5 "$p" ;;
	esac
	x=$(sha256sum "$@" 2>/dev/null)
	[ "${x%% *}" = "$sum" ] || { echo "the content did not arrive whole"; exit 51; }
	x=${x#*"$nl"}
	case $was in "") ;;
	absent) if [ -e "$p" ] || [ -h "$p" ]; then exit 52; fi ;;
	*) case ${x%% *} in *"$was") [ -h "$p" ] && exit 52 ;;
		*) exit 52 ;;
		esac ;;
	esac
	mv -fT -- "$t" "$p" || exit 50
	sync "$d" || exit 53
}
