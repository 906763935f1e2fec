package integrate

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Conditions that a caller branches on; test with errors.Is.
var (
	// ErrConflict says that the world changed between plan and apply; nothing
	// was written over that change. Plan again.
	ErrConflict = errors.New("integrate: changed since the plan was made")
	// ErrIncomplete says that a part of the Spec could not be planned, or was
	// skipped because of what it needs.
	ErrIncomplete = errors.New("integrate: not all of the spec is reached")
	// ErrStopped says that something was not begun, as failures before it had
	// stopped the rollout (see ApplyOptions).
	ErrStopped = errors.New("integrate: the rollout was stopped by failures before it")
	// ErrChecks says that a verification did not pass.
	ErrChecks = errors.New("integrate: checks did not pass")
)

// A Status says how a change ended.
type Status string

// The statuses of an Outcome.
const (
	Applied   Status = "applied"
	Unchanged Status = "unchanged" // it was so already
	Failed    Status = "failed"    // without an effect
	Unknown   Status = "unknown"   // an effect is possible; the next plan tells
	Skipped   Status = "skipped"   // because a change that it needs did not end well
	Cancelled Status = "cancelled"
)

// An Outcome is how one change ended.
type Outcome struct {
	Change  Change        `json:"change"`
	Status  Status        `json:"status"`
	Because string        `json:"because,omitempty"` // of Skipped: the ID of the change that failed
	Err     error         `json:"-"`
	Error   string        `json:"error,omitempty"` // text of Err
	Took    time.Duration `json:"took"`
}

// A Result is how an Apply ended: one outcome per change, index-aligned.
type Result struct {
	Outcomes []Outcome `json:"outcomes"`
	Findings []Finding `json:"findings,omitempty"` // of the plan
}

// Err joins what went wrong, nil when nothing did: a *ChangeError for each
// change that failed, is unknown or was cancelled, and ErrIncomplete for each
// Problem of the plan, and once for all changes that were skipped.
func (r *Result) Err() error {
	var errs []error
	for _, o := range r.Outcomes {
		if o.Err != nil {
			errs = append(errs, &ChangeError{Change: o.Change, Status: o.Status, Err: o.Err})
		}
	}
	if n := r.Count(Skipped); n > 0 {
		errs = append(errs, fmt.Errorf("%w: %d changes were skipped, as changes that they need did not end well", ErrIncomplete, n))
	}
	for _, f := range r.Findings {
		if f.Problem {
			errs = append(errs, &problemError{f})
		}
	}
	return errors.Join(errs...)
}

// A problemError is a Problem of a plan as an error: ErrIncomplete, and its
// cause.
type problemError struct{ f Finding }

func (e *problemError) Error() string {
	return fmt.Sprintf("%v: %s: %s", ErrIncomplete, strings.TrimSpace(e.f.Target+" "+e.f.Object), e.f.Message)
}

// Unwrap gives both; a cause that is not known is none.
func (e *problemError) Unwrap() []error {
	if e.f.Err == nil {
		return []error{ErrIncomplete}
	}
	return []error{ErrIncomplete, e.f.Err}
}

// Count says how many changes ended with a status.
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
	Err    error
}

func (e *ChangeError) Error() string {
	return fmt.Sprintf("%s: %s %s %s: %s: %v", e.Change.Target, e.Change.Action, e.Change.Kind, e.Change.Name, e.Status, e.Err)
}

// Unwrap gives the cause.
func (e *ChangeError) Unwrap() error { return e.Err }
