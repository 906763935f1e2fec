package integrate_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// fleet is a world of n computes, of which so many are worked on at once.
func fleet(t *testing.T, n, parallel int) (*integratetest.World, *integrate.Integration, []string) {
	s := exampleSpec()
	s.Hosts = s.Hosts[:1]
	all := []string{"ceph", "controller", "cloud"}
	for i := range n {
		name := fmt.Sprintf("compute%d", i)
		s.Hosts = append(s.Hosts, spec.Host{Name: name, Services: []string{"nova-compute"}})
		all = append(all, name)
	}
	w := integratetest.Open(t, s)
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: time.Millisecond, Poll: time.Millisecond,
		Parallel: parallel})
	require.NoError(t, err)
	return w, in, all
}

func down(w *integratetest.World, names ...string) {
	for _, name := range names {
		w.Machines[name].Fail = func(context.Context, remote.Op) error {
			return &remote.HostError{Host: name, Step: "connect", Err: remote.ErrUnreachable}
		}
	}
}

// parts converges, and gives the targets of the parts and how those that did
// not end well ended.
func parts(ctx context.Context, in *integrate.Integration, opts integrate.ConvergeOptions,
	each func(integrate.Part)) (targets []string, faults map[string]error) {
	faults = map[string]error{}
	for p := range in.Converge(ctx, opts) {
		targets = append(targets, p.Target)
		if err := p.Err(); err != nil {
			faults[p.Target] = err
		}
		if each != nil {
			each(p)
		}
	}
	return targets, faults
}

func TestConvergeHasAPartForEverythingWhenItIsCancelled(t *testing.T) {
	for _, planOnly := range []bool{false, true} {
		w, in, all := fleet(t, 6, 1)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the shift is over")
		targets, faults := parts(ctx, in, integrate.ConvergeOptions{PlanOnly: planOnly}, func(p integrate.Part) {
			if p.Target == "compute1" {
				cancel(why)
			}
		})
		assert.ElementsMatch(t, all, targets)
		for _, name := range []string{"compute3", "compute4", "compute5", "controller", "cloud"} {
			assert.ErrorIs(t, faults[name], why, name)
			assert.ErrorIs(t, faults[name], integrate.ErrIncomplete, name)
		}
		assert.Zero(t, w.Machines["controller"].Changes(""))
	}
}

// TestConvergeOfAnUnknownNameIsNotSilent: a loop that sees no part takes the work for done.
func TestConvergeOfAnUnknownNameIsNotSilent(t *testing.T) {
	for _, planOnly := range []bool{false, true} {
		for name, only := range map[string]integrate.Scope{
			"compute9": {Hosts: []string{"compute9"}},
			"west":     {Clusters: []string{"west"}},
		} {
			w, in, _ := fleet(t, 2, 1)
			writes := w.Writes()
			opts := integrate.ConvergeOptions{PlanOnly: planOnly, ApplyOptions: integrate.ApplyOptions{Only: only}}
			targets, faults := parts(t.Context(), in, opts, nil)
			assert.Equal(t, []string{name}, targets)
			assert.ErrorContains(t, faults[name], "the Spec has no ")
			opts.Only.Hosts = append(opts.Only.Hosts, "compute1")
			targets, faults = parts(t.Context(), in, opts, nil)
			assert.ElementsMatch(t, []string{"ceph", "compute1", name}, targets)
			assert.Len(t, faults, 3)
			assert.Equal(t, writes, w.Writes())
		}
	}
}

func TestConvergeSaysWhatACanaryStopped(t *testing.T) {
	w, in, all := fleet(t, 4, 2)
	down(w, "compute0")
	targets, faults := parts(t.Context(), in, integrate.ConvergeOptions{ApplyOptions: integrate.ApplyOptions{Canaries: 1}},
		nil)
	assert.ElementsMatch(t, all, targets)
	require.ErrorIs(t, faults["compute0"], remote.ErrUnreachable)
	for _, name := range []string{"compute1", "compute2", "compute3", "controller", "cloud"} {
		assert.ErrorContains(t, faults[name], "stopped by failures before it", name)
	}
	targets, faults = parts(t.Context(), in, integrate.ConvergeOptions{PlanOnly: true,
		ApplyOptions: integrate.ApplyOptions{Canaries: 1}}, nil)
	assert.ElementsMatch(t, all, targets)
	assert.Len(t, faults, 1, "a plan looks at everything")
}

func TestApplyCountsHostsThatCannotBeReached(t *testing.T) {
	for _, opts := range []integrate.ApplyOptions{{Canaries: 1}, {MaxFailed: 2}} {
		w, in, _ := fleet(t, 4, 1)
		down(w, "compute0", "compute1")
		r, err := in.Apply(t.Context(), plan(t, in), opts)
		require.ErrorIs(t, err, remote.ErrUnreachable)
		require.ErrorContains(t, err, "stopped by failures before it")
		assert.Positive(t, r.Count(integrate.Cancelled))
		for _, name := range []string{"compute3", "controller"} {
			assert.Zero(t, w.Machines[name].Changes(""), name)
		}
	}
}

func TestARolloutGoesOnBesideASlowHost(t *testing.T) {
	w, in, _ := fleet(t, 6, 2)
	var others atomic.Int64
	done := make(chan struct{})
	for name, m := range w.Machines {
		m.Fail = func(_ context.Context, op remote.Op) error {
			if kind, _ := remote.Describe(op); kind != "restart" {
				return nil
			}
			if name == "compute0" {
				<-done // not before all other computes were restarted
			} else if others.Add(1) == 5 {
				close(done)
			}
			return nil
		}
	}
	_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{MaxFailed: 3})
	require.NoError(t, err)
}

func TestBadOptionsChangeNothing(t *testing.T) {
	w, in, all := fleet(t, 2, 2)
	for _, opts := range []integrate.ApplyOptions{{Canaries: -1}, {MaxFailed: -1}} {
		_, err := in.Apply(t.Context(), plan(t, in), opts)
		require.ErrorContains(t, err, "negative")
		targets, faults := parts(t.Context(), in, integrate.ConvergeOptions{ApplyOptions: opts}, nil)
		assert.ElementsMatch(t, all, targets)
		assert.Len(t, faults, len(all))
	}
	_, err := in.Apply(t.Context(), nil, integrate.ApplyOptions{})
	require.Error(t, err)
	for _, c := range []integrate.Config{{Parallel: -1}, {Settle: -time.Second}, {Poll: -1}} {
		c.Spec, c.World = exampleSpec(), w.World
		_, err := integrate.New(c)
		require.ErrorContains(t, err, "negative")
	}
	assert.Zero(t, w.Writes())
}

func TestConvergeEndsWhenItsLoopPanics(t *testing.T) {
	_, in, _ := fleet(t, 12, 4)
	loop := func(out func()) {
		defer func() { _ = recover() }()
		for range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
			out()
		}
	}
	loop(func() { panic("the caller's") })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		loop(runtime.Goexit)
	}()
	<-ended
	buf := make([]byte, 1<<20)
	require.NotContains(t, string(buf[:runtime.Stack(buf, true)]), "integrate.(*converge)", "all have returned")
}

// A closing counts what is open.
type closing struct {
	remote.Host
	open *atomic.Int64
	most *atomic.Int64
	is   atomic.Bool
}

func (c *closing) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	if c.is.CompareAndSwap(false, true) {
		n := c.open.Add(1)
		for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
		}
	}
	return c.Host.Do(ctx, ops...)
}

func (c *closing) Close() error {
	if c.is.CompareAndSwap(true, false) {
		c.open.Add(-1)
	}
	return nil
}

// TestOpenConnectionsAreBounded by Parallel, however many hosts there are, also
// while a loop takes its time.
func TestOpenConnectionsAreBounded(t *testing.T) {
	const parallel = 3
	w, in, all := fleet(t, 20, parallel)
	var open, most atomic.Int64
	for name, h := range w.World.Hosts {
		w.World.Hosts[name] = &closing{Host: h, open: &open, most: &most}
	}
	p := plan(t, in)
	assert.Zero(t, open.Load(), "after a plan")
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Zero(t, open.Load(), "after an apply")
	targets, faults := parts(t.Context(), in, integrate.ConvergeOptions{}, func(integrate.Part) {
		time.Sleep(time.Millisecond)
	})
	assert.Empty(t, faults)
	assert.ElementsMatch(t, all, targets)
	assert.LessOrEqual(t, most.Load(), int64(parallel))
	assert.Zero(t, open.Load(), "after a converge")
}
