package integrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cephstack/cephstack/integrate/spec"
)

var errNoCloud = errors.New("no cloud was given")

// A Config is what New needs.
type Config struct {
	Spec     spec.Spec
	World    World
	Observer func(Event) // optional; must not block for long
	// Parallel bounds how many hosts are worked on at once; 0 is 32.
	Parallel int
	// Settle is how long a restarted unit must stay active; 0 is 3 s.
	Settle time.Duration
	// Poll is the pause between looks at a guest's console; 0 is 2 s.
	Poll time.Duration
}

// An Integration plans, applies and verifies one Spec against one World. It
// is safe for concurrent use; it keeps no state between calls.
type Integration struct {
	site     *site
	hosts    map[string]spec.Host // by name
	keep     int64                // bytes of files in a plan
	world    World
	parallel int
	settle   time.Duration
	poll     time.Duration

	mu       sync.Mutex // serializes observer calls
	observer func(Event)
}

// New checks the Spec and that the World has every part that the Spec names,
// joining all faults. It connects to nothing.
func New(cfg Config) (*Integration, error) {
	if err := cfg.Spec.Validate(); err != nil {
		return nil, err
	}
	return newIntegration(cfg)
}

// newIntegration is New for a Spec that was checked.
func newIntegration(cfg Config) (*Integration, error) {
	if min(cfg.Parallel, int(cfg.Settle), int(cfg.Poll)) < 0 {
		return nil, errors.New("integrate: Config: Parallel, Settle and Poll cannot be negative")
	}
	in := &Integration{site: resolve(cfg.Spec), hosts: map[string]spec.Host{}, keep: keptBytes, world: cfg.World, observer: cfg.Observer, parallel: cfg.Parallel, settle: cfg.Settle, poll: cfg.Poll}
	var faults []error
	for _, c := range cfg.Spec.Clusters {
		if w := cfg.World.Clusters[c.Name]; w.Mon == nil || w.Images == nil {
			faults = append(faults, fmt.Errorf("integrate: the World has no cluster %q", c.Name))
		}
	}
	for _, h := range cfg.Spec.Hosts {
		in.hosts[h.Name] = h
		names := in.site.servicesOf(h)
		if len(names) > 0 && cfg.World.Hosts[h.Name] == nil {
			faults = append(faults, fmt.Errorf("integrate: the World has no host %q", h.Name))
		}
		if slices.Contains(names, "nova-compute") && cfg.World.Secrets[h.Name] == nil {
			faults = append(faults, fmt.Errorf("integrate: the World has no libvirt secret store for %q", h.Name))
		}
	}
	return in, errors.Join(faults...)
}

// Plan observes the world and computes what would make it as the Spec says.
// It writes nothing. A part of the world that cannot be read is a Problem of
// the plan, and nothing is planned for it; the error is for ctx alone. Hosts keep
// their connection for Apply, unless there are more than Config.Parallel: theirs
// are closed, if they are io.Closers, and Converge is for those.
func (in *Integration) Plan(ctx context.Context) (*Plan, error) {
	p := in.plan(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in.emit(PlanReady{len(p.Changes), len(p.Findings)})
	return p, nil
}

// rest closes the connection to a host that is done for now, where there are
// more hosts than are worked on at once: what is open is bounded by Parallel. A
// host that runs the ceph program for a cluster may be in use at the same time.
func (in *Integration) rest(name string) {
	runsCeph := func(c spec.Cluster) bool { return c.Host == name }
	if len(in.site.inOrder()) <= in.limit() || slices.ContainsFunc(in.site.spec.Clusters, runsCeph) {
		return
	}
	if closer, ok := in.world.Hosts[name].(io.Closer); ok {
		_ = closer.Close() // a later look connects again, whatever this says
	}
}

// keptBytes bounds what a plan keeps of the contents of files. What is beyond
// is read again when it is applied.
const keptBytes = 64 << 20

// plan observes and compares each host by itself, so that no more is kept of
// it than applying its changes needs.
func (in *Integration) plan(ctx context.Context) *Plan {
	o := newObserved()
	var base *differ
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		in.observeBase(ctx, o)
		base = in.diffClusters(o)
	}()
	type hostPart struct {
		seen *observedHost
		part *differ
	}
	var kept atomic.Int64
	parts := eachHost(ctx, in, func(h spec.Host, seen *observedHost) hostPart {
		in.rest(h.Name)
		<-ready
		part := base.host(h, seen)
		if len(part.plan.Changes) == 0 || kept.Add(seen.size()) > in.keep {
			seen.drop()
		}
		return hostPart{seen, part}
	})
	<-ready
	all := base.part()
	all.merge(base)
	for _, p := range parts {
		o.hosts[p.Name] = p.Value.seen
		all.merge(p.Value.part)
	}
	all.cloud()
	all.plan.seen = o
	return all.plan
}

// ParsePlan reads a plan that was stored as JSON. Apply then observes the
// world anew and makes only those changes that are still the same.
func ParsePlan(data []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("integrate: plan: %w", err)
	}
	if p.Changes == nil {
		return nil, errors.New("integrate: plan: has no list of changes: this is no plan")
	}
	seen := map[string]bool{}
	for _, c := range p.Changes {
		if seen[c.ID] || c.ID != changeID(c.Kind, c.Target, c.Name) {
			return nil, fmt.Errorf("integrate: plan: change %q is there twice or was edited", c.ID)
		}
		seen[c.ID] = true
	}
	return &p, nil
}

func (in *Integration) emit(e Event) {
	if in.observer == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.observer(e)
}

func (in *Integration) limit() int {
	if in.parallel > 0 {
		return in.parallel
	}
	return 32
}

func (in *Integration) host(name string) spec.Host {
	if h, ok := in.hosts[name]; ok {
		return h
	}
	return spec.Host{Name: name}
}
