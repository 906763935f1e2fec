package gate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/gate"
	"github.com/cephstack/cephstack/integrate/world"
)

// clusters are healthy enough or not, and write down what a gate asks and tells.
type clusters struct {
	mu    sync.Mutex
	ill   map[string][]string
	looks map[string][]time.Time
	told  []world.Wait
	lasts time.Duration // of a look
}

func (c *clusters) set(name string, reasons ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ill[name] = reasons
}

func (c *clusters) gate(limit time.Duration) *gate.Gate {
	c.ill, c.looks = map[string][]string{}, map[string][]time.Time{}
	return &gate.Gate{Limit: limit, Pause: 10 * time.Second,
		Look: func(ctx context.Context, name string) ([]string, string) {
			c.mu.Lock()
			c.looks[name] = append(c.looks[name], time.Now())
			reasons := c.ill[name]
			c.mu.Unlock()
			select {
			case <-ctx.Done():
				return []string{"it does not answer"}, "See its monitors"
			case <-time.After(c.lasts):
			}
			return reasons, "See " + name + " health detail"
		},
		Tell: func(w world.Wait) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.told = append(c.told, w)
		}}
}

func TestAHostWaitsAndGoesOnByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clusters
		g := c.gate(time.Hour)
		began := time.Now()
		require.NoError(t, g.Pass(t.Context(), "ceph"))
		require.Empty(t, c.told, "nothing to say of a healthy cluster")
		time.Sleep(time.Minute)
		c.set("ceph", "3 PGs are not active")
		time.AfterFunc(time.Minute, func() { c.set("ceph", "1 PG is not active") })
		time.AfterFunc(2*time.Minute, func() { c.set("ceph") })
		var hosts sync.WaitGroup
		for range 32 {
			hosts.Go(func() { assert.NoError(t, g.Pass(t.Context(), "ceph")) })
		}
		hosts.Wait()
		assert.WithinDuration(t, began.Add(3*time.Minute), time.Now(), 10*time.Second)
		since := began.Add(time.Minute)
		assert.Equal(t, []world.Wait{
			{Cluster: "ceph", Reasons: []string{"3 PGs are not active"}, Since: since, Until: since.Add(time.Hour)},
			{Cluster: "ceph", Reasons: []string{"1 PG is not active"}, Since: since, Until: since.Add(time.Hour)},
			{Cluster: "ceph"},
		}, c.told)
		assert.LessOrEqual(t, len(c.looks["ceph"]), 2+2*60/5, "all hosts share a look")
	})
}

func TestTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clusters
		g := c.gate(95 * time.Second)
		c.set("ceph", "osd.3 is full")
		began := time.Now()
		var hosts sync.WaitGroup
		for range 3 {
			hosts.Go(func() {
				err := g.Pass(t.Context(), "other", "ceph")
				assert.ErrorIs(t, err, world.ErrUnhealthy)
				assert.EqualError(t, err, "integrate: the cluster is not healthy enough for gate: health: cluster ceph, "+
					"since 00:00:00 UTC: osd.3 is full; the rollout waited for 1m35s. "+
					"See ceph health detail; the next run goes on where this one ended")
			})
		}
		hosts.Wait()
		assert.Equal(t, 95*time.Second, time.Since(began))
		require.NoError(t, g.Pass(t.Context(), "other"))
	})
}

func TestCancelWorksAtOnce(t *testing.T) {
	for name, lasts := range map[string]time.Duration{"between looks": 0, "in a look": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := clusters{lasts: lasts}
				g := c.gate(time.Hour)
				c.set("ceph", "osd.3 is full")
				enough := errors.New("enough")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(25*time.Second, func() { cancel(enough) })
				began := time.Now()
				var hosts sync.WaitGroup
				for range 3 {
					hosts.Go(func() { assert.ErrorIs(t, g.Pass(ctx, "ceph"), enough) })
				}
				hosts.Wait()
				assert.Equal(t, 25*time.Second, time.Since(began))
			})
		})
	}
}

// TestAClusterThatDoesNotAnswer: a look has a bound, and unknown is not healthy.
func TestAClusterThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clusters{lasts: time.Hour}
		g := c.gate(time.Minute)
		began := time.Now()
		require.ErrorContains(t, g.Pass(t.Context(), "ceph"), "it does not answer")
		assert.LessOrEqual(t, time.Since(began), 2*time.Minute)
	})
}

// TestNoHostBeginsWhileAClusterIsIll: clusters fall ill and get well at random times. A host begins only if each of
// its clusters was well at a time within half a pause before.
func TestNoHostBeginsWhileAClusterIsIll(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			c := clusters{lasts: time.Duration(r.IntN(3000)) * time.Millisecond}
			g := c.gate(24 * time.Hour)
			names := []string{"a", "b", "c"}[:1+r.IntN(3)]
			history := map[string][]change{}
			for _, name := range names {
				at := time.Duration(0)
				for ill := r.IntN(2) == 0; at < 10*time.Minute; ill = !ill {
					history[name] = append(history[name], change{time.Now().Add(at), ill})
					time.AfterFunc(at, func() { c.set(name, []string{"ill"}[:map[bool]int{true: 1}[ill]]...) })
					at += time.Duration(1+r.IntN(90_000)) * time.Millisecond
				}
				history[name] = append(history[name], change{time.Now().Add(at), false})
				time.AfterFunc(at, func() { c.set(name) })
			}
			synctest.Wait()
			var hosts sync.WaitGroup
			for range 1 + r.IntN(12) {
				time.Sleep(time.Duration(r.IntN(20_000)) * time.Millisecond)
				uses := names[:1+r.IntN(len(names))]
				hosts.Go(func() {
					assert.NoError(t, g.Pass(t.Context(), uses...))
					for _, name := range uses {
						assert.True(t, wellWithin(history[name], time.Now(), g.Pause/2+c.lasts*time.Duration(len(names))),
							"seed %d: a host that uses %s began at %s", seed, name, time.Now())
					}
				})
			}
			hosts.Wait()
			for name, looks := range c.looks {
				for i := 1; i < len(looks); i++ {
					assert.GreaterOrEqual(t, looks[i].Sub(looks[i-1]), g.Pause/2, fmt.Sprint("seed ", seed, ": ", name))
				}
			}
		})
	}
}

// A change is when a cluster fell ill or got well.
type change struct {
	at  time.Time
	ill bool
}

// wellWithin reports whether a cluster was well at a time of the span before now.
func wellWithin(history []change, now time.Time, span time.Duration) bool {
	for i, c := range history {
		end := now
		if i+1 < len(history) {
			end = history[i+1].at
		}
		if !c.ill && !c.at.After(now) && !end.Before(now.Add(-span)) {
			return true
		}
	}
	return false
}
