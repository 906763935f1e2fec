//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// meetings is how often two operators work on one cloud, and longestLate how much later one of them may begin.
const (
	meetings    = 1000
	longestLate = 40 * time.Millisecond
)

// An operator works on a cloud, together with another one.
type operator struct {
	spec spec.Spec
	solo picture // what is there after the operator worked alone
	plan *integrate.Plan
	in   *integrate.Integration
	// outcomes and err are what the operator was told.
	outcomes []integrate.Outcome
	err      error
}

// wishes are Specs for one and the same cloud. They differ in what they want of the same user, pools and files.
func wishes() ([]spec.Spec, error) {
	var all []spec.Spec
	for _, change := range []string{
		"", // the small cloud
		"cinder: {backends: [{name: ceph, volume_type: ceph}, {name: fast, pool: fast}]}",
		"cinder: {backends: [{name: ceph, volume_type: ceph}, {name: slow, pool: slow}]}",
		"clusters: [{name: ceph, conf: {client: {rbd_cache: \"true\"}}}]",
	} {
		text := smallCloud
		if change != "" {
			field, _, _ := strings.Cut(change, ":")
			lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return strings.HasPrefix(l, field+":") })
			text = strings.Join(append(lines, change, ""), "\n")
		}
		s, err := spec.Load(strings.NewReader(text), ".")
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// A pacer makes operators wait at random.
type pacer struct {
	mu   sync.Mutex
	r    *rand.Rand
	rate int
}

func (p *pacer) pause() {
	p.mu.Lock()
	n := p.r.IntN(p.rate)
	p.mu.Unlock()
	if n < 2 {
		runtime.Gosched()
		return
	}
	time.Sleep(time.Duration(n) * 10 * time.Microsecond)
}

// A pacedCeph is a cluster whose user waits before and after each exchange.
type pacedCeph struct {
	*cephtest.Cluster
	pacer *pacer
}

func (c pacedCeph) Batch(ctx context.Context, requests ...ceph.Request) []ceph.Answer {
	c.pacer.pause()
	defer c.pacer.pause()
	return c.Cluster.Batch(ctx, requests...)
}

func (c pacedCeph) Command(ctx context.Context, command ceph.Command) (ceph.Reply, error) {
	c.pacer.pause()
	defer c.pacer.pause()
	return c.Cluster.Command(ctx, command)
}

// A lockless cluster keeps no locks.
type lockless struct{ ceph.Batcher }

// A pacedHost is a host whose user waits before and after each exchange.
type pacedHost struct {
	remote.Host
	pacer *pacer
}

func (h pacedHost) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	h.pacer.pause()
	defer h.pacer.pause()
	return h.Host.Do(ctx, ops...)
}

// two lets two operators work at once. It takes longer than the term of the operator lock.
func (s *suite) two(ctx context.Context) (tally, error) {
	var t tally
	wishes, err := wishes()
	if err != nil {
		return t, err
	}
	all, solo, err := soloists(ctx, wishes)
	if err != nil {
		return t, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	wg.Go(func() {
		held, err := holders(ctx)
		mu.Lock()
		defer mu.Unlock()
		t.join(held)
		failed = err
	})
	var todo atomic.Int64
	todo.Store(int64(min(meetings, s.most)))
	for range workers {
		wg.Go(func() {
			for n := todo.Add(-1); n >= 0 && ctx.Err() == nil; n = todo.Add(-1) {
				r := rand.New(rand.NewPCG(s.seed, uint64(n)))
				a, b, old := r.IntN(len(wishes)), r.IntN(len(wishes)), r.IntN(2)
				if r.IntN(2) == 0 {
					a, b = 1, 2 // which give one user different rights
				}
				m := &meeting{all: all, r: r, old: old == 1,
					ops: [2]*operator{{spec: wishes[a], solo: solo[old][a]}, {spec: wishes[b], solo: solo[old][b]}}}
				err := m.run(ctx)
				mu.Lock()
				t.add(err == nil && len(m.words) == 0, "meeting %d of Specs %d and %d (%d): %v %q", n, a, b, old, err, m.words)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return t, errors.Join(failed, ctx.Err())
}

// soloists gives all changes that the Specs ask for, and what is there after each Spec was applied alone: to a new
// cloud, and to one that the first Spec was applied to.
func soloists(ctx context.Context, wishes []spec.Spec) (all []integrate.Change, solo [2][]picture, err error) {
	for _, w := range wishes {
		_, changes, err := alone(ctx, nil, w)
		if err != nil {
			return nil, solo, err
		}
		all = append(all, changes...)
	}
	for old := range solo {
		for _, w := range wishes {
			p, _, err := alone(ctx, all, slices.Concat(wishes[:old], []spec.Spec{w})...)
			if err != nil {
				return nil, solo, err
			}
			solo[old] = append(solo[old], p)
		}
	}
	return all, solo, nil
}

// alone is what is there after Specs were applied one after the other, and what the last of them changed.
func alone(ctx context.Context, look []integrate.Change, specs ...spec.Spec) (p picture, all []integrate.Change,
	err error) {
	c, err := newFakeCloud()
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	for _, s := range specs {
		c.spec = s
		in, err := c.integration()
		if err != nil {
			return nil, nil, err
		}
		plan, err := in.Plan(ctx, integrate.PlanOptions{})
		if err != nil {
			return nil, nil, err
		}
		if err := c.finish(ctx); err != nil {
			return nil, nil, err
		}
		all = plan.Changes
	}
	p, err = pictureOf(c.World, look)
	return p, all, err
}

// A meeting is two operators on one cloud.
type meeting struct {
	ops   [2]*operator
	all   []integrate.Change
	r     *rand.Rand
	old   bool     // the first Spec was applied before
	locks bool     // there is an operator lock
	words []string // what is wrong
}

func (m *meeting) wrong(format string, args ...any) {
	m.words = append(m.words, fmt.Sprintf(format, args...))
}

func (m *meeting) run(ctx context.Context) error {
	c, err := newFakeCloud()
	if err != nil {
		return err
	}
	defer c.Close()
	if m.old {
		if err := c.finish(ctx); err != nil {
			return err
		}
	}
	var hook pacer
	hook.r, hook.rate = rand.New(rand.NewPCG(m.r.Uint64(), 0)), 3+m.r.IntN(8)
	for _, h := range c.Machines {
		h.Fail = func(context.Context, remote.Op) error { hook.pause(); return nil }
		h.FailAfter = h.Fail
	}
	m.locks = m.r.IntN(2) == 0
	for _, o := range m.ops {
		p := &pacer{r: rand.New(rand.NewPCG(m.r.Uint64(), 0)), rate: 1 + m.r.IntN(30)}
		if err := o.begin(ctx, c, m.locks, p); err != nil {
			return err
		}
	}
	before, err := pictureOf(c.World, m.all)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for _, o := range m.ops {
		converge, late := m.r.IntN(4) == 0, time.Duration(m.r.Int64N(int64(longestLate)))*time.Duration(m.r.IntN(2))
		wg.Go(func() {
			time.Sleep(late)
			o.work(ctx, converge)
		})
	}
	wg.Wait()
	now, err := pictureOf(c.World, m.all)
	if err != nil {
		return err
	}
	m.judge(before, now)
	for _, o := range m.ops { // one after the other, each reaches what it wants
		c.spec = o.spec
		if err := c.finish(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the plan of an operator, who has ways of its own to the cloud, and may have none to the operator lock.
func (o *operator) begin(ctx context.Context, c *fakeCloud, locks bool, p *pacer) (err error) {
	w := c.World.World
	w.Hosts, w.Clusters = map[string]remote.Host{}, map[string]world.Cluster{}
	for name, h := range c.Machines {
		w.Hosts[name] = pacedHost{h, p}
	}
	for name, cluster := range c.Ceph {
		w.Clusters[name] = world.Cluster{Mon: pacedCeph{cluster, p}, Images: cluster}
		if !locks {
			w.Clusters[name] = world.Cluster{Mon: lockless{pacedCeph{cluster, p}}, Images: cluster}
		}
	}
	o.in, err = integrate.New(integrate.Config{Spec: o.spec, World: w, Settle: time.Millisecond, Poll: time.Millisecond})
	if err != nil {
		return err
	}
	o.plan, err = o.in.Plan(ctx, integrate.PlanOptions{})
	return err
}

func (o *operator) work(ctx context.Context, converge bool) {
	if !converge {
		r, err := o.in.Apply(ctx, o.plan, integrate.ApplyOptions{})
		o.outcomes, o.err = r.Outcomes, err
		return
	}
	for p := range o.in.Converge(ctx, integrate.ConvergeOptions{}) {
		o.err = errors.Join(o.err, p.Err())
		if p.Result != nil {
			o.outcomes = append(o.outcomes, p.Result.Outcomes...)
		}
	}
	o.plan = nil // what an operator plans part by part may build upon what the other did
}

// judge compares what the operators were told with what is there.
func (m *meeting) judge(before, now picture) {
	done := [2]map[string]bool{{}, {}}
	for k, o := range m.ops {
		for _, out := range o.outcomes {
			done[k][out.Change.ID] = out.Status == integrate.Applied || out.Status == integrate.Unchanged
			if out.Err != nil && out.Status != integrate.Skipped && !excused(out.Err) {
				m.wrong("%s is %s, and nobody failed: %v", out.Change.ID, out.Status, out.Err)
			}
		}
	}
	for _, c := range m.all {
		a, b := m.ops[0], m.ops[1]
		is := now[c.ID]
		mine, theirs := done[0][c.ID], done[1][c.ID]
		if c.Kind == "unit" {
			if (mine || theirs) && is == before[c.ID] {
				m.wrong("%s was restarted, says an operator, and was not", c.ID)
			}
			continue
		}
		// Ceph has no compare-and-swap for the rights of a user: without a lock, the last of two writers wins.
		race := c.Kind == "user" && !m.locks && mine && theirs
		planned := a.plan != nil && b.plan != nil && !race
		switch {
		case planned && mine && theirs && a.solo[c.ID] != b.solo[c.ID]:
			m.wrong("%s is as two different plans said, they say; there is %q", c.ID, is)
		case planned && mine && is != a.solo[c.ID], planned && theirs && is != b.solo[c.ID]:
			m.wrong("%s is done (%t, %t), and there is %q", c.ID, mine, theirs, is)
		case (mine || theirs) && is == before[c.ID]:
			m.wrong("%s is done, and there is what was there before: %q", c.ID, is)
		case is != before[c.ID] && !mine && !theirs:
			m.wrong("%s was changed to %q, and nobody says so", c.ID, is)
		}
	}
}

// excused errors are those of an operator who came second.
func excused(err error) bool {
	return errors.Is(err, integrate.ErrConflict) || errors.Is(err, ceph.ErrConflict) || errors.Is(err, ceph.ErrLocked) ||
		errors.Is(err, libvirtsecret.ErrConflict) || errors.Is(err, remote.ErrConflict)
}
