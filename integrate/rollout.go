package integrate

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/cephstack/cephstack/remote"
)

// ApplyOptions bound how a plan rolls out over the computes. A compute that
// cannot be reached, or has another Problem, is one that does not end well. What
// is left alone for that has the error ErrStopped.
type ApplyOptions struct {
	// Canaries is how many computes, in the order of the Spec, go first, alone;
	// when one of them does not end well, the other computes and the
	// controllers are left alone. Computes without a change or a Problem are
	// only among them in a Converge.
	Canaries int
	// MaxFailed stops the rollout to further computes, and to the controllers,
	// once this many computes did not end well; 0 never stops.
	MaxFailed int
}

func (o ApplyOptions) check() error {
	if o.Canaries < 0 || o.MaxFailed < 0 {
		return fmt.Errorf("integrate: a rollout with %d canaries and at most %d failed computes: neither can be negative", o.Canaries, o.MaxFailed)
	}
	return nil
}

// rollout takes the computes in the order and numbers that the options ask
// for. The error is why it does not go on, to those that are left or to the
// controllers.
func (o ApplyOptions) rollout(ctx context.Context, names []string, limit int, host func(context.Context, string) (struct{}, error)) (left []string, err error) {
	var failed atomic.Int64
	some := func(names []string, most int) {
		for _, x := range remote.Each(ctx, names, limit, func(ctx context.Context, name string) (begun bool, err error) {
			if most > 0 && failed.Load() >= int64(most) {
				return false, ErrStopped
			}
			if _, err = host(ctx, name); err != nil {
				failed.Add(1)
			}
			return true, err
		}) {
			if !x.Value {
				left = append(left, x.Name)
			}
		}
	}
	n := min(o.Canaries, len(names))
	some(names[:n], 0)
	dead := failed.Load() > 0
	if dead {
		left = slices.Concat(left, names[n:])
	} else {
		some(names[n:], o.MaxFailed)
	}
	switch {
	case ctx.Err() != nil:
		return left, context.Cause(ctx)
	case dead, o.MaxFailed > 0 && failed.Load() >= int64(o.MaxFailed):
		return left, ErrStopped
	}
	return left, nil
}
