package cluster

import (
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A Subject is a cluster of the Spec, of which the resources are listed.
type Subject struct {
	Site *want.Site
	Spec spec.Cluster
}

// Kinds are the kinds of a cluster's resources, in the order in which they are
// compared.
func Kinds() []step.Kind[*Subject] {
	return []step.Kind[*Subject]{
		{Name: "cluster", Check: "ceph-health", Gate: true, New: newGate},
		{Name: "erasure-profile", Check: "pools", New: newProfiles},
		{Name: "pool", Check: "pools", New: newPools},
		{Name: "user", Check: "users", New: newUsers},
		{Name: "emptied", Check: "pools", Gate: true, New: newEmptied},
		{Name: "going-user", Check: "users", Gate: true, New: newGoingUsers},
	}
}

// seen is what the monitors of the cluster said.
func (s *Subject) seen(v step.View) *step.Cluster { return v.Clusters[s.Spec.Name] }
