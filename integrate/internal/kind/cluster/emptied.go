package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// EmptiedID is the gate of a pool that retires: nothing is in it any more.
func EmptiedID(cluster, pool string) step.ID {
	return step.ID{Target: step.AtCluster(cluster), Kind: "emptied", Name: pool}
}

// EmptiedFor are the gates of the pools that users could write and that retire, and of their clusters.
func EmptiedFor(s *want.Site, users []spec.User) []step.ID {
	var ids []step.ID
	add := func(id step.ID) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, u := range users {
		add(ID(u.Cluster))
		for _, pool := range s.GoingWrites(u) {
			add(EmptiedID(u.Cluster, pool))
		}
	}
	return ids
}

// An emptied pool is one that nothing of the Spec needs after something retired. What services have for it is
// taken back only if nothing is in it.
type emptied struct {
	*Subject
	pool string
}

func newEmptied(s *Subject) []step.Resource {
	var all []step.Resource
	for _, name := range s.Site.GoingPools(s.Spec.Name) {
		all = append(all, emptied{s, name})
	}
	return all
}

// ID implements step.Resource.
func (e emptied) ID() step.ID { return EmptiedID(e.Spec.Name, e.pool) }

// Needs implements step.Resource.
func (e emptied) Needs() []step.ID { return []step.ID{ID(e.Spec.Name)} }

// Asks implements step.Resource.
func (e emptied) Asks() step.Asks {
	return step.Asks{Cluster: ceph.Query{Images: []string{e.pool}, Trash: []string{e.pool}}}
}

// Compare implements step.Resource. The pool stays in any case, and so does what is in it.
func (e emptied) Compare(v step.View) step.Delta {
	object := "pool " + e.pool
	seen := e.seen(v)
	if _, there := seen.Pools[e.pool]; !there {
		return step.Delta{}
	}
	if err := Holds(e.pool, slices.Sorted(maps.Keys(seen.Images[e.pool])), seen.Trash[e.pool]); err != nil {
		return step.Refuse("pool-still-holds-data", object, err)
	}
	ids, backend, err := e.volumes(v)
	switch {
	case err != nil:
		d := step.Refuse("pool-need-unknown", object, err)
		d.Unable = err
		return d
	case len(ids) > 0:
		return step.Refuse("pool-still-holds-data", object, fmt.Errorf("backend %s still has volumes (%s), so what needs "+
			"the pool is not taken back: retype or delete them", backend, words.JoinShort(ids)))
	}
	if err := e.coming(v); err != nil {
		return step.Refuse("pool-still-holds-data", object, err)
	}
	var d step.Delta
	d.Note("pool-stays", object, "holds no images, and stays: cephstack deletes no pool. Look at `rados -p %s ls --all`; "+
		"some days later, remove it by `ceph osd pool rm %[1]s %[1]s --yes-i-really-really-mean-it`", e.pool)
	return d
}

// ofDisks reports whether the pool is that of Nova's disks.
func (e emptied) ofDisks() bool {
	nova := e.Site.Going.Nova
	return nova != nil && nova.Cluster == e.Spec.Name && nova.Pool == e.pool
}

// coming says which VM is being made, or made anew, so that its disk may be in the pool in a moment. A VM that has no
// compute yet may get any.
func (e emptied) coming(v step.View) error {
	if !e.ofDisks() || v.Cloud == nil || v.Cloud.Err != nil {
		return nil
	}
	hosts := []string{""}
	for _, h := range e.Site.Going.Hosts {
		hosts = append(hosts, h.Name)
	}
	for _, h := range hosts {
		for _, s := range v.Cloud.Servers[h] {
			made := s.Status == "BUILD" || want.Moving(s) && s.Status != want.Unconfirmed ||
				strings.HasPrefix(s.Task, "unshelving")
			if s.HasLocalDisk && made {
				return fmt.Errorf("may get the disk of VM %s (%s) in a moment (%s), so what needs the pool is not taken back: "+
					"wait until the VM is there, move its disk elsewhere or delete it, and plan again", s.Name, s.ID,
					strings.TrimSpace(s.Status+" "+s.Task))
			}
		}
	}
	return nil
}

// Recheck implements step.Rechecker: the disk of a VM that is new may be in the pool in a moment.
func (e emptied) Recheck(before, now step.View) error {
	if !e.ofDisks() || before.Cloud == nil || now.Cloud == nil || before.Cloud.Err != nil {
		return nil
	}
	for _, h := range e.Site.Going.Hosts {
		known := before.Cloud.Servers[h.Name]
		for _, s := range now.Cloud.Servers[h.Name] {
			if s.HasLocalDisk && !slices.ContainsFunc(known, func(o api.Server) bool { return o.ID == s.ID }) {
				return fmt.Errorf("%w: VM %s (%s) is new on compute %s, and its disk may be in pool %s; plan again",
					step.ErrConflict, s.Name, s.ID, h.Name, e.pool)
			}
		}
	}
	return nil
}

// Holds says which images a pool holds that retires, and which its trash holds. Cinder and Glance may have put them
// into the trash, and purge the trash as the user that would go. It is nil where there are none.
func Holds(pool string, images, trash []string) error {
	switch {
	case len(images) > 0:
		return fmt.Errorf("holds %d images (%s), so what needs the pool is not taken back: move them to where they shall "+
			"be, or delete them, by OpenStack; `rbd ls %s` lists them", len(images), words.JoinShort(images), pool)
	case len(trash) > 0:
		return fmt.Errorf("holds %d images in its trash (%s), so what needs the pool is not taken back: they may be wanted "+
			"back, or OpenStack still has to purge them; `rbd trash ls --all %s` lists them. Restore them by `rbd trash "+
			"restore`, wait until they are purged, or remove them by `rbd trash purge %[3]s`", len(trash),
			words.JoinShort(trash), pool)
	}
	return nil
}

// volumes says which volumes Cinder knows in the pool, of which backend. Without APIs, the images in the pool are all
// there is to go by.
func (e emptied) volumes(v step.View) (ids []string, backend string, err error) {
	if v.Cloud == nil || errors.Is(v.Cloud.Err, step.ErrNoCloud) {
		return nil, "", nil
	} else if err = v.Cloud.Err; err != nil {
		return nil, "", fmt.Errorf("whether OpenStack still needs it cannot be told, so what needs the pool is not taken "+
			"back: %w", err)
	}
	for _, b := range e.Site.GoingBackends() {
		if b.Cluster != e.Spec.Name || b.Pool != e.pool {
			continue
		}
		if err := v.Cloud.VolumesErr; err != nil {
			return nil, "", fmt.Errorf("whether backend %s has volumes cannot be told, so what needs the pool is not taken "+
				"back: %w", b.Name, err)
		}
		for _, volume := range v.Cloud.Volumes {
			if want.ServedBy(b, volume.Host) {
				ids = append(ids, volume.ID)
			}
		}
		if len(ids) > 0 {
			return ids, b.Name, nil
		}
	}
	return nil, "", nil
}

// A goingUser is asked for, so that hosts can tell whose key they have. It is removed behind all hosts.
type goingUser struct {
	*Subject
	entity string
}

func newGoingUsers(s *Subject) []step.Resource {
	var all []step.Resource
	for _, u := range s.Site.GoingUsers() {
		if u.Cluster == s.Spec.Name {
			all = append(all, goingUser{s, u.Entity})
		}
	}
	return all
}

// ID implements step.Resource.
func (u goingUser) ID() step.ID {
	return step.ID{Target: step.AtCluster(u.Spec.Name), Kind: "going-user", Name: u.entity}
}

// Needs implements step.Resource.
func (u goingUser) Needs() []step.ID { return []step.ID{ID(u.Spec.Name)} }

// Asks implements step.Resource.
func (u goingUser) Asks() step.Asks {
	return step.Asks{Cluster: ceph.Query{Users: []string{u.entity}}}
}

// Compare implements step.Resource.
func (u goingUser) Compare(step.View) step.Delta { return step.Delta{} }
