package drift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// Conditions that a caller branches on; test with errors.Is.
var (
	// ErrDrift says that something is known to differ from the Spec, and that all could be told.
	ErrDrift = errors.New("drift: the cloud is not as the Spec says")
	// ErrUnknown says that a part of the cloud could not be compared. There may be drift besides.
	ErrUnknown = errors.New("drift: a part of the cloud could not be compared with the Spec")
)

// A Status is a Report in one word.
type Status string

// The statuses of a Report.
const (
	None    Status = "none"    // all was compared, and is as the Spec says
	Found   Status = "found"   // all was compared, and something differs
	Unknown Status = "unknown" // something could not be compared; something may differ besides
)

// Options say what is looked at.
type Options struct {
	// Only restricts the look; the zero Scope is the whole Spec.
	Only integrate.Scope
	// Timeout bounds the look. What has not answered by then makes Look fail. 0 is no limit but those of the Spec.
	Timeout time.Duration
}

// An Item is a resource that is not as the Spec says.
type Item struct {
	// ID is that of a change, kind/target/name. Of a Problem it is code/target/object. It stays the same from run to run.
	ID     string `json:"id"`
	Kind   string `json:"kind"`   // as that of a change; problem for a Problem
	Target string `json:"target"` // cluster or host; cloud for the APIs
	Name   string `json:"name"`   // pool, user, path, UUID, unit, packages
	// Action is what a plan would do: create what is missing, update or restart. It is empty for a Problem.
	Action integrate.Action      `json:"action,omitempty"`
	Code   string                `json:"code,omitempty"` // of a Problem
	Reason string                `json:"reason"`
	Diffs  []integrate.FieldDiff `json:"diffs,omitempty"` // what is there, and what the Spec asks for
	// Because is the ID of the Item of which this one is only a consequence.
	Because string `json:"because,omitempty"`
}

// A Report is what Look found.
type Report struct {
	// Format is the version of the form of the JSON: 1.
	Format int    `json:"format"`
	Status Status `json:"status"`
	// Drift is what differs, in the order of a plan.
	Drift []Item `json:"drift"`
	// Unknown is what could not be compared, and why.
	Unknown []integrate.Finding `json:"unknown,omitempty"`
	// Behind is what was not compared because of something in Drift or Unknown.
	Behind []integrate.Finding `json:"behind,omitempty"`
	// Kept counts, for each target, the differences that the Spec keeps as found. They are no drift.
	Kept    []integrate.Finding `json:"kept,omitempty"`
	LeftOut []string            `json:"left_out,omitempty"` // the targets that Options.Only left out
	Seconds float64             `json:"seconds"`            // how long the look took
}

// format is the version of the form of the JSON.
const format = 1

// Look compares the world with the Spec of in. It writes nothing.
func Look(ctx context.Context, in *integrate.Integration, opts Options) (*Report, error) {
	if opts.Timeout < 0 {
		return nil, fmt.Errorf("drift: a timeout of %s: that cannot be negative", opts.Timeout)
	}
	if opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
	}
	began := time.Now()
	plan, err := in.Plan(ctx, integrate.PlanOptions{Only: opts.Only})
	if err != nil {
		return nil, fmt.Errorf("drift: %w", err)
	}
	r := of(plan)
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}

// of sorts what a plan has.
func of(plan *integrate.Plan) *Report {
	r := &Report{Format: format, Drift: []Item{}, LeftOut: plan.LeftOut}
	changed := map[string]integrate.Change{}
	for _, c := range plan.Changes {
		changed[c.ID] = c
	}
	for _, c := range plan.Changes {
		r.Drift = append(r.Drift, Item{ID: c.ID, Kind: c.Kind, Target: c.Target, Name: c.Name, Action: c.Action,
			Reason: c.Reason, Diffs: c.Diffs, Because: follows(c, changed)})
	}
	for _, f := range plan.Problems() {
		switch {
		case f.Because != "":
			r.Behind = append(r.Behind, f)
		case untold(f):
			r.Unknown = append(r.Unknown, f)
		default:
			r.Drift = append(r.Drift, itemsOf(f)...)
		}
	}
	for _, f := range plan.Findings {
		if f.Code == "kept-as-found" || f.Code == "kept-hole" || f.Code == "kept-unreadable" {
			r.Kept = append(r.Kept, f)
		}
	}
	r.Unknown = append(r.Unknown, plan.Unable()...)
	r.Status = r.status()
	return r
}

// follows is the change of which another one is only a consequence. A restart that waits for changes is owed because of
// them. What waits for the key of a new user differs because the user is gone.
func follows(c integrate.Change, changed map[string]integrate.Change) string {
	var of func(integrate.Change) bool
	switch {
	case c.Action == integrate.Restart:
		of = func(n integrate.Change) bool { return n.Kind == "settings" }
	case slices.ContainsFunc(c.Diffs, func(d integrate.FieldDiff) bool { return d.Desired == words.OfNewUser }):
		of = func(n integrate.Change) bool { return n.Kind == "user" }
	default:
		return ""
	}
	first := ""
	for _, id := range c.Needs {
		n, ok := changed[id]
		switch {
		case ok && of(n):
			return id
		case ok && first == "":
			first = id
		}
	}
	return first
}

// itemsOf is a Problem that tells of a difference, once for each target.
func itemsOf(f integrate.Finding) []Item {
	targets := f.Hosts
	if len(targets) == 0 {
		targets = []string{f.Target}
	}
	var all []Item
	for _, t := range targets {
		all = append(all, Item{ID: f.Code + "/" + t + "/" + f.Object, Kind: "problem", Target: t, Name: f.Object,
			Code: f.Code, Reason: f.Message})
	}
	return all
}

// Own is how many Items are not only the consequence of another one.
func (r *Report) Own() int {
	n := 0
	for _, i := range r.Drift {
		if i.Because == "" {
			n++
		}
	}
	return n
}

// status is what the lists come to. What is behind something that is nowhere told is unknown.
func (r *Report) status() Status {
	switch {
	case len(r.Unknown) > 0, len(r.Drift) == 0 && len(r.Behind) > 0:
		return Unknown
	case len(r.Drift) > 0:
		return Found
	}
	return None
}

// Err is nil if all was compared and is as the Spec says, and otherwise ErrDrift or ErrUnknown with numbers.
func (r *Report) Err() error {
	switch r.Status {
	case None:
		return nil
	case Found:
		return fmt.Errorf("%w: %s", ErrDrift, r.differ())
	}
	return fmt.Errorf("%w: %d could not be told, and %s", ErrUnknown, max(len(r.Unknown), 1), r.differ())
}
