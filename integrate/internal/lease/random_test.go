package lease_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/lease"
)

// Operators never write at the same time, whatever stops them, and whatever request or
// answer is late or lost.
func TestOperatorsNeverWriteAtTheSameTime(t *testing.T) {
	writes, losses := 0, 0
	for seed := range uint64(1000) {
		synctest.Test(t, func(t *testing.T) {
			w := &witness{t: t, fake: cephtest.New(), seed: seed}
			var all sync.WaitGroup
			for n := range 3 {
				all.Go(func() { w.operate(n) })
			}
			all.Wait()
			writes, losses = writes+w.writes, losses+w.losses
		})
		require.False(t, t.Failed(), "seed %d", seed)
	}
	t.Logf("%d writes; a lock was lost %d times", writes, losses)
	assert.Greater(t, writes, 1000)
	assert.Greater(t, losses, 100)
}

// A witness sees whether whoever writes has the lock.
type witness struct {
	t    *testing.T
	fake *cephtest.Cluster
	seed uint64

	mu             sync.Mutex
	writes, losses int
}

// operate takes the lock some times, and writes while it is held.
func (w *witness) operate(n int) {
	r := rand.New(rand.NewPCG(w.seed, uint64(n)))
	for range 4 {
		time.Sleep(time.Duration(r.IntN(200)) * time.Second)
		o := &operator{Cluster: w.fake, random: rand.New(rand.NewPCG(w.seed, r.Uint64()))}
		cfg := config(o, fmt.Sprint("operator ", n))
		l, err := lease.Take(w.t.Context(), cfg)
		if err != nil {
			continue
		}
		for range r.IntN(8) {
			time.Sleep(time.Duration(r.IntN(50)) * time.Second)
			if r.IntN(6) == 0 {
				time.Sleep(o.stop(time.Duration(r.IntN(250)) * time.Second))
			}
			if l.Held() != nil {
				w.mu.Lock()
				w.losses++
				w.mu.Unlock()
				break
			}
			holder, err := w.fake.Holder(context.Background(), cfg.Lock.Pool, cfg.Lock.Object)
			if assert.NoError(w.t, err) {
				assert.Equal(w.t, cfg.Lock.ID, holder.ID, "%s writes, and has not the lock", cfg.Lock.Owner)
			}
			w.mu.Lock()
			w.writes++
			w.mu.Unlock()
		}
		l.Close()
	}
}

// An operator is a process that may be stopped, and whose way to the cluster is bad.
type operator struct {
	*cephtest.Cluster

	mu      sync.Mutex
	random  *rand.Rand
	resumes time.Time
}

// stop stops all requests of the process for some time.
func (o *operator) stop(d time.Duration) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.resumes = time.Now().Add(d)
	return d
}

// way is the way of a request: it may wait, and the request or its answer may be lost.
func (o *operator) way(ctx context.Context, request func(context.Context) error) error {
	o.mu.Lock()
	wait, sent, fate := time.Until(o.resumes), o.random.IntN(2) == 0, o.random.IntN(8)
	late := time.Duration(o.random.IntN(3)) * time.Second
	o.mu.Unlock()
	time.Sleep(max(wait, 0) + late)
	if sent { // it was on its way, and nobody can call it back
		ctx = context.WithoutCancel(ctx)
	}
	if fate == 0 {
		return ceph.ErrUnreachable
	}
	err := request(ctx)
	if fate == 1 {
		return ceph.ErrUnreachable
	}
	return err
}

func (o *operator) Lock(ctx context.Context, lock ceph.Lock) error {
	return o.way(ctx, func(ctx context.Context) error { return o.Cluster.Lock(ctx, lock) })
}

func (o *operator) Unlock(ctx context.Context, lock ceph.Lock) error {
	return o.way(ctx, func(ctx context.Context) error { return o.Cluster.Unlock(ctx, lock) })
}

func (o *operator) Holder(ctx context.Context, pool, object string) (lock ceph.Lock, err error) {
	err = o.way(ctx, func(ctx context.Context) error {
		lock, err = o.Cluster.Holder(ctx, pool, object)
		return err
	})
	return lock, err
}
