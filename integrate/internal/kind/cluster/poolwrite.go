package cluster

import (
	"context"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// A poolWrite makes a pool, or corrects it.
type poolWrite struct {
	create bool
	want   ceph.Pool
	diffs  []step.FieldDiff // as the plan has them
	init   bool             // the pool holds headers of images, and rbd prepares it
	inited bool             // rbd prepared it before
}

// do makes or corrects the pool. The application of a pool for images comes with
// rbd pool init, last, so that a pool without it is known to be unfinished.
func (w poolWrite) do(ctx context.Context, door step.ClusterDoor) (ceph.User, error) {
	if err := w.compare(ctx, door.Cluster); err != nil {
		return ceph.User{}, err
	}
	want := w.want
	if w.init {
		want.Application = ""
	}
	write := door.Cluster.UpdatePool
	if w.create {
		write = door.Cluster.CreatePool
	}
	if err := write(ctx, want); err != nil {
		return ceph.User{}, err
	}
	if !w.init || w.inited {
		return ceph.User{}, nil
	}
	return ceph.User{}, door.Images.InitPool(ctx, w.want.Name)
}

// compare is ErrConflict when the pool is neither as the plan saw it nor, in the
// fields that differ, as it shall be. Ceph has no compare-and-swap for pools:
// another writer between this and the writing is not seen.
func (w poolWrite) compare(ctx context.Context, cluster *ceph.Cluster) error {
	pools, err := cluster.Pools(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(pools, func(p ceph.Pool) bool { return p.Name == w.want.Name })
	switch {
	case i < 0 && w.create:
		return nil
	case i < 0:
		return fmt.Errorf("%w: the pool is gone; plan again", step.ErrConflict)
	}
	if have := pools[i].ErasureProfile; have != w.want.ErasureProfile {
		return fmt.Errorf("%w: the pool was made anew, with erasure profile %q and not %q; plan again",
			step.ErrConflict, have, w.want.ErasureProfile)
	}
	for _, s := range w.want.Diff(pools[i]) {
		planned := slices.ContainsFunc(w.diffs, func(d step.FieldDiff) bool {
			return d.Field == s.Field && d.Observed == s.Observed
		})
		if w.create || !planned {
			return fmt.Errorf("%w: the pool has %s %q now; plan again", step.ErrConflict, s.Field, s.Observed)
		}
	}
	return nil
}
