package host

import (
	"github.com/cephstack/cephstack/integrate/spec"
)

// Advice names the field of the Spec as "set FIELD: VALUE for PLACE in the Spec", so that somebody
// who does only what the text says can follow it. These are the places.

func fieldOfBackend(b spec.Backend) string { return "backend " + b.Name }

// fieldOfStore is where the Spec has a store of Glance.
func (n *Node) fieldOfStore(st spec.Store) string {
	if st.Name == n.Site.Glance.Store {
		return "glance"
	}
	return "store " + st.Name
}

// fieldsOfUser are all places where the Spec has a pool for a user.
func (n *Node) fieldsOfUser(u spec.User) (all []string) {
	for _, st := range n.Site.Stores {
		if st.Use().User == u {
			all = append(all, n.fieldOfStore(st))
		}
	}
	for _, b := range n.Site.Cinder {
		if b.Use().User == u {
			all = append(all, fieldOfBackend(b))
		}
	}
	if b := n.Site.Backup; b != nil && b.Use().User == u {
		all = append(all, "backup")
	}
	if nova := n.Site.Nova; nova != nil && nova.Use().User == u {
		all = append(all, "nova")
	}
	return all
}

// fieldOfSecret is where the Spec can have the UUID of a user's secret: at the first backend of the
// user, which is enough for all who share the user, or at nova.
func (n *Node) fieldOfSecret(u spec.User) string {
	for _, b := range n.Site.Cinder {
		if b.Use().User == u {
			return fieldOfBackend(b)
		}
	}
	return "nova"
}
