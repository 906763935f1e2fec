package integrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
)

// apply makes all changes of the host in one exchange, in order: each runs
// only if what it needs did well, and restarts come last. Packages go before,
// as they may take minutes. Where libvirt's secrets cannot go along, what
// comes after them waits for them.
func (h *hostRun) apply(ctx context.Context) {
	if err := h.recall(ctx); ctx.Err() != nil {
		return
	} else if err != nil {
		for _, c := range h.changes(h.spec.Name, func(Change) bool { return true }) {
			h.settle(c.ID, false, err, time.Now())
		}
		return
	}
	h.batch(ctx, KindPackages)
	_, together := h.store().(secretBatch)
	if together || len(h.mine(KindSecret)) == 0 {
		h.batch(ctx, KindDirectory, KindFile, KindSecret, KindSettings, KindUnit)
		return
	}
	h.batch(ctx, KindDirectory, KindFile)
	h.secrets(ctx)
	h.batch(ctx, KindSettings, KindUnit)
}

// mine lists the host's changes of a kind that are not settled yet.
func (h *hostRun) mine(kind Kind) []Change {
	return h.changes(h.spec.Name, func(c Change) bool { return c.Kind == kind })
}

func (h *hostRun) store() libvirtsecret.Store { return h.in.world.Secrets[h.spec.Name] }

// A step is a change as an operation.
type step struct {
	change Change
	op     remote.Op
	// judge says more about the operation's result than its error does.
	judge func(remote.Result) error
}

// batch makes all changes of some kinds in one exchange, and then waits until
// the APIs report restarted services up by a record newer than the restart: a
// unit that is active may still not serve.
func (h *hostRun) batch(ctx context.Context, kinds ...Kind) {
	steps := h.steps(ctx, kinds)
	if len(steps) == 0 {
		return
	}
	var before map[string]openstack.ServiceRecord
	cloudErr := errNoCloud
	if slices.ContainsFunc(steps, func(s step) bool { return s.change.Kind == KindUnit }) {
		before, cloudErr = h.records(ctx)
	}
	began := time.Now()
	results, err := h.in.world.Hosts[h.spec.Name].Do(ctx, operations(steps)...)
	var restarted []string
	for i, s := range steps {
		switch {
		case i >= len(results):
			h.finish(s.change.ID, Unknown, cmp.Or(err, errNoResult), time.Since(began))
		case errors.Is(results[i].Err, remote.ErrSkipped):
			h.skip(s.change.ID, h.culprit(s.change))
		case s.change.Kind == KindUnit && results[i].Err == nil && cloudErr == nil:
			restarted = append(restarted, s.change.ID)
		default:
			h.settleStep(s, results[i], began)
		}
	}
	for _, id := range restarted {
		unit := h.plan.Changes[h.index[id]].Name
		h.settle(id, true, h.awaitRecord(ctx, unit, before), began)
	}
}

var errNoResult = errors.New("the host gave no result for it")

func (h *hostRun) settleStep(s step, r remote.Result, began time.Time) {
	err, changed := r.Err, r.Changed || s.change.Kind == KindUnit
	if err == nil && s.judge != nil {
		changed = true
		if err = s.judge(r); errors.Is(err, libvirtsecret.ErrConflict) {
			err = fmt.Errorf("%w: %w", ErrConflict, err)
		}
	}
	h.settle(s.change.ID, changed, err, began)
}

// culprit is the change because of which another one was skipped.
func (h *hostRun) culprit(c Change) string {
	for _, id := range c.Needs {
		if h.failed(id) {
			return id
		}
	}
	return ""
}

// operations makes each step depend on those before it that it needs.
func operations(steps []step) []remote.Op {
	place := map[string]int{}
	var ops []remote.Op
	for i, s := range steps {
		var needs []int
		for _, id := range s.change.Needs {
			if n, ok := place[id]; ok {
				needs = append(needs, n)
			}
		}
		place[s.change.ID] = i
		if len(needs) > 0 {
			ops = append(ops, remote.If{OK: needs, Op: s.op})
		} else {
			ops = append(ops, s.op)
		}
	}
	return ops
}

// steps turns the changes of some kinds that may begin into operations.
func (h *hostRun) steps(ctx context.Context, kinds []Kind) []step {
	var steps []step
	var ids []string
	for _, kind := range kinds {
		for _, c := range h.mine(kind) {
			if !h.ready(ctx, c, ids...) {
				continue
			}
			s := step{change: c}
			var err error
			if s.op, s.judge, err = h.op(ctx, c); err != nil {
				h.finish(c.ID, Failed, err, 0)
				continue
			}
			steps, ids = append(steps, s), append(ids, c.ID)
		}
	}
	return steps
}

// secrets defines the libvirt secrets of a compute one by one.
func (h *hostRun) secrets(ctx context.Context) {
	for _, c := range h.mine(KindSecret) {
		if !h.ready(ctx, c) {
			continue
		}
		began := time.Now()
		want, err := h.wantedSecret(c)
		if err == nil {
			err = h.store().Define(ctx, want)
		}
		if errors.Is(err, libvirtsecret.ErrConflict) {
			err = fmt.Errorf("%w: %w", ErrConflict, err)
		}
		h.settle(c.ID, true, err, began)
	}
}

func (h *hostRun) wantedSecret(c Change) (libvirtsecret.Secret, error) {
	for _, id := range h.in.site.secretUsers() {
		if want, err := h.diff.desiredSecret(id); want.UUID == c.Name {
			return want, err
		}
	}
	return libvirtsecret.Secret{}, fmt.Errorf("%s is no secret of the Spec", c.Name)
}

// recall reads the contents of the files again that the plan did not keep.
func (h *hostRun) recall(ctx context.Context) error {
	if !h.diff.seen.shed {
		return nil
	}
	now, err := h.in.observeHost(ctx, h.spec.Name)
	if err != nil {
		return fmt.Errorf("not done: %w", err)
	}
	for path, f := range h.diff.seen.files {
		if now.files[path].SHA256 != f.SHA256 {
			return fmt.Errorf("%w: %s on %s", ErrConflict, path, h.spec.Name)
		}
	}
	h.diff.seen = now
	return nil
}
