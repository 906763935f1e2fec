package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Work describes something to make or to correct. Exactly one of Pool, User and
// Profile is set; any other work is ErrInvalid.
type Work struct {
	Pool    *PoolChange
	User    *UserChange
	Profile *ErasureProfile // to be made, as by CreateErasureProfile
	Needs   []int           // indexes of works of the same Do that have to end well before
}

// A PoolChange makes a pool or corrects it.
type PoolChange struct {
	Was  Pool // as it was seen; without a name when it was not there
	Want Pool // as it shall be, in the fields that it owns
	// Ready also readies the pool for RBD (rbd pool init), unless it had its
	// application when it was seen. This comes last: a pool without its
	// application is known to be unfinished.
	Ready bool
}

// A UserChange makes a user or replaces its caps. It does not look at keys.
type UserChange struct {
	Was  User // as it was seen; without an entity when it was not there
	Want User
	// KeyType is the type of the key of a user that is made: aes or aes256k. When it is empty, the
	// cluster chooses.
	KeyType string
}

// Done is the result of a Work.
type Done struct {
	User User // of a UserChange that ended well: as it is now, with its key
	// Wrote says that a command that changes the cluster was sent. If Err is then
	// ErrUnreachable or the error of ctx, the outcome is unknown. Without Wrote,
	// nothing was changed.
	Wrote bool
	Err   error
}

// Do does works side by side and gives their results, index-aligned. Where the
// Commander is a Batcher, the next commands of all works are one exchange: to make
// any number of pools and users takes three or four exchanges.
//
// A work compares before it writes. When a pool, user or profile is neither as it
// was seen nor as it is wanted, the error is ErrConflict and nothing is written. A
// work whose needs did not end well is not begun: its error is ErrSkipped. A work
// that was cut short at any command is finished by another Look and Do.
//
// Similar To: ceph osd pool create <pool>; rbd pool init <pool>; ceph auth get-or-create <entity>
func (c *Cluster) Do(ctx context.Context, works ...Work) []Done {
	done := make([]Done, len(works))
	jobs := make([]job, len(works))
	for i, w := range works {
		jobs[i] = job{needs: w.Needs, run: func(c *Cluster) (err error) {
			done[i].User, err = w.do(ctx, c)
			return err
		}}
	}
	for i, t := range c.together(ctx, jobs) {
		done[i].Err, done[i].Wrote = t.err, t.wrote
		if t.err != nil {
			done[i].User = User{}
		}
	}
	return done
}

func (w Work) do(ctx context.Context, c *Cluster) (User, error) {
	switch {
	case w.Pool != nil && w.User == nil && w.Profile == nil:
		return User{}, w.Pool.do(ctx, c)
	case w.Pool == nil && w.User != nil && w.Profile == nil:
		return w.User.do(ctx, c)
	case w.Pool == nil && w.User == nil && w.Profile != nil:
		err := c.CreateErasureProfile(ctx, *w.Profile)
		if errors.Is(err, ErrExists) {
			err = fmt.Errorf("%w: somebody made another profile of that name: %w", ErrConflict, err)
		}
		return User{}, err
	}
	return User{}, fmt.Errorf("%w: a work is one pool, one user or one profile", ErrInvalid)
}

func (u UserChange) do(ctx context.Context, c *Cluster) (User, error) {
	if u.Was.Entity != "" {
		return c.setCaps(ctx, u.Want.Entity, u.Was.Caps, u.Want.Caps)
	}
	found, err := c.CreateUserOfType(ctx, u.Want.Entity, u.Want.Caps, u.KeyType)
	if errors.Is(err, ErrExists) {
		err = fmt.Errorf("%w: somebody made the user with other caps: %w", ErrConflict, err)
	}
	return found, err
}

func (p PoolChange) do(ctx context.Context, c *Cluster) error {
	pools, err := c.Pools(ctx)
	if err != nil {
		return err
	}
	if err := p.compare(pools); err != nil {
		return err
	}
	want, ready := p.Want, p.Ready && p.Was.Application != p.Want.Application
	if p.Ready {
		want.Application = ""
	}
	if p.Was.Name == "" {
		return c.createPool(ctx, want, ready)
	}
	return c.fitPool(ctx, want, pools, ready)
}

// compare is ErrConflict when the pool is neither as it was seen nor, in the
// fields that differ, as it shall be. Ceph has no compare-and-swap for pools:
// another writer between the comparison and the writing is not seen.
func (p PoolChange) compare(pools []Pool) error {
	i := slices.IndexFunc(pools, func(q Pool) bool { return q.Name == p.Want.Name })
	if i < 0 {
		if p.Was.Name == "" {
			return nil
		}
		return fmt.Errorf("%w: the pool is gone", ErrConflict)
	}
	if have := pools[i].ErasureProfile; have != p.Want.ErasureProfile {
		return fmt.Errorf("%w: the pool was made anew, with erasure profile %q and not %q", ErrConflict, have,
			p.Want.ErasureProfile)
	}
	seen := p.Want.Diff(p.Was)
	for _, s := range p.Want.Diff(pools[i]) {
		if p.Was.Name == "" || !slices.Contains(seen, s) {
			return fmt.Errorf("%w: the pool has %s %q now", ErrConflict, s.Field, s.Observed)
		}
	}
	return nil
}
