// Package kind lists the resources of each target of a Site: all kinds that are
// registered in packages cluster, host and cloud below it.
package kind

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind/cloud"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
)

// A Catalog lists the resources of a Site. It is safe for concurrent use.
type Catalog struct {
	site    *want.Site
	cluster []step.Kind[*cluster.Subject]
	host    []step.Kind[*host.Node]
	cloud   []step.Kind[*want.Site]
}

// NewCatalog is the catalog of a Site.
func NewCatalog(site *want.Site) *Catalog {
	return &Catalog{site, cluster.Kinds(), host.Kinds(), cloud.Kinds()}
}

// Of lists the resources of a target, in the order in which they are compared.
func (c *Catalog) Of(t step.Target) []engine.Entry {
	switch t.Where {
	case step.OnCluster:
		return entries(c.cluster, &cluster.Subject{Site: c.site, Spec: c.site.Cluster(t.Name)}, nil)
	case step.OnHost:
		return c.onHost(t.Name)
	}
	return entries(c.cloud, c.site, nil)
}

// A list is the resources of a target.
type list []engine.Entry

func (l list) has(id step.ID) bool {
	return slices.ContainsFunc(l, func(e engine.Entry) bool { return e.ID() == id })
}

// onHost lists what a host shall have, and then what is taken back there. A host that keeps nothing has only the
// gates of the way in.
func (c *Catalog) onHost(name string) []engine.Entry {
	node := host.NewNode(c.site, c.site.Host(name))
	kinds := c.host
	if len(node.Services) == 0 {
		kinds = host.Doors()
	}
	all := entries(kinds, node, node.Gates)
	for _, r := range host.Leaving(node, all.has) {
		all = append(all, engine.Entry{Resource: r, Check: r.Check, Gate: r.Gate, Gates: node.Gates(r.ID().Kind)})
	}
	return slices.Clip(all)
}

func entries[S any](kinds []step.Kind[S], subject S, gates func(kind string) []step.ID) list {
	var all list
	for _, k := range kinds {
		for _, r := range k.New(subject) {
			e := engine.Entry{Resource: r, Check: k.Check, Gate: k.Gate}
			if gates != nil {
				e.Gates = gates(k.Name)
			}
			all = append(all, e)
		}
	}
	return slices.Clip(all)
}
