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
		node := host.NewNode(c.site, c.site.Host(t.Name))
		return entries(c.host, node, node.Gates)
	}
	return entries(c.cloud, c.site, nil)
}

func entries[S any](kinds []step.Kind[S], subject S, gates func(kind string) []step.ID) []engine.Entry {
	var all []engine.Entry
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
