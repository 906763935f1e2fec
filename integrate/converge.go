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
// computes in parallel, then controllers one by one. Parts come as they end, one
// at a time; a loop that stops early cancels what is under way and waits for it.
func (in *Integration) Converge(ctx context.Context, opts ConvergeOptions) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		c := &converge{in: in, opts: opts, parts: make(chan Part)}
		go func() {
			defer close(c.parts)
			c.run(ctx)
		}()
		more := true
		for p := range c.parts {
			if more = more && yield(p); !more {
				cancel()
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

	mu     sync.Mutex
	before map[string]Status // how changes of ended parts ended
}

func (c *converge) run(ctx context.Context) {
	c.seen, c.before = newObserved(), map[string]Status{}
	c.in.observeBase(ctx, c.seen)
	c.base = newDiffer(c.in.site, c.seen)
	c.clusters(ctx)
	if !c.hosts(ctx) {
		return
	}
	d := c.base.part()
	d.cloud()
	c.part(ctx, StageCloud, cloudTarget, d, (*run).cloud)
}

func (c *converge) clusters(ctx context.Context) {
	for _, spec := range c.in.site.spec.Clusters {
		d := c.base.part()
		d.cluster(spec)
		c.part(ctx, StageCluster, spec.Name, d, (*run).clusters)
		c.base.merge(&differ{plan: &Plan{Changes: d.plan.Changes}})
	}
}

// hosts reports whether the rollout reached its end.
func (c *converge) hosts(ctx context.Context) bool {
	var computes, controllers []string
	for _, h := range c.in.site.inOrder() {
		if stageOf(h) == StageComputes {
			computes = append(computes, h.Name)
		} else {
			controllers = append(controllers, h.Name)
		}
	}
	some := func(names []string) (failed int) {
		for _, o := range remote.Each(ctx, names, c.in.limit(), c.host) {
			if o.Err != nil {
				failed++
			}
		}
		return failed
	}
	if !c.opts.rollout(computes, c.in.limit(), some) {
		return false
	}
	if c.opts.PlanOnly {
		some(controllers)
		return true
	}
	for _, name := range controllers { // so that one of several serves at any time
		some([]string{name})
	}
	return true
}

func (c *converge) host(ctx context.Context, name string) (struct{}, error) {
	spec := c.in.host(name)
	if closer, ok := c.in.world.Hosts[name].(io.Closer); ok {
		defer closer.Close()
	}
	seen := c.in.look(ctx, name, c.secrets()...)
	d := c.base.host(spec, seen)
	d.o = &observed{clusters: c.seen.clusters, cloud: c.seen.cloud, hosts: map[string]*observedHost{name: seen}}
	return struct{}{}, c.part(ctx, stageOf(spec), name, d, func(r *run, ctx context.Context) { r.hosts(ctx, []string{name}) })
}

// secrets lists the UUIDs that a compute should have.
func (c *converge) secrets() []string {
	var uuids []string
	for _, id := range c.in.site.secrets {
		if cluster := c.seen.clusters[id.cluster]; cluster.err == nil {
			uuids = append(uuids, c.in.site.secretUUID(id, cluster.status.FSID))
		}
	}
	return uuids
}

// part applies the plan of a part, and hands both out.
func (c *converge) part(ctx context.Context, stage Stage, target string, d *differ, apply func(*run, context.Context)) error {
	p := Part{Stage: stage, Target: target, Plan: d.plan}
	if !c.opts.PlanOnly {
		r := newRun(c.in, d.plan)
		r.seen = d.o
		c.mu.Lock()
		r.before = maps.Clone(c.before)
		c.mu.Unlock()
		apply(r, ctx)
		r.close(ctx)
		p.Result = r.result
		if stage == StageCluster {
			c.settle(r)
		}
	}
	c.parts <- p
	return p.Err()
}

// settle remembers how the changes that others need ended.
func (c *converge) settle(r *run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range r.result.Outcomes {
		c.before[o.Change.ID] = o.Status
	}
}
