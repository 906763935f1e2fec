package integrate

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// ConvergeOptions say what Converge is about, and how it rolls out.
type ConvergeOptions struct {
	ApplyOptions
	// PlanOnly plans each part and changes nothing. Canaries and MaxFailed have no
	// effect then.
	PlanOnly bool
}

// A Part is what Converge did about one cluster, one host, or the APIs.
type Part struct {
	Stage  Stage
	Target string  // cluster or host; "cloud" for the APIs
	Plan   *Plan   // of this target alone; never nil
	Result *Result // of applying Plan; nil with PlanOnly
}

// Err is what went wrong with the part, as Result.Err says it. If the part was not
// begun, it says why, such as ErrStopped or the cause of ctx.
func (p Part) Err() error {
	if p.Result == nil {
		return (&Result{Findings: p.Plan.Findings}).Err()
	}
	return p.Result.Err()
}

// Converge plans and applies target by target, for fleets and for runs that nobody has
// to approve. The rules and the order are those of Plan and Apply: first the clusters,
// then the computes in parallel, then the controllers one by one, then the APIs. Each
// host is read and changed over one connection. After that the host is closed, if it is
// an io.Closer, and nothing is kept of it.
//
// The loop gets a Part for each target, whatever happens, also for targets that were not
// begun. A name in Only that the Spec does not have is a part, too, so that it shows.
// Parts come as they end, one at a time. A part that waits for the loop holds one
// of the places of Config.Parallel, but no connection. If the loop stops early, Converge
// cancels what is under way and waits for its end.
//
// Converge holds the operator lock of the first cluster of the Spec from its begin to its
// end, as Apply does; with PlanOnly, it needs none.
//
// If the Spec has gate: health, a host is not looked at before its clusters are healthy enough, as
// Converge does not know yet whether the host needs a change.
//
// The events of a Converge are ChangeStarted, ChangeFinished, world.Progress and world.Wait.
func (in *Integration) Converge(ctx context.Context, opts ConvergeOptions) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		ctx, cancel := context.WithCancel(ctx)
		c := &converging{in: in, opts: opts, events: in.newEvents(), parts: make(chan Part), open: map[string]*opened{},
			starts: map[string]string{}}
		defer func() { // also when the loop's body panics
			cancel()
			for range c.parts {
			}
		}()
		go func() {
			defer close(c.parts)
			c.all(ctx)
		}()
		for p := range c.parts {
			if !yield(p) {
				return
			}
		}
	}
}

// A converging is one Converge under way.
type converging struct {
	in     *Integration
	opts   ConvergeOptions
	events *events
	parts  chan Part
	base   *engine.Base
	run    *engine.Run
	held   func(step.Step) error // see engine.Run

	mu   sync.Mutex
	open map[string]*opened // by the ID of a change
	// starts are the hosts on which the starts of units were seen; see host.Invocations.
	starts map[string]string
}

// same gives the host that was seen before and is the same machine, if there is one.
func (c *converging) same(name string, seen *engine.Seen) (other string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, start := range host.Invocations(seen.Host()) {
		if first, ok := c.starts[start]; ok && first != name {
			other = first
		} else {
			c.starts[start] = name
		}
	}
	return other
}

// An opened is the outcome of a change of a part that is under way.
type opened struct {
	result *Result
	index  int
}

func (c *converging) all(ctx context.Context) {
	scope := engine.Scope(c.opts.Only)
	targets := c.targets(scope)
	err := c.opts.check(c.in)
	if err == nil && c.opts.UndoOnFailure {
		err = errUndoConverge
	}
	if err != nil {
		for _, t := range slices.Concat(targets, c.opts.Only.unknown(c.in)) {
			c.leave(t, err)
		}
		return
	}
	if !c.opts.PlanOnly {
		held, err := c.in.hold(ctx, "converge", c.opts.ApplyOptions)
		defer held.release()
		if err != nil {
			for _, t := range targets {
				c.leave(t, err)
			}
			return
		}
		c.held, ctx = held.held, held.ctx
	}
	c.base = c.in.engine.Base(ctx, scope)
	c.run = c.in.engine.NewRun(c.base, c)
	c.run.Held = c.held
	pace := c.events.pace(len(targets))
	rollout := engine.Rollout{Canaries: c.opts.Canaries, MaxFailed: c.opts.MaxFailed, Reads: c.opts.PlanOnly,
		Begin: c.in.gate(c.events, c.opts.ApplyOptions, c.changes), Do: pace.do(c.target),
		Left: func(t step.Target, why error) {
			c.leave(t, why)
			pace.end(t)
		}, Down: c.run.Down}
	_ = c.in.engine.Roll(ctx, rollout, targets) // each part has its error
}

// changes lists what is changed in a cluster. Of a host that is not known before it is looked at.
func (c *converging) changes(t step.Target) (list []Change, known bool) {
	if t.Where != step.OnCluster {
		return nil, false
	}
	found, _ := c.base.Cluster(t.Name)
	return c.in.planOf(c.base, []engine.Part{found}).Changes, true
}

// targets lists the parts. Of clusters that are not in the scope, it has those that
// hosts in the scope use.
func (c *converging) targets(scope engine.Scope) []step.Target {
	reads := map[string]bool{}
	for _, name := range c.in.engine.Reads(scope) {
		reads[name] = true
	}
	var targets []step.Target
	for _, t := range c.in.engine.Site.Targets() {
		if scope.Has(t) || t.Where == step.OnCluster && reads[t.Name] {
			targets = append(targets, t)
		}
	}
	return targets
}

// leave gives a part that was not begun, and why.
func (c *converging) leave(t step.Target, why error) {
	plan := &Plan{Format: planFormat, Release: string(c.in.engine.Site.Release), Spec: c.in.digest,
		Clusters: map[string]string{}, Changes: []Change{}}
	plan.Findings = []Finding{{Code: "not-begun", Problem: true, Target: t.Name, Message: "left alone: " + why.Error(),
		Cause: cause.Name(why), Err: why}}
	p := Part{Stage: c.in.stageOf(t), Target: t.Name, Plan: plan}
	p.Plan.Digest = p.Plan.sum()
	if !c.opts.PlanOnly {
		p.Result = &Result{Format: planFormat, Outcomes: []Outcome{}, Findings: p.Plan.Findings}
	}
	c.parts <- p
}

// target plans and changes a target.
func (c *converging) target(ctx context.Context, t step.Target) error {
	p := c.part(ctx, t)
	c.parts <- p
	return p.Err()
}

func (c *converging) part(ctx context.Context, t step.Target) Part {
	var found engine.Part
	switch t.Where {
	case step.OnCluster:
		found, _ = c.base.Cluster(t.Name)
	case step.OnHost:
		defer c.in.engine.Hang(t.Name)
		seen := c.in.engine.Look(ctx, t.Name, c.base)
		found = c.base.Host(seen)
		if other := c.same(t.Name, seen); other != "" {
			found = c.base.Same(found, []string{other}, true)
		}
		found = slim(found)
	default:
		found = c.base.Cloud()
	}
	p := Part{Stage: c.in.stageOf(t), Target: t.Name, Plan: c.in.planOf(c.base, []engine.Part{found})}
	p.Plan.Digest = p.Plan.sum()
	if c.opts.PlanOnly {
		return p
	}
	p.Result = &Result{Format: planFormat, Outcomes: make([]Outcome, len(p.Plan.Changes)), Findings: p.Plan.Findings}
	c.mu.Lock()
	for i, change := range p.Plan.Changes {
		p.Result.Outcomes[i] = Outcome{Change: change}
		c.open[change.ID] = &opened{p.Result, i}
	}
	c.mu.Unlock()
	c.run.Do(ctx, found)
	c.run.Leave(found, context.Cause(ctx))
	c.run.Forget(found)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, change := range p.Plan.Changes {
		delete(c.open, change.ID)
	}
	return p
}

// Started implements engine.Watcher.
func (c *converging) Started(id step.ID) {
	if o, ok := c.lookup(id); ok {
		c.events.emit(ChangeStarted{o.result.Outcomes[o.index].Change})
	}
}

// Ended implements engine.Watcher.
func (c *converging) Ended(id step.ID, e engine.Outcome) {
	o, ok := c.lookup(id)
	if !ok {
		return
	}
	c.mu.Lock()
	outcome := &o.result.Outcomes[o.index]
	outcome.set(e)
	done := *outcome
	c.mu.Unlock()
	c.events.emit(ChangeFinished{done})
}

func (c *converging) lookup(id step.ID) (*opened, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.open[id.String()]
	return o, ok
}
