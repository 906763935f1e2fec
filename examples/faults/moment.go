//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
)

var errEnded = errors.New("faults: it is enough")

// A moment is when a context ends: with the call of a fake, or the event, that has this number. The number 0 never
// comes.
type moment struct {
	at  int64
	end context.CancelCauseFunc
	// deaf fakes answer although the context has ended.
	deaf bool
	n    atomic.Int64
	// begun has the targets on which a change was begun.
	begun sync.Map
}

// changing reports whether a change was begun on a target. A request to the APIs may be under way when its sender gives
// up, so it is waited for.
func (m *moment) changing(c integrate.Change) bool {
	for range 100 {
		if _, ok := m.begun.Load(c.Target); ok {
			return true
		}
		if c.Kind != "volume-type" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// tick counts a call or an event. It reports whether the moment is now.
func (m *moment) tick() bool {
	if m.n.Add(1) != m.at {
		return false
	}
	m.end(errEnded)
	return true
}

// A clock has the moment that the fakes of a cloud count for.
type clock struct{ now atomic.Pointer[moment] }

func newClock(w *integratetest.World) *clock {
	c := &clock{}
	c.now.Store(&moment{})
	for name, h := range w.Machines {
		h.Fail = func(ctx context.Context, op remote.Op) error {
			m := c.now.Load()
			switch op.(type) {
			case remote.ReadFile, remote.ReadDir, remote.Stat, remote.UnitState, remote.Packages:
			default:
				m.begun.Store(name, true)
			}
			m.tick()
			if m.deaf {
				return nil
			}
			return ctx.Err()
		}
		h.FailAfter = h.Fail
	}
	for name, cluster := range w.Ceph {
		way := sentCeph{cluster, c, name}
		w.Clusters[name] = world.Cluster{Mon: way, Images: way}
		cluster.Fail = func(cephtest.Op) error { c.now.Load().tick(); return nil }
		cluster.Lost = func(cephtest.Op) error {
			if m := c.now.Load(); m.tick() && !m.deaf {
				return fmt.Errorf("%w: %w", ceph.ErrUnreachable, errEnded)
			}
			return nil
		}
	}
	w.API.Interrupt(func(r *http.Request) (int, string, bool) {
		if changes(r) {
			c.now.Load().begun.Store("cloud", true)
		}
		return 0, "", false
	})
	for name, s := range w.Libvirt {
		s.Fail = func(call secrettest.Call) error {
			m := c.now.Load()
			if call.Op == "define" || call.Op == "undefine" {
				m.begun.Store(name, true)
			}
			m.tick()
			return nil
		}
		s.FailAfter = s.Fail
	}
	return c
}

// changes reports whether a request to the APIs may change something. A login does not.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && !strings.HasSuffix(r.URL.Path, "/auth/tokens")
}

// A sentCeph notes batches that change a cluster: all requests of a batch are sent at once.
type sentCeph struct {
	*cephtest.Cluster
	clock *clock
	name  string
}

var writeForm = regexp.MustCompile(
	`"prefix":"(auth (get-or-create|caps)|osd (pool (create|set|application)|erasure-code-profile set))`)

func (c sentCeph) Batch(ctx context.Context, requests ...ceph.Request) []ceph.Answer {
	if ctx.Err() == nil && slices.ContainsFunc(requests, func(r ceph.Request) bool {
		return r.InitPool != "" || writeForm.Match(r.Command.JSON)
	}) {
		c.clock.now.Load().begun.Store(c.name, true)
	}
	return c.Cluster.Batch(ctx, requests...)
}

// observe counts events, too.
func (c *clock) observe(integrate.Event) { c.now.Load().tick() }

// during calls a function whose context ends at a moment. after is another end of the context, after some time, if it
// is not 0. stays says which goroutines are there after the function has returned; those of idle HTTP connections do
// not count.
func (c *clock) during(ctx context.Context, m *moment, after time.Duration, f func(context.Context)) (stays string) {
	ctx, m.end = context.WithCancelCause(ctx)
	defer m.end(nil)
	if after > 0 {
		defer time.AfterFunc(after, func() { m.end(errEnded) }).Stop()
	}
	c.now.Store(m)
	mark := fmt.Sprintf("%p", m)
	pprof.Do(ctx, pprof.Labels("trial", mark), f)
	c.now.Store(&moment{})
	for range 100 {
		if stays = goroutines(mark); stays == "" {
			return ""
		}
		time.Sleep(5 * time.Millisecond)
	}
	return stays
}

// goroutines tells the stacks of the goroutines with a mark.
func goroutines(mark string) string {
	var text bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		return err.Error()
	}
	for stack := range strings.SplitSeq(text.String(), "\n\n") {
		if strings.Contains(stack, mark) && !strings.Contains(stack, "net/http.(*persistConn)") {
			return stack
		}
	}
	return ""
}
