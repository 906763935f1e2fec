package integrate_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

const (
	holderConf = "CEPHSTACK_TEST_HOLDER" // the ceph.conf of the cluster that a holder works on
	// A renewal runs the ceph program, which takes seconds beside other tests. It has five sixths of the term.
	liveTerm = 15 * time.Second
)

// openLive is a cloud in memory on a real cluster.
func openLive(t *testing.T, conf, owner string) (*integratetest.World, *integrate.Integration) {
	t.Helper()
	w := integratetest.Open(t, exampleSpec())
	cli := cephcli.New(remote.Local{}, cephcli.Options{Conf: conf})
	w.Clusters["ceph"] = world.Cluster{Mon: cli, Images: cli}
	in, err := integrate.New(integrate.Config{Spec: exampleSpec(), World: w.World, Settle: 1, Poll: 1, Owner: owner})
	require.NoError(t, err)
	in.Term(liveTerm, time.Now)
	return w, in
}

// TestHolder is no test: it is the process of another operator, which TestLiveLock starts.
// Its Apply stays at compute1 until it is told to go on.
func TestHolder(t *testing.T) {
	conf := os.Getenv(holderConf)
	if conf == "" {
		t.Skip("this is a part of TestLiveLock")
	}
	w, in := openLive(t, conf, "holder")
	p := plan(t, in)
	var once atomic.Bool
	w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
		if !once.Swap(true) {
			fmt.Println("\nholds")
			_, _ = os.Stdin.Read(make([]byte, 1))
		}
		return nil
	}
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	writes := w.Machines["controller"].Changes("write")
	fmt.Printf("\nended lost=%t cancelled=%t controller=%d\n", errors.Is(err, world.ErrLock),
		r.Count(integrate.Cancelled) > 0, writes)
}

// A holder is the process of another operator.
type holder struct {
	*exec.Cmd
	lines *bufio.Scanner
	goOn  io.WriteCloser // closed, so that it goes on
}

// startHolder starts a process, and waits until it has the lock.
func startHolder(t *testing.T, conf string) *holder {
	t.Helper()
	h := &holder{Cmd: exec.Command(os.Args[0], "-test.run=^TestHolder$", "-test.v")}
	h.Env = append(os.Environ(), holderConf+"="+conf)
	out, err := h.StdoutPipe()
	require.NoError(t, err)
	h.goOn, err = h.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, h.Start())
	t.Cleanup(func() { _ = h.Process.Kill() })
	h.lines = bufio.NewScanner(out)
	h.until(t, "holds")
	return h
}

// until reads lines up to one that begins so.
func (h *holder) until(t *testing.T, word string) string {
	t.Helper()
	for h.lines.Scan() {
		if strings.HasPrefix(h.lines.Text(), word) {
			return h.lines.Text()
		}
	}
	t.Fatalf("the holder never says %q", word)
	return ""
}

func TestLiveLock(t *testing.T) {
	t.Parallel() // it waits most of the time
	live := cephlive.Start(t, 1)
	w, in := openLive(t, live.Conf, "ben")
	first := startHolder(t, live.Conf)
	p := plan(t, in)
	require.NotEmpty(t, p.Changes)
	for began := time.Now(); time.Since(began) < liveTerm*5/4; time.Sleep(500 * time.Millisecond) {
		_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.ErrorIs(t, err, ceph.ErrLocked, "it is renewed")
		require.ErrorContains(t, err, "held by holder on ")
		require.ErrorContains(t, err, " for apply since ")
	}
	require.NoError(t, first.goOn.Close())
	assert.Contains(t, first.until(t, "ended"), "lost=false cancelled=false")
	require.NoError(t, first.Wait())

	killed := startHolder(t, live.Conf)
	require.NoError(t, killed.Process.Kill())
	_ = killed.Wait()
	began := time.Now()
	for {
		plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
		require.NoError(t, err)
		tried := time.Since(began)
		_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{})
		if err == nil {
			break
		}
		require.ErrorIs(t, err, ceph.ErrLocked)
		require.Less(t, tried, liveTerm+2*time.Second, "nobody is kept out for longer than the term")
	}
	t.Logf("a killed holder blocked for %s, and the term is %s", time.Since(began).Round(time.Millisecond), liveTerm)
	settled(t, in)

	stopped := startHolder(t, live.Conf)
	require.NoError(t, stopped.Process.Signal(syscall.SIGSTOP))
	time.Sleep(liveTerm + time.Second)
	lock := ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: "ben", Owner: "ben", Term: time.Minute}
	require.NoError(t, ceph.New(w.Clusters["ceph"].Mon).TakeLock(t.Context(), lock))
	require.NoError(t, stopped.Process.Signal(syscall.SIGCONT))
	require.NoError(t, stopped.goOn.Close())
	assert.Contains(t, stopped.until(t, "ended"), "lost=true cancelled=true controller=0",
		"a holder that was stopped begins nothing any more")
	require.NoError(t, stopped.Wait())
}
