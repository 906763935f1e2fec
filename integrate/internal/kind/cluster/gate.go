package cluster

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// ID is the resource that stands for a cluster as a whole. It is refused where
// the cluster cannot be read, and so is everything that needs it.
func ID(cluster string) step.ID {
	return step.ID{Target: step.AtCluster(cluster), Kind: "cluster", Name: "monitors"}
}

// A gate is a cluster as a whole.
type gate struct{ *Subject }

func newGate(s *Subject) []step.Resource { return []step.Resource{gate{s}} }

// ID implements step.Resource.
func (g gate) ID() step.ID { return ID(g.Spec.Name) }

// Needs implements step.Resource.
func (g gate) Needs() []step.ID { return nil }

// Asks implements step.Resource: what the gate compares is always read, but for how well the cluster serves.
func (g gate) Asks() step.Asks {
	var ask ceph.Query
	if g.Site.Gated() {
		ask.Serving = g.Site.PoolNames(g.Spec.Name)
	}
	return step.Asks{Cluster: ask}
}

// Compare implements step.Resource.
func (g gate) Compare(v step.View) step.Delta {
	var d step.Delta
	seen := g.seen(v)
	if seen.Note != "" {
		d.Note("cluster-access", "access", "%s", seen.Note)
	}
	if seen.Unlocked {
		d.Note("no-operator-lock", "lock", "the first cluster of the Spec keeps out others while somebody applies, and the "+
			"World gives no way to lock it (ceph.Locker): see that nobody else applies at the same time")
	}
	if err := seen.Err; err != nil {
		asked := ""
		if g.Spec.Host != "" {
			asked = " (asked on " + g.Spec.Host + ")"
		}
		d.Refused, d.Unable = true, err
		d.Problem("cluster-unreadable", "", fmt.Errorf("the Ceph cluster cannot be read%s, "+
			"so nothing that depends on it is planned: %w%s",
			asked, err, cause.Advice(err)))
		return d
	}
	if release := seen.Status.Release; g.Spec.Caps == "classic" && release >= "luminous" {
		d.Note("caps-classic", "caps", "are of the form before Luminous, and this cluster is of %s: with them, "+
			"VMs do not boot again after their host crashed; take caps: classic out of the Spec", release)
	}
	if len(seen.Stops) > 0 {
		d.Note("cluster-unhealthy", "health", "is not enough for gate: health, so that a rollout waits before each host: %s",
			strings.Join(seen.Stops, "; "))
	}
	if len(seen.Notes) > 0 {
		d.Note("cluster-weakened", "health", "is not what it should be, though gate: health does not wait for this: %s",
			strings.Join(seen.Notes, "; "))
	}
	return d
}
