package want

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
)

// pick lists the pools of some uses, and the data pools behind them, once each.
func (s *Site) pick(match func(spec.Use) bool) (pools, data []string) {
	add := func(list *[]string, pool string) {
		if pool != "" && !slices.Contains(*list, pool) {
			*list = append(*list, pool)
		}
	}
	for _, u := range s.Uses {
		if match(u) {
			add(&pools, u.Pool)
			add(&data, u.DataPool)
		}
	}
	return pools, data
}

// PoolsOf lists the pools that a user has for the purposes in whats, such as
// spec.ForImages, and the data pools behind them.
func (s *Site) PoolsOf(id spec.User, whats ...string) (pools, data []string) {
	return s.pick(func(u spec.Use) bool { return u.User == id && u.In(id.Cluster, whats...) })
}

// PoolsBehind lists all pools, data pools too, in which a user of a service keeps
// or finds something: those that the user has rights in.
func (s *Site) PoolsBehind(id spec.User) []string {
	write, read := s.PoolRights(id)
	return slices.Concat(write, read)
}

// DataPool is where the objects of a user's images go; empty: beside their
// headers. A user has one at most.
func (s *Site) DataPool(id spec.User) string {
	for _, u := range s.Uses {
		if u.User == id && u.DataPool != "" {
			return u.DataPool
		}
	}
	return ""
}

// HoldsData reports whether a pool is a data pool, which holds no headers of
// images.
func (s *Site) HoldsData(cluster, pool string) bool {
	return slices.ContainsFunc(s.Uses, func(u spec.Use) bool { return u.User.Cluster == cluster && u.DataPool == pool })
}

// UsesOf lists what a pool is for, by the services.
func (s *Site) UsesOf(cluster, pool string) []string {
	var whats []string
	for _, u := range s.Uses {
		here := u.User.Cluster == cluster && (u.Pool == pool || u.DataPool == pool)
		if here && !slices.Contains(whats, u.What) {
			whats = append(whats, u.What)
		}
	}
	return whats
}

// PoolNames lists the pools of the Spec in a cluster.
func (s *Site) PoolNames(cluster string) []string {
	names := make([]string, len(s.Pools[cluster]))
	for i, p := range s.Pools[cluster] {
		names[i] = p.Name
	}
	return names
}
