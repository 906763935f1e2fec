# Units. v has what systemctl shows of the unit x, and after that what it shows of
# sysinit.target, which starts once at each boot. Only settle asks for NRestarts.
props=Id,LoadState,ActiveState,SubState,MainPID,ExecMainStartTimestamp,ActiveEnterTimestamp,InvocationID,UnitFileState
show() {
	v=$(systemctl show --timestamp=us+utc -p "$props$1" -- "$x" sysinit.target 2>&1) ||
		v=$(TZ=UTC systemctl show -p "$props$1" -- "$x" sysinit.target 2>&1) ||
		{ fail sys "$v"; return 1; }
}
op_unit() {
	line x
	allow unit "$x" || return
	show "" && lines show "$v"
}
# The value of a property in v. The first line with the property counts: it is about x.
prop() {
	z=
	case $nl$v in *"$nl$1="*) z=$nl$v
		z=${z#*"$nl$1="}
		z=${z%%"$nl"*} ;;
	esac
}
# What must stay as it is while a unit settles.
run_of() {
	prop ActiveState
	k=$z
	prop NRestarts
	k=$k:$z
	prop InvocationID
	k=$k:$z
}
op_restart() {
	line x
	line n
	line step
	allow restart "$x" || return
	num "$n"
	show ,NRestarts || return
	prop InvocationID
	old=$z
	beat &
	b=$! c=0
	e=$(exec 3<&- 4>&-; timeout -k 5 300 systemctl --no-ask-password restart -- "$x" 2>&1)
	c=$?
	[ "$c" = 124 ] && e="systemctl restart did not return in 300 s"
	[ "$c" = 0 ] || [ "$c" = 124 ] || again
	if [ "$c" = 0 ]; then settle || c=1; fi
	quiet
	[ "$c" = 0 ] || show ,NRestarts || return
	lines show "$v"
	prop InvocationID
	[ "$z" = "$old" ] || say "changed 1"
	[ "$c" = 0 ] || fail unit "$e$nl$(journalctl -q --no-pager -o cat -n 10 -u "$x" 2>/dev/null)"
}
# A start that failed: systemd may be set to try again, for 90 s at most here.
again() {
	k=450
	while [ "$k" -gt 0 ]; do
		case $(systemctl show -p ActiveState -- "$x" 2>&1) in
		*=active) c=0; return ;;
		*=activating) ;;
		*) return ;;
		esac
		k=$((k - 1))
		sleep 0.2
	done
}
# Active, the same start, no automatic restart, for n looks with a pause before each.
settle() {
	show ,NRestarts || return
	run_of
	while :; do
		case $k in active:*) ;;
		*) return 1 ;;
		esac
		[ "$n" -gt 0 ] || return 0
		n=$((n - 1))
		sleep "$step"
		old_k=$k
		show ,NRestarts || return
		run_of
		[ "$k" = "$old_k" ] || return 1
	done
}
