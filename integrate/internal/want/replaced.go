package want

import (
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A Leaving is a user that another user of the Spec replaces. As long as the Spec says so, and the user is there, it
// keeps its rights, its keyrings and its secrets: guests that have it must be able to come back.
type Leaving struct {
	spec.Rotation
	Caps ceph.Caps // those of the user that replaces it
}

// leaving lists the users that another user replaces. A user whose key is changed in place stays.
func (s *Site) leaving(rotations []spec.Rotation) []Leaving {
	var all []Leaving
	for _, r := range rotations {
		if r.InPlace() {
			continue
		}
		i := slices.IndexFunc(s.Users, func(u User) bool { return u.User == r.New() })
		if i >= 0 {
			all = append(all, Leaving{r, s.Users[i].Caps})
		}
	}
	return all
}

// Replaced reports whether another user replaces a user.
func (s *Site) Replaced(id spec.User) (Leaving, bool) {
	i := slices.IndexFunc(s.Leaving, func(l Leaving) bool { return l.Old() == id })
	if i < 0 {
		return Leaving{}, false
	}
	return s.Leaving[i], true
}

// Replaces reports whether a user may go where another user of the cluster is in use, as the Spec says that it goes.
func (s *Site) Replaces(id spec.User, old string) bool {
	l, leaves := s.Replaced(spec.User{Cluster: id.Cluster, Entity: "client." + old})
	return leaves && l.New() == id
}

// withLeaving adds to users those that they replace.
func (s *Site) withLeaving(users []spec.User) []spec.User {
	all := slices.Clone(users)
	for _, l := range s.Leaving {
		if slices.Contains(users, l.New()) && !slices.Contains(all, l.Old()) {
			all = append(all, l.Old())
		}
	}
	return all
}

// KeyType is the type that the key of a user gets where the user is made; empty for the one that its cluster prefers.
func (s *Site) KeyType(id spec.User) string {
	for _, r := range s.WithDefaults().Rotate {
		if r.New() == id {
			return r.KeyType
		}
	}
	return ""
}
