package spec

import (
	"fmt"
	"slices"
)

// dataPools checks the data pools. A data pool does not hold headers of images. The
// Spec says whether the data pool is erasure-coded. A user has one data pool.
func (v *validation) dataPools() {
	if len(v.spec.Clusters) == 0 {
		return
	}
	uses := v.spec.Uses()
	for _, u := range uses {
		v.sameDataPool(uses, u)
		if u.DataPool != "" {
			v.dataPool(uses, u)
		}
	}
	v.snapshotData()
	for i, c := range v.spec.Clusters {
		for j, p := range c.Pools {
			headers := func(u Use) bool { return u.User.Cluster == c.Name && u.Pool == p.Name }
			data := func(u Use) bool { return u.User.Cluster == c.Name && u.DataPool == p.Name }
			if p.ErasureProfile != "" && slices.ContainsFunc(uses, headers) && !slices.ContainsFunc(uses, data) {
				v.fault(fmt.Sprintf("clusters[%d].pools[%d].erasure_profile", i, j),
					"%q holds the headers of images, which an erasure-coded pool cannot; "+
						"name it as a data_pool beside a replicated pool", p.Name)
			}
		}
	}
}

// snapshotData checks that a snapshot that Nova makes for Glance has its data
// where Glance's user may read them.
func (v *validation) snapshotData() {
	s := v.spec.WithDefaults()
	if s.Glance == nil || s.Nova == nil || !s.Nova.DirectSnapshots {
		return
	}
	n := s.Nova
	apart := func(st Store) bool { return st.Cluster == n.Cluster && st.DataPool != n.DataPool }
	if slices.ContainsFunc(s.Glance.All(), apart) {
		v.fault("nova.direct_snapshots", "Nova makes such an image as its own user, with its data in %q, "+
			"where Glance's has no rights; give both the same data_pool, or leave it out", n.DataPool)
	}
}

func (v *validation) dataPool(uses []Use, u Use) {
	path := u.Path + ".data_pool"
	v.poolName(path, u.DataPool)
	for _, other := range uses {
		if other.User.Cluster == u.User.Cluster && other.Pool == u.DataPool {
			v.fault(path, "%q is the pool of %s; objects go into a pool without headers of images", u.DataPool, other.Path)
			return
		}
	}
	c := v.spec.cluster(u.User.Cluster)
	if c.Caps == "classic" {
		v.fault(path, "there are no data pools before Luminous, and cluster %s has caps: classic", c.Name)
	}
	i := slices.IndexFunc(c.Pools, func(p Pool) bool { return p.Name == u.DataPool })
	if i < 0 || c.Pools[i].ErasureProfile == "" && c.Pools[i].Size == 0 {
		v.fault(path, "%q needs an entry among the pools of cluster %s, with erasure_profile or with size: "+
			"whether a pool is erasure-coded cannot change later", u.DataPool, c.Name)
	}
}

// sameDataPool checks that a user has one data pool: ceph.conf names the data pool of
// a user for all of the user's pools.
func (v *validation) sameDataPool(uses []Use, u Use) {
	for _, other := range uses {
		if other.Path == u.Path {
			return // a later use is compared with this use when its own turn comes
		}
		if other.User == u.User && other.DataPool != u.DataPool {
			v.fault(u.Path+".data_pool", "%q is not %q of %s, which has the same user %s: "+
				"all that a user makes goes into one data pool; give this service a user of its own",
				u.DataPool, other.DataPool, other.Path, u.User.Name())
			return
		}
	}
}
