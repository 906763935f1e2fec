package integrate

import (
	"context"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/ceph"
)

// A poolChange is a pool being made or corrected.
type poolChange struct {
	change  Change
	cluster *ceph.Cluster
	images  ceph.Images // nil for a pool that holds no headers of images
	seen    ceph.Pool   // as the plan saw it; without a name when it was not there
	want    ceph.Pool
}

// asKnown is a pool as a release of Ceph knows it: Luminous is the first with
// applications.
func asKnown(p ceph.Pool, release string) ceph.Pool {
	if release != "" && release < "luminous" {
		p.Application = ""
	}
	return p
}

// beyond says what of a wanted pool a release of Ceph cannot do.
func beyond(release, cluster string, have, want ceph.Pool) string {
	switch {
	case release == "":
		return ""
	case release < "luminous" && want.ErasureProfile != "":
		return "cannot be erasure-coded: RBD's data can be in such pools from Luminous on, and this is " + release
	case release < "luminous" && want.CRUSHRule != "" && want.CRUSHRule != have.CRUSHRule:
		return "has another CRUSH rule, or none yet, and " + release + " is told it by a number: make the pool or set its crush_ruleset by hand"
	case release < "nautilus" && have.Name == "" && want.PGNum == 0:
		return "cannot be made without pg_num, for which " + release + " has no default; give the pool one among the pools of cluster " + cluster
	}
	return ""
}

// apply makes or corrects the pool. The application of a pool for images comes
// with rbd pool init, last, so that a pool without it is known to be unfinished.
func (p poolChange) apply(ctx context.Context) error {
	if err := p.compare(ctx); err != nil {
		return err
	}
	want := p.want
	if p.images != nil {
		want.Application = ""
	}
	write := p.cluster.UpdatePool
	if p.change.Action == Create {
		write = p.cluster.CreatePool
	}
	if err := write(ctx, want); err != nil {
		return err
	}
	if p.images == nil || p.seen.Application == p.want.Application {
		return nil
	}
	return p.images.InitPool(ctx, p.want.Name)
}

// compare is ErrConflict when the pool is neither as the plan saw it nor, in the
// fields that differ, as it shall be. Ceph has no compare-and-swap for pools:
// another writer between this and the writing is not seen.
func (p poolChange) compare(ctx context.Context) error {
	pools, err := p.cluster.Pools(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(pools, func(q ceph.Pool) bool { return q.Name == p.want.Name })
	if i < 0 {
		if p.change.Action == Create {
			return nil
		}
		return fmt.Errorf("%w: the pool is gone; plan again", ErrConflict)
	}
	if have := pools[i].ErasureProfile; have != p.want.ErasureProfile {
		return fmt.Errorf("%w: the pool was made anew, with erasure profile %q and not %q; plan again", ErrConflict, have, p.want.ErasureProfile)
	}
	for _, s := range p.want.Diff(pools[i]) {
		planned := slices.ContainsFunc(p.change.Diffs, func(d FieldDiff) bool { return d.Field == s.Field && d.Observed == s.Observed })
		if p.change.Action == Create || !planned {
			return fmt.Errorf("%w: the pool has %s %q now; plan again", ErrConflict, s.Field, s.Observed)
		}
	}
	return nil
}
