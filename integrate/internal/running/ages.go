package running

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

// agesScript prints when libvirt wrote the value of a secret, and when processes started, in seconds by the host's own
// clock. Its arguments are the UUID and the processes.
const agesScript = `LC_ALL=C
for f in /etc/libvirt/secrets/"$1".*; do
	case $f in *.xml) ;; *) stat -c 'secret %Y' "$f" 2>/dev/null ;; esac
done
shift
hz=$(getconf CLK_TCK) && boot=$(awk '$1 == "btime" { print $2 }' /proc/stat) || exit 1
for p; do
	ticks=$(sed 's/.*) //' "/proc/$p/stat" 2>/dev/null | cut -d' ' -f20)
	[ -n "$ticks" ] && echo "$p $((boot + ticks / hz))"
done
exit 0
`

// Ages are when a host got the value of a secret, and when processes there started, in seconds by the host's own clock.
type Ages struct {
	Written int64         // 0: not known
	Started map[int]int64 // by PID; without those that have ended
}

// AskAges is the operation that reads the Ages of a secret, by its UUID, and of processes.
func AskAges(secret string, pids ...int) remote.Run {
	argv := []string{"sh", "-c", agesScript, "cephstack-ages", secret}
	for _, pid := range pids {
		argv = append(argv, strconv.Itoa(pid))
	}
	return remote.Run{Argv: argv}
}

// ParseAges reads the result of AskAges. What a host does not say, or says in another way, is not known.
func ParseAges(r remote.Result) Ages {
	a := Ages{Started: map[int]int64{}}
	if r.Err != nil || r.Exit != 0 {
		return a
	}
	for line := range strings.Lines(string(r.Data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		at, err := strconv.ParseInt(value, 10, 64)
		pid, notPID := strconv.Atoi(name)
		switch {
		case err != nil:
		case name == "secret":
			a.Written = max(a.Written, at)
		case notPID == nil:
			a.Started[pid] = at
		}
	}
	return a
}

// Newer reports whether a process started after the value of the secret was written. It has to be more than a second
// younger, as both times are whole seconds. It does not count as newer where that is not known.
func (a Ages) Newer(pid int) bool {
	at, known := a.Started[pid]
	return known && a.Written > 0 && at > a.Written+1
}

// AnswerAges is what a fake host prints, if it is asked for Ages. It gets those of the host.
func AnswerAges(run remote.Run, ages func(secret string, pids []int) Ages) (stdout []byte, ok bool) {
	if len(run.Argv) < 5 || !slices.Equal(run.Argv[:4], AskAges("").Argv[:4]) {
		return nil, false
	}
	var pids []int
	for _, text := range run.Argv[5:] {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return nil, false
		}
		pids = append(pids, pid)
	}
	a, out := ages(run.Argv[4], pids), bytes.Buffer{}
	if a.Written > 0 {
		fmt.Fprintf(&out, "secret %d\n", a.Written)
	}
	for _, pid := range pids {
		if at, runs := a.Started[pid]; runs {
			fmt.Fprintf(&out, "%d %d\n", pid, at)
		}
	}
	return out.Bytes(), true
}
