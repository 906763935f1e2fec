package upstart_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
	"github.com/cephstack/cephstack/remote/upstart"
)

// service speaks as Ubuntu's does of Upstart's jobs. Jobs are DIR/NAME.conf,
// and one with DIR/NAME.bad dies as soon as it starts.
const service = `#!/bin/sh
cd DIR || exit
[ -e "$1.conf" ] || { echo "$1: unrecognized service" >&2; exit 1; }
pid=$(cat "$1.pid" 2>/dev/null)
case $2 in
status)
	if [ -n "$pid" ] && grep -q ") [^Z] " "/proc/$pid/stat" 2>/dev/null; then
		echo "$1 start/running, process $pid"
	else
		echo "$1 stop/waiting"
	fi ;;
restart)
	[ -n "$pid" ] && kill "$pid" && echo "$1 stop/waiting"
	sleep 1000 >/dev/null 2>&1 &
	echo "$!" >"$1.pid"
	echo "$1 start/running, process $!"
	[ -e "$1.bad" ] && kill "$!" && wait
	exit 0 ;;
esac
`

// A machine runs programs with a service program of its own.
type machine struct{ dir string }

func newMachine(t *testing.T, program string) machine {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	program = strings.ReplaceAll(program, "DIR", dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bin/service"), []byte(program), 0o755))
	t.Cleanup(func() {
		pids, _ := filepath.Glob(filepath.Join(dir, "*.pid"))
		for _, p := range pids {
			data, err := os.ReadFile(p)
			require.NoError(t, err)
			_ = exec.Command("kill", strings.TrimSpace(string(data))).Run() // gone already, if it failed
		}
	})
	return machine{dir}
}

func (m machine) job(t *testing.T, name string) {
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, name+".conf"), nil, 0o644))
	cmd := exec.Command(filepath.Join(m.dir, "bin/service"), name, "restart")
	require.NoError(t, cmd.Run())
}

func (m machine) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	var out []remote.Result
	for _, op := range ops {
		if c, ok := op.(remote.If); ok {
			op = c.Op
		}
		switch o := op.(type) {
		case remote.WriteFile:
			if err := os.WriteFile(o.Path, o.Data, 0o600); err != nil {
				return out, err
			}
			sum := sha256.Sum256(o.Data)
			out = append(out, remote.Result{File: remote.File{SHA256: hex.EncodeToString(sum[:])}})
			continue
		case remote.Remove:
			out = append(out, remote.Result{Err: os.Remove(o.Path)})
			continue
		}
		run, ok := op.(remote.Run)
		if !ok {
			return out, fmt.Errorf("%T went through", op)
		}
		argv := slices.Clone(run.Argv)
		argv[2] = strings.ReplaceAll(argv[2], "/run/cephstack", m.dir+"/notes")
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = []string{"PATH=" + m.dir + "/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return out, err
		}
		out = append(out, remote.Result{Data: stdout.Bytes(), Stderr: stderr.Bytes(), Exit: cmd.ProcessState.ExitCode()})
	}
	return out, nil
}

// quick restarts without a long look.
type quick struct{ remote.Host }

func (q quick) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	for i, op := range ops {
		if r, ok := op.(remote.RestartUnit); ok {
			r.Settle = 50 * time.Millisecond
			ops[i] = r
		}
	}
	return q.Host.Do(ctx, ops...)
}

func TestConformance(t *testing.T) {
	remotetest.TestUnits(t, func(t *testing.T) (h remote.Host, good, bad string) {
		m := newMachine(t, service)
		m.job(t, "nova-compute")
		m.job(t, "cinder-volume")
		require.NoError(t, os.WriteFile(filepath.Join(m.dir, "cinder-volume.bad"), nil, 0o644))
		return quick{upstart.New("x1", m)}, "nova-compute", "cinder-volume"
	})
}

func TestSinceIsTheSecondAfterTheStart(t *testing.T) {
	m := newMachine(t, service)
	before := time.Now()
	m.job(t, "nova-compute")
	after := time.Now()
	r, err := upstart.New("x1", m).Do(t.Context(), remote.UnitState{Unit: "nova-compute"})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	assert.False(t, r[0].Unit.Since.Before(before.Add(-20*time.Millisecond)), "%s, %s", r[0].Unit.Since, before)
	assert.False(t, r[0].Unit.Since.After(after.Add(1100*time.Millisecond)), "%s, %s", r[0].Unit.Since, after)
}

// TestNotesOfJobs has notes that are not believed, and a job that somebody else restarted.
func TestNotesOfJobs(t *testing.T) {
	m := newMachine(t, service)
	m.job(t, "nova-compute")
	h := quick{upstart.New("x1", m)}
	notes, note := filepath.Join(m.dir, "notes"), filepath.Join(m.dir, "notes/nova-compute")
	restart := func() remote.Unit {
		t.Helper()
		r, err := h.Do(t.Context(), remote.RestartUnit{Unit: "nova-compute", Inputs: []string{"/etc/passwd"}})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
		return r[0].Unit
	}
	look := func() remote.Unit {
		t.Helper()
		r, err := h.Do(t.Context(), remote.UnitState{Unit: "nova-compute"})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
		return r[0].Unit
	}
	for _, script := range []string{
		`chmod 644 "$1"`, `printf "x\000y\n" >>"$1"`, `head -c 70000 /dev/zero >>"$1"`, `: >"$1"`, `chmod 755 "${1%/*}"`,
		`mv "$1" "$1.x"; ln -s "$1.x" "$1"`, `rm "$1"; mkdir "$1"`, `rm -r "${1%/*}"; echo >"${1%/*}"`,
		`sed -i "1s/ \([0-9]*\)[.]/ 1\1./" "$1"`,
	} {
		require.Contains(t, restart().Read, "/etc/passwd", script)
		require.NoError(t, exec.Command("sh", "-ec", script, "sh", note).Run())
		require.Nil(t, look().Read, script)
		require.False(t, look().Since.IsZero(), script)
		require.NoError(t, os.RemoveAll(notes))
	}
	require.NotNil(t, restart().Read)
	require.WithinDuration(t, time.Now(), look().Now, 5*time.Second)
	m.job(t, "nova-compute") // starts it anew
	require.Nil(t, look().Read)
	require.NoError(t, os.WriteFile(filepath.Join(m.dir, "nova-compute.bad"), nil, 0o644))
	r, err := h.Do(t.Context(), remote.RestartUnit{Unit: "nova-compute", Inputs: []string{"/etc/passwd"}})
	require.NoError(t, err)
	require.ErrorIs(t, r[0].Err, remote.ErrUnitFailed)
	require.Nil(t, r[0].Unit.Read)
}

func TestWhatServiceSays(t *testing.T) {
	for _, c := range []struct{ says, load, active, fails string }{
		{"x stop/waiting", "loaded", "inactive", ""},
		{"x start/pre-start, process 1", "loaded", "activating", ""},
		{"x start/spawned, process 1", "loaded", "activating", ""},
		{"x stop/killed, process 1", "loaded", "deactivating", ""},
		{"x start/running, process 1", "loaded", "active", ""},
		{"x: unrecognized service", "not-found", "inactive", ""},
		{"status: Unknown job: x", "not-found", "inactive", ""},
		{"x start/running", "", "", "the process's start cannot be read"},            // a job without a process
		{"x start/running, process 999999999", "", "", "the process's start cannot"}, // gone meanwhile
		{" * x is running", "", "", "not what Upstart says"},                         // SysV init
		{"x (pid 12) is running...", "", "", "not what Upstart says"},                // the RHEL family's
		{"y start/running, process 1", "", "", "not what Upstart says"},
		{"", "", "", "not what Upstart says"},
		{"sh: 1: service: not found", "", "", "not what Upstart says"},
	} {
		m := newMachine(t, "#!/bin/sh\necho '"+c.says+"'\n")
		r, err := upstart.New("x1", m).Do(t.Context(), remote.If{Op: remote.UnitState{Unit: "x"}})
		require.NoError(t, err)
		if c.fails != "" {
			var e *remote.OpError
			require.ErrorAs(t, r[0].Err, &e, c.says)
			assert.Equal(t, []string{"x1", "unit", "x"}, []string{e.Host, e.Op, e.Object}, c.says)
			assert.ErrorContains(t, e, c.fails, c.says)
			continue
		}
		require.NoError(t, r[0].Err, c.says)
		assert.Equal(t, []string{c.load, c.active}, []string{r[0].Unit.Load, r[0].Unit.Active}, c.says)
	}
}

func TestAJobThatDiesWhileLookedAtIsFailed(t *testing.T) {
	m := newMachine(t, strings.ReplaceAll(service, "sleep 1000", "sleep 0.2"))
	m.job(t, "x")
	r, err := upstart.New("x1", m).Do(t.Context(), remote.RestartUnit{Unit: "x", Settle: 500 * time.Millisecond})
	require.NoError(t, err)
	require.ErrorIs(t, r[0].Err, remote.ErrUnitFailed)
	assert.Equal(t, "inactive", r[0].Unit.Active)
}

func TestOtherOperationsAreTheHosts(t *testing.T) {
	inside := remotetest.NewHost("x1")
	h := upstart.New("x1", inside)
	r, err := h.Do(t.Context(),
		remote.WriteFile{Path: "/a", Data: []byte("x")}, remote.If{OK: []int{0}, Op: remote.ReadFile{Path: "/a"}})
	require.NoError(t, err)
	assert.Equal(t, "x", string(r[1].Data))
	inside.Fail = func(context.Context, remote.Op) error { return remote.ErrTimeout }
	r, err = h.Do(t.Context(), remote.UnitState{Unit: "x"}, remote.RestartUnit{Unit: "x"})
	require.NoError(t, err)
	require.ErrorIs(t, r[0].Err, remote.ErrTimeout)
	require.ErrorIs(t, r[1].Err, remote.ErrTimeout)
	assert.ErrorContains(t, r[1].Err, "restart x")
}
