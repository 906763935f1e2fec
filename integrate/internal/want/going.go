package want

import (
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Before is the Site as it was before something retired; the Site itself where nothing retires.
func (s *Site) Before() *Site {
	if s.Going != nil {
		return s.Going
	}
	return s
}

// withGoing lists the hosts that have services to configure, or services that leave: computes first, or last.
func (s *Site) withGoing() []spec.Host {
	var first, last []spec.Host
	for _, h := range s.Going.inOrder() {
		if IsCompute(h) == s.Backwards() {
			last = append(last, s.Host(h.Name))
		} else {
			first = append(first, s.Host(h.Name))
		}
	}
	return slices.Concat(first, last)
}

// HasCompute reports whether a host is a compute, or was that before it retired.
func (s *Site) HasCompute(host string) bool { return IsCompute(s.Before().Host(host)) }

// Backwards reports whether controllers go before computes: what is taken back goes the other way round than
// what is made. Nobody may be told of a secret that is gone already.
func (s *Site) Backwards() bool { return s.partsGo }

// GoingUsers lists the Ceph users that nothing of the Site needs any more.
func (s *Site) GoingUsers() []User {
	if s.Going == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Going.Users), func(u User) bool {
		return slices.ContainsFunc(s.Users, func(o User) bool { return o.User == u.User })
	})
}

// GoingPools lists the pools of a cluster that nothing of the Site needs any more.
func (s *Site) GoingPools(cluster string) []string {
	if s.Going == nil {
		return nil
	}
	var names []string
	for _, p := range s.Going.Pools[cluster] {
		if !slices.ContainsFunc(s.Pools[cluster], func(o ceph.Pool) bool { return o.Name == p.Name }) {
			names = append(names, p.Name)
		}
	}
	return names
}

// GoingWrites lists the pools that a user could write, and that nothing of the Site needs any more.
func (s *Site) GoingWrites(id spec.User) []string {
	if s.Going == nil {
		return nil
	}
	going := s.GoingPools(id.Cluster)
	write, _ := s.Going.PoolRights(id)
	return slices.DeleteFunc(write, func(p string) bool { return !slices.Contains(going, p) })
}

// GoingBackends lists the backends of Cinder that retire.
func (s *Site) GoingBackends() []spec.Backend {
	if s.Going == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Going.Cinder), func(b spec.Backend) bool {
		return slices.ContainsFunc(s.Cinder, func(o spec.Backend) bool { return o.Name == b.Name })
	})
}

// GoingStores lists the stores of Glance that retire.
func (s *Site) GoingStores() []spec.Store {
	if s.Going == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Going.Stores), func(st spec.Store) bool {
		return slices.ContainsFunc(s.Stores, func(o spec.Store) bool { return o.Name == st.Name })
	})
}

// Leaves lists the services that a host had and has no more.
func (s *Site) Leaves(host string) []string {
	if s.Going == nil {
		return nil
	}
	kept := s.ServicesOf(s.Host(host))
	return slices.DeleteFunc(slices.Clone(s.Going.ServicesOf(s.Going.Host(host))), func(name string) bool {
		return slices.Contains(kept, name)
	})
}
