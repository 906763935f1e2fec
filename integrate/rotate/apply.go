package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/world"
)

// Apply takes the rotations of the Spec as far as they can be taken now: it applies the Spec, works on the guests that
// rules allow, changes keys in place, proves that nobody has a user any more, and removes it where the Options allow
// that. It reads the world, and keeps no state elsewhere: another Apply goes on where this one ended, or was killed.
//
// The Report is how things are at the end. The error joins what went wrong: ErrRefused, if the pre-check found a
// Problem, and then nothing was changed; world.ErrLock; an error for each guest that did not end well; and
// ErrUnfinished, if something is left to do, also where nothing went wrong.
func Apply(ctx context.Context, cfg integrate.Config, opts Options) (*Report, error) {
	r, err := newRun(cfg, opts)
	if err != nil {
		return nil, err
	}
	l, err := r.look(ctx)
	if err != nil {
		return nil, err
	}
	rep := r.report(l)
	if len(rep.Problems) > 0 {
		return rep, fmt.Errorf("%w: %s; the report has each", ErrRefused, counted(len(rep.Problems), "problem"))
	}
	if rep.Done() && len(opts.Ciphers) == 0 && !l.marked() {
		return rep, nil
	}
	h, err := r.hold(ctx)
	if err != nil {
		return rep, err
	}
	defer h.free()
	errs := []error{r.applySpec(h.ctx, l)}
	errs = append(errs, r.stages(h)...)
	if l, err = r.look(ctx); err != nil {
		return rep, errors.Join(append(errs, err)...)
	}
	rep = r.report(l)
	for _, id := range sortedKeys(r.failed) {
		errs = append(errs, fmt.Errorf("guest %s: %w", id, r.failed[id]))
	}
	if !rep.Done() {
		errs = append(errs, fmt.Errorf("%w: the report says what is left, and what it waits for", ErrUnfinished))
	}
	return rep, errors.Join(errs...)
}

// applySpec makes what the ordinary plan of the Spec is missing. While a key is pending, the plan would put the current
// key back under the secrets. That does no harm, as both keys are good. It is of use with another change, and where the
// pending key is not to be used yet.
func (r *run) applySpec(ctx context.Context, l *look) error {
	if len(l.plan.Changes) == 0 ||
		len(r.pending(l)) > 0 && !r.heldBack(l) && l.notYet == "" && len(l.notReady) == 0 {
		return nil
	}
	r.tell(Event{Stage: "apply"})
	return r.applyNow(ctx)
}

// applyNow plans and applies the Spec, without taking the operator lock once more: it is held.
func (r *run) applyNow(ctx context.Context) error {
	cfg := r.cfg
	cfg.World.Clusters = map[string]world.Cluster{}
	for name, c := range r.cfg.World.Clusters {
		c.Mon = withoutLock(c.Mon)
		cfg.World.Clusters[name] = c
	}
	in, err := integrate.New(cfg)
	if err != nil {
		return err
	}
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err == nil {
		_, err = in.Apply(ctx, plan, integrate.ApplyOptions{})
	}
	if err != nil {
		return fmt.Errorf("the Spec is not in force: %w", err)
	}
	return nil
}

// withoutLock is a way to a cluster that gives no lock.
func withoutLock(mon ceph.Commander) ceph.Commander {
	if b, is := mon.(ceph.Batcher); is {
		return struct{ ceph.Batcher }{b}
	}
	return struct{ ceph.Commander }{mon}
}

// stages does what comes after the Spec is in force.
func (r *run) stages(h hold) []error {
	if err := r.guests(h); err != nil {
		return []error{err}
	}
	var errs []error
	for _, rot := range r.rotations() {
		if err := h.held(); err != nil {
			return append(errs, err)
		}
		if err := r.key(h, rot); err != nil {
			errs = append(errs, err)
			continue
		}
		if rot.InPlace() {
			continue
		}
		if err := r.revoke(h, rot); err != nil {
			errs = append(errs, err)
		}
	}
	if len(r.opts.Ciphers) > 0 && len(errs) == 0 && h.held() == nil {
		errs = append(errs, r.allowCiphers(h.ctx)...)
	}
	return errs
}

// guests works on guests in rounds, until no act is left that can be done in this run. After each round the world is
// read again.
func (r *run) guests(h hold) error {
	r.tell(Event{Stage: "guests"})
	failed := 0
	for round := 0; ; round++ {
		l, err := r.look(h.ctx)
		if err != nil {
			return err
		}
		if round == 0 {
			r.unmark(h, l)
			r.startStopped(h.ctx, h, l)
			failed = len(r.failed)
		}
		jobs := r.jobs(l, func(a rotation.Act) bool { return a != rotation.Nothing && a != rotation.Renew })
		if len(jobs) == 0 {
			return nil
		}
		before := r.progress()
		if failed = r.work(h, jobs, failed); h.held() != nil {
			return h.held()
		}
		if most := r.opts.MaxFailed; failed >= max(most, 1) && (most > 0 || failed >= defaultMaxFailed) {
			return fmt.Errorf("%w: %d guests did not end well, so no other guest is begun", integrate.ErrStopped, failed)
		}
		if r.progress() == before && round > 0 {
			return nil // guests that change all the time are for the next run
		}
	}
}

// progress counts what ended in this run.
func (r *run) progress() int {
	n := len(r.failed)
	for _, acts := range r.done {
		n += len(acts)
	}
	return n
}

// allowCiphers sets the types of keys that clusters allow. A cluster that would lock somebody out is refused.
func (r *run) allowCiphers(ctx context.Context) []error {
	var errs []error
	var done []string
	for _, rot := range r.rotations() {
		if slices.Contains(done, rot.Cluster) {
			continue
		}
		done = append(done, rot.Cluster)
		if err := r.auth(rot.Cluster).AllowCiphers(ctx, r.opts.Ciphers); err != nil {
			errs = append(errs, fmt.Errorf("cluster %s: %w", rot.Cluster, err))
		}
	}
	return errs
}

func sortedKeys[V any](m map[string]V) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
