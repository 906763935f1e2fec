package integrate

import (
	"slices"

	"github.com/cephstack/cephstack/openstack"
)

// A poolUse is a pool in which a service keeps something, as one of its users.
type poolUse struct {
	path string // of the Spec
	what string
	id   userID
	pool string
	data string // the data pool behind it; empty when there is none
}

// What pools hold, as a plan says it.
const (
	usedForImages  = "images"
	usedForVolumes = "volumes"
	usedForBackups = "backups"
	usedForDisks   = "VM disks"
)

func (s StoreSpec) use() poolUse {
	return poolUse{what: usedForImages, id: userID{s.Cluster, "client." + s.User}, pool: s.Pool, data: s.DataPool}
}

func (b BackendSpec) use() poolUse {
	return poolUse{what: usedForVolumes, id: userID{b.Cluster, "client." + b.User}, pool: b.Pool, data: b.DataPool}
}

func (b BackupSpec) use() poolUse {
	return poolUse{what: usedForBackups, id: userID{b.Cluster, "client." + b.User}, pool: b.Pool, data: b.DataPool}
}

func (n NovaSpec) use() poolUse {
	return poolUse{what: usedForDisks, id: userID{n.Cluster, "client." + n.User}, pool: n.Pool, data: n.DataPool}
}

// in reports whether a use is of a cluster, and for one of some things.
func (u poolUse) in(cluster string, whats ...string) bool {
	return u.id.cluster == cluster && slices.Contains(whats, u.what)
}

func (s *site) resolveUses() {
	add := func(path string, u poolUse) {
		u.path = path
		s.uses = append(s.uses, u)
	}
	for i, st := range s.stores {
		add(storePath(i), st.use())
	}
	for i, b := range s.cinder {
		add(backendPath(i), b.use())
	}
	if s.backup != nil {
		add("backup", s.backup.use())
	}
	if s.nova != nil {
		add("nova", s.nova.use())
	}
}

// pick lists the pools of some uses, and the data pools behind them, once each.
func (s *site) pick(match func(poolUse) bool) (pools, data []string) {
	add := func(list *[]string, pool string) {
		if pool != "" && !slices.Contains(*list, pool) {
			*list = append(*list, pool)
		}
	}
	for _, u := range s.uses {
		if match(u) {
			add(&pools, u.pool)
			add(&data, u.data)
		}
	}
	return pools, data
}

// poolsOf lists the pools that a user has for something, and the data pools
// behind them.
func (s *site) poolsOf(id userID, whats ...string) (pools, data []string) {
	return s.pick(func(u poolUse) bool { return u.id == id && u.in(id.cluster, whats...) })
}

// dataPool is where the objects of a user's images go; empty: beside their
// headers. A user has one at most.
func (s *site) dataPool(id userID) string {
	for _, u := range s.uses {
		if u.id == id && u.data != "" {
			return u.data
		}
	}
	return ""
}

// holdsData reports whether a pool is a data pool, which holds no headers of
// images.
func (s *site) holdsData(cluster, pool string) bool {
	return slices.ContainsFunc(s.uses, func(u poolUse) bool { return u.id.cluster == cluster && u.data == pool })
}

// usesOf lists what a pool is for, by the services.
func (s *site) usesOf(cluster, pool string) []string {
	var whats []string
	for _, u := range s.uses {
		if u.id.cluster == cluster && (u.pool == pool || u.data == pool) && !slices.Contains(whats, u.what) {
			whats = append(whats, u.what)
		}
	}
	return whats
}

// storeIn is Glance's first store in a cluster.
func (s *site) storeIn(cluster string) (StoreSpec, bool) {
	for _, st := range s.stores {
		if st.Cluster == cluster {
			return st, true
		}
	}
	return StoreSpec{}, false
}

// glanceStore is what package openstack needs to know of Glance's stores.
func (s *site) glanceStore() openstack.GlanceStore {
	var all []openstack.GlanceStore
	writable := false
	for _, st := range s.stores {
		all = append(all, openstack.GlanceStore{Store: st.Name, Pool: st.Pool, User: st.User, Conf: confPath(st.Cluster)})
		writable = writable || s.layout(st.Cluster).ImagesWritable
	}
	store := all[0]
	store.MultipleLocations, store.Further = writable, all[1:]
	return store
}
