package upstart

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// look prints what the program service says of job $1. For a job that runs, it
// also prints when the machine started, and how many ticks later the job's
// process did.
const look = `state() {
	said=$(service "$1" status 2>&1)
	printf "%s\n" "$said" | head -n 1
	pid=$(printf "%s\n" "$said" | sed -n "1s/.*, process \([0-9][0-9]*\)$/\1/p")
	[ -n "$pid" ] && [ -r "/proc/$pid/stat" ] || return 0
	boot=$(sed -n "s/^btime //p" /proc/stat)
	set -- $(sed "s/.*) //" "/proc/$pid/stat")
	echo "process $pid $boot ${20} $(getconf CLK_TCK)"
}
state "$1"`

// restart restarts job $1. It ends well if the job runs, and runs as the same
// process $2 seconds later. It prints the state that the job has then.
const restart = look + `>/dev/null
said=$(service "$1" restart 2>&1)
one=$(state "$1")
sleep "$2"
two=$(state "$1")
case $two in *" start/running"*) [ "$one" = "$two" ] && { printf "%s\n" "$two"; exit 0; } ;; esac
printf "%s\n" "$said" >&2
tail -n 5 "/var/log/upstart/$1.log" 2>/dev/null >&2
printf "%s\n" "$two"
exit 1`

var (
	errNoJob  = errors.New("upstart: not what Upstart says of a job")
	errAnswer = errors.New("upstart: the process's start cannot be read")
)

// parse reads what look prints.
func parse(name, text string) (remote.Unit, error) {
	said, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
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

// started adds when the job's process started. A job that runs without a process
// is an error: nothing would tell whether it runs with its files as they are.
func started(u remote.Unit, text string) (remote.Unit, error) {
	f := strings.Fields(text)
	if len(f) != 5 || f[0] != "process" {
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
	return u, nil
}
