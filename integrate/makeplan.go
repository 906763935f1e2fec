package integrate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/proof"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// A Scope restricts an operation to hosts and clusters, by their names in the Spec. Of
// the clusters that are not in it, only what its hosts need is read and changed. Nothing
// is made through the APIs. Rights in Ceph are those of the whole Spec. The zero Scope
// is the whole Spec. The section on scope in the documentation of the package says more.
type Scope struct {
	Hosts    []string
	Clusters []string
}

// check refuses names that the Spec does not have.
func (s Scope) check(in *Integration) error {
	var faults []error
	for _, t := range s.unknown(in) {
		if t.Where == step.OnHost {
			faults = append(faults, fmt.Errorf("integrate: only: the Spec has no host %q with services to configure", t.Name))
		} else {
			faults = append(faults, fmt.Errorf("integrate: only: the Spec has no cluster %q", t.Name))
		}
	}
	return errors.Join(faults...)
}

// unknown lists what the Spec does not have.
func (s Scope) unknown(in *Integration) []step.Target {
	var all []step.Target
	for _, name := range s.Hosts {
		if !slices.Contains(in.engine.HostsIn(engine.Scope{}), name) {
			all = append(all, step.AtHost(name))
		}
	}
	for _, name := range s.Clusters {
		if _, ok := in.engine.World.Clusters[name]; !ok || in.engine.Site.Cluster(name).Name == "" {
			all = append(all, step.AtCluster(name))
		}
	}
	return all
}

// PlanOptions say what a plan is about.
type PlanOptions struct {
	Only Scope // restricts the plan; the zero Scope does not
	// UndoOnFailure adds notes on what stays if the plan is applied with ApplyOptions.UndoOnFailure and taken back.
	UndoOnFailure bool
}

// Plan reads the world, and computes what would make it as the Spec says. It writes
// nothing. A part of the world that cannot be read is a Problem of the plan, and
// nothing is planned that depends on it. An error means that ctx ended, or that the
// options name what the Spec does not have. If ctx ended, the error is that of ctx, and
// names hosts and clusters that had not answered by then.
//
// The connections to hosts stay open for Apply. If the Spec has more hosts than
// Config.Parallel, each host is closed after it was read, provided that it is an
// io.Closer. Converge, which connects to each host once, is the better way then.
func (in *Integration) Plan(ctx context.Context, opts PlanOptions) (*Plan, error) {
	if err := opts.Only.check(in); err != nil {
		return nil, err
	}
	events := in.newEvents()
	p, parts := in.plan(ctx, engine.Scope(opts.Only), events)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("integrate: Plan: interrupted: %w%s", err, proof.Unanswered(parts, err))
	}
	if opts.UndoOnFailure {
		p.Findings = append(p.Findings, staysAfterUndo(p.Changes)...)
		p.Digest = p.sum()
	}
	events.emit(p)
	return p, nil
}

// A kept is what Apply needs of a plan that was not stored.
type kept struct {
	by    *engine.Engine
	base  *engine.Base
	parts map[step.Target]engine.Part // without what exceeds the memory
	// unable is what could not be compared, and is not among the findings.
	unable []Finding
}

// plan observes and compares each host by itself, so that no more is kept of
// it than applying its changes needs.
func (in *Integration) plan(ctx context.Context, scope engine.Scope, events *events) (*Plan, []engine.Part) {
	base, hosts := in.look(ctx, scope, events, func(p engine.Part, _ *engine.Seen) engine.Part { return slim(p) })
	k := &kept{by: in.engine, base: base, parts: map[step.Target]engine.Part{}}
	all := slices.Concat(base.Clusters(), hosts)
	if scope.All() {
		all = append(all, base.Cloud())
	}
	size := 0
	for _, p := range all {
		if size += p.Size(); int64(size) <= in.keep || p.Target.Where != step.OnHost {
			k.parts[p.Target] = p
		}
	}
	p := in.planOf(base, all)
	if !scope.All() {
		p.LeftOut = in.leftOut(scope)
	} else {
		p.Findings = append(p.Findings, in.keptNothing(all)...)
	}
	k.unable = unableOf(all)
	p.kept, p.Digest = k, p.sum()
	return p, all
}

// unableOf are the resources that could not be compared, where no Problem says so.
func unableOf(parts []engine.Part) []Finding {
	var all []Finding
	for _, p := range parts {
		for _, i := range p.Items {
			if i.Unable == nil || slices.ContainsFunc(i.Findings, func(f step.Finding) bool { return f.Problem }) {
				continue
			}
			all = append(all, findingOf(i, step.Finding{Code: "not-compared", Problem: true,
				Object: i.ID.Kind + " " + nameOf(i), Message: "cannot be compared: " + i.Unable.Error(), Err: i.Unable}))
		}
	}
	return all
}

// look reads and compares clusters and hosts, and keeps what fn makes of each host.
func (in *Integration) look(ctx context.Context, scope engine.Scope, events *events,
	fn func(engine.Part, *engine.Seen) engine.Part) (*engine.Base, []engine.Part) {
	var base *engine.Base
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		base = in.engine.Base(ctx, scope)
	}()
	invocations := map[string][]string{}
	var mu sync.Mutex
	names := in.engine.HostsIn(scope)
	pace := events.pace(len(names))
	hosts := engine.Each(ctx, in.engine, names, func(name string) func(*engine.Seen) engine.Part {
		pace.begin(step.AtHost(name))
		return func(seen *engine.Seen) engine.Part {
			<-ready
			in.engine.Secrets(ctx, seen, base)
			mu.Lock()
			invocations[name] = host.Invocations(seen.Host())
			mu.Unlock()
			defer pace.end(step.AtHost(name))
			return fn(base.Host(seen), seen)
		}
	})
	<-ready
	return base, tellApart(base, hosts, invocations)
}

// tellApart finds hosts that are one machine. The machine is planned under the first of
// its names.
func tellApart(base *engine.Base, hosts []engine.Part, invocations map[string][]string) []engine.Part {
	names := map[string][]string{} // by invocation
	for _, p := range hosts {
		for _, start := range invocations[p.Target.Name] {
			names[start] = append(names[start], p.Target.Name)
		}
	}
	for i, p := range hosts {
		var all []string
		for _, start := range invocations[p.Target.Name] {
			if len(names[start]) > len(all) {
				all = names[start]
			}
		}
		if len(all) > 1 {
			others := slices.DeleteFunc(slices.Clone(all), func(other string) bool { return other == p.Target.Name })
			hosts[i] = base.Same(p, others, p.Target.Name != all[0])
		}
	}
	return hosts
}

// slim keeps of a part what a plan shows or does. The rest is not kept in memory.
func slim(p engine.Part) engine.Part {
	p.Items = engine.Keep(p.Items, func(i engine.Item) bool {
		return i.Changes() || len(i.Findings) > 0 || i.Unable != nil || len(i.Kept) > 0
	})
	return p
}

// leftOut lists what a scope does not have.
func (in *Integration) leftOut(scope engine.Scope) []string {
	var names []string
	for _, t := range in.engine.Site.Targets() {
		if !scope.Has(t) {
			names = append(names, t.Name)
		}
	}
	return names
}

// planOf is a plan of parts that were compared.
func (in *Integration) planOf(base *engine.Base, parts []engine.Part) *Plan {
	p := &Plan{Format: planFormat, Release: string(in.engine.Site.Release), Spec: in.digest, Clusters: base.FSIDs(),
		Changes: []Change{}}
	for _, part := range parts {
		for _, i := range part.Items {
			if i.Changes() {
				p.Changes = append(p.Changes, in.changeOf(i))
			}
			for _, f := range i.Findings {
				p.Findings = append(p.Findings, findingOf(i, f))
			}
		}
		if note, ok := in.keptNote(part); ok {
			p.Findings = append(p.Findings, note)
		}
	}
	p.Findings = joinShared(p.Findings)
	return p
}

// sum is the digest of all fields but Digest.
func (p *Plan) sum() string {
	c := *p
	c.Digest = ""
	data, err := json.Marshal(&c)
	if err != nil {
		return "cannot be summed: " + err.Error() // a plan is plain data
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ParsePlan reads a plan that was stored as JSON. It refuses a plan of another format,
// a plan that was edited, and what is not a plan. Apply reads the world once more for
// such a plan, and makes only those changes that are still the same.
func ParsePlan(data []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("integrate: plan: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("integrate: plan: there is more after the plan: this is not the plan as it was stored")
	}
	switch {
	case p.Format == 0:
		return nil, errors.New("integrate: plan: has no format: this is not a plan")
	case p.Format != planFormat:
		return nil, fmt.Errorf("integrate: plan: its format is %d, and this program reads %d; "+
			"make the plan with this program", p.Format, planFormat)
	case p.Changes == nil:
		return nil, errors.New("integrate: plan: has no list of changes: this is not a plan")
	}
	for i := range p.Findings {
		p.Findings[i].restore()
	}
	if p.Digest != p.sum() {
		return nil, errors.New("integrate: plan: it was edited after it was made; plan again, and restrict what is " +
			"applied instead of editing the plan")
	}
	return &p, nil
}

// Only gives a plan that is restricted to some hosts and clusters. It has their changes,
// and those changes of other clusters that they need. The plan itself stays as it is. A
// plan that was edited is refused. A plan does not know all names of its Spec: of a name
// that it does not have, nothing is kept. Apply refuses names that the Spec does not
// have (ApplyOptions.Only).
func (p *Plan) Only(scope Scope) (*Plan, error) {
	if p.Digest != p.sum() {
		return nil, errEdited
	}
	s := engine.Scope(scope)
	if s.All() {
		return p, nil
	}
	out := *p
	out.Changes, out.Findings, out.LeftOut = []Change{}, nil, slices.Clone(p.LeftOut)
	needs := map[string]bool{}
	for _, c := range slices.Backward(p.Changes) {
		if !s.Has(c.target()) && !needs[c.ID] {
			continue
		}
		out.Changes = append(out.Changes, c)
		for _, id := range c.Needs {
			needs[id] = true
		}
	}
	slices.Reverse(out.Changes)
	targets := map[string]bool{}
	for _, c := range out.Changes {
		targets[c.Target] = true
	}
	for _, name := range slices.Concat(scope.Hosts, scope.Clusters) {
		targets[name] = true
	}
	for _, f := range p.Findings {
		left := slices.DeleteFunc(slices.Clone(f.targets()), func(name string) bool { return !targets[name] })
		if len(left) == 0 {
			continue
		}
		if len(f.Hosts) > 0 {
			f.Hosts = left
		}
		out.Findings = append(out.Findings, f)
	}
	for _, c := range p.Changes {
		if !s.Has(c.target()) && !slices.Contains(out.LeftOut, c.Target) {
			out.LeftOut = append(out.LeftOut, c.Target)
		}
	}
	out.Digest = out.sum()
	return &out, nil
}

// target is where a change is made.
func (c Change) target() step.Target {
	switch c.Stage {
	case stageCluster:
		return step.AtCluster(c.Target)
	case stageCloud:
		return step.AtCloud()
	}
	return step.AtHost(c.Target)
}

// id is the ID of a change as the engine has it.
func (c Change) id() step.ID {
	t := c.target()
	return step.ID{Target: t, Kind: c.Kind, Name: strings.TrimPrefix(c.ID, c.Kind+"/"+t.Name+"/")}
}
