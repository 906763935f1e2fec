package engine

import (
	"context"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// An Item is a resource that was compared.
type Item struct {
	ID    step.ID
	Check string
	Gate  bool
	// Needs are the changes that must be done before this one.
	Needs []step.ID
	step.Delta
}

// Changes reports whether the item has something to do.
func (i Item) Changes() bool { return i.Do != nil }

// A Part is a target that was compared.
type Part struct {
	Target step.Target
	Items  []Item
}

// Trouble is the first problem of the part, if there is one.
func (p Part) Trouble() (item Item, f step.Finding, ok bool) {
	for _, i := range p.Items {
		for _, f := range i.Findings {
			if f.Problem {
				return i, f, true
			}
		}
	}
	return Item{}, step.Finding{}, false
}

// Size is how many bytes of contents the steps of the part keep.
func (p Part) Size() (n int) {
	for _, i := range p.Items {
		if s, ok := i.Do.(step.HostStep); ok {
			n += s.Size
		}
	}
	return n
}

// compare lets the resources of a target compare, one after the other. The ledger of
// the view keeps the Deltas of the items, so that these must not be changed or moved.
func compare(entries []Entry, v step.View) []Item {
	items := make([]Item, len(entries))
	for n, e := range entries {
		needs := e.Needs()
		items[n] = Item{ID: e.ID(), Check: e.Check, Gate: e.Gate, Delta: compareOne(e, needs, v).Printable()}
		i := &items[n]
		v.Ledger.Put(i.ID, &i.Delta)
		if i.Changes() {
			i.Needs = v.Ledger.Changes(slices.Concat(needs, follows(e), e.Gates))
		}
	}
	return items
}

// Keep gives those items for which keep is true. The items themselves stay as they are.
func Keep(items []Item, keep func(Item) bool) []Item {
	var kept []Item
	for _, i := range items {
		if keep(i) {
			kept = append(kept, i)
		}
	}
	return kept
}

// follows are the resources after which another one is changed.
func follows(e Entry) []step.ID {
	if f, ok := e.Resource.(step.Follower); ok {
		return f.Follows()
	}
	return nil
}

func compareOne(e Entry, needs []step.ID, v step.View) step.Delta {
	for _, gate := range e.Gates {
		if v.Ledger.Refused(gate) {
			return step.Delta{Refused: true, Because: gate}
		}
	}
	for _, need := range needs {
		if v.Ledger.Refused(need) {
			return leftAlone(e, need, v)
		}
	}
	return enterable(e.Compare(v), e.ID().Name, v.Host)
}

// leftAlone is the Delta of a resource because of a need that is refused.
func leftAlone(e Entry, need step.ID, v step.View) step.Delta {
	d := step.Delta{Refused: true, Because: need}
	if b, ok := e.Resource.(step.Blocked); ok {
		root := v.Ledger.Root(need)
		if f := b.LeftAlone(v, need, root); f.Message != "" {
			f.Because = root
			d.Findings = []step.Finding{f}
		}
	}
	return d
}

// A Base is the part of a comparison that hosts are compared on top of: the
// clusters and the APIs.
type Base struct {
	e      *Engine
	scope  Scope
	view   step.View
	ledger *step.Ledger
	// after has of the hosts what resources of the cloud have to know.
	after    *step.Ledger
	asked    map[step.ID]bool // the resources of hosts that those of the cloud look at
	clusters []Part
}

// Base reads and compares the clusters of a scope, and reads the APIs.
func (e *Engine) Base(ctx context.Context, scope Scope) *Base {
	b := &Base{e: e, scope: scope, view: e.observe(ctx, scope), ledger: step.NewLedger(nil), asked: map[step.ID]bool{}}
	b.view.Ledger = b.ledger
	reads, needed := e.Reads(scope), e.needed(scope)
	for _, c := range e.Site.Clusters {
		if !slices.Contains(reads, c.Name) {
			continue
		}
		part := Part{step.AtCluster(c.Name), compare(e.Catalog.Of(step.AtCluster(c.Name)), b.view)}
		if !scope.Has(part.Target) {
			part.Items = Keep(part.Items, func(i Item) bool { return needed[i.ID] })
		}
		b.clusters = append(b.clusters, part)
	}
	b.after = step.NewLedger(b.ledger)
	for _, entry := range e.Catalog.Of(step.AtCloud()) {
		for _, id := range slices.Concat(entry.Needs(), follows(entry)) {
			b.asked[id] = true
		}
	}
	return b
}

// Clusters are the clusters that were compared.
func (b *Base) Clusters() []Part { return b.clusters }

// Cluster is a cluster that was compared.
func (b *Base) Cluster(name string) (Part, bool) {
	for _, p := range b.clusters {
		if p.Target.Name == name {
			return p, true
		}
	}
	return Part{Target: step.AtCluster(name)}, false
}

// View is what was read of clusters and APIs.
func (b *Base) View() step.View { return b.view }

// FSIDs are the clusters' own identifiers, by name; without those that are not known.
func (b *Base) FSIDs() map[string]string {
	all := map[string]string{}
	for name, c := range b.view.Clusters {
		if c.Err == nil {
			all[name] = c.Status.FSID
		}
	}
	return all
}

// Look reads a host, for Host. It does not wait for the clusters; a Base that is
// there already tells which secrets a host should have.
func (e *Engine) Look(ctx context.Context, name string, b *Base) *Seen {
	entries := e.Catalog.Of(step.AtHost(name))
	return &Seen{entries, e.look(ctx, name, entries, b.uuids())}
}

// Seen is a host that was read.
type Seen struct {
	entries []Entry
	host    *step.Host
}

// Host is what was read.
func (s *Seen) Host() *step.Host { return s.host }

// Unseen is a host that was not read, for the reason given.
func (e *Engine) Unseen(name string, why error) *Seen {
	h := step.NewHost(name)
	h.Err = why
	return &Seen{e.Catalog.Of(step.AtHost(name)), h}
}

// uuids lists the secrets that a compute should have.
func (b *Base) uuids() []string {
	if b == nil {
		return nil
	}
	uuids := []string{}
	site := b.e.Site.Before()
	for _, id := range site.Secrets {
		if c := b.view.Clusters[id.Cluster]; c.Err == nil {
			uuids = append(uuids, site.SecretUUID(id, c.Status.FSID))
		}
	}
	return uuids
}

// Host compares a host that was read.
func (b *Base) Host(s *Seen) Part {
	v := b.view
	v.Host, v.Ledger = s.host, step.NewLedger(b.ledger)
	part := Part{step.AtHost(s.host.Name), compare(s.entries, v)}
	for _, i := range part.Items {
		if i.Fact != nil || b.asked[i.ID] {
			b.after.Put(i.ID, &step.Delta{Do: mark(i.Do), Fact: i.Fact, Refused: i.Refused, Because: i.Because})
		}
	}
	return part
}

// Same compares a host once more that is the same machine as others. A twin is left
// alone, as the machine is planned under the name of one of the others.
func (b *Base) Same(p Part, others []string, twin bool) Part {
	entries := b.e.Catalog.Of(p.Target)
	v := b.view
	v.Host, v.Ledger = step.NewHost(p.Target.Name), step.NewLedger(b.ledger)
	v.Host.Same, v.Host.Twin = others, twin
	if twin {
		return b.Host(&Seen{entries, v.Host})
	}
	gate := compare(entries[:1], v)
	rest := Keep(p.Items, func(i Item) bool { return i.ID != gate[0].ID })
	return Part{p.Target, slices.Concat(gate, rest)}
}

// mark stands for a step, but does not keep its operations. It is nil where there is no step.
func mark(s step.Step) step.Step {
	if s == nil {
		return nil
	}
	return step.HostStep{}
}

// Cloud compares what is changed through the APIs, and what shows only when all
// hosts are known.
func (b *Base) Cloud() Part {
	v := b.view
	v.Ledger = step.NewLedger(b.after)
	return Part{step.AtCloud(), compare(b.e.Catalog.Of(step.AtCloud()), v)}
}

// Each looks at hosts in parallel, and gives what fn makes of each, in their order. fn is called when a host is begun,
// and what fn returns is called with what was seen.
// The connection to a host that is done is closed where there are more hosts than
// are worked on at once.
func Each[T any](ctx context.Context, e *Engine, names []string, fn func(name string) func(*Seen) T) []T {
	outcomes := remote.Each(ctx, names, e.Parallel, func(ctx context.Context, name string) (T, error) {
		take := fn(name)
		seen := e.Look(ctx, name, nil)
		e.Rest(name)
		return take(seen), nil
	})
	all := make([]T, len(outcomes))
	for i, o := range outcomes {
		if all[i] = o.Value; o.Err != nil { // not begun
			all[i] = fn(o.Name)(e.Unseen(o.Name, o.Err))
		}
	}
	return all
}

// Root follows the causes of an item that is left alone, and gives the item that has the
// problem. That is the item itself if the problem is its own.
func (b *Base) Root(p Part, i Item) Item {
	return Root(func(t step.Target) Part {
		if t == p.Target {
			return p
		}
		part, _ := b.Cluster(t.Name)
		return part
	}, i)
}

// Root is the item because of which another one is left alone; the item itself if the
// problem is its own. partOf gives the part of a target.
func Root(partOf func(step.Target) Part, i Item) Item {
	for range 100 { // needs cannot form a ring, but a fault must not hang
		if i.Because.IsZero() {
			return i
		}
		items := partOf(i.Because.Target).Items
		at := slices.IndexFunc(items, func(other Item) bool { return other.ID == i.Because })
		if at < 0 {
			return Item{ID: i.Because}
		}
		i = items[at]
	}
	return i
}
