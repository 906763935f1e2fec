package integrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// storePath is the field of one of Glance's stores, the default one first.
func storePath(i int) string {
	if i == 0 {
		return "glance"
	}
	return fmt.Sprintf("glance.stores[%d]", i-1)
}

func backendPath(i int) string { return fmt.Sprintf("cinder.backends[%d]", i) }

// stores checks the rbd stores beside Glance's default one.
func (v *validation) stores(g *GlanceSpec) {
	if len(g.Stores) == 0 || len(v.spec.Clusters) == 0 {
		return
	}
	if r, err := openstack.ParseRelease(v.spec.Release); err == nil && r.Before("rocky") {
		v.fault("glance.stores", "Glance has one rbd store in %s; rocky is the first release with several", r)
	}
	for i, st := range g.Stores {
		v.name(storePath(i+1)+".name", st.Name)
		v.user(storePath(i+1), st.Cluster, st.Pool, st.User)
	}
	all := resolve(v.spec).stores
	for i, st := range all {
		for j, other := range all[:i] {
			if st.Name != "" && strings.EqualFold(st.Name, other.Name) {
				v.fault(storePath(i)+".name", "%q is there twice (section names do not differ by case)", st.Name)
			}
			if st.Cluster == other.Cluster && st.Pool == other.Pool {
				v.fault(storePath(i)+".pool", "%q is the pool of %s too; each store needs a pool of its own", st.Pool, storePath(j))
			}
		}
	}
}

// erasure checks a cluster's profiles of erasure code, and the pools that are to
// have one.
func (v *validation) erasure(path string, c ClusterSpec) {
	for i, p := range c.ErasureProfiles {
		at := fmt.Sprintf("%s.erasure_profiles[%d]", path, i)
		v.name(at+".name", p.Name)
		v.optional(at+".failure_domain", p.FailureDomain)
		v.optional(at+".device_class", p.DeviceClass)
		if slices.ContainsFunc(c.ErasureProfiles[:i], func(o ErasureProfileSpec) bool { return o.Name == p.Name }) {
			v.fault(at+".name", "%q is there twice", p.Name)
		}
		if p.K < 2 {
			v.fault(at+".k", "%d is fewer than 2 chunks of data", p.K)
		}
		if p.M < 1 {
			v.fault(at+".m", "%d chunks of code keep no data when a disk fails", p.M)
		}
	}
	for i, p := range c.Pools {
		at := fmt.Sprintf("%s.pools[%d]", path, i)
		v.optional(at+".erasure_profile", p.ErasureProfile)
		if p.ErasureProfile != "" && p.Size > 0 {
			v.fault(at+".size", "an erasure-coded pool has none: its profile says how many chunks there are")
		}
		profile := slices.IndexFunc(c.ErasureProfiles, func(o ErasureProfileSpec) bool { return o.Name == p.ErasureProfile })
		if profile >= 0 && p.MinSize > 0 {
			if e := c.ErasureProfiles[profile]; p.MinSize < e.K || p.MinSize > e.K+e.M {
				v.fault(at+".min_size", "%d is not between k and k+m of profile %s, %d to %d", p.MinSize, e.Name, e.K, e.K+e.M)
			}
		}
	}
}

// dataPools checks where the objects of images go: into a pool that holds no
// headers, of which it is said what it is, and all of a user's into the same one.
func (v *validation) dataPools() {
	if len(v.spec.Clusters) == 0 {
		return
	}
	s := resolve(v.spec)
	for _, u := range s.uses {
		v.sameDataPool(s, u)
		if u.data != "" {
			v.dataPool(s, u)
		}
	}
	if n := s.nova; n != nil && n.DirectSnapshots && slices.ContainsFunc(s.stores, func(st StoreSpec) bool { return st.Cluster == n.Cluster && st.DataPool != n.DataPool }) {
		v.fault("nova.direct_snapshots", "Nova makes such an image as its own user, with its data in %q, where Glance's has no rights; give both the same data_pool, or leave it out", n.DataPool)
	}
	for i, c := range v.spec.Clusters {
		for j, p := range c.Pools {
			if p.ErasureProfile != "" && !s.holdsData(c.Name, p.Name) && len(s.usesOf(c.Name, p.Name)) > 0 {
				v.fault(fmt.Sprintf("clusters[%d].pools[%d].erasure_profile", i, j),
					"%q holds the headers of images, which an erasure-coded pool cannot; name it as a data_pool beside a replicated pool", p.Name)
			}
		}
	}
}

func (v *validation) dataPool(s *site, u poolUse) {
	path := u.path + ".data_pool"
	v.name(path, u.data)
	for _, other := range s.uses {
		if other.id.cluster == u.id.cluster && other.pool == u.data {
			v.fault(path, "%q is the pool of %s; objects go into a pool without headers of images", u.data, other.path)
			return
		}
	}
	c := s.cluster(u.id.cluster)
	if c.Caps == "classic" {
		v.fault(path, "there are no data pools before Luminous, and cluster %s has caps: classic", c.Name)
	}
	i := slices.IndexFunc(c.Pools, func(p PoolSpec) bool { return p.Name == u.data })
	if i < 0 || c.Pools[i].ErasureProfile == "" && c.Pools[i].Size == 0 {
		v.fault(path, "%q needs an entry among the pools of cluster %s, with erasure_profile or with size: whether a pool is erasure-coded cannot change later", u.data, c.Name)
	}
}

// sameDataPool: ceph.conf says where a user's data go, for all pools at once.
func (v *validation) sameDataPool(s *site, u poolUse) {
	for _, other := range s.uses {
		if other.path == u.path {
			return // those behind it say it
		}
		if other.id == u.id && other.data != u.data {
			v.fault(u.path+".data_pool", "%q is not %q of %s, which has the same user %s: all that a user makes goes into one data pool; give this one a user of its own",
				u.data, other.data, other.path, u.id.short())
			return
		}
	}
}
