package host

import (
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
)

// gone is the Delta of what belongs to a user that another user has replaced. The user is not there any more, so its
// keyrings and secrets are not needed, and are neither made nor changed. Nothing is concluded from a cluster that could
// not be read: what belongs to a user is behind its cluster.
func (n *Node) gone(v step.View, u spec.User) (step.Delta, bool) {
	if _, leaves := n.Site.Replaced(u); !leaves {
		return step.Delta{}, false
	}
	c := v.Clusters[u.Cluster]
	if c == nil || c.Err != nil {
		return step.Delta{}, false
	}
	if _, there := c.Users[u.Entity]; there {
		return step.Delta{}, false
	}
	return step.Delta{Have: u.Entity + " was replaced, and is gone"}, true
}
