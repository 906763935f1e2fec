package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
)

// A recheck is one more look at the clusters and the APIs, which the removals of a minute share.
type recheck struct {
	began time.Time
	done  chan struct{} // closed when base is there
	base  *Base
}

// A shut is why a gate keeps a change from being made, which was open when the plan was made.
type shut struct {
	text string
	errs []error
}

// Error implements error.
func (s *shut) Error() string { return s.text }

// Unwrap gives ErrConflict, and what the gate says.
func (s *shut) Unwrap() []error { return s.errs }

// open says why a change must not be made by now. Its gates were open when the plan was made, which may be long ago.
// They are compared once more right before the first change behind them, and again a minute later.
func (r *Run) open(ctx context.Context, i Item) error {
	if len(i.Recheck) == 0 {
		return nil
	}
	now, err := r.baseNow(ctx)
	if err != nil {
		return err
	}
	for _, id := range i.Recheck {
		if err := r.gate(now, id); err != nil {
			return err
		}
	}
	return nil
}

// baseNow reads and compares clusters and APIs once more. Changes that need that at once share the look, and so do
// those that need it soon after.
func (r *Run) baseNow(ctx context.Context) (*Base, error) {
	r.mu.Lock()
	now := r.again
	mine := now == nil || time.Since(now.began) > cmp.Or(r.e.Fresh, time.Minute)
	if mine {
		now = &recheck{began: time.Now(), done: make(chan struct{})}
		r.again = now
	}
	r.mu.Unlock()
	if mine {
		now.base = r.e.Base(ctx, r.base.scope)
		close(now.done)
	}
	select {
	case <-now.done:
		return now.base, context.Cause(ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// gate says why a gate is shut. A gate on a host compares clusters and APIs alone, so that the host is not read.
func (r *Run) gate(now *Base, id step.ID) error {
	entries := r.e.Catalog.Of(id.Target)
	at := slices.IndexFunc(entries, func(e Entry) bool { return e.ID() == id })
	if at < 0 {
		return nil
	}
	v := now.view
	d, known := now.ledger.Lookup(id)
	if id.Target.Where == step.OnHost {
		v.Host, v.Ledger = step.NewHost(id.Target.Name), step.NewLedger(now.ledger)
		d, known = compareOne(entries[at], entries[at].Needs(), v).Printable(), true
	}
	for known && !d.Because.IsZero() {
		d, known = now.ledger.Lookup(d.Because)
	}
	if known && d.Refused {
		return shutBy(d)
	}
	if again, ok := entries[at].Resource.(step.Rechecker); ok {
		return again.Recheck(r.base.view, v)
	}
	return nil
}

// shutBy says what a gate that is refused says. What cannot be told is not a conflict.
func shutBy(d step.Delta) error {
	s := &shut{text: "right before the first removal, what retires was looked at once more, and cannot be told"}
	if d.Unable == nil {
		s.text, s.errs = step.ErrConflict.Error(), []error{step.ErrConflict}
	}
	for _, f := range d.Findings {
		if f.Problem {
			s.text += ": " + f.Object + ": " + f.Message
			if f.Err != nil {
				s.errs = append(s.errs, f.Err)
			}
			break
		}
	}
	if !strings.Contains(s.text, "plan again") {
		s.text += "; plan again"
	}
	return s
}
