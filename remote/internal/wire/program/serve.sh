# An operation that needs others comes with its length, to be passed over: lines,
# and bytes of data after them.
op_need() {
	line x
	line k
	line n
	num "$n"
	for y in $x; do
		num "$y"
		eval "z=\$f$y"
		[ -n "$z" ] || continue
		while [ "$k" -gt 0 ]; do line z; k=$((k - 1)); done
		[ "$n" = 0 ] || drain "$n"
		fail skipped ""
		return
	done
	line op
	known && "op_$op"
}
known() {
	case $op in files|dir|write|attr|mkdir|remove|unit|restart|packages|install|run) ;;
	*) exit 91 ;;
	esac
}
# A request after the other, until there is none.
serve() {
	trap "[ -z \"\$t\" ] || rm -df -- \"\$t\"" EXIT
	trap "exit 92" HUP INT QUIT TERM PIPE
	m=
	[ -z "$SUDO_UID" ] || starts
	while begin; do
		case $h in "cephstack 2 "*) m=${h##* } ;;
		*) foreign ;;
		esac
		printf "\n%s hello 2\n" "$m" >&4 || exit 92
		n_op=0 swept=
		rules
		while line op; do
			[ "$op" = end ] && break
			say "op $n_op"
			ko=
			if [ "$op" = need ]; then op_need; else known && "op_$op"; fi
			calm
			eval "f$n_op=\$ko"
			say "done $n_op"
			n_op=$((n_op + 1))
		done
		say bye
	done
	[ -n "$m" ] || foreign
	exit 0
}
foreign() {
	echo "cephstack: the input is not ours; does a login script read standard input?" >&2
	exit 91
}
# A sudo with noexec runs the shell, and keeps it from running anything.
starts() {
	base64 2>/dev/null
	[ "$?" = 126 ] || return 0
	echo "cephstack: sudo lets $SUDO_USER start no program from the shell (noexec); in sudoers," \
		"write EXEC: before ALL in the rule of $SUDO_USER, as in NOPASSWD: EXEC: ALL" >&2
	exit 93
}
# The first line of a request. The one that is an argument has its only part in q already.
begin() {
	if [ -n "$q" ]; then
		line h
		line z
	else
		IFS= read -r h <&3
	fi
}
q=$(printf %b "$1"; echo x)
q=${q%x}
serve
