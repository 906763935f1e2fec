package upstart

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// look prints what the program service says of job $1. For a job that runs, it
// also prints when the machine started, and how many ticks later the job's
// process did. The time by the machine's clock follows, and the note about what
// the job has read, if nobody but the user who asks can have written it.
const look = `notes=/run/cephstack
state() {
	said=$(service "$1" status 2>&1)
	printf "%s\n" "$said" | head -n 1
	pid=$(printf "%s\n" "$said" | sed -n "1s/.*, process \([0-9][0-9]*\)$/\1/p")
	[ -n "$pid" ] && [ -r "/proc/$pid/stat" ] || return 0
	boot=$(sed -n "s/^btime //p" /proc/stat)
	read -r id </proc/sys/kernel/random/boot_id
	set -- $(sed "s/.*) //" "/proc/$pid/stat")
	echo "process $pid $boot ${20} $(getconf CLK_TCK) $id"
}
noted() {
	echo "now $(date +%s.%N)"
	[ -f "$notes/$1" ] && [ -O "$notes" ] && [ -O "$notes/$1" ] || return 0
	case $(stat -c %f "$notes" "$notes/$1" | tr "\n" " ") in "41c0 8180 ") head -c 65537 "$notes/$1" ;; esac
}
`

// lookAlone is look as a program of its own.
const lookAlone = look + `state "$1"
noted "$1"`

// restart restarts job $1. It ends well if the job runs, and runs as the same
// process $2 seconds later. It prints the state that the job has then. The digests of
// the files $3, … are taken before the restart, and noted after it.
const restart = look + `job=$1 settle=$2 read=
shift 2
for p in "$@"; do
	if [ -f "$p" ]; then
		sum=$(timeout -k 5 60 sha256sum <"$p") || { read=; break; }
		read="$read${sum%% *} $p
"
	elif [ ! -e "$p" ] && [ ! -h "$p" ]; then
		read="${read}absent $p
"
	fi
done 2>/dev/null
keep() {
	run=$(printf "%s\n" "$two" | sed -n "s/^process \([^ ]*\) [^ ]* \([^ ]*\) [^ ]* \([^ ]*\)$/\1.\2.\3/p")
	[ -n "$read" ] && [ "${#read}" -lt 65000 ] && [ -n "$run" ] || return
	umask 077
	[ -d "$notes" ] || mkdir "$notes"
	[ -O "$notes" ] && [ "$(stat -c %f "$notes")" = 41c0 ] || return
	rm -f "$notes/.$job"
	( set -C && printf "cephstack 1 %s\n%s" "$run" "$read" >"$notes/.$job" && mv -fT "$notes/.$job" "$notes/$job" )
}
said=$(service "$job" restart 2>&1)
one=$(state "$job")
sleep "$settle"
two=$(state "$job")
case $two in *" start/running"*)
	if [ "$one" = "$two" ]; then
		keep >/dev/null 2>&1
		printf "%s\n" "$two"
		noted "$job"
		exit 0
	fi ;;
esac
printf "%s\n" "$said" >&2
tail -n 5 "/var/log/upstart/$job.log" 2>/dev/null >&2
printf "%s\n" "$two"
exit 1`

var (
	errNoJob  = errors.New("upstart: not what Upstart says of a job")
	errAnswer = errors.New("upstart: the process's start cannot be read")
)

// parse reads what look prints.
func parse(name, text string) (remote.Unit, error) {
	said, rest, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	said = strings.TrimSpace(said)
	u := remote.Unit{Name: name, Load: "loaded", Active: "inactive", Sub: "dead"}
	if strings.HasSuffix(said, "unrecognized service") || strings.Contains(said, "Unknown job") {
		u.Load = "not-found"
		return u, nil
	}
	of, state, ok := strings.Cut(said, " ")
	state, _, _ = strings.Cut(state, ",")
	goal, step, slash := strings.Cut(state, "/")
	if !ok || of != name || !slash || (goal != "start" && goal != "stop" && goal != "respawn") {
		return remote.Unit{}, errNoJob
	}
	u.Sub = step
	switch {
	case state == "stop/waiting":
		u.Sub = "dead"
	case state == "start/running":
		u.Active = "active"
		return started(u, rest)
	case goal == "stop":
		u.Active = "deactivating"
	default:
		u.Active = "activating"
	}
	return u, nil
}

// started adds when the job's process started, and what it read. A job that runs without a
// process is an error: nothing would tell whether it runs with its files as they are.
func started(u remote.Unit, text string) (remote.Unit, error) {
	process, rest, _ := strings.Cut(text, "\n")
	f := strings.Fields(process)
	if len(f) != 6 || f[0] != "process" {
		return remote.Unit{}, errAnswer
	}
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(f[i+2], 10, 64); err != nil {
			return remote.Unit{}, errAnswer
		}
	}
	boot, ticks, rate := n[0], n[1], n[2]
	if boot <= 0 || ticks < 0 || rate <= 0 || rate > 1e6 {
		return remote.Unit{}, errAnswer
	}
	// The start of the machine is known in whole seconds, rounded down.
	u.Since = time.Unix(boot+1+ticks/rate, ticks%rate*(1e9/rate)).UTC()
	u.Invocation = f[1] + "." + f[3]
	now, note, _ := strings.Cut(rest, "\n")
	now, _, _ = strings.Cut(strings.TrimPrefix(now, "now "), ".")
	if seconds, err := strconv.ParseInt(now, 10, 64); err == nil {
		u.Now = time.Unix(seconds+1, 0).UTC() // as of the start, the end of the second
	}
	if n, ok := wire.ParseNote([]byte(note)); ok && n.Run == u.Invocation+"."+f[5] {
		u.Read = n.Read
	}
	return u, nil
}
