package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// ring is a file on a compute with the key of client.a of the cluster hdd.
func ring(compute string) thing {
	return always(on(step.AtHost(compute), "ring"), step.Delta{Action: step.Create,
		Do: step.HostStep{Ops: func(now step.Late) ([]remote.Op, error) {
			key, err := now.Key("hdd", "client.a")
			return []remote.Op{remote.WriteFile{Path: "/ring", Data: []byte(key.Reveal())}}, err
		}}})
}

// A rings is a run over three computes that each get the key of client.a.
type rings struct {
	*bench
	base *engine.Base
	run  *engine.Run
}

func newRings(t *testing.T) *rings {
	b := newBench(t)
	b.ceph["hdd"].AddUser(ceph.User{Entity: "client.a", Key: key(t), Caps: ceph.Caps{"mon": "profile rbd"}})
	b.things.add(user("hdd", "client.a"))
	for i := range 3 {
		name := fmt.Sprintf("compute%d", i+1)
		b.things.add(ring(name), file(step.AtHost(name), "/other"))
	}
	base := b.base()
	return &rings{b, base, b.NewRun(base, b.watcher)}
}

// write writes the key to a compute, and gives how that ended and how many exchanges with
// the cluster it took.
func (r *rings) write(ctx context.Context, compute string) (engine.Outcome, int) {
	p := r.base.Host(r.Look(ctx, compute, r.base))
	before := r.ceph["hdd"].Batches()
	r.run.Do(ctx, p)
	o, _ := r.run.Outcome(on(step.AtHost(compute), "ring"))
	return o, r.ceph["hdd"].Batches() - before
}

// TestUsersAreReadOnceForHostsThatComeSoon and again for those that come late.
func TestUsersAreReadOnceForHostsThatComeSoon(t *testing.T) {
	r := newRings(t)
	for i, want := range []int{1, 0, 0} {
		o, exchanges := r.write(t.Context(), fmt.Sprintf("compute%d", i+1))
		assert.Equal(t, engine.Applied, o.Status)
		assert.Equal(t, want, exchanges)
	}
	r = newRings(t)
	r.Fresh = 1
	for _, compute := range []string{"compute1", "compute2", "compute3"} {
		o, exchanges := r.write(t.Context(), compute)
		assert.Equal(t, engine.Applied, o.Status)
		assert.Equal(t, 1, exchanges, compute)
	}
}

// TestHostsAtOnceShareALookAtTheUsers also where the cluster is slow.
func TestHostsAtOnceShareALookAtTheUsers(t *testing.T) {
	r := newRings(t)
	var asked atomic.Int64
	r.ceph["hdd"].Fail = func(op cephtest.Op) error {
		if op.Name == "auth get" {
			asked.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
		return nil
	}
	parts := []engine.Part{}
	for _, compute := range []string{"compute1", "compute2", "compute3"} {
		parts = append(parts, r.base.Host(r.Look(t.Context(), compute, r.base)))
	}
	remote.Each(t.Context(), []string{"0", "1", "2"}, 0, func(ctx context.Context, n string) (any, error) {
		r.run.Do(ctx, parts[slices.Index([]string{"0", "1", "2"}, n)])
		return nil, nil
	})
	assert.Equal(t, int64(1), asked.Load())
	for _, p := range parts {
		assert.Equal(t, []string{"ring applied", "/other applied"}, ended(r.run, p))
	}
}

// TestALookAtTheUsersThatFailed: the key is not written, nothing is unknown, and the next
// host asks again.
func TestALookAtTheUsersThatFailed(t *testing.T) {
	for _, why := range []error{ceph.ErrUnreachable, remote.ErrUnknown, context.DeadlineExceeded} {
		r := newRings(t)
		r.ceph["hdd"].Fail = func(op cephtest.Op) error {
			if op.Name == "auth get" {
				return why
			}
			return nil
		}
		o, _ := r.write(t.Context(), "compute1")
		assert.Equal(t, engine.Failed, o.Status, "nothing was begun")
		require.ErrorIs(t, o.Err, why)
		require.ErrorContains(t, o.Err, "the key of client.a is not written, as cluster hdd cannot be asked")
		_, there := r.hosts["compute1"].Contents("/ring")
		assert.False(t, there)
		r.holds("/other", "/other")
		r.ceph["hdd"].Fail = nil
		o, exchanges := r.write(t.Context(), "compute2")
		assert.Equal(t, engine.Applied, o.Status)
		assert.Equal(t, 1, exchanges)
	}
}

// TestALookAtTheUsersThatWasCutShort is not a failure of the host.
func TestALookAtTheUsersThatWasCutShort(t *testing.T) {
	r := newRings(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	r.ceph["hdd"].Fail = func(op cephtest.Op) error {
		if op.Name == "auth get" {
			cancel(errors.New("the shift is over"))
			return context.Canceled
		}
		return nil
	}
	o, _ := r.write(ctx, "compute1")
	assert.Equal(t, engine.Cancelled, o.Status)
	_, there := r.hosts["compute1"].Contents("/ring")
	assert.False(t, there)
}
