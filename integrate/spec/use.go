package spec

import (
	"cmp"
	"slices"
	"strings"
)

// A User is a Ceph user of one of the Spec's clusters.
type User struct {
	Cluster string // as the Spec calls it
	Entity  string // with its type, such as client.cinder
}

// Name is the user without its type, such as cinder.
func (u User) Name() string { return strings.TrimPrefix(u.Entity, "client.") }

// A Use is a pool in which a service keeps something, and the user by which it
// does.
type Use struct {
	Path     string // the field of the Spec that asks for it, such as cinder.backends[0]
	What     string // ForImages, ForVolumes, ForBackups or ForDisks
	User     User
	Pool     string
	DataPool string // the data pool behind Pool; empty when there is none
}

// What pools hold, as a plan says it.
const (
	ForImages  = "images"
	ForVolumes = "volumes"
	ForBackups = "backups"
	ForDisks   = "VM disks"
)

// Use is the use of the store's pool, without Path. The defaults of the store have
// been filled in (WithDefaults).
func (s Store) Use() Use {
	return Use{What: ForImages, User: User{s.Cluster, "client." + s.User}, Pool: s.Pool, DataPool: s.DataPool}
}

// Use is the use of the backend's pool, without Path. The defaults of the backend
// have been filled in.
func (b Backend) Use() Use {
	return Use{What: ForVolumes, User: User{b.Cluster, "client." + b.User}, Pool: b.Pool, DataPool: b.DataPool}
}

// Use is the use of the pool of backups. The defaults have been filled in.
func (b Backup) Use() Use {
	u := User{b.Cluster, "client." + b.User}
	return Use{Path: "backup", What: ForBackups, User: u, Pool: b.Pool, DataPool: b.DataPool}
}

// Use is the use of the pool of VM disks. The defaults have been filled in.
func (n Nova) Use() Use {
	u := User{n.Cluster, "client." + n.User}
	return Use{Path: "nova", What: ForDisks, User: u, Pool: n.Pool, DataPool: n.DataPool}
}

// In reports whether the use is in a cluster, and What is one of whats.
func (u Use) In(cluster string, whats ...string) bool {
	return u.User.Cluster == cluster && slices.Contains(whats, u.What)
}

// Uses lists the uses of pools that the Spec asks for, with defaults filled in:
// Glance's stores, Cinder's backends, backups, Nova.
func (s Spec) Uses() []Use {
	s = s.WithDefaults()
	var uses []Use
	add := func(path string, u Use) {
		u.Path = path
		uses = append(uses, u)
	}
	if s.Glance != nil {
		for i, st := range s.Glance.All() {
			add(storePath(i), st.Use())
		}
	}
	if s.Cinder != nil {
		for i, b := range s.Cinder.Backends {
			add(backendPath(i), b.Use())
		}
	}
	if s.Backup != nil {
		uses = append(uses, s.Backup.Use())
	}
	if s.Nova != nil {
		uses = append(uses, s.Nova.Use())
	}
	return uses
}

// WithDefaults is the Spec with the documented defaults of clusters, pools, users
// and stores filled in. The Spec that it is called on stays as it is.
func (s Spec) WithDefaults() Spec {
	first := ""
	if len(s.Clusters) > 0 {
		first = s.Clusters[0].Name
	}
	if s.Glance != nil {
		g := *s.Glance
		g.Cluster, g.Pool, g.User = cmp.Or(g.Cluster, first), cmp.Or(g.Pool, "images"), cmp.Or(g.User, "glance")
		g.Store, g.Stores = cmp.Or(g.Store, "rbd"), slices.Clone(g.Stores)
		for i, st := range g.Stores {
			st.Cluster, st.Pool, st.User = cmp.Or(st.Cluster, first), cmp.Or(st.Pool, "images"), cmp.Or(st.User, "glance")
			g.Stores[i] = st
		}
		s.Glance = &g
	}
	if s.Cinder != nil {
		c := *s.Cinder
		c.Backends = slices.Clone(c.Backends)
		for i, b := range c.Backends {
			b.Cluster, b.Pool, b.User = cmp.Or(b.Cluster, first), cmp.Or(b.Pool, "volumes"), cmp.Or(b.User, "cinder")
			c.Backends[i] = b
		}
		s.Cinder = &c
	}
	if s.Backup != nil {
		b := *s.Backup
		b.Cluster, b.Pool, b.User = cmp.Or(b.Cluster, first), cmp.Or(b.Pool, "backups"), cmp.Or(b.User, "cinder-backup")
		s.Backup = &b
	}
	if s.Nova != nil {
		n := *s.Nova
		n.Cluster, n.Pool, n.User = cmp.Or(n.Cluster, first), cmp.Or(n.Pool, "vms"), cmp.Or(n.User, "cinder")
		s.Nova = &n
	}
	s.Rotate = slices.Clone(s.Rotate)
	for i, r := range s.Rotate {
		s.Rotate[i] = r.withDefaults(first)
	}
	return s
}
