//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// cancels is at how many moments a call is cancelled.
const cancels = 10_000

const smallCloud = `
release: zed
packages: install
clusters: [{name: ceph}]
hosts:
  - {name: controller, services: [glance-api, cinder-volume]}
  - {name: compute1, services: [nova-compute]}
glance: {}
cinder: {backends: [{name: ceph, volume_type: ceph}]}
nova: {}
`

// A fakeCloud is a cloud in memory for which nothing is real, and what is to be of it.
type fakeCloud struct {
	*integratetest.World
	*clock
	spec spec.Spec
}

func newFakeCloud() (*fakeCloud, error) { return newCloudOf(smallCloud) }

func newCloudOf(text string) (*fakeCloud, error) {
	s, err := spec.Load(strings.NewReader(text), ".")
	if err != nil {
		return nil, err
	}
	w, err := integratetest.New(s)
	if err != nil {
		return nil, err
	}
	return &fakeCloud{w, newClock(w), s}, nil
}

// integration is a new operator.
func (c *fakeCloud) integration() (*integrate.Integration, error) {
	return integrate.New(integrate.Config{Spec: c.spec, World: c.World.World, Observer: c.observe,
		Settle: time.Millisecond, Poll: time.Millisecond})
}

// finish plans and applies, and wants that nothing is left to do.
func (c *fakeCloud) finish(ctx context.Context) error {
	for _, last := range []bool{false, true} {
		in, err := c.integration()
		if err != nil {
			return err
		}
		plan, err := in.Plan(ctx, integrate.PlanOptions{})
		if err != nil || len(plan.Problems()) > 0 || last && !plan.Empty() {
			return fmt.Errorf("the next run does not finish: %w\n%v", err, plan)
		}
		if _, err := in.Apply(ctx, plan, integrate.ApplyOptions{}); err != nil {
			return fmt.Errorf("the next run does not finish: %w", err)
		}
	}
	return nil
}

// A dress is what is known of a call that nobody cancels.
type dress struct {
	plan    *integrate.Plan
	final   picture
	checks  int
	moments map[string]int64 // by verb
}

// rehearse makes each call once.
func rehearse(ctx context.Context) (d dress, err error) {
	d.moments = map[string]int64{}
	for _, verb := range []string{"apply", "converge"} {
		c, err := newFakeCloud()
		if err != nil {
			return d, err
		}
		defer c.Close()
		l := &line{dress: d, fakeCloud: c, r: rand.New(rand.NewPCG(0, 0))}
		for _, v := range []string{"plan", verb, "verify"} {
			m := &moment{}
			if words, err := l.call(ctx, v, m, 0); err != nil || len(words) > 0 {
				return d, fmt.Errorf("%s without a cancel: %w %q", v, err, words)
			}
			d.moments[v] = m.n.Load()
			d.plan, d.checks = l.plan, l.checks
			l.dress = d
		}
		if d.final, err = pictureOf(c.World, d.plan.Changes); err != nil {
			return d, err
		}
	}
	return d, nil
}

// cancel ends the contexts of calls at random moments.
func (s *suite) cancel(ctx context.Context) (tally, error) {
	var t tally
	d, err := rehearse(ctx)
	if err != nil {
		return t, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var all error
	var todo atomic.Int64
	todo.Store(int64(min(cancels, s.most)))
	for n := range workers {
		wg.Go(func() {
			for k := uint64(0); todo.Load() > 0 && ctx.Err() == nil; k++ {
				r := rand.New(rand.NewPCG(s.seed, uint64(n)<<32+k))
				line, err := cancelLine(ctx, d, r, &todo)
				mu.Lock()
				t.join(line)
				all = errors.Join(all, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return t, errors.Join(all, ctx.Err())
}

// A line is one cloud, on which calls are cancelled one after the other.
type line struct {
	dress
	*fakeCloud
	r *rand.Rand
}

// cancelLine takes a cloud from its begin to its end, with cancelled calls all the way.
func cancelLine(ctx context.Context, d dress, r *rand.Rand, todo *atomic.Int64) (tally, error) {
	var t tally
	c, err := newFakeCloud()
	if err != nil {
		return t, err
	}
	defer c.Close()
	l := &line{dress: d, fakeCloud: c, r: r}
	try := func(verb string, most int64) error {
		m := &moment{at: 1 + r.Int64N(most), deaf: r.IntN(3) == 0}
		var after time.Duration
		if r.IntN(8) == 0 { // between calls of the fakes
			m.at, after = 0, time.Duration(1+r.Int64N(int64(5*time.Millisecond)))
		}
		todo.Add(-1)
		words, err := l.call(ctx, verb, m, after)
		t.add(len(words) == 0, "%s, at %d (%v, deaf %t): %q", verb, m.at, after, m.deaf, words)
		return err
	}
	for range 2 {
		if err := try("plan", d.moments["plan"]); err != nil {
			return t, err
		}
	}
	for most := int64(4); most > 0; most /= 2 {
		verb := []string{"apply", "converge"}[r.IntN(2)]
		if err := try(verb, d.moments[verb]*most/4+1); err != nil {
			return t, err
		}
	}
	err = l.finish(ctx)
	t.add(err == nil, "%v", err)
	for range 3 {
		if err := try("verify", d.moments["verify"]); err != nil {
			return t, err
		}
	}
	return t, nil
}

// call makes a call that is cancelled at a moment, and says what is wrong with what it tells and what is there.
func (l *line) call(ctx context.Context, verb string, m *moment, after time.Duration) (words []string, err error) {
	in, err := l.integration()
	if err != nil {
		return nil, err
	}
	cloud := l.fakeCloud
	var plan *integrate.Plan
	if verb == "apply" {
		if plan, err = in.Plan(ctx, integrate.PlanOptions{}); err != nil {
			return nil, err
		}
	}
	var before picture
	if l.plan != nil {
		if before, err = pictureOf(cloud.World, l.plan.Changes); err != nil {
			return nil, err
		}
	}
	writes := cloud.Writes()
	var check func() []string
	stays := cloud.during(ctx, m, after, func(ctx context.Context) {
		switch verb {
		case "plan":
			p, err := in.Plan(ctx, integrate.PlanOptions{})
			check = func() []string { return l.planned(p, err) }
		case "apply":
			r, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
			check = func() []string { return append(l.applied(r, err, plan, before), needless(r.Outcomes, m)...) }
		case "converge":
			parts := slices.Collect(in.Converge(ctx, integrate.ConvergeOptions{}))
			check = func() []string {
				words := l.converged(parts, before)
				for _, p := range parts {
					if p.Result != nil {
						words = append(words, needless(p.Result.Outcomes, m)...)
					}
				}
				return words
			}
		case "verify":
			r, err := in.Verify(ctx, integrate.VerifyOptions{Static: true})
			check = func() []string { return l.verified(r, err) }
		}
	})
	words = check()
	if stays != "" {
		words = append(words, "a goroutine stays: "+stays)
	}
	if verb != "apply" && verb != "converge" && cloud.Writes() != writes {
		words = append(words, "a call that only reads has written")
	}
	return words, nil
}

// planned judges a plan.
func (l *line) planned(p *integrate.Plan, err error) []string {
	if err != nil {
		if !errors.Is(err, errEnded) && !errors.Is(err, context.Canceled) {
			return []string{fmt.Sprintf("no plan, and the error does not say that it was cancelled: %v", err)}
		}
		return nil
	}
	if l.plan == nil {
		l.plan = p
	}
	var words []string
	known := map[string]bool{}
	for _, c := range l.plan.Changes {
		known[c.ID] = true
	}
	for _, c := range p.Changes {
		if !known[c.ID] {
			words = append(words, "planned, and nobody needs it: "+c.ID)
		}
	}
	if len(p.Problems()) == 0 && len(p.Changes) != len(l.plan.Changes) {
		words = append(words, fmt.Sprintf("no error, no Problem, and %d of %d changes", len(p.Changes), len(l.plan.Changes)))
	}
	return words
}

// verified judges a report.
func (l *line) verified(r *integrate.Report, err error) (words []string) {
	passed := 0
	for _, c := range r.Checks {
		if c.Status == integrate.Pass {
			passed++
		}
		if c.Status == integrate.Fail {
			words = append(words, fmt.Sprintf("fails, and all is well: %s: %s", c.ID, c.Evidence))
		}
	}
	if l.checks == 0 {
		l.checks = len(r.Checks)
	}
	if (err == nil) != (passed == l.checks) {
		words = append(words, fmt.Sprintf("%d of %d checks passed, and the error is %v", passed, l.checks, err))
	}
	return words
}

// applied judges the result of an apply.
func (l *line) applied(r *integrate.Result, err error, plan *integrate.Plan, before picture) []string {
	var words []string
	if len(r.Outcomes) != len(plan.Changes) {
		words = append(words, fmt.Sprintf("%d outcomes of %d changes", len(r.Outcomes), len(plan.Changes)))
	}
	if well := r.Count(integrate.Applied) + r.Count(integrate.Unchanged); (err == nil) != (well == len(plan.Changes)) {
		words = append(words, fmt.Sprintf("%d of %d changes ended well, and the error is %v", well, len(plan.Changes), err))
	}
	return append(words, l.outcomes(r.Outcomes, before)...)
}

// converged judges the parts of a converge.
func (l *line) converged(parts []integrate.Part, before picture) (words []string) {
	var all []integrate.Outcome
	targets := map[string]int{}
	for _, p := range parts {
		targets[p.Target]++
		if p.Result == nil {
			words = append(words, "a part without a result: "+p.Target)
			continue
		}
		if len(p.Result.Outcomes) != len(p.Plan.Changes) {
			words = append(words, fmt.Sprintf("%s: %d outcomes of %d changes", p.Target, len(p.Result.Outcomes),
				len(p.Plan.Changes)))
		}
		all = append(all, p.Result.Outcomes...)
		if p.Err() == nil && p.Result.Count(integrate.Applied)+p.Result.Count(integrate.Unchanged) != len(p.Plan.Changes) {
			words = append(words, "no error, and not all is done: "+p.Target)
		}
	}
	if want := map[string]int{"ceph": 1, "compute1": 1, "controller": 1, "cloud": 1}; !maps.Equal(targets, want) {
		words = append(words, fmt.Sprintf("the parts are %v", targets))
	}
	return append(words, l.outcomes(all, before)...)
}

// needless says which outcomes are unknown although nothing was begun on their target.
func needless(outcomes []integrate.Outcome, m *moment) (words []string) {
	for _, o := range outcomes {
		if o.Status == integrate.Unknown && !m.changing(o.Change) {
			words = append(words, fmt.Sprintf("%s is unknown (%v), and nothing was begun on %s", o.Change.ID, o.Err,
				o.Change.Target))
		}
	}
	return words
}

// outcomes compares what outcomes tell with what was there and what is there.
func (l *line) outcomes(outcomes []integrate.Outcome, before picture) (words []string) {
	now, err := pictureOf(l.World, l.plan.Changes)
	if err != nil {
		return []string{err.Error()}
	}
	if l.final == nil { // the rehearsal
		return nil
	}
	seen := map[string]int{}
	for _, o := range outcomes {
		id := o.Change.ID
		seen[id]++
		was, is, wanted := before[id], now[id], l.final[id]
		restart := o.Change.Kind == "unit"
		there, same := is == wanted || restart && is != was, is == was
		half := o.Status == integrate.Failed && (restart || o.Change.Kind == "packages")
		ok := false
		switch o.Status {
		case integrate.Applied:
			ok = there
		case integrate.Unchanged:
			ok = same && (restart || there)
		case integrate.Failed, integrate.Skipped, integrate.Cancelled:
			ok = same || half
		case integrate.Unknown:
			ok = same || there || o.Change.Kind == "pool" // which takes several commands
		}
		if !ok || seen[id] > 1 {
			words = append(words, fmt.Sprintf("%s is %s for the %d. time (%v): there was %q, there is %q, wanted is %q", id,
				o.Status, seen[id], o.Err, was, is, wanted))
		}
	}
	for _, c := range l.plan.Changes {
		if seen[c.ID] == 0 && before[c.ID] != now[c.ID] {
			words = append(words, fmt.Sprintf("%s has no outcome, and was changed from %q to %q", c.ID, before[c.ID], now[c.ID]))
		}
	}
	return words
}
