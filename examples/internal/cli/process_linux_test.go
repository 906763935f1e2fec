package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// childEnv is the file that a child of the tests writes its ending into.
const childEnv = "CEPHSTACK_TEST_CHILD"

func TestMain(m *testing.M) {
	if file := os.Getenv(childEnv); file != "" {
		os.Exit(child(file))
	}
	os.Exit(m.Run())
}

// An ending is what a child leaves when it ends by itself.
type ending struct {
	Writes, Changed int
	Free            bool // the operator lock was given back
}

// child is the program, in a world in memory whose hosts write slowly.
func child(file string) int {
	var world *integratetest.World
	code := start(func(_ context.Context, s spec.Spec) (*connect.World, error) {
		var err error
		if world, err = integratetest.New(s); err != nil {
			return nil, err
		}
		for _, m := range world.Machines {
			m.Fail = func(_ context.Context, op remote.Op) error {
				if _, ok := op.(remote.WriteFile); ok {
					_ = os.WriteFile(file+".began", nil, 0o600)
					time.Sleep(100 * time.Millisecond)
				}
				return nil
			}
		}
		return &connect.World{World: world.World}, nil
	})
	if world == nil {
		return code
	}
	e := ending{Writes: world.Writes()}
	for _, m := range world.Machines {
		if m.Changes("") > 0 {
			e.Changed++
		}
	}
	lock := ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: "x", Owner: "y", Term: time.Minute}
	if e.Writes > 0 {
		e.Free = ceph.New(world.Ceph["ceph"]).TakeLock(context.Background(), lock) == nil
	}
	text, _ := json.Marshal(e)
	_ = os.WriteFile(file, text, 0o600)
	return code
}

// A process is a child of the tests.
type process struct {
	*exec.Cmd
	file string
}

func newProcess(t *testing.T, computes int, command string, flags ...string) process {
	t.Helper()
	p := process{exec.Command(os.Args[0], append([]string{command, "-f", newCloud(t, computes).file}, flags...)...),
		filepath.Join(t.TempDir(), "ending")}
	p.Env = append(os.Environ(), childEnv+"="+p.file)
	return p
}

// began waits for the first change of a host.
func (p process) began(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := os.Stat(p.file + ".began")
		return err == nil
	}, time.Minute, 5*time.Millisecond)
}

// ended waits for the process, which must end by itself, and gives its status.
func (p process) ended(t *testing.T) (int, ending) {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() { _ = p.Process.Kill() })
	defer timer.Stop()
	_ = p.Wait()
	require.True(t, p.ProcessState.Exited(), "%s", p.ProcessState)
	var e ending
	if text, err := os.ReadFile(p.file); err == nil {
		require.NoError(t, json.Unmarshal(text, &e))
	}
	return p.ProcessState.ExitCode(), e
}

// terminal opens a pseudo-terminal: the process has it as its controlling terminal.
func (p process) terminal(t *testing.T) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { master.Close() })
	raw, err := master.SyscallConn()
	require.NoError(t, err)
	var unlock, number int32
	require.NoError(t, raw.Control(func(fd uintptr) {
		_, _, e1 := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlock)))
		_, _, e2 := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGPTN, uintptr(unsafe.Pointer(&number)))
		assert.Zero(t, e1+e2)
	}))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { slave.Close() })
	p.Stdin, p.Stderr = slave, slave
	p.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	return master
}

// report is a file that the process writes its standard output into.
func (p process) report(t *testing.T) (text func() string) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "report")
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	p.Stdout = f
	return func() string {
		text, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		return string(text)
	}
}

// TestATerminalThatIsGone ends the program in order. A second hangup, and the SIGTERM of a system
// that shuts down, do not keep it from that.
func TestATerminalThatIsGone(t *testing.T) {
	p := newProcess(t, 12, "converge", "--yes", "--parallel", "1")
	terminal, report := p.terminal(t), p.report(t)
	require.NoError(t, p.Start())
	p.Stdin.(*os.File).Close() // the process alone has the terminal then
	go func() { _, _ = io.Copy(io.Discard, terminal) }()
	p.began(t)
	require.NoError(t, terminal.Close())
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	time.Sleep(10 * time.Millisecond)
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	code, e := p.ended(t)
	assert.Equal(t, exitFailed, code)
	assert.True(t, e.Free, "the lock is given back")
	assert.Less(t, e.Changed, 10, "it began nothing more")
	assert.Contains(t, report(), "left alone.\n")
}

// TestNohup: a signal that is ignored at the start stays ignored. That lets the program go on without its terminal.
func TestNohup(t *testing.T) {
	p := newProcess(t, 2, "converge", "--yes")
	p.Args = append([]string{"sh", "-c", `trap "" HUP INT; exec "$@"`, "sh"}, p.Args...)
	var err error
	p.Path, err = exec.LookPath("sh")
	require.NoError(t, err)
	report := p.report(t)
	require.NoError(t, p.Start())
	p.began(t)
	for _, ignored := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT} {
		require.NoError(t, p.Process.Signal(ignored))
	}
	code, e := p.ended(t)
	assert.Equal(t, exitDone, code)
	assert.Equal(t, 3, e.Changed)
	assert.Contains(t, report(), "5 of 5 clusters, hosts and APIs done")
}

// TestAPipeThatNobodyReads: whoever leaves less sees nothing of what goes on, so nothing more is begun. What was
// begun ends well.
func TestAPipeThatNobodyReads(t *testing.T) {
	p := newProcess(t, 12, "converge", "--yes", "--parallel", "1")
	report := p.report(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p.Stderr = w
	require.NoError(t, p.Start())
	require.NoError(t, w.Close())
	p.began(t)
	require.NoError(t, r.Close())
	code, e := p.ended(t)
	assert.Equal(t, exitFailed, code)
	assert.True(t, e.Free, "the lock is given back")
	assert.Positive(t, e.Changed)
	assert.Less(t, e.Changed, 10, "it began nothing more")
	assert.Contains(t, report(), "left alone.\n")
}

// TestAPlanThatNobodySees is not applied, whatever the answer is.
func TestAPlanThatNobodySees(t *testing.T) {
	for name, shell := range map[string]string{
		"a full disk":         `printf 'y\n' | "$@" >/dev/full`,
		"a full disk, --yes":  `"$@" --yes >/dev/full`,
		"the null device":     `printf 'y\n' | "$@" >/dev/null`,
		"closed":              `printf 'y\n' | "$@" >&-`,
		"a reader that quits": `{ "$@" --yes; echo "status $?" >&2; } | true`,
	} {
		p := newProcess(t, 1, "apply")
		cmd := exec.Command("sh", append([]string{"-c", shell, "sh"}, p.Args...)...)
		cmd.Env = p.Env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		if strings.Contains(shell, "status") {
			assert.Contains(t, stderr.String(), "status 1\n", name)
		} else {
			var status *exec.ExitError
			require.ErrorAs(t, err, &status, name)
			assert.Equal(t, exitFailed, status.ExitCode(), name)
		}
		assert.Contains(t, stderr.String(), "the plan could not be shown, so nothing was changed", name)
		text, err := os.ReadFile(p.file)
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"Writes": 0, "Changed": 0, "Free": false}`, string(text), name)
	}
}

// TestLostOutput ends with status 1, whatever the output is.
func TestLostOutput(t *testing.T) {
	for _, args := range [][]string{
		{">", "plan"}, {">", "plan", "--output", "json"}, {">", "verify", "--static"},
		{">", "apply", "--yes", "--output", "json"},
		{">", "converge", "--yes"}, {">", "converge", "--yes", "--output", "json"},
		{"2>", "converge", "--yes"}, {"2>", "apply", "--yes"}, {"2>", "converge"},
	} {
		p := newProcess(t, 1, args[1], args[2:]...)
		cmd := exec.Command("sh", append([]string{"-c", `"$@" ` + args[0] + `/dev/full`, "sh"}, p.Args...)...)
		cmd.Env = p.Env
		cmd.Stdin = strings.NewReader("y\n")
		var status *exec.ExitError
		require.ErrorAs(t, cmd.Run(), &status, "%q", args)
		assert.Equal(t, exitFailed, status.ExitCode(), "%q", args)
		if text, err := os.ReadFile(p.file); args[1] == "converge" && len(args) == 2 {
			require.NoError(t, err)
			assert.JSONEq(t, `{"Writes": 0, "Changed": 0, "Free": false}`, string(text), "its question was not shown")
		}
	}
}
