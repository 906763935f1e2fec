# Programs. Standard output streams out on 4 by way of cat, so that what a program
# leaves behind cannot write there later. r has the exit status, which only our own
# shell can write (to 6), a colon, and the end of standard error. A child that the
# program leaves behind may keep its input and its outputs open: each cat is ended
# soon after the program must be.
op_run() {
	line o
	line to
	line ms
	line kind
	count
	# To timeout, 0 is no limit; a number that is nearly 0 may be the same.
	case ${#to}:$to in [1-9]:*[1-9]*) num "${to%.*}" 86400 ;;
	*) exit 91 ;;
	esac
	num "${to#*.}"
	num "$ms" 86400000
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	data
	# All of the standard input must be here before the program starts.
	in=$w short=
	case $n:$kind in 0:*) kind=text ;;
	*:text) in=$(feed "$n"; echo x)
		[ "${#in}" -eq $((n + 1)) ] || short=1
		in=${in%x} ;;
	*) in=$(feed "$n" | base64 -w0)
		[ "${#in}" -eq $(((n + 2) / 3 * 4)) ] || short=1 ;;
	esac
	[ "$n" = 0 ] || drain 0
	allow run "$@" || return
	[ -z "$short" ] || { fail sys "the standard input did not arrive whole"; return; }
	home=/root
	if [ -n "$o" ]; then
		home=$(getent passwd "$o") || { fail owner "unknown user $o"; return; }
		home=${home%:*}
		home=${home##*:}
		set -- runuser -u "$o" -- "$@"
	fi
	raw out
	n=$((ms / 1000 + 7))
	r=$( { { { if [ -z "$in" ]; then go "$@"; else { given | pass; } 2>/dev/null | go "$@"; fi; } |
		most >&4; } 2>&1 | pass | tail -c 65536 | base64 -w0; } 6>&1 )
	over
	c=${r%%:*}
	case $c in late|[0-9]|[0-9][0-9]|[0-9][0-9][0-9]) ;;
	*) fail unknown "the shell that waited for the program was ended"; return ;;
	esac
	say "exit $c"
	[ "$r" = "$c:" ] || say "errors ${r#*:}"
	[ "$c" = 0 ] || ko=1
}
go() {
	clock
	k=$y
	HOME=$home timeout -k 5 "$to" "$@" 3<&- 4>&- 6>&-
	c=$?
	clock
	case $c in 124|137) [ $((y - k)) -lt $((ms / 10)) ] || c=late ;;
	esac
	printf "%s:" "$c" >&6
}
# Hundredths of a second since the machine started.
clock() {
	read -r y z </proc/uptime
	y=${y%.*}${y#*.}
}
given() {
	if [ "$kind" = text ]; then printf "%s" "$in"; else printf "%s" "$in" | base64 -d; fi
}
pass() { timeout "$n" cat; }
# No more than shows that it is too large, and at once: the program ends as it would otherwise.
most() { pass | { stdbuf -o0 head -c 8388609 || cat; exec cat >/dev/null; }; }
