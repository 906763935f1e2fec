package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// ErrStopped says that something was not begun, as failures before it had stopped
// the rollout.
var ErrStopped = errors.New("integrate: the rollout was stopped by failures before it")

// A Rollout says how targets are worked on.
type Rollout struct {
	Canaries  int // computes that go first; all of them must end well
	MaxFailed int // computes that may fail before the rollout stops; 0 never stops
	// Reads says that nothing is changed, so that controllers go in parallel, too,
	// and failures stop nothing.
	Reads bool
	// Begin is called right before a cluster or a host is worked on, and may wait. Its error
	// leaves that target, and stops the rollout. It may be nil, and is not called if Reads is set.
	Begin func(context.Context, step.Target) error
	// Do works on a target, and returns why the target did not end well.
	Do func(context.Context, step.Target) error
	// Left gets each target that was not begun, and why.
	Left func(step.Target, error)
	// Down says which service is not known to serve again on a target that Do has worked on, while
	// other hosts serve it: nothing more is begun then. It may be nil. See Run.Down.
	Down func(step.Target) error
}

// down is Down, if there is one.
func (o Rollout) down(t step.Target) error {
	if o.Down == nil {
		return nil
	}
	return o.Down(t)
}

// Roll works on targets in the order of a plan: the clusters side by side, the
// computes in parallel, the controllers one by one so that one of several serves at
// any time, and the APIs. Computes that share a service of controllers with other hosts
// go one by one, behind the other computes. Where parts of the Spec retire, controllers go before computes.
// Roll returns why it did not reach the end.
func (e *Engine) Roll(ctx context.Context, o Rollout, targets []step.Target) error {
	r := &rolling{e: e, o: o}
	var clusters, computes, controllers []step.Target
	cloud := false
	for _, t := range targets {
		switch {
		case t.Where == step.OnCluster:
			clusters = append(clusters, t)
		case t.Where == step.OnCloud:
			cloud = true
		case e.Site.HasCompute(t.Name):
			computes = append(computes, t)
		default:
			controllers = append(controllers, t)
		}
	}
	unbegun, _ := r.some(ctx, clusters, 0) // the outcomes of a cluster say what went wrong
	for _, t := range unbegun {
		o.Left(t, cmp.Or(context.Cause(ctx), r.halted(nil)))
	}
	var err error
	if e.Site.Backwards() {
		err = r.controllers(ctx, controllers, nil)
		err = r.computes(ctx, computes, err)
	} else {
		err = r.computes(ctx, computes, nil)
		err = r.controllers(ctx, controllers, err)
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	switch {
	case cloud && err != nil:
		o.Left(step.AtCloud(), err)
	case cloud:
		_ = o.Do(ctx, step.AtCloud())
	}
	return err
}

// A rolling is a Roll under way.
type rolling struct {
	e *Engine
	o Rollout

	mu   sync.Mutex
	halt error // the first error of Begin
}

// begin asks Begin of a target, unless it has stopped the rollout.
func (r *rolling) begin(ctx context.Context, t step.Target) error {
	if r.o.Begin == nil || r.o.Reads {
		return nil
	}
	if err := r.halted(nil); err != nil {
		return err
	}
	return r.halted(r.o.Begin(ctx, t))
}

// halted keeps the first error of Begin, and gives an error that stops the rollout.
func (r *rolling) halted(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halt = cmp.Or(r.halt, err)
	return cmp.Or(err, r.halt)
}

func (r *rolling) computes(ctx context.Context, targets []step.Target, stopped error) error {
	if stopped != nil {
		for _, t := range targets {
			r.o.Left(t, stopped)
		}
		return stopped
	}
	o := r.o
	if o.Reads {
		o = Rollout{}
	}
	n := min(o.Canaries, len(targets))
	left, failed, down := r.spread(ctx, targets[:n], 0)
	dead := failed > 0
	if dead || down != nil {
		left = slices.Concat(left, targets[n:])
	} else {
		var more []step.Target
		more, failed, down = r.spread(ctx, targets[n:], o.MaxFailed)
		left = append(left, more...)
	}
	var err error
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case r.halted(nil) != nil:
		err = r.halted(nil)
	case down != nil:
		err = down
	case dead, o.MaxFailed > 0 && failed >= o.MaxFailed:
		err = ErrStopped
	}
	for _, t := range left {
		r.o.Left(t, err)
	}
	return err
}

// spread works on computes in parallel, until so many failed, and then one by one on those with a service that other
// hosts have, too, such as glance-api. down is Rollout.Down of the last.
func (r *rolling) spread(ctx context.Context, targets []step.Target, most int) (left []step.Target, failures int,
	down error) {
	shares := func(t step.Target) bool { return !r.o.Reads && r.e.Site.Shares(t.Name) }
	left, failures = r.some(ctx, slices.DeleteFunc(slices.Clone(targets), shares), most)
	for _, t := range targets {
		switch {
		case !shares(t):
		case down != nil, ctx.Err() != nil, most > 0 && failures >= most, r.begin(ctx, t) != nil:
			left = append(left, t)
		default:
			if r.o.Do(ctx, t) != nil {
				failures++
			}
			down = r.o.down(t)
		}
	}
	return left, failures, down
}

// some works on targets in parallel, until so many failed; 0 never stops.
func (r *rolling) some(ctx context.Context, targets []step.Target, most int) (left []step.Target, failures int) {
	byName := map[string]step.Target{}
	var names []string
	for _, t := range targets {
		names, byName[t.Name] = append(names, t.Name), t
	}
	var failed atomic.Int64
	work := func(ctx context.Context, name string) (begun bool, err error) {
		if most > 0 && failed.Load() >= int64(most) {
			return false, ErrStopped
		}
		if err = r.begin(ctx, byName[name]); err != nil {
			return false, err
		}
		if err = r.o.Do(ctx, byName[name]); err != nil {
			failed.Add(1)
		}
		return true, err
	}
	for _, x := range remote.Each(ctx, names, r.e.Parallel, work) {
		if !x.Value {
			left = append(left, byName[x.Name])
		}
	}
	return left, int(failed.Load())
}

func (r *rolling) controllers(ctx context.Context, targets []step.Target, stopped error) error {
	if stopped != nil {
		for _, t := range targets {
			r.o.Left(t, stopped)
		}
		return stopped
	}
	if r.o.Reads {
		left, _ := r.some(ctx, targets, 0)
		for _, t := range left {
			r.o.Left(t, context.Cause(ctx))
		}
		return nil
	}
	for i, t := range targets {
		why := context.Cause(ctx)
		if why == nil {
			why = r.begin(ctx, t)
		}
		if why != nil {
			for _, t := range targets[i:] {
				r.o.Left(t, why)
			}
			return why
		}
		_ = r.o.Do(ctx, t) // its outcomes say what went wrong
		if err := r.o.down(t); err != nil && ctx.Err() == nil {
			for _, t := range targets[i+1:] {
				r.o.Left(t, err)
			}
			return err
		}
	}
	return nil
}
