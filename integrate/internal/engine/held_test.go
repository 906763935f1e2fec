package engine_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

var errLost = errors.New("the lock was lost")

// heldFor is a lock that is lost after it was asked for so many times.
func heldFor(times int) func(step.Step) error {
	return func(step.Step) error {
		if times--; times < 0 {
			return errLost
		}
		return nil
	}
}

// TestNothingIsWrittenOnceTheLockIsLost, whenever that is: each time that the lock is asked
// for, it may be lost.
func TestNothingIsWrittenOnceTheLockIsLost(t *testing.T) {
	for times := range 4 {
		b := newBench(t)
		at := step.AtHost("compute1")
		b.things.add(file(at, "/a"), file(at, "/b", host("/a")))
		base := b.base()
		p := b.compute1(base)
		b.hosts["compute1"].Forget()
		run := b.NewRun(base, b.watcher)
		run.Held = heldFor(times)
		run.Do(t.Context(), p)
		if times == 3 { // once for each change, and once right before the exchange
			assert.Equal(t, []string{"/a applied", "/b applied"}, ended(run, p))
			continue
		}
		assert.Zero(t, b.hosts["compute1"].Exchanges(), times)
		assert.Equal(t, []string{"/a cancelled", "/b cancelled"}, ended(run, p), times)
		require.ErrorIs(t, outcome(t, run, host("/a")).Err, errLost)
		for id, n := range b.watcher.ended {
			assert.Equal(t, 1, n, "%s ended so many times", id)
		}
	}
}

// TestAPoolThatIsHalfMade when the lock is lost is unknown, and the error says why.
func TestAPoolThatIsHalfMade(t *testing.T) {
	b := newBench(t)
	id := on(step.AtCluster("hdd"), "volumes")
	b.things.add(always(id, step.Delta{Action: step.Create, Do: step.ClusterStep{Work: ceph.Work{Pool: &ceph.PoolChange{
		Want: ceph.Pool{Name: "volumes", Size: 2}, Ready: true}}}}))
	lost := false
	b.ceph["hdd"].Lost = func(op cephtest.Op) error {
		lost = lost || op.Name == "osd pool create"
		return nil
	}
	base := b.base()
	p, _ := base.Cluster("hdd")
	run := b.NewRun(base, b.watcher)
	run.Held = func(step.Step) error {
		if lost {
			return errLost
		}
		return nil
	}
	run.Do(t.Context(), p)
	o := outcome(t, run, id)
	assert.Equal(t, engine.Unknown, o.Status)
	require.ErrorIs(t, o.Err, errLost)
	assert.NotContains(t, b.ceph["hdd"].Log(), cephtest.Op{Name: "rbd pool init", Object: "volumes", Write: true})
}

// TestTheLockIsAskedForBetweenTheExchangesOfACluster too: a user is looked at before its
// rights are written.
func TestTheLockIsAskedForBetweenTheExchangesOfACluster(t *testing.T) {
	id := on(step.AtCluster("ssd"), "client.a")
	for times := 0; ; times++ {
		require.Less(t, times, 20)
		b := newBench(t)
		b.things.add(user("ssd", "client.a"))
		base := b.base()
		p, ok := base.Cluster("ssd")
		require.True(t, ok)
		run := b.NewRun(base, b.watcher)
		run.Held = heldFor(times)
		run.Do(t.Context(), p)
		o := outcome(t, run, id)
		if o.Status == engine.Applied {
			assert.True(t, b.hasUser("ssd", "client.a"))
			assert.Greater(t, times, 1, "it is asked for more than once")
			return
		}
		if o.Status == engine.Cancelled {
			require.ErrorIs(t, o.Err, errLost)
			assert.False(t, b.hasUser("ssd", "client.a"), times)
		}
	}
}
