// Package engine compares a Site with a World, and makes the changes that come of
// it. It knows no kind of resource: it takes those of a Catalog, asks what they ask,
// lets them compare, and carries their steps out.
//
// # Use
//
// Base reads and compares the clusters and the APIs. Host reads and compares one
// host on top of that. Cloud compares what needs all hosts. A Run carries out the
// steps of what was compared, target by target; Roll says in which order.
//
// # Errors
//
// What cannot be read is in the views, and the kinds of resources say what follows.
// What cannot be done is in the Outcomes of a Run.
//
// # Concurrency and cancellation
//
// An Engine keeps no state between calls. Hosts are worked on in parallel, at most
// Parallel at a time.
package engine

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/world"
)

// An Entry is a resource of a Catalog.
type Entry struct {
	step.Resource
	// Check is the check of a verification that the resource belongs to.
	Check string
	// Gate says that the resource has no change of its own.
	Gate bool
	// Gates are resources that this one needs because of where it is.
	Gates []step.ID
}

// A Catalog lists the resources of a target, in the order in which they are
// compared.
type Catalog interface {
	Of(step.Target) []Entry
}

// An Engine compares and changes a World.
type Engine struct {
	Site     *want.Site
	Catalog  Catalog
	World    world.World
	Parallel int           // hosts that are worked on at once; 0 is 32
	Settle   time.Duration // how long a restarted unit must stay active; 0 is 3 s
	// Await is how long the APIs may take to report a restarted service up; 0 is 4
	// minutes: several report intervals, and a slow start.
	Await time.Duration
	Poll  time.Duration // between looks at the records of services; 0 is 2 s
	// Fresh is how long ago the users of a cluster may have been read when the key of one
	// is written to a host; 0 is a minute.
	Fresh time.Duration
}

// New checks that the World has every part that the Site names, joining all faults, and sets what is zero to its
// default. It connects to nothing.
func New(e Engine) (*Engine, error) {
	if e.Parallel < 0 || e.Settle < 0 {
		return nil, errors.New("integrate: Config: Parallel and Settle cannot be negative")
	}
	e.Parallel = cmp.Or(e.Parallel, 32)
	var faults []error
	for _, c := range e.Site.Clusters {
		if w := e.World.Clusters[c.Name]; w.Mon == nil || w.Images == nil {
			faults = append(faults, fmt.Errorf("integrate: the World has no cluster %q", c.Name))
		}
	}
	for _, h := range e.Site.Hosts {
		names := slices.Concat(e.Site.ServicesOf(h), e.Site.Leaves(h.Name))
		if len(names) > 0 && e.World.Hosts[h.Name] == nil {
			faults = append(faults, fmt.Errorf("integrate: the World has no host %q", h.Name))
		}
		if slices.Contains(names, "nova-compute") && e.World.Secrets[h.Name] == nil {
			faults = append(faults, fmt.Errorf("integrate: the World has no libvirt secret store for %q", h.Name))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &e, nil
}

// LockedCluster is the cluster that keeps the operator lock: the first of the Spec.
func (e *Engine) LockedCluster() string {
	if len(e.Site.Clusters) == 0 {
		return ""
	}
	return e.Site.Clusters[0].Name
}

// Locker is the way to the operator lock; nil where the World gives none.
func (e *Engine) Locker() ceph.Locker {
	locker, _ := e.World.Clusters[e.LockedCluster()].Mon.(ceph.Locker)
	return locker
}

// Rest closes the connection to a host that is done for now, if the Spec has more than
// Parallel hosts. So at most Parallel connections are open. The connection stays open if
// the host runs the ceph program for a cluster: see Hang.
func (e *Engine) Rest(name string) {
	if len(e.Site.InOrder()) > e.Parallel {
		e.Hang(name)
	}
}

// Hang closes the connection to a host, unless the host runs the ceph program for a
// cluster and may be in use.
func (e *Engine) Hang(name string) {
	for _, c := range e.Site.Clusters {
		if c.Host == name {
			return
		}
	}
	if closer, ok := e.World.Hosts[name].(io.Closer); ok {
		_ = closer.Close() // a later look connects again, whatever this says
	}
}

// A Scope says which targets are read and changed; the zero Scope is all of them.
type Scope struct {
	Hosts    []string
	Clusters []string
}

// All reports whether the scope is the whole Spec.
func (s Scope) All() bool { return len(s.Hosts) == 0 && len(s.Clusters) == 0 }

// Has reports whether a target was asked for.
func (s Scope) Has(t step.Target) bool {
	switch {
	case s.All():
		return true
	case t.Where == step.OnHost:
		return slices.Contains(s.Hosts, t.Name)
	case t.Where == step.OnCluster:
		return slices.Contains(s.Clusters, t.Name)
	}
	return false
}

// Reads lists the clusters that are read: those that were asked for, and those that
// the services of the hosts in the scope use.
func (e *Engine) Reads(s Scope) []string {
	var names []string
	for _, c := range e.Site.Clusters {
		if s.Has(step.AtCluster(c.Name)) || slices.ContainsFunc(s.Hosts, func(h string) bool { return e.uses(h, c.Name) }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// uses reports whether the services of a host use a cluster.
func (e *Engine) uses(host, cluster string) bool {
	before := e.Site.Before()
	users := before.UsersOf(before.ServicesOf(before.Host(host)))
	return slices.Contains(want.ClustersOf(users), cluster)
}

// HostsIn lists the hosts of a scope in the order of a plan.
func (e *Engine) HostsIn(s Scope) []string {
	var names []string
	for _, h := range e.Site.InOrder() {
		if s.Has(step.AtHost(h.Name)) {
			names = append(names, h.Name)
		}
	}
	return names
}

// needed are the resources of clusters that the hosts of a scope need.
func (e *Engine) needed(s Scope) map[step.ID]bool {
	needs := map[step.ID]bool{}
	if s.All() {
		return needs
	}
	for _, name := range s.Hosts {
		for _, entry := range e.Catalog.Of(step.AtHost(name)) {
			for _, id := range entry.Needs() {
				needs[id] = true
			}
		}
	}
	for _, c := range e.Site.Clusters {
		for _, entry := range slices.Backward(e.Catalog.Of(step.AtCluster(c.Name))) {
			for _, id := range entry.Needs() {
				needs[id] = needs[id] || needs[entry.ID()]
			}
		}
	}
	return needs
}
