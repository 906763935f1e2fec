package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

var errNoResult = errors.New("the host gave no result for it")

// An exchange is what came of the operations of a span.
type exchange struct {
	results []remote.Result
	err     error // what ended the exchange early
	back    takenBack
	began   time.Time
}

// judge writes down how the changes of a span ended.
func (h *hostRun) judge(ctx context.Context, s *span, x exchange) {
	results, began := x.results, x.began
	if len(results) < len(s.ops) {
		h.unheard(ctx, s, cmp.Or(x.err, errNoResult), began)
		return
	}
	if errors.Is(results[0].Err, remote.ErrSkipped) {
		for _, i := range s.items {
			h.End(i.ID, Outcome{Status: Skipped, Because: h.cause(i), Took: time.Since(began)})
		}
		return
	}
	if notBegun(ctx, results[0].Err) {
		h.unheard(ctx, s, results[0].Err, began)
		return
	}
	if s.secrets != nil && results[0].Err == nil {
		for k, err := range s.secrets(results[0]) {
			h.settle(s.items[k].ID, true, err, began)
		}
		return
	}
	judge := s.step.Judge
	if judge == nil {
		judge = func(results []remote.Result) (bool, error) { return h.plain(s.ops, results) }
	}
	changed, err := judge(results)
	if x.back.asked {
		h.undone(s, err, x)
		return
	}
	for _, i := range s.items {
		if s.step.Serves == nil || err != nil {
			h.settle(i.ID, changed, err, began)
		}
	}
}

// undone writes down how a step ended that was to be taken back, since err. Whatever the step did has no
// effect any more where it was taken back. Otherwise nobody knows how the host is.
func (h *hostRun) undone(s *span, err error, x exchange) {
	o := Outcome{Status: Failed, Err: fmt.Errorf("%w; the change was taken back", err), Took: time.Since(x.began)}
	if x.back.err != nil {
		o.Status, o.Err = Unknown, fmt.Errorf("%w; the change could not be taken back: %w", err, x.back.err)
	}
	for _, i := range s.items {
		h.End(i.ID, o)
	}
}

// notBegun reports whether an operation was not begun since ctx had ended.
func notBegun(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil && !errors.Is(err, remote.ErrUnknown)
}

// unheard settles what was not begun, as the exchange had ended before.
func (h *hostRun) unheard(ctx context.Context, s *span, err error, began time.Time) {
	o := Outcome{Status: Failed, Err: err, Took: time.Since(began)}
	switch {
	case errors.Is(err, remote.ErrUnknown), errors.Is(err, errNoResult):
		o.Status = Unknown
	case ctx.Err() != nil:
		o.Status = Cancelled
	}
	for _, i := range s.items {
		h.End(i.ID, o)
	}
}

// plain gives the first error of a step; a program that fails is one.
func (h *hostRun) plain(ops []remote.Op, results []remote.Result) (changed bool, err error) {
	for i, r := range results {
		changed = changed || r.Changed
		if r.Err != nil {
			return changed, r.Err
		}
		if r.Exit != 0 {
			_, object := remote.Describe(ops[i])
			return changed, fmt.Errorf("%s: %s: exit status %d: %s", h.name, object, r.Exit, words.LastWords(r))
		}
	}
	return changed, nil
}

// cause is the change because of which another one was skipped on the host: a change
// that it needs, or a secret that one operation defines along with such a change.
func (h *hostRun) cause(i Item) step.ID {
	if id := h.culprit(i); !id.IsZero() {
		return id
	}
	for _, need := range i.Needs {
		for _, other := range h.with[need] {
			if o, ok := h.Outcome(other.ID); ok && !o.Well() {
				return other.ID
			}
		}
	}
	return step.ID{}
}

// culprit is the change because of which another one was skipped.
func (r *Run) culprit(i Item) step.ID {
	for _, id := range i.Needs {
		if o, ok := r.Outcome(id); ok && !o.Well() {
			return id
		}
	}
	return step.ID{}
}
