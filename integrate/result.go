package integrate

import (
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// Conditions that a caller branches on; test with errors.Is.
var (
	// ErrConflict says that the world changed after the plan was made, or that the
	// plan was made for another Spec or for other clusters. What somebody else
	// changed is still there. Plan again.
	ErrConflict = step.ErrConflict
	// ErrIncomplete says that a part of the Spec could not be planned, or that a
	// change was skipped because a change that it needs did not end well.
	ErrIncomplete = errors.New("integrate: not all of the spec is reached")
	// ErrStopped says that a host or a change was not begun, because failures
	// before it had stopped the rollout (see ApplyOptions).
	ErrStopped = engine.ErrStopped
	// ErrChecks says that checks of a verification failed, or could not be made.
	ErrChecks = errors.New("integrate: checks did not pass")
)

// A Status says how a change ended.
type Status string

// The statuses of an Outcome; as strings, these are their names in lower case. The
// documentation of the package says what each promises.
const (
	Applied   = Status(engine.Applied)   // the change was made
	Unchanged = Status(engine.Unchanged) // the target was already as it should be
	Failed    = Status(engine.Failed)    // the change was refused, or did not work; no write had an effect
	Unknown   = Status(engine.Unknown)   // no answer came in time; the next plan tells
	Skipped   = Status(engine.Skipped)   // a change that it needs did not end well
	Cancelled = Status(engine.Cancelled) // it was not begun
)

// An Outcome is how one change ended.
type Outcome struct {
	Change  Change `json:"change"`
	Status  Status `json:"status"`
	Because string `json:"because,omitempty"` // if Skipped: the ID of the change that did not end well
	// Retryable says that trying again may help without anybody doing something.
	Retryable bool    `json:"retryable,omitempty"`
	Err       error   `json:"-"`
	Error     string  `json:"error,omitempty"` // text of Err
	Seconds   float64 `json:"seconds"`         // how long the change took
	// Undo says what became of the change when a failed Apply was taken back (ApplyOptions.UndoOnFailure): undone, if all
	// is as it was before the change; left, if the change or a part of it stays; failed, if it could not be taken back.
	// It is empty if nothing was taken back, and for a change that had no effect.
	Undo       string `json:"undo,omitempty"`
	UndoReason string `json:"undo_reason,omitempty"` // why the change stays, or was not taken back: text of UndoErr
	UndoErr    error  `json:"-"`
}

// set writes down how the change ended.
func (o *Outcome) set(e engine.Outcome) {
	o.Status, o.Err, o.Seconds = Status(e.Status), e.Err, e.Took.Seconds()
	if !e.Because.IsZero() {
		o.Because = e.Because.String()
	}
	if e.Err != nil {
		o.Error, o.Retryable = e.Err.Error(), cause.Retryable(e.Err)
	}
}

// A Result is how an Apply ended.
type Result struct {
	// Format is the version of the form of the JSON: 1.
	Format   int       `json:"format"`
	Outcomes []Outcome `json:"outcomes"`           // one for each change of the plan, in the same order
	Findings []Finding `json:"findings,omitempty"` // of the plan
	LeftOut  []string  `json:"left_out,omitempty"` // of the plan
}

// Err joins all that went wrong: a *ChangeError for each change that failed, is
// unknown or was cancelled, ErrIncomplete for each Problem of the plan, and
// ErrIncomplete once for all changes that were skipped. It is nil if nothing went wrong.
// Of a Result that was read from JSON, the causes of changes are texts only.
func (r *Result) Err() error {
	var errs []error
	for _, o := range r.Outcomes {
		err := o.Err
		if err == nil && o.Error != "" {
			err = errors.New(o.Error) // the Result was read from JSON
		}
		if err != nil {
			errs = append(errs, &ChangeError{Change: o.Change, Status: o.Status, Err: err})
		}
	}
	if n := r.Count(Skipped); n > 0 {
		errs = append(errs, fmt.Errorf("%w: %d changes were skipped, as changes that they need did not end well",
			ErrIncomplete, n))
	}
	for _, f := range r.Findings {
		if f.Problem {
			errs = append(errs, &problemError{f})
		}
	}
	if err := r.errUndo(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Count is how many changes ended with a status.
func (r *Result) Count(s Status) int {
	n := 0
	for _, o := range r.Outcomes {
		if o.Status == s {
			n++
		}
	}
	return n
}

// A ChangeError is a change that did not end well.
type ChangeError struct {
	Change Change
	Status Status
	// Err is the cause. If it comes from a host, errors.As finds the
	// *remote.HostError or the *remote.OpError with the host and the step.
	Err error
}

// Error is one line of what prints, whatever a host said.
func (e *ChangeError) Error() string {
	return words.Message(fmt.Sprintf("%s: %s %s %s: %s: %v", e.Change.Target, e.Change.Action, e.Change.Kind,
		e.Change.Name,
		e.Status, e.Err))
}

// Unwrap gives the cause.
func (e *ChangeError) Unwrap() error { return e.Err }

// Retryable reports whether trying again may help without anybody doing something. It
// may if a host or a cluster did not answer, or if somebody else made a change in between.
func (e *ChangeError) Retryable() bool { return cause.Retryable(e.Err) }
