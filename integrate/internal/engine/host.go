package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/remote"
)

// A hostRun carries out the steps of one host.
type hostRun struct {
	*Run
	name string
	with map[step.ID][]Item // the secrets that one operation defines, by each of them
}

// host makes all changes of a host in one exchange, in order: each runs only if
// what it needs did well. Steps that may take minutes go before, each alone. A step that goes alone and
// needs what is made together is made after that. Where libvirt's secrets cannot go along, what comes
// after them waits for them.
func (r *Run) host(ctx context.Context, p Part) {
	h := &hostRun{Run: r, name: p.Target.Name, with: map[step.ID][]Item{}}
	for rest := p.Items; len(rest) > 0; {
		n := 1 // at least one, whatever it needs
		together := map[step.ID]bool{}
		for n < len(rest) && !h.waits(rest[n], together, rest[n-1]) {
			n++
		}
		h.some(ctx, rest[:n])
		rest = rest[n:]
	}
}

// waits reports whether an item goes alone, and needs what is made together before it. together has what is.
func (h *hostRun) waits(i Item, together map[step.ID]bool, before Item) bool {
	if s, ok := before.Do.(step.HostStep); ok && !s.Alone {
		together[before.ID] = true
	}
	s, ok := i.Do.(step.HostStep)
	return ok && s.Alone && slices.ContainsFunc(i.Needs, func(id step.ID) bool { return together[id] })
}

// some makes changes of a host that need no more than one exchange for what is made together.
func (h *hostRun) some(ctx context.Context, items []Item) {
	var before, secrets, after []Item
	_, together := h.e.World.Secrets[h.name].(hostbatch.Store)
	for _, i := range items {
		s, ok := i.Do.(step.HostStep)
		switch {
		case !ok:
		case s.Alone:
			h.batch(ctx, []Item{i})
		case s.Secret != nil && !together, s.Undefine != nil:
			secrets = append(secrets, i)
		case len(secrets) > 0:
			after = append(after, i)
		default:
			before = append(before, i)
		}
	}
	h.batch(ctx, before)
	for _, i := range secrets {
		if s := i.Do.(step.HostStep); s.Undefine != nil {
			h.undefine(ctx, i, *s.Undefine)
			continue
		}
		h.define(ctx, i)
	}
	h.batch(ctx, after)
}

// door is the way into the host for a step.
func (h *hostRun) door(s step.HostStep) remote.Host {
	if entry := h.e.World.Entries[h.name]; s.Entry && entry != nil {
		return entry
	}
	return h.e.World.Hosts[h.name]
}

// A span is the operations of some items in a batch: those of one item, or of secrets
// that follow each other.
type span struct {
	items []Item
	step  step.HostStep
	ops   []remote.Op
	from  int // index of the first operation
	// secrets judges the operation that defines secrets, which are in defines.
	secrets hostbatch.DefineReader
	defines []libvirtsecret.Change
}

// batch makes changes in one exchange, and then waits until the APIs report
// restarted services up: a unit that is active may still not serve.
func (h *hostRun) batch(ctx context.Context, items []Item) {
	spans := h.spans(ctx, items)
	if len(spans) == 0 {
		return
	}
	for _, s := range spans {
		for _, i := range s.items {
			h.with[i.ID] = s.items
		}
	}
	wait := h.watchServices(ctx, spans)
	if spans = h.spare(ctx, spans, wait); len(spans) == 0 {
		return
	}
	began := time.Now()
	if spans = h.goOn(ctx, spans); len(spans) == 0 {
		return
	}
	before, ok := h.keepBefore(ctx, spans)
	if !ok {
		return
	}
	door := h.door(spans[0].step)
	results, err := door.Do(ctx, operations(spans)...)
	for _, s := range spans {
		h.keep(s, s.results(results), before)
		h.judge(ctx, s, exchange{s.results(results), err, takeBack(ctx, door, s.undo(results)), began})
	}
	wait.all(ctx, h.Run, began)
	h.noteDown(wait)
}

// undoWithin is how long it may take to take a step back.
const undoWithin = time.Minute

// A takenBack is what came of taking a step back.
type takenBack struct {
	asked bool  // the step asks for it
	err   error // why it is not known to be taken back
}

// takeBack makes the operations that take a step back. They are made also if ctx has ended: what the
// step wrote would stay otherwise, although the step has failed.
func takeBack(ctx context.Context, door remote.Host, back []remote.Op) takenBack {
	if len(back) == 0 {
		return takenBack{}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	results, err := door.Do(ctx, back...)
	for _, r := range results {
		if err == nil {
			err = r.Err
		}
		if err == nil && r.Exit != 0 {
			err = fmt.Errorf("exit status %d: %s", r.Exit, words.LastWords(r))
		}
	}
	if err == nil && len(results) < len(back) {
		err = errNoResult
	}
	return takenBack{true, err}
}

// goOn gives the spans, unless what went before the exchange took so long that they may not begin any more.
func (h *hostRun) goOn(ctx context.Context, spans []*span) []*span {
	why := h.stopped(ctx, spans[0].items[0])
	if why == nil {
		return spans
	}
	for _, s := range spans {
		for _, i := range s.items {
			h.End(i.ID, Outcome{Status: Cancelled, Err: why})
		}
	}
	return nil
}

// spans turns the changes that may begin into operations.
func (h *hostRun) spans(ctx context.Context, items []Item) []*span {
	var spans []*span
	batch := map[step.ID]bool{}
	for _, i := range items {
		s := i.Do.(step.HostStep)
		if !h.ready(ctx, i, func(id step.ID) bool { return batch[id] }) {
			continue
		}
		if s.Secret != nil {
			var err error
			if spans, err = h.defineTogether(ctx, spans, i); err != nil {
				h.unbegun(ctx, i.ID, err, time.Now())
			}
			batch[i.ID] = err == nil
			continue
		}
		ops, err := h.ops(ctx, s)
		if err != nil {
			h.unbegun(ctx, i.ID, err, time.Now())
			continue
		}
		spans, batch[i.ID] = append(spans, &span{items: []Item{i}, step: s, ops: ops}), true
	}
	return spans
}

func (h *hostRun) ops(ctx context.Context, s step.HostStep) ([]remote.Op, error) {
	if s.Servers != nil {
		servers, err := h.e.World.Cloud.Servers(ctx, h.name)
		if err != nil {
			return nil, err
		}
		waiting, err := h.e.World.Cloud.Unconfirmed(ctx, h.name)
		if err != nil {
			return nil, fmt.Errorf("whether VMs that came from %s wait to be confirmed cannot be told: %w", h.name, err)
		}
		if err := s.Servers(servers, waiting); err != nil {
			return nil, err
		}
	}
	return s.Ops(h.late(ctx))
}

// waitAlike reports whether two changes wait for the same changes on the host.
func waitAlike(a, b Item) bool {
	here := func(i Item) []step.ID {
		return slices.DeleteFunc(slices.Clone(i.Needs), func(id step.ID) bool { return id.Target != i.ID.Target })
	}
	return slices.Equal(here(a), here(b))
}

// defineTogether adds a secret to the spans. Secrets that follow each other, and wait for
// the same, are one operation. A secret of which no operation can be made leaves the spans as they are.
func (h *hostRun) defineTogether(ctx context.Context, spans []*span, i Item) ([]*span, error) {
	change, err := i.Do.(step.HostStep).Secret(h.late(ctx))
	if err != nil {
		return spans, err
	}
	s := &span{}
	if n := len(spans); n > 0 && spans[n-1].secrets != nil && waitAlike(spans[n-1].items[0], i) {
		s, spans = spans[n-1], spans[:n-1]
	}
	all := append(slices.Clone(s.defines), change)
	op, read, err := h.e.World.Secrets[h.name].(hostbatch.Store).DefineOp(all...)
	if err == nil {
		s.items, s.defines, s.ops, s.secrets = append(s.items, i), all, []remote.Op{op}, read
	}
	if len(s.items) > 0 {
		spans = append(spans, s)
	}
	return spans, err
}

// define defines a libvirt secret that cannot go along with other steps.
func (h *hostRun) define(ctx context.Context, i Item) {
	if !h.ready(ctx, i, alone) {
		return
	}
	began := time.Now()
	change, err := i.Do.(step.HostStep).Secret(h.late(ctx))
	if err != nil {
		h.unbegun(ctx, i.ID, err, began)
		return
	}
	if why := h.stopped(ctx, i); why != nil { // the cluster may have been slow to tell the key
		h.End(i.ID, Outcome{Status: Cancelled, Err: why})
		return
	}
	if h.journal != nil {
		h.journal.add(&record{item: i, secret: &change})
	}
	h.settle(i.ID, true, h.e.World.Secrets[h.name].Define(ctx, change), began)
}

// undefine removes a libvirt secret that still is as it was seen.
func (h *hostRun) undefine(ctx context.Context, i Item, was libvirtsecret.Secret) {
	if !h.ready(ctx, i, alone) {
		return
	}
	began := time.Now()
	store := h.e.World.Secrets[h.name]
	now, err := store.Lookup(ctx, was.UUID)
	switch {
	case errors.Is(err, libvirtsecret.ErrNotFound):
		h.settle(i.ID, false, nil, began)
		return
	case err == nil && (now.UsageID != was.UsageID || !now.Value.Equal(was.Value)):
		err = fmt.Errorf("%w: secret %s is not as it was; plan again", step.ErrConflict, was.UUID)
	}
	if err != nil {
		h.unbegun(ctx, i.ID, err, began)
		return
	}
	if h.journal != nil {
		h.journal.add(&record{item: i, undefined: &now})
	}
	if err = store.Undefine(ctx, was.UUID); errors.Is(err, libvirtsecret.ErrNotFound) {
		h.settle(i.ID, false, nil, began)
		return
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
