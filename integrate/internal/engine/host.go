package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// A hostRun carries out the steps of one host.
type hostRun struct {
	*Run
	name    string
	entered bool
}

// host makes all changes of a host in one exchange, in order: each runs only if
// what it needs did well. Steps that may take minutes go before, each alone. Where
// libvirt's secrets cannot go along, what comes after them waits for them.
func (r *Run) host(ctx context.Context, p Part) {
	h := &hostRun{Run: r, name: p.Target.Name}
	var before, secrets, after []Item
	_, together := r.e.World.Secrets[h.name].(secretBatch)
	for _, i := range p.Items {
		s, ok := i.Do.(step.HostStep)
		switch {
		case !ok:
		case s.Alone:
			h.batch(ctx, []Item{i})
		case s.Secret != nil && !together:
			secrets = append(secrets, i)
		case len(secrets) > 0:
			after = append(after, i)
		default:
			before = append(before, i)
		}
	}
	h.batch(ctx, before)
	for _, i := range secrets {
		h.define(ctx, i)
	}
	h.batch(ctx, after)
}

// door is the way into the host for a step.
func (h *hostRun) door(s step.HostStep) remote.Host {
	if s.Entry {
		return h.e.World.Entries[h.name]
	}
	return h.e.World.Hosts[h.name]
}

// A span is the operations of some items in a batch: those of one item, or all
// secrets.
type span struct {
	items []Item
	step  step.HostStep
	ops   []remote.Op
	from  int // index of the first operation
	// secrets judges the operation that defines all secrets.
	secrets func(remote.Result) []error
}

// batch makes changes in one exchange, and then waits until the APIs report
// restarted services up: a unit that is active may still not serve.
func (h *hostRun) batch(ctx context.Context, items []Item) {
	spans := h.spans(ctx, items)
	if len(spans) == 0 {
		return
	}
	wait := h.watchServices(ctx, spans)
	began := time.Now()
	door := h.door(spans[0].step)
	results, err := door.Do(ctx, operations(spans)...)
	for _, s := range spans {
		h.judge(ctx, s, results, err, began)
	}
	for _, s := range spans {
		if back := s.undo(results); len(back) > 0 {
			if _, err := door.Do(ctx, back...); err != nil {
				h.settle(s.items[0].ID, true, fmt.Errorf("it could not be taken back: %w", err), began)
			}
		}
	}
	wait.all(ctx, h.Run, began)
}

// spans turns the changes that may begin into operations.
func (h *hostRun) spans(ctx context.Context, items []Item) []*span {
	var spans []*span
	var secrets *span
	batch := map[step.ID]bool{}
	for _, i := range items {
		s := i.Do.(step.HostStep)
		if !h.ready(ctx, i, batch) {
			continue
		}
		if s.Secret != nil {
			if secrets == nil {
				secrets = &span{}
				spans = append(spans, secrets)
			}
			secrets.items, batch[i.ID] = append(secrets.items, i), true
			continue
		}
		ops, err := h.ops(ctx, s)
		if err != nil {
			h.settle(i.ID, false, err, time.Now())
			continue
		}
		spans, batch[i.ID] = append(spans, &span{items: []Item{i}, step: s, ops: ops}), true
	}
	if secrets != nil && !h.defineTogether(secrets) {
		spans = slices.DeleteFunc(spans, func(s *span) bool { return s == secrets })
	}
	return spans
}

func (h *hostRun) ops(ctx context.Context, s step.HostStep) ([]remote.Op, error) {
	if s.Servers != nil {
		servers, err := h.e.World.Cloud.Servers(ctx, h.name)
		if err == nil {
			err = s.Servers(servers)
		}
		if err != nil {
			return nil, err
		}
	}
	return s.Ops(h.late())
}

// defineTogether makes one operation of the secrets.
func (h *hostRun) defineTogether(s *span) bool {
	var all []libvirtsecret.Secret
	var faults error
	for _, i := range s.items {
		secret, err := i.Do.(step.HostStep).Secret(h.late())
		all, faults = append(all, secret), errors.Join(faults, err)
	}
	if faults == nil {
		var op remote.Op
		op, s.secrets, faults = h.e.World.Secrets[h.name].(secretBatch).DefineOp(all...)
		s.ops = []remote.Op{op}
	}
	if faults != nil {
		for _, i := range s.items {
			h.settle(i.ID, false, faults, time.Now())
		}
	}
	return faults == nil
}

// define defines a libvirt secret that cannot go along with other steps.
func (h *hostRun) define(ctx context.Context, i Item) {
	if !h.ready(ctx, i, nil) {
		return
	}
	began := time.Now()
	secret, err := i.Do.(step.HostStep).Secret(h.late())
	if err == nil {
		err = h.e.World.Secrets[h.name].Define(ctx, secret)
	}
	h.settle(i.ID, true, err, began)
}

// operations makes each operation depend on those before it that its step needs.
func operations(spans []*span) []remote.Op {
	places := map[step.ID][]int{}
	var ops []remote.Op
	for _, s := range spans {
		s.from = len(ops)
		var needs []int
		for _, i := range s.items {
			for _, id := range i.Needs {
				for _, n := range places[id] {
					if !slices.Contains(needs, n) {
						needs = append(needs, n)
					}
				}
			}
		}
		for k, op := range s.ops {
			ok := slices.Clone(needs)
			if own, is := op.(remote.If); is {
				op = own.Op
				for _, n := range own.OK {
					ok = append(ok, s.from+n)
				}
			}
			if len(ok) > 0 {
				op = remote.If{OK: ok, Op: op}
			}
			ops = append(ops, op)
			for _, i := range s.items {
				places[i.ID] = append(places[i.ID], s.from+k)
			}
		}
	}
	return ops
}

// results are those of the span; fewer where the exchange broke off.
func (s *span) results(all []remote.Result) []remote.Result {
	from, to := min(s.from, len(all)), min(s.from+len(s.ops), len(all))
	return all[from:to]
}

func (s *span) undo(all []remote.Result) []remote.Op {
	mine := s.results(all)
	if s.step.Undo == nil || len(mine) < len(s.ops) {
		return nil
	}
	return s.step.Undo(mine)
}
