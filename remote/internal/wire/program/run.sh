# Programs. Standard output streams out on 4 by way of cat, so that what a
# program leaves behind cannot write there later; standard error, or its end if
# there is very much, is collected in r, with the exit status (by way of 6)
# somewhere in it, behind the mark.
cap=8388609
# Hundredths of a second since the machine started.
clock() {
	read -r y z </proc/uptime
	y=${y%.*}${y#*.}
}
op_run() {
	line o
	line to
	line ms
	line kind
	line c
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	data
	# All of the standard input must be here before the program starts.
	in=$w
	case $n:$kind in 0:*) kind=text ;;
	*:text) in=$(feed "$n"; echo x)
		[ "${#in}" -eq $((n + 1)) ] || exit 90
		in=${in%x} ;;
	*) in=$(feed "$n" | base64 -w0)
		[ "${#in}" -eq $(((n + 2) / 3 * 4)) ] || exit 90 ;;
	esac
	home=/root
	if [ -n "$o" ]; then
		home=$(getent passwd "$o") || { fail owner "unknown user $o"; return; }
		home=${home%:*}
		home=${home##*:}
		set -- runuser -u "$o" -- "$@"
	fi
	raw out
	clock
	k=$y
	r=$( { { { if [ -z "$in" ]; then go "$@"; else given | go "$@"; fi; } |
		cat >&4; } 2>&1 | tail -c "$cap"; printf x; } 6>&1 )
	r=${r%x}
	over
	clock
	c=${r##*"<$m:"}
	c=${c%%">"*}
	r=${r%%"<$m:"*}${r#*"<$m:$c>"}
	case $c in 124|137) [ $((y - k)) -lt $((ms / 10)) ] || c=late ;;
	esac
	say "exit $c"
	[ -z "$r" ] || say "errors $(printf "%s" "$r" | base64 -w0)"
	[ "$c" = 0 ] || ko=1
}
go() {
	HOME=$home timeout -k 5 "$to" "$@" 3<&- 4>&- 6>&-
	printf "<%s:%s>" "$m" "$?" >&6
}
given() {
	if [ "$kind" = text ]; then printf "%s" "$in"; else printf "%s" "$in" | base64 -d 2>/dev/null; fi
}
