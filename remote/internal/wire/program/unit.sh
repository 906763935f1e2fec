# Units. v has what systemctl shows of the unit x, and after that what it shows of
# sysinit.target, which starts once at each boot. Only settle asks for NRestarts.
props=Id,LoadState,ActiveState,SubState,MainPID,ExecMainStartTimestamp,ActiveEnterTimestamp,InvocationID,UnitFileState
props=$props,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic
# Without an answer, the class of the error is $2. A systemd that hangs does not answer.
show() {
	v=$(sd "$props$1" --timestamp=us+utc -- "$x" sysinit.target) && return
	z=$?
	[ "$z" -gt 123 ] || { v=$(export TZ=UTC; sd "$props$1" -- "$x" sysinit.target) && return; z=$?; }
	case $z in 124|137) v="systemctl show did not return in 20 s" ;;
	esac
	fail "${2-sys}" "$v"
}
sd() { timeout -k 5 20 systemctl show -p "$@" 2>&1; }
op_unit() {
	line x
	allow unit "$x" || return
	show "" && unit_facts
}
# What systemctl showed, the time by the clock and since the machine started, and the note.
# What is in /proc is as old as the process that looks at it.
unit_facts() {
	lines show "$v"
	note_of || note=$notes/.
	s=$(stat -c %f:%u:%s:%.Z -- /proc/self/. "$notes" "$note" 2>/dev/null)
	z=${s%%"$nl"*}
	k=${z##*:}
	clock
	[ -z "$k" ] || say "now $k $y"
	run_id
	[ -z "$z" ] || say "run $z"
	case ${s#*"$nl"} in 41c0:0:*"${nl}8180:0:"*) ;;
	*) return 0 ;;
	esac
	z=${s##*"${nl}8180:0:"}
	[ "${z%%:*}" -le 65536 ] || return 0
	z=$(told | base64 -w0)
	[ -z "$z" ] || say "note $z"
}
told() { cat -- "$note" 2>/dev/null; }
# What the process of a unit has read is in a note, which the restart of the unit wrote: a
# line with the run of the unit, and for each file a line with its digest and path. The
# note is gone when the machine starts anew. What others than root can write is not believed.
notes=/run/cephstack
note_of() {
	prop Id
	case $z in ""|.*|*/*) return 1 ;;
	esac
	note=$notes/$z
}
# The run of the unit, in z: systemd older than 232 does not name it.
run_id() {
	prop InvocationID
	[ -z "$z" ] || return 0
	prop MainPID
	[ "${z:-0}" -gt 0 ] 2>/dev/null || { z=; return; }
	{ IFS= read -r y <"/proc/$z/stat"; } 2>/dev/null || { z=; return; }
	IFS= read -r k </proc/sys/kernel/random/boot_id
	stat_ticks ${y##*") "}
	z=$z.$y.$k
}
stat_ticks() { y=${20}; }
# What the files have that the process will read, as lines of a note in w. It stays empty
# if that is not known of each plain file. Of what is not a plain file nothing is said.
unit_inputs() {
	w=
	k=$#
	while [ "$k" -gt 0 ]; do
		if absent "$1"; then
			w="${w}absent $1$nl"
		elif [ -f "$1" ]; then
			set -- "$@" "$1"
		fi
		shift
		k=$((k - 1))
	done
	[ "$#" -gt 0 ] || return 0
	s=$(timeout -k 5 60 sha256sum -- "$@" 2>/dev/null 3<&- 4>&-) || { w=; return; }
	for y in "$@"; do
		z=${s%%"$nl"*}
		s=${s#*"$nl"}
		case $z in [0-9a-f]*) ;;
		*) z=${z#?} ;;
		esac
		w="$w${z%% *} $y$nl"
	done
}
# Write the note about what is in v. Where that does not work, there is no note.
note_keep() {
	[ -n "$w" ] && [ "${#w}" -lt 65000 ] && run_id && [ -n "$z" ] && w="cephstack 1 $z$nl$w" && note_of || return 0
	[ -d "$notes" ] || mkdir -m 700 -- "$notes" 2>/dev/null
	[ "$(stat -c %f:%u -- "$notes" 2>/dev/null)" = 41c0:0 ] || return 0
	t=$notes/.cephstack.$$.note
	( p=$notes/. swept=; cd "$notes" && { sweep; set -C; } && printf "%s" "$w" >"$t" && mv -fT -- "$t" "$note" ) 2>/dev/null ||
		rm -f -- "$t"
	t=
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
	count
	set --
	while [ "$c" -gt 0 ]; do text; set -- "$@" "$v"; c=$((c - 1)); done
	allow restart "$x" || return
	num "$n" 18000
	step=${step#0.}
	num "$step"
	show ,NRestarts || return
	run_id
	old=$z
	prop ActiveState
	case $z in failed) forgive ;;
	esac
	beat &
	b=$! c=0
	unit_inputs "$@"
	restart
	[ "$c" = 0 ] || [ "$c" = 124 ] || again
	# Without a new run, systemd may have refused the start, as there were too many of them.
	if [ "$c" = 1 ] && v=$(sd "$props" -- "$x") && run_id && [ "$z" = "$old" ]; then
		forgive
		restart
		[ "$c" = 0 ] || [ "$c" = 124 ] || again
	fi
	if [ "$c" = 0 ]; then settle || c=1; fi
	quiet
	[ -z "$ko" ] || return
	[ "$c" = 0 ] || show ,NRestarts unknown || return
	[ "$c" = 0 ] && note_keep
	unit_facts
	run_id
	[ "$z" = "$old" ] || say "changed 1"
	[ "$c" = 0 ] || fail unit "$e$nl$(timeout -k 5 20 journalctl -q --no-pager -o cat -n 10 -u "$x" 2>/dev/null)"
}
restart() {
	e=$(exec 3<&- 4>&-; timeout -k 5 300 systemctl --no-ask-password restart -- "$x" 2>&1)
	c=$?
	case $c in 124|137) c=124 e="systemctl restart did not return in 300 s" ;;
	esac
}
# Forget the starts that systemd counts for StartLimitBurst, and that the unit failed.
forgive() { ( exec 3<&- 4>&-; timeout -k 5 20 systemctl --no-ask-password reset-failed -- "$x" ) >/dev/null 2>&1; }
# A start that failed: systemd may be set to try again, for 90 s at most here.
again() {
	clock
	end=$((y + 9000))
	while [ "$y" -lt "$end" ]; do
		case $(sd ActiveState -- "$x") in
		*=active) c=0; return ;;
		*=activating) ;;
		*) return ;;
		esac
		sleep 0.2
		clock
	done
}
# Active, the same start, no automatic restart, for n looks with a pause before each, of 0.2 s
# at most. Looks that take long are fewer.
settle() {
	clock
	end=$((y + n * 20))
	show ,NRestarts unknown || return
	run_of
	while :; do
		case $k in active:*) ;;
		*) return 1 ;;
		esac
		clock
		[ "$n" -gt 0 ] && [ "$y" -lt "$end" ] || return 0
		n=$((n - 1))
		sleep "0.$step"
		old_k=$k
		show ,NRestarts unknown || return
		run_of
		[ "$k" = "$old_k" ] || return 1
	done
}
