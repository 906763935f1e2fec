package integrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/engine"
)

// undoWithin is how long it may take to take an Apply back.
const undoWithin = 10 * time.Minute

// undo takes back what was changed, if a change did not end well. It needs the operator lock, as each change does. If
// ctx has ended, the lock is taken once more, for another context.
func (a *applying) undo(ctx context.Context) {
	if !slices.ContainsFunc(a.result.Outcomes, func(o Outcome) bool { return !wellEnded(o.Status) }) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	if a.hold.ctx.Err() != nil {
		a.release()
		h, err := a.in.hold(ctx, "undo", ApplyOptions{})
		a.hold = h
		a.run.Held = h.held
		if err != nil {
			a.notUndone(err)
			return
		}
		ctx = h.ctx
	}
	for id, u := range a.run.Undo(ctx) {
		i, ok := a.index[id.String()]
		if !ok {
			continue
		}
		a.result.Outcomes[i].setUndo(u)
	}
}

func wellEnded(s Status) bool { return s == Applied || s == Unchanged }

// setUndo writes down what became of the change when it was taken back.
func (o *Outcome) setUndo(u engine.Undone) {
	if o.Undo, o.UndoErr = string(u.Status), u.Err; u.Err != nil {
		o.UndoReason = u.Err.Error()
	}
}

// notUndone says of each change that may have had an effect that it was not taken back.
func (a *applying) notUndone(why error) {
	for i := range a.result.Outcomes {
		if o := &a.result.Outcomes[i]; o.Status == Applied || o.Status == Unknown {
			o.setUndo(engine.Undone{Status: engine.NotUndone, Err: why})
		}
	}
}

// errUndo is the part of Result.Err about changes that could not be taken back.
func (r *Result) errUndo() error {
	var names []string
	var causes []error
	for _, o := range r.Outcomes {
		if o.Undo == string(engine.NotUndone) {
			names, causes = append(names, o.Change.ID), append(causes, o.UndoErr)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &undoError{names, causes}
}

// An undoError is changes that could not be taken back, and why.
type undoError struct {
	names  []string
	causes []error
}

func (e *undoError) Error() string {
	return fmt.Sprintf("integrate: these changes could not be taken back: %s; plan again to see what is there",
		strings.Join(e.names, ", "))
}

func (e *undoError) Unwrap() []error { return e.causes }

// UndoText tells what became of the changes of a failed Apply that were to be taken back, in lines. It is empty if none
// was to be taken back.
func (r *Result) UndoText() string {
	var b strings.Builder
	count := map[string]int{}
	for _, o := range r.Outcomes {
		if o.Undo == "" {
			continue
		}
		count[o.Undo]++
		if o.Undo != string(engine.TakenBack) {
			fmt.Fprintf(&b, "%s: %s %s: %s: %s\n", o.Change.Target, o.Change.Kind, o.Change.Name, o.Undo, o.UndoReason)
		}
	}
	if len(count) == 0 {
		return ""
	}
	fmt.Fprintf(&b, "Taken back: %d undone, %d left, %d failed.\n", count[string(engine.TakenBack)],
		count[string(engine.Left)], count[string(engine.NotUndone)])
	return b.String()
}

// staysAfterUndo are notes of what an undo would leave, one for each change.
func staysAfterUndo(changes []Change) []Finding {
	var notes []Finding
	for _, c := range changes {
		var text string
		switch {
		case c.Kind == "pool" && c.Action == Create:
			text = "a new pool stays if the apply is taken back: no pool is ever removed by that"
		case c.Kind == "pool":
			text = "the new values of a pool stay if the apply is taken back, as they may have moved data"
		case c.Kind == "retired-user":
			text = "a user that was removed stays away if the apply is taken back, as its key is gone for good, and so do " +
				"the options, keyrings and secrets that were removed before it"
		case c.Kind == "erasure-profile":
			text = "a new erasure profile stays if the apply is taken back"
		case c.Kind == "packages", c.Kind == "upgrade":
			text = "packages stay as they are then if the apply is taken back"
		case c.Kind == "directory" && c.Action == Create:
			text = "a new folder stays if the apply is taken back"
		case c.Action == Restart:
			text = "a restart that worked stays if the apply is taken back, and so does what the service uses " +
				"then: its Ceph user and keyring, ceph.conf and libvirt's secrets. Its options go back, so that it owes a " +
				"restart"
		default:
			continue
		}
		notes = append(notes, Finding{Code: "stays-after-undo", Target: c.Target, Object: c.Kind + " " + c.Name,
			Message: text})
	}
	return notes
}

var errUndoConverge = errors.New("integrate: a Converge cannot be taken back, as it keeps nothing of the hosts " +
	"behind it: UndoOnFailure is for Apply")
