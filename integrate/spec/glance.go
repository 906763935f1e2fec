package spec

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// A Glance keeps images in Ceph.
type Glance struct {
	// Cluster is the cluster of the pool.
	// Default: the first of clusters.
	// Limits: the name of a cluster in clusters.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// Pool is the pool of images.
	// Default: images.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not
	// cephstack, the pool of the operator lock; a pool of its own for each store.
	Pool string `json:"pool,omitempty" yaml:"pool,omitempty"`
	// User is the Ceph user that Glance works as, without client. in front.
	// Default: glance.
	// Limits: a name: letters, digits, '_', '-' and '.', a letter or digit first; at most 200
	// together with the name of the cluster; not admin.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// Store is the name of Glance's default store, which has the pool.
	// Default: rbd.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first.
	Store string `json:"store,omitempty" yaml:"store,omitempty"`
	// DataPool is where the objects of the images go, most often an erasure-coded
	// pool. The pool beside it then has the headers.
	// Default: left out; the objects are in the pool, too.
	// Limits: a pool that clusters has, with erasure_profile or size; not a pool of headers; one data
	// pool for each Ceph user; not with caps: classic.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// Stores are rbd stores beside the default store. A new image goes to the default store
	// unless the request names another store.
	// Default: no further stores.
	// Limits: from rocky on; each name once, whatever its case.
	Stores []Store `json:"stores,omitempty" yaml:"stores,omitempty"`
	// Retire takes Glance, with all of its stores in Ceph, out of the cloud: the next plan takes back what
	// cephstack has made for it,
	// and refuses while its pool has images. Pools and data stay.
	// Default: false.
	// Limits: true or false.
	Retire bool `json:"retire,omitempty" yaml:"retire,omitempty"`
}

// A Store is an rbd store of Glance beside its default one.
type Store struct {
	// Name is the store, as requests for images name it.
	// Default: none; the name must be given.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; each
	// name once, whatever its case.
	Name string `json:"name" yaml:"name"`
	// Cluster is the cluster of the pool.
	// Default: the first of clusters.
	// Limits: the name of a cluster in clusters.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// Pool is the pool of the images of this store.
	// Default: images.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not
	// cephstack, the pool of the operator lock; a pool of its own for each store.
	Pool string `json:"pool,omitempty" yaml:"pool,omitempty"`
	// User is the Ceph user that Glance works as, without client. in front.
	// Default: glance.
	// Limits: a name: letters, digits, '_', '-' and '.', a letter or digit first; at most 200
	// together with the name of the cluster; not admin.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// DataPool is where the objects of the images go, most often an erasure-coded
	// pool. The pool beside it then has the headers.
	// Default: left out; the objects are in the pool, too.
	// Limits: a pool that clusters has, with erasure_profile or size; not a pool of headers; one data
	// pool for each Ceph user; not with caps: classic.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// Retire takes the store out of the cloud: the next plan takes back what cephstack has made for it,
	// and refuses while its pool has images. Pools and data stay.
	// Default: false.
	// Limits: true or false; the default store retires with glance.
	Retire bool `json:"retire,omitempty" yaml:"retire,omitempty"`
}

// storePath is the field of the i-th of Glance's stores; the default store is 0.
func storePath(i int) string {
	if i == 0 {
		return "glance"
	}
	return fmt.Sprintf("glance.stores[%d]", i-1)
}

// stores checks the rbd stores beside Glance's default one.
func (v *validation) stores(g *Glance) {
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
	all := v.spec.WithDefaults().Glance.All()
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

// All are the rbd stores of Glance; the default store comes first. The defaults
// have been filled in (WithDefaults).
func (g Glance) All() []Store {
	first := Store{Name: g.Store, Cluster: g.Cluster, Pool: g.Pool, User: g.User, DataPool: g.DataPool}
	return append([]Store{first}, g.Stores...)
}

// GlanceStore is what package openstack needs to know of Glance's stores. It fills
// in the defaults. The Spec must have a Glance.
func (s Spec) GlanceStore() openstack.GlanceStore {
	s = s.WithDefaults()
	var all []openstack.GlanceStore
	writable := false
	for _, st := range s.Glance.All() {
		all = append(all, openstack.GlanceStore{Store: st.Name, Pool: st.Pool, User: st.User, Conf: ConfPath(st.Cluster)})
		// With the right to write images, Nova registers snapshots without a copy, or fails.
		writable = writable || s.Nova != nil && s.Nova.Cluster == st.Cluster &&
			(s.Nova.DirectSnapshots || s.Nova.User == st.User)
	}
	store := all[0]
	store.MultipleLocations, store.Further = writable, all[1:]
	return store
}
