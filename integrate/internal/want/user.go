package want

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// layout is the view of one cluster that rights are computed from.
func (s *Site) layout(cluster string) ceph.Layout {
	l := ceph.Layout{MgrCaps: true, Classic: s.Cluster(cluster).Caps == "classic"}
	l.ImagePools, l.ImageDataPools = s.pick(func(u spec.Use) bool { return u.In(cluster, spec.ForImages) })
	l.VolumePools, l.DataPools = s.pick(func(u spec.Use) bool { return u.In(cluster, spec.ForVolumes) })
	if s.Backup != nil && s.Backup.Cluster == cluster {
		l.BackupPool, l.BackupDataPool = s.Backup.Pool, s.Backup.DataPool
	}
	if s.Nova != nil && s.Nova.Cluster == cluster {
		l.VMPool = s.Nova.Pool
		l.ImagesWritable = s.Nova.DirectSnapshots
	}
	return l
}

func (s *Site) users() []User {
	need := map[spec.User]ceph.Caps{}
	add := func(id spec.User, caps ceph.Caps) { need[id] = union(need[id], caps) }
	for _, u := range s.Uses {
		l := s.layout(u.User.Cluster)
		switch u.What {
		case spec.ForImages:
			l.ImagePools, l.ImageDataPools = s.PoolsOf(u.User, spec.ForImages)
			add(u.User, l.GlanceCaps())
		case spec.ForVolumes:
			l.VolumePools, _ = s.PoolsOf(u.User, spec.ForVolumes)
			_, l.DataPools = s.PoolsOf(u.User, spec.ForVolumes, spec.ForDisks)
			if !s.SharedWithNova(u.User) {
				l.VMPool, l.ImagesWritable = "", false
			}
			add(u.User, l.CinderCaps())
		case spec.ForBackups:
			add(u.User, l.BackupCaps())
		case spec.ForDisks:
			if pools, _ := s.PoolsOf(u.User, spec.ForVolumes); len(pools) == 0 {
				_, l.DataPools = s.PoolsOf(u.User, spec.ForDisks)
				add(u.User, l.NovaCaps())
			}
		}
	}
	var all []User
	for id, caps := range need {
		all = append(all, User{id, caps.Normal()})
	}
	slices.SortFunc(all, func(a, b User) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Entity, b.Entity))
	})
	return all
}

// union has the rights of both. A clause for reading a pool goes where another clause lets the
// user write the pool.
func union(a, b ceph.Caps) ceph.Caps {
	out := ceph.Caps{}
	for _, daemon := range []string{"mon", "mgr", "osd"} {
		all := slices.Concat(clauses(a[daemon]), clauses(b[daemon]))
		all = slices.DeleteFunc(all, func(c string) bool {
			for reads, writes := range map[string]string{"profile rbd-read-only ": "profile rbd ", "allow rx ": "allow rwx "} {
				if pool, ok := strings.CutPrefix(c, reads); ok && slices.Contains(all, writes+pool) {
					return true
				}
			}
			return false
		})
		if len(all) > 0 {
			out[daemon] = strings.Join(all, ", ")
		}
	}
	return out.Normal()
}

// clauses takes apart what package ceph made of a layout. The names of pools have no commas.
func clauses(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}

// Purposes are what a user is for: images, volumes, backups, VM disks.
func (s *Site) Purposes(id spec.User) []string {
	var all []string
	for _, u := range s.Uses {
		if u.User == id && !slices.Contains(all, u.What) {
			all = append(all, u.What)
		}
	}
	return all
}

// UsersIn lists the users of a cluster.
func (s *Site) UsersIn(cluster string) []User {
	return slices.DeleteFunc(slices.Clone(s.Users), func(u User) bool { return u.Cluster != cluster })
}

// SharedWithNova reports whether a user is Nova's.
func (s *Site) SharedWithNova(id spec.User) bool { return s.Nova != nil && s.Nova.Use().User == id }

func (s *Site) secrets() []spec.User {
	var ids []spec.User
	if s.Nova != nil {
		ids = append(ids, s.Nova.Use().User)
	}
	for _, b := range s.Cinder {
		if id := b.Use().User; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// SecretUUID is the one UUID of a user's libvirt secret, the same on every compute:
// that of the Spec, or one that is derived from the cluster's fsid and the user.
func (s *Site) SecretUUID(id spec.User, fsid string) string {
	return cmp.Or(s.NamedSecret(id), libvirtsecret.DeriveUUID(fsid, id.Entity))
}

// NamedSecret is the UUID that the Spec gives a user's secret; empty where it gives none.
func (s *Site) NamedSecret(id spec.User) string {
	if s.Nova != nil && s.SharedWithNova(id) && s.Nova.SecretUUID != "" {
		return s.Nova.SecretUUID
	}
	for _, b := range s.Cinder {
		if b.Use().User == id && b.SecretUUID != "" {
			return b.SecretUUID
		}
	}
	l, _ := s.Replaced(id)
	return l.SecretUUID
}

// A Right is something that a Ceph user may do in a pool, or must not.
type Right struct {
	Pool    string
	Data    bool // the pool holds no headers of images
	Write   bool
	Allowed bool
}

// String is the right as a sentence.
func (r Right) String() string {
	verb, may := "read", "may "
	if r.Write {
		verb = "write"
	}
	if !r.Allowed {
		may = "must not "
	}
	return may + verb + " " + r.Pool
}

// Rights lists what a user must and must not be able to do, for every pool of
// the Spec on its cluster.
func (s *Site) Rights(id spec.User) []Right {
	write, read := s.PoolRights(id)
	var out []Right
	for _, p := range s.Pools[id.Cluster] {
		r := Right{Pool: p.Name, Data: s.HoldsData(id.Cluster, p.Name)}
		reads, writes := r, r
		writes.Write = true
		if writes.Allowed = slices.Contains(write, p.Name); !writes.Allowed {
			reads.Allowed = slices.Contains(read, p.Name)
			out = append(out, reads)
		}
		out = append(out, writes)
	}
	return out
}

// PoolRights lists the pools that a user may write, and those that it may only read.
func (s *Site) PoolRights(id spec.User) (write, read []string) {
	l := s.layout(id.Cluster)
	add := func(list *[]string, pools ...string) {
		for _, p := range pools {
			if !slices.Contains(*list, p) {
				*list = append(*list, p)
			}
		}
	}
	for _, whats := range [][]string{{spec.ForImages}, {spec.ForBackups}, {spec.ForVolumes, spec.ForDisks}} {
		pools, data := s.PoolsOf(id, whats...)
		if len(pools) == 0 {
			continue
		}
		add(&write, pools...)
		add(&write, data...)
		images := slices.Concat(l.ImagePools, l.ImageDataPools)
		switch {
		case whats[0] == spec.ForBackups && !l.Classic:
			add(&read, slices.Concat(l.VolumePools, l.DataPools)...)
		case whats[0] == spec.ForVolumes && s.SharedWithNova(id) && l.ImagesWritable:
			add(&write, images...)
		case whats[0] == spec.ForVolumes:
			add(&read, images...)
		}
	}
	if read = slices.DeleteFunc(read, func(p string) bool { return slices.Contains(write, p) }); len(read) == 0 {
		return write, nil
	}
	return write, read
}
