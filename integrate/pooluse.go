package integrate

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
)

// pick lists the pools of some uses, and the data pools behind them, once each.
func (s *site) pick(match func(spec.Use) bool) (pools, data []string) {
	add := func(list *[]string, pool string) {
		if pool != "" && !slices.Contains(*list, pool) {
			*list = append(*list, pool)
		}
	}
	for _, u := range s.uses {
		if match(u) {
			add(&pools, u.Pool)
			add(&data, u.DataPool)
		}
	}
	return pools, data
}

// poolsOf lists the pools that a user has for something, and the data pools
// behind them.
func (s *site) poolsOf(id spec.User, whats ...string) (pools, data []string) {
	return s.pick(func(u spec.Use) bool { return u.User == id && u.In(id.Cluster, whats...) })
}

// dataPool is where the objects of a user's images go; empty: beside their
// headers. A user has one at most.
func (s *site) dataPool(id spec.User) string {
	for _, u := range s.uses {
		if u.User == id && u.DataPool != "" {
			return u.DataPool
		}
	}
	return ""
}

// holdsData reports whether a pool is a data pool, which holds no headers of
// images.
func (s *site) holdsData(cluster, pool string) bool {
	return slices.ContainsFunc(s.uses, func(u spec.Use) bool { return u.User.Cluster == cluster && u.DataPool == pool })
}

// usesOf lists what a pool is for, by the services.
func (s *site) usesOf(cluster, pool string) []string {
	var whats []string
	for _, u := range s.uses {
		if u.User.Cluster == cluster && (u.Pool == pool || u.DataPool == pool) && !slices.Contains(whats, u.What) {
			whats = append(whats, u.What)
		}
	}
	return whats
}

// storeIn is Glance's first store in a cluster.
func (s *site) storeIn(cluster string) (spec.Store, bool) {
	for _, st := range s.stores {
		if st.Cluster == cluster {
			return st, true
		}
	}
	return spec.Store{}, false
}
