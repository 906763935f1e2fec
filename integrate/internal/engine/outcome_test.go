package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
)

// TestHowAStepEnds is the table of what became of a step, by what its judge says.
func TestHowAStepEnds(t *testing.T) {
	for _, c := range []struct {
		name    string
		changed bool
		err     error
		want    engine.Status
		again   bool // the world is not as planned: plan again
	}{
		{"changed", true, nil, engine.Applied, false},
		{"as it was", false, nil, engine.Unchanged, false},
		{"a fault", false, errors.New("x"), engine.Failed, false},
		{"the connection was lost", false, remote.ErrUnknown, engine.Unknown, false},
		{"a program was ended for its time", false, remote.ErrTimeout, engine.Unknown, false},
		{"no connection in time", false, &remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrTimeout},
			engine.Failed, false},
		{"libvirt was lost", false, libvirtsecret.ErrUnknown, engine.Unknown, false},
		{"libvirt was not reached", false, libvirtsecret.ErrUnreachable, engine.Failed, false},
		{"the monitors were lost", true, ceph.ErrUnreachable, engine.Unknown, false},
		{"an answer of an API was lost", true, &api.Error{Op: "create", Err: api.ErrUnknown}, engine.Unknown, false},
		{"the APIs were not reached", true, &api.Error{Op: "create", Err: api.ErrUnreachable}, engine.Failed, false},
		{"out of time", true, context.DeadlineExceeded, engine.Unknown, false},
		{"stopped", true, context.Canceled, engine.Unknown, false},
		{"a conflict on the host", false, remote.ErrConflict, engine.Failed, true},
		{"a conflict in the cluster", false, ceph.ErrConflict, engine.Failed, true},
		{"a conflict in libvirt", false, libvirtsecret.ErrConflict, engine.Failed, true},
		{"a conflict of the step", false, step.ErrConflict, engine.Failed, false},
		{"a conflict, then lost", false, errors.Join(remote.ErrConflict, remote.ErrUnknown), engine.Failed, true},
	} {
		b := newBench(t)
		d := changes(remote.Stat{Path: "/"})
		do := d.Do.(step.HostStep)
		do.Judge = func([]remote.Result) (bool, error) { return c.changed, c.err }
		d.Do = do
		b.things.add(always(host("x"), d))
		_, run := b.do()
		o := outcome(t, run, host("x"))
		assert.Equal(t, c.want, o.Status, c.name)
		assert.Equal(t, c.want == engine.Applied || c.want == engine.Unchanged, o.Well(), c.name)
		require.ErrorIs(t, o.Err, c.err, c.name)
		if c.again {
			require.ErrorIs(t, o.Err, step.ErrConflict, c.name)
			assert.ErrorContains(t, o.Err, "; plan again", c.name)
		}
	}
}

// TestAWriteThatFindsAnotherFileIsAConflict and the other file stays.
func TestAWriteThatFindsAnotherFileIsAConflict(t *testing.T) {
	b := newBench(t)
	b.things.add(file(step.AtHost("compute1"), "/a"))
	base := b.base()
	p := b.compute1(base)
	b.hosts["compute1"].AddFile("/a", []byte("somebody's"), 0o600)
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), p)
	o := outcome(t, run, host("/a"))
	assert.Equal(t, engine.Failed, o.Status)
	require.ErrorIs(t, o.Err, step.ErrConflict)
	b.holds("/a", "somebody's")
}

// TestAHostThatIsGoneFailsWithoutEffect: nothing was begun.
func TestAHostThatIsGoneFailsWithoutEffect(t *testing.T) {
	b := newBench(t)
	b.things.add(file(step.AtHost("compute1"), "/a"), file(step.AtHost("compute1"), "/b", host("/a")))
	base := b.base()
	p := b.compute1(base)
	b.World.Hosts["compute1"] = silent{&remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrUnreachable}}
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), p)
	assert.Equal(t, []string{"/a failed", "/b failed"}, ended(run, p))
	require.ErrorIs(t, outcome(t, run, host("/a")).Err, remote.ErrUnreachable)

	lost := &remote.HostError{Host: "compute1", Step: "write", Err: remote.ErrUnknown}
	for _, why := range []error{nil, lost} { // no results, and no word why; or a connection that was lost
		b.World.Hosts["compute1"] = silent{why}
		run = b.NewRun(base, b.watcher)
		run.Do(t.Context(), p)
		assert.Equal(t, []string{"/a unknown", "/b unknown"}, ended(run, p))
		assert.Equal(t, why != nil, errors.Is(outcome(t, run, host("/a")).Err, lost))
	}
}

// TestWhatIsNotBegunWhenTheRunEndsIsCancelled, with the cause.
func TestWhatIsNotBegunWhenTheRunEndsIsCancelled(t *testing.T) {
	why := errors.New("the operator had enough")
	b := newBench(t)
	b.things.add(file(step.AtHost("compute1"), "/a"), user("hdd", "client.a"))
	ctx, cancel := context.WithCancelCause(t.Context())
	base := b.base()
	p := b.compute1(base)
	cancel(why)
	run := b.NewRun(base, b.watcher)
	run.Do(ctx, p)
	run.Do(ctx, base.Clusters()[0])
	for _, id := range []step.ID{host("/a"), on(step.AtCluster("hdd"), "client.a")} {
		assert.Equal(t, engine.Cancelled, outcome(t, run, id).Status)
		require.ErrorIs(t, outcome(t, run, id).Err, why)
	}
	assert.Empty(t, b.watcher.started)
}

// TestAnExchangeThatEndsMidway tells what was done, what is not known and what was not
// begun.
func TestAnExchangeThatEndsMidway(t *testing.T) {
	b := newBench(t)
	at := step.AtHost("compute1")
	b.things.add(file(at, "/a"), file(at, "/b"), file(at, "/c"))
	base := b.base()
	p := b.compute1(base)
	ctx, cancel := context.WithCancel(t.Context())
	b.hosts["compute1"].Fail = func(ctx context.Context, op remote.Op) error {
		if w, ok := op.(remote.WriteFile); ok && w.Path == "/b" {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	run := b.NewRun(base, b.watcher)
	run.Do(ctx, p)
	assert.Equal(t, engine.Applied, outcome(t, run, host("/a")).Status)
	assert.Contains(t, []engine.Status{engine.Unknown, engine.Cancelled}, outcome(t, run, host("/b")).Status)
	assert.NotEqual(t, engine.Applied, outcome(t, run, host("/c")).Status)
	_, there := b.hosts["compute1"].Contents("/c")
	assert.False(t, there)
}

// TestANeedThatNobodyMakesIsAConflict: the plan does not do it, so plan again.
func TestANeedThatNobodyMakesIsAConflict(t *testing.T) {
	b := newBench(t)
	made := on(step.AtCluster("hdd"), "client.a")
	b.things.add(user("hdd", "client.a"), file(step.AtHost("compute1"), "/a", made))
	_, run := b.do() // the cluster is not done
	o := outcome(t, run, host("/a"))
	assert.Equal(t, engine.Failed, o.Status)
	require.ErrorIs(t, o.Err, step.ErrConflict)
	assert.ErrorContains(t, o.Err, "it needs thing/hdd/client.a, which is not done yet")
}

// TestWhatIsLeftIsCancelledOnce: outcomes that are there stay.
func TestWhatIsLeftIsCancelledOnce(t *testing.T) {
	b := newBench(t)
	b.things.add(file(step.AtHost("compute1"), "/a"), thing{id: host("well")})
	base := b.base()
	p := b.compute1(base)
	run := b.NewRun(base, b.watcher)
	run.Leave(p, nil)
	require.EqualError(t, outcome(t, run, host("/a")).Err, "it was not begun")
	run.Leave(p, engine.ErrStopped)
	require.EqualError(t, outcome(t, run, host("/a")).Err, "it was not begun")
	_, ok := run.Outcome(host("well"))
	assert.False(t, ok)
	assert.Equal(t, 1, b.watcher.ended[host("/a")])
}

// TestOutcomesOfAHostAreForgotten unless the cloud asks for them; those of clusters
// stay.
func TestOutcomesOfAHostAreForgotten(t *testing.T) {
	b := newBench(t)
	at := step.AtHost("compute1")
	b.things.add(user("hdd", "client.a"), file(at, "/a"), file(at, "/asked"),
		thing{id: on(step.AtCloud(), "type"), needs: []step.ID{host("/asked")}})
	base := b.base()
	p := b.compute1(base)
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), base.Clusters()[0])
	run.Do(t.Context(), p)
	run.Forget(p)
	run.Forget(base.Clusters()[0])
	_, ok := run.Outcome(host("/a"))
	assert.False(t, ok)
	assert.Equal(t, engine.Applied, outcome(t, run, host("/asked")).Status)
	assert.Equal(t, engine.Applied, outcome(t, run, on(step.AtCluster("hdd"), "client.a")).Status)
	_, _, well := run.Well(p)
	assert.False(t, well, "it is not known any more")
}

// TestWorksOfAClusterGoSideBySide, each after what it needs: many users take no more
// exchanges than one.
func TestWorksOfAClusterGoSideBySide(t *testing.T) {
	batches := func(n int) int {
		b := newBench(t)
		first := on(step.AtCluster("hdd"), "client.0")
		b.things.add(user("hdd", "client.0"))
		for k := range n {
			b.things.add(user("hdd", "client.x"+string(rune('a'+k)), first))
		}
		base := b.base()
		before := b.ceph["hdd"].Batches()
		run := b.NewRun(base, b.watcher)
		run.Do(t.Context(), base.Clusters()[0])
		_, _, well := run.Well(base.Clusters()[0])
		assert.True(t, well)
		return b.ceph["hdd"].Batches() - before
	}
	assert.Equal(t, batches(1), batches(9))
}

// TestAWorkThatFailsKeepsOnlyWhatNeedsIt, in its cluster and on the hosts.
func TestAWorkThatFailsKeepsOnlyWhatNeedsIt(t *testing.T) {
	for fault, want := range map[error]engine.Status{ceph.ErrDenied: engine.Failed, ceph.ErrUnreachable: engine.Unknown} {
		b := newBench(t)
		bad, behind := on(step.AtCluster("hdd"), "client.bad"), on(step.AtCluster("hdd"), "client.behind")
		b.things.add(user("hdd", "client.bad"), user("hdd", "client.behind", bad), user("hdd", "client.free"),
			file(step.AtHost("compute1"), "/a", behind))
		base := b.base()
		p := b.compute1(base)
		b.ceph["hdd"].Fail = func(op cephtest.Op) error {
			if op.Write && op.Object == "client.bad" {
				return fault
			}
			return nil
		}
		run := b.NewRun(base, b.watcher)
		run.Do(t.Context(), base.Clusters()[0])
		run.Do(t.Context(), p)
		assert.Equal(t, want, outcome(t, run, bad).Status)
		assert.Equal(t, engine.Skipped, outcome(t, run, behind).Status)
		assert.Equal(t, bad, outcome(t, run, behind).Because)
		assert.Equal(t, engine.Applied, outcome(t, run, on(step.AtCluster("hdd"), "client.free")).Status)
		assert.Equal(t, engine.Skipped, outcome(t, run, host("/a")).Status)
		assert.False(t, b.hasUser("hdd", "client.behind"))
		assert.True(t, b.hasUser("hdd", "client.free"))
	}
}

// TestAUserThatSomebodyMadeMeanwhile is a conflict, and stays as it is.
func TestAUserThatSomebodyMadeMeanwhile(t *testing.T) {
	b := newBench(t)
	b.things.add(user("hdd", "client.a"))
	base := b.base()
	b.ceph["hdd"].AddUser(ceph.User{Entity: "client.a", Caps: ceph.Caps{"mon": "allow r"}})
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), base.Clusters()[0])
	o := outcome(t, run, on(step.AtCluster("hdd"), "client.a"))
	assert.Equal(t, engine.Failed, o.Status)
	require.ErrorIs(t, o.Err, step.ErrConflict)
	now, err := ceph.New(b.ceph["hdd"]).User(t.Context(), "client.a")
	require.NoError(t, err)
	assert.Equal(t, "allow r", now.Caps["mon"])
}

// TestStepsOfTheCloudGoOneByOne, each after what it needs.
func TestStepsOfTheCloudGoOneByOne(t *testing.T) {
	b := newBench(t)
	b.cloud(openstacktest.Config{})
	denied := errors.New("denied")
	var calls []string
	does := func(name string, err error) step.Delta {
		return step.Delta{Action: step.Create, Do: step.CloudStep{Do: func(_ context.Context, c *api.Cloud) (bool, error) {
			assert.Same(t, b.World.Cloud, c)
			calls = append(calls, name)
			return name != "d", err
		}}}
	}
	at := step.AtCloud()
	b.things.add(always(on(at, "a"), does("a", nil)), always(on(at, "b"), does("b", denied), on(at, "a")),
		always(on(at, "c"), does("c", nil), on(at, "b")), always(on(at, "d"), does("d", nil)))
	base := b.base()
	p := base.Cloud()
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), p)
	assert.Equal(t, []string{"a applied", "b failed", "c skipped", "d unchanged"}, ended(run, p))
	assert.Equal(t, []string{"a", "b", "d"}, calls)
}
