package integrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
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
	h.prepare(ctx)
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

// A step is an operation, and the changes that it makes: one, or all secrets.
type step struct {
	changes []Change
	op      remote.Op
	// judge says more about the operation's result than its error does, for
	// each change.
	judge func(remote.Result) []error
}

func (s step) kind() Kind { return s.changes[0].Kind }

// batch makes all changes of some kinds in one exchange, and then waits until
// the APIs report restarted services up by a record newer than the restart: a
// unit that is active may still not serve.
func (h *hostRun) batch(ctx context.Context, kinds ...Kind) {
	steps := h.steps(ctx, kinds)
	if len(steps) == 0 {
		return
	}
	var before map[string]api.ServiceRecord
	cloudErr := errNoCloud
	if slices.ContainsFunc(steps, func(s step) bool { return s.kind() == KindUnit }) {
		before, cloudErr = h.records(ctx)
	}
	began := time.Now()
	results, err := h.in.world.Hosts[h.spec.Name].Do(ctx, operations(steps)...)
	var restarted []string
	for i, s := range steps {
		if i < len(results) && !errors.Is(results[i].Err, remote.ErrSkipped) {
			if s.kind() == KindUnit && results[i].Err == nil && cloudErr == nil {
				restarted = append(restarted, s.changes[0].ID)
			} else {
				h.settleStep(s, results[i], began)
			}
			continue
		}
		for _, c := range s.changes {
			if i < len(results) {
				h.skip(c.ID, h.culprit(c, steps))
			} else {
				h.finish(c.ID, Unknown, cmp.Or(err, errNoResult), time.Since(began))
			}
		}
	}
	for _, id := range restarted {
		unit := h.plan.Changes[h.index[id]].Name
		h.settle(id, true, h.awaitRecord(ctx, unit, before), began)
	}
}

var errNoResult = errors.New("the host gave no result for it")

func (h *hostRun) settleStep(s step, r remote.Result, began time.Time) {
	if r.Err != nil || s.judge == nil {
		for _, c := range s.changes {
			h.settle(c.ID, r.Changed || s.kind() == KindUnit, r.Err, began)
		}
		return
	}
	for i, err := range s.judge(r) {
		if errors.Is(err, libvirtsecret.ErrConflict) {
			err = fmt.Errorf("%w: %w", ErrConflict, err)
		}
		h.settle(s.changes[i].ID, true, err, began)
	}
}

// culprit is the change because of which another one was skipped: one that it
// needs, or one that was made together with that.
func (h *hostRun) culprit(c Change, steps []step) string {
	for _, id := range c.Needs {
		if h.failed(id) {
			return id
		}
	}
	for _, s := range steps {
		for _, with := range s.changes {
			if h.failed(with.ID) && slices.ContainsFunc(s.changes, func(o Change) bool { return slices.Contains(c.Needs, o.ID) }) {
				return with.ID
			}
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
		for _, c := range s.changes {
			for _, id := range c.Needs {
				if n, ok := place[id]; ok && !slices.Contains(needs, n) {
					needs = append(needs, n)
				}
			}
		}
		for _, c := range s.changes {
			place[c.ID] = i
		}
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
		var secrets step
		for _, c := range h.mine(kind) {
			if !h.ready(ctx, c, ids...) {
				continue
			}
			if kind == KindSecret {
				secrets.changes = append(secrets.changes, c)
				continue
			}
			op, err := h.op(ctx, c)
			if err != nil {
				h.finish(c.ID, Failed, err, 0)
				continue
			}
			steps, ids = append(steps, step{changes: []Change{c}, op: op}), append(ids, c.ID)
		}
		if h.define(&secrets) {
			steps = append(steps, secrets)
			for _, c := range secrets.changes {
				ids = append(ids, c.ID)
			}
		}
	}
	return steps
}

// define makes an operation of the changes of libvirt secrets, if there are any.
func (h *hostRun) define(s *step) bool {
	if len(s.changes) == 0 {
		return false
	}
	var all []libvirtsecret.Secret
	var err error
	for _, c := range s.changes {
		want, e := h.wantedSecret(c)
		all, err = append(all, want), errors.Join(err, e)
	}
	if err == nil {
		s.op, s.judge, err = h.store().(secretBatch).DefineOp(all...)
	}
	if err != nil {
		for _, c := range s.changes {
			h.finish(c.ID, Failed, err, 0)
		}
	}
	return err == nil
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
	for _, id := range h.in.site.secrets {
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
