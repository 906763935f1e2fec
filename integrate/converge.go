package integrate

import (
	"context"
	"io"
	"iter"
	"maps"
	"sync"

	"github.com/cephstack/cephstack/remote"
)

// ConvergeOptions say how Converge rolls out.
type ConvergeOptions struct {
	ApplyOptions
	// PlanOnly plans each part and changes nothing.
	PlanOnly bool
}

// A Part is what Converge did about one cluster, one host, or the APIs.
type Part struct {
	Stage  Stage
	Target string // cluster or host; "cloud" for what is made through the APIs
	Plan   *Plan
	Result *Result // of applying Plan; nil when only planning
}

// Err is what went wrong with the part.
func (p Part) Err() error {
	if p.Result == nil {
		return (&Result{Findings: p.Plan.Findings}).Err()
	}
	return p.Result.Err()
}

// Converge plans and applies part by part, with the rules and the order of
// Plan and Apply, for fleets and for runs that nobody has to approve: each host
// is looked at and changed over one connection, which is closed after that if
// the Host is an io.Closer, and nothing is kept of it. Clusters come first, then
// computes in parallel, then controllers one by one, then the APIs.
//
// There is a part for each of them, whatever happens: the Err of one that was
// not begun is why, such as the cause of ctx. With PlanOnly, all are planned,
// whatever the options say of failures. Parts come as they end, one at a time; a
// part that waits for the loop holds one of the places of Config.Parallel, but no
// connection. A loop that stops early cancels what is under way and waits for it.
// Of the events, only those of changes come.
func (in *Integration) Converge(ctx context.Context, opts ConvergeOptions) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		ctx, cancel := context.WithCancel(ctx)
		c := &converge{in: in, opts: opts, parts: make(chan Part)}
		defer func() { // also when the loop's body panics
			cancel()
			for range c.parts {
			}
		}()
		go func() {
			defer close(c.parts)
			c.run(ctx)
		}()
		for p := range c.parts {
			if !yield(p) {
				return
			}
		}
	}
}

// A converge is one Converge under way.
type converge struct {
	in    *Integration
	opts  ConvergeOptions
	parts chan Part
	seen  *observed // without hosts
	base  *differ   // of what was planned before the hosts

	mu      sync.Mutex
	before  map[string]Status // how changes of ended parts ended
	serving []volumeHost      // of the hosts that were planned
}

func (c *converge) run(ctx context.Context) {
	if err := c.opts.check(); err != nil {
		for _, spec := range c.in.site.spec.Clusters {
			c.leave(StageCluster, err, spec.Name)
		}
		c.leave(StageComputes, err, c.names(StageComputes)...)
		c.leave(StageControllers, err, c.names(StageControllers)...)
		c.leave(StageCloud, err, cloudTarget)
		return
	}
	c.seen, c.before = newObserved(), map[string]Status{}
	c.in.observeBase(ctx, c.seen)
	c.base = newDiffer(c.in.site, c.seen)
	c.clusters(ctx)
	err := c.hosts(ctx)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.leave(StageCloud, err, cloudTarget)
		return
	}
	d := c.base.part()
	d.serving = c.serving
	d.cloud()
	c.parts <- c.part(ctx, StageCloud, cloudTarget, d, (*run).cloud)
}

// leave gives parts that were not begun, and why.
func (c *converge) leave(stage Stage, why error, targets ...string) {
	for _, target := range targets {
		p := Part{Stage: stage, Target: target, Plan: &Plan{Release: string(c.in.site.release), Changes: []Change{}, Findings: []Finding{
			{Problem: true, Target: target, Message: "left alone: " + why.Error(), Err: why}}}}
		if !c.opts.PlanOnly {
			p.Result = &Result{Outcomes: []Outcome{}, Findings: p.Plan.Findings}
		}
		c.parts <- p
	}
}

func (c *converge) names(stage Stage) []string {
	var names []string
	for _, h := range c.in.site.inOrder() {
		if stageOf(h) == stage {
			names = append(names, h.Name)
		}
	}
	return names
}

func (c *converge) clusters(ctx context.Context) {
	for _, spec := range c.in.site.spec.Clusters {
		d := c.base.part()
		d.cluster(spec)
		c.parts <- c.part(ctx, StageCluster, spec.Name, d, (*run).clusters)
		c.base.merge(&differ{plan: &Plan{Changes: d.plan.Changes}})
	}
}

// hosts reports why the rollout did not reach its end.
func (c *converge) hosts(ctx context.Context) error {
	computes, controllers := c.names(StageComputes), c.names(StageControllers)
	opts := c.opts.ApplyOptions
	if c.opts.PlanOnly {
		opts = ApplyOptions{}
	}
	left, err := opts.rollout(ctx, computes, c.in.limit(), c.host)
	c.leave(StageComputes, err, left...)
	switch {
	case err != nil:
		c.leave(StageControllers, err, controllers...)
	case c.opts.PlanOnly:
		left, err = opts.rollout(ctx, controllers, c.in.limit(), c.host)
		c.leave(StageControllers, err, left...)
	default:
		for i, name := range controllers { // so that one of several serves at any time
			if err = context.Cause(ctx); err != nil {
				c.leave(StageControllers, err, controllers[i:]...)
				break
			}
			remote.Each(ctx, []string{name}, 1, c.host)
		}
	}
	return err
}

func (c *converge) host(ctx context.Context, name string) (struct{}, error) {
	p := c.converged(ctx, name)
	c.parts <- p
	return struct{}{}, p.Err()
}

// converged plans and changes a host, whose connection is closed then.
func (c *converge) converged(ctx context.Context, name string) Part {
	spec := c.in.host(name)
	if closer, ok := c.in.world.Hosts[name].(io.Closer); ok {
		defer closer.Close()
	}
	seen := c.in.look(ctx, name, c.secrets()...)
	d := c.base.host(spec, seen)
	c.mu.Lock()
	c.serving = append(c.serving, d.serving...)
	c.mu.Unlock()
	d.o = &observed{clusters: c.seen.clusters, cloud: c.seen.cloud, hosts: map[string]*observedHost{name: seen}}
	return c.part(ctx, stageOf(spec), name, d, func(r *run, ctx context.Context) { r.hosts(ctx, []string{name}) })
}

// secrets lists the UUIDs that a compute should have.
func (c *converge) secrets() []string {
	var uuids []string
	for _, id := range c.in.site.secrets {
		if cluster := c.seen.clusters[id.Cluster]; cluster.err == nil {
			uuids = append(uuids, c.in.site.secretUUID(id, cluster.status.FSID))
		}
	}
	return uuids
}

// part applies the plan of a part.
func (c *converge) part(ctx context.Context, stage Stage, target string, d *differ, apply func(*run, context.Context)) Part {
	p := Part{Stage: stage, Target: target, Plan: d.plan}
	if !c.opts.PlanOnly {
		r := newRun(c.in, d.plan)
		r.seen = d.o
		c.mu.Lock()
		r.before = maps.Clone(c.before)
		c.mu.Unlock()
		apply(r, ctx)
		r.close(context.Cause(ctx))
		p.Result = r.result
		if stage == StageCluster {
			c.settle(r)
		}
	}
	return p
}

// settle remembers how the changes that others need ended.
func (c *converge) settle(r *run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range r.result.Outcomes {
		c.before[o.Change.ID] = o.Status
	}
}
