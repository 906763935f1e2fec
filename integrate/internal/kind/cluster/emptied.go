package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
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
	return step.Asks{Cluster: ceph.Query{Images: []string{e.pool}}}
}

// Compare implements step.Resource. The pool stays in any case, and so does what is in it.
func (e emptied) Compare(v step.View) step.Delta {
	object := "pool " + e.pool
	seen := e.seen(v)
	if _, there := seen.Pools[e.pool]; !there {
		return step.Delta{}
	}
	if names := seen.Images[e.pool]; len(names) > 0 {
		return step.Refuse("pool-still-holds-data", object, fmt.Errorf("holds %d images (%s), so what needs the pool is not "+
			"taken back: move them to where they shall be, or delete them, by OpenStack; `rbd ls %s` lists them", len(names),
			words.JoinShort(slices.Sorted(maps.Keys(names))), e.pool))
	}
	if err := e.volumes(v); err != nil {
		return step.Refuse("pool-still-holds-data", object, err)
	}
	var d step.Delta
	d.Note("pool-stays", object, "holds no images, and stays: cephstack deletes no pool. Look at `rbd trash ls "+
		"--all %s` and `rados -p %[1]s ls --all`; some days later, remove it by `ceph osd pool rm %[1]s %[1]s "+
		"--yes-i-really-really-mean-it`", e.pool)
	return d
}

// volumes says which volumes Cinder knows in the pool. Without APIs, the images in the pool are all there is to go by.
func (e emptied) volumes(v step.View) error {
	var err error
	if v.Cloud == nil || errors.Is(v.Cloud.Err, step.ErrNoCloud) {
		return nil
	} else if err = v.Cloud.Err; err != nil {
		return fmt.Errorf("whether OpenStack still needs it cannot be told, so what needs the pool is not taken back: %w",
			err)
	}
	for _, b := range e.Site.GoingBackends() {
		if b.Cluster != e.Spec.Name || b.Pool != e.pool {
			continue
		}
		if err := v.Cloud.VolumesErr; err != nil {
			return fmt.Errorf("whether backend %s has volumes cannot be told, so what needs the pool is not taken back: %w",
				b.Name, err)
		}
		var ids []string
		for _, volume := range v.Cloud.Volumes {
			if want.ServedBy(b, volume.Host) {
				ids = append(ids, volume.ID)
			}
		}
		if len(ids) > 0 {
			return fmt.Errorf("backend %s still has volumes (%s), so what needs the pool is not taken back: retype or "+
				"delete them", b.Name, words.JoinShort(ids))
		}
	}
	return nil
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
