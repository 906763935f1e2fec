package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/kind/host"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// newRetiredUsers are the Ceph users that nothing of the Spec needs any more. They are removed last, when no host has
// their keys.
func newRetiredUsers(s *want.Site) []step.Resource {
	var all []step.Resource
	for _, u := range s.GoingUsers() {
		all = append(all, retiredUser{s, u})
	}
	return all
}

// A retiredUser is a Ceph user that goes.
type retiredUser struct {
	site *want.Site
	user want.User
}

// ID implements step.Resource.
func (r retiredUser) ID() step.ID {
	return step.ID{Target: step.AtCloud(), Kind: "retired-user", Name: r.user.Cluster + "." + r.user.Entity}
}

// Needs implements step.Resource: no host has the key any more, and no service runs with it.
func (r retiredUser) Needs() []step.ID {
	needs := cluster.EmptiedFor(r.site, []spec.User{r.user.User})
	going := r.site.Going
	for _, h := range r.site.InOrder() {
		was := host.NewNode(going, going.Host(h.Name))
		needs = append(needs, host.KeyPlaces(was, r.user.User)...)
	}
	return needs
}

// Asks implements step.Resource.
func (r retiredUser) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource. A user with other rights than those that cephstack gives is somebody's.
func (r retiredUser) Compare(v step.View) step.Delta {
	have, there := v.Clusters[r.user.Cluster].Users[r.user.Entity]
	if !there {
		return step.Delta{}
	}
	object := "user " + r.user.Entity + " of cluster " + r.user.Cluster
	if !have.Caps.Equal(r.user.Caps) {
		d := step.Delta{}
		d.Note("user-stays", object, "has other rights than cephstack gives it (%s), so somebody else may need it, and it "+
			"stays; if nobody does, run `ceph auth rm %s`", words.Short(have.Caps.String()), r.user.Entity)
		return d
	}
	if release := v.Clusters[r.user.Cluster].Status.Release; release != "" && release < "octopus" {
		d := step.Delta{}
		d.Note("user-stays", object, "stays, as %s cannot tell who is logged in; if nobody needs it any more, run "+
			"`ceph auth rm %s`", release, r.user.Entity)
		return d
	}
	d := step.Delta{Action: step.Remove, Name: r.user.Entity, Reason: "nothing needs the user any more"}
	if len(r.site.Going.Clusters) > 1 {
		d.Name += " in cluster " + r.user.Cluster
	}
	d.Diffs = append(d.Diffs, step.FieldDiff{Field: "key", Observed: words.Digest(have.Key.Reveal())})
	d.Note("key-dies-with-user", object, "with the user, its key is gone for good: run `ceph auth get %s -o "+
		"FILE` before if a copy of the pools may be needed once more, or if hosts that are not in the Spec have the "+
		"key", r.user.Entity)
	d.Recheck = slices.DeleteFunc(cluster.EmptiedFor(r.site, []spec.User{r.user.User}), func(id step.ID) bool {
		return id == cluster.ID(r.user.Cluster)
	})
	d.Do = step.UserStep{Cluster: r.user.Cluster, Do: r.remove(have)}
	return d
}

// remove removes the user, if it still is as it was seen.
func (r retiredUser) remove(was ceph.User) func(context.Context, *ceph.Cluster) (bool, error) {
	return func(ctx context.Context, c *ceph.Cluster) (bool, error) {
		now, err := c.User(ctx, was.Entity)
		switch {
		case errors.Is(err, ceph.ErrNotFound):
			return false, nil
		case err != nil:
			return false, err
		case !now.Key.Equal(was.Key) || !now.Caps.Equal(was.Caps):
			return false, fmt.Errorf("%w: user %s has another key or other rights now; plan again", step.ErrConflict, was.Entity)
		}
		if err := errors.Join(r.stillEmpty(ctx, c), r.unused(ctx, c)); err != nil {
			return false, err
		}
		err = c.RemoveUser(ctx, was.Entity)
		return err == nil, err
	}
}

// stillEmpty says which pool of the user has images by now. The pools were empty when the plan was made.
func (r retiredUser) stillEmpty(ctx context.Context, c *ceph.Cluster) error {
	pools := r.site.GoingWrites(r.user.User)
	if len(pools) == 0 {
		return nil
	}
	seen, err := c.Look(ctx, ceph.Query{Images: pools, Trash: pools})
	if err != nil {
		return fmt.Errorf("user %s stays, as what is in its pools cannot be told: %w", r.user.Entity, err)
	}
	for _, pool := range pools {
		var trash []string
		for _, t := range seen.Trash[pool] {
			trash = append(trash, t.Name)
		}
		if err := cluster.Holds(pool, seen.Images[pool], trash); err != nil {
			return fmt.Errorf("%w: user %s stays, as since the plan was made pool %s %w", step.ErrConflict, r.user.Entity, pool,
				err)
		}
	}
	return nil
}

// settling is how often, and how long apart, a monitor is asked about a session that may be ending.
const (
	settling = 5
	between  = 2 * time.Second
)

// unused says who is still logged in as the user.
func (r retiredUser) unused(ctx context.Context, c *ceph.Cluster) error {
	for tries := 1; ; tries++ {
		all, err := cephx.New(c).Sessions(ctx)
		if err != nil {
			return fmt.Errorf("user %s stays, as who is logged in as it cannot be told: %w", r.user.Entity, err)
		}
		var from []string
		for _, s := range all {
			if s.Entity == r.user.Entity {
				from = append(from, cmp.Or(s.Host, s.Address))
			}
		}
		slices.Sort(from)
		if from = slices.Compact(from); len(from) == 0 {
			return nil
		}
		if tries == settling {
			return fmt.Errorf("%w: somebody is logged in as %s, from %s: find out which program that is, end it, and run again",
				errInUse, r.user.Entity, words.JoinShort(from))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(between):
		}
	}
}

// errInUse says that a user is not removed, as somebody uses it.
var errInUse = errors.New("the user stays")

// newRetiredTypes are the volume types of backends that retire. They stay, and a note says so.
func newRetiredTypes(s *want.Site) []step.Resource {
	var all []step.Resource
	for _, b := range s.GoingBackends() {
		if b.VolumeType != "" {
			all = append(all, retiredType{b})
		}
	}
	return all
}

// A retiredType is the volume type of a backend that retires.
type retiredType struct{ backend spec.Backend }

// ID implements step.Resource.
func (r retiredType) ID() step.ID {
	return step.ID{Target: step.AtCloud(), Kind: "retired-type", Name: r.backend.VolumeType}
}

// Needs implements step.Resource.
func (r retiredType) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r retiredType) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource.
func (r retiredType) Compare(v step.View) step.Delta {
	var d step.Delta
	if v.Cloud.Err != nil {
		return d
	}
	if _, there := v.Cloud.Types[r.backend.VolumeType]; there {
		d.Note("volume-type-stays", "volume type "+r.backend.VolumeType, "is of backend %s, which retires; nobody can make "+
			"volumes of it then: see that it is not the default type, and run `openstack volume type delete %s` and "+
			"`cinder-manage service remove cinder-volume HOST@%[1]s`", r.backend.Name, r.backend.VolumeType)
	}
	return d
}
