package integrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind/cloud"
	"github.com/cephstack/cephstack/integrate/internal/proof"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// A CheckStatus says how a check ended.
type CheckStatus string

// The statuses of a Check.
const (
	Pass   = CheckStatus(proof.Pass)
	Fail   = CheckStatus(proof.Fail)
	Unable = CheckStatus(proof.Unable) // the check could not be made; it does not count as passed
)

// A Check is one thing that Verify looked at.
type Check struct {
	// ID stays the same from run to run, such as files/compute1.
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Target string      `json:"target,omitempty"` // cluster or host; cloud for the APIs; empty where several are concerned
	Status CheckStatus `json:"status"`
	// Evidence is what was seen, or why the check did not pass. It has no secret.
	Evidence string `json:"evidence"`
	// Diffs are what a plan would change.
	Diffs []FieldDiff `json:"diffs,omitempty"`
	// Because is the ID of the resource whose problem or change is the cause, where the
	// check fails only as a consequence.
	Because string  `json:"because,omitempty"`
	Next    string  `json:"next,omitempty"` // what to do about it
	Seconds float64 `json:"seconds"`
	Err     error   `json:"-"` // why it did not pass
}

// A Report is what Verify found.
type Report struct {
	// Format is the version of the form of the JSON: 1.
	Format int     `json:"format"`
	Checks []Check `json:"checks"`
	// Notes are about how the APIs are reached, as in a Plan. They keep no check from passing.
	Notes   []Finding `json:"notes,omitempty"`
	LeftOut []string  `json:"left_out,omitempty"` // as in a Plan
}

// Err is nil if every check passed. Otherwise it wraps ErrChecks and the Err of each
// check that did not pass, and names these checks.
func (r *Report) Err() error {
	var names []string
	var causes []error
	for _, c := range r.Checks {
		if c.Status != Pass {
			names = append(names, c.Name+" ("+string(c.Status)+")")
			if c.Err != nil {
				causes = append(causes, c.Err)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &checksError{names, causes}
}

// A checksError is the checks that did not pass: ErrChecks, and their causes.
type checksError struct {
	names  []string
	causes []error
}

func (e *checksError) Error() string {
	return words.Message(ErrChecks.Error() + ": " + strings.Join(e.names, ", "))
}
func (e *checksError) Unwrap() []error { return append([]error{ErrChecks}, e.causes...) }

// String is the report as a table, with a line on what to do below each check that did
// not pass.
func (r *Report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	passed := 0
	for _, c := range r.Checks {
		fmt.Fprintf(w, "%s\t%s\t%.1fs\t%s\n", strings.ToUpper(string(c.Status)), words.Message(c.Name), c.Seconds,
			words.Message(c.Evidence))
		if c.Next != "" && c.Status != Pass {
			fmt.Fprintf(w, "\t\t\tnext: %s\n", words.Message(c.Next))
		}
		if c.Status == Pass {
			passed++
		}
	}
	_ = w.Flush() // a strings.Builder does not fail
	for _, f := range r.Notes {
		fmt.Fprintln(&b, f)
	}
	shown := map[string]bool{}
	for _, c := range r.Checks {
		shown[c.Target] = true
	}
	writeLeftOut(&b, r.LeftOut, shown)
	fmt.Fprintf(&b, "%d of %d checks passed.\n", passed, len(r.Checks))
	return b.String()
}

// VerifyOptions say how deep a verification goes.
type VerifyOptions struct {
	// Only restricts the verification, which is then static.
	Only Scope
	// Static leaves the verification at reading: no rights are tried, and nothing is
	// made in the cloud. It is cheap, and so it serves as a check for drift, too.
	Static bool
	// Image is a bootable raw image for the guests of the journey. It has to run a
	// shell script from its user data, as cloud-init images do. A verification that
	// is not static needs an image.
	Image io.ReadSeeker
	// Flavor is the name of the guests' flavor; if empty, a small flavor is made, and
	// removed at the end.
	Flavor string
	// Clean makes a verification of one check alone: it removes what older runs left in the
	// APIs and pools, such as runs that were killed. An object counts only if it has the
	// name and the description of such a run. What a run of the last two hours made is left
	// alone: by the time in its name or by its newest object, and by the clock of this machine
	// or by that of the APIs. An image of RBD with which a run tried a right has the name alone:
	// it goes only where both clocks show the same time. The check says why something is left
	// alone. A verification that is neither static nor a Clean has this check, too.
	Clean bool
	// CleanAge is how old a run has to be, where two hours are not right. If it is
	// negative, all runs are old enough: no other verification may be going on then.
	CleanAge time.Duration
	// GuestWait is how long a guest may take for one step; 0 is 5 min.
	GuestWait time.Duration
}

// Verify proves that the Spec holds. It reads the world and compares it with the Spec. It
// tries the rights of each Ceph user, also rights that the user must not have. And it
// takes an image, volumes, VMs, their data and backups through the cloud, and looks where
// the data went: this is the journey. What it makes, it removes again, also if a check
// fails or ctx ends. What a run that is killed left, the next run removes, and a run with
// Clean: all of it is named cephstack-verify-ID-TIME-…
//
// The comparison is that of Plan: what a plan would change or calls a problem, a check
// does not pass.
//
// The Report is never nil. The error is Report.Err, or says which options are wrong;
// nothing is done then.
func (in *Integration) Verify(ctx context.Context, opts VerifyOptions) (*Report, error) {
	report := &Report{Format: planFormat, Checks: []Check{}}
	scope := engine.Scope(opts.Only)
	if err := opts.check(in); err != nil {
		return report, err
	}
	events := in.newEvents()
	hosts := map[string]*step.Host{}
	var mu sync.Mutex
	base, parts := in.look(ctx, scope, func(p engine.Part, seen *engine.Seen) engine.Part {
		mu.Lock()
		defer mu.Unlock()
		hosts[p.Target.Name] = seen.Host()
		return p
	})
	parts = append(base.Clusters(), in.bySpec(parts)...)
	if scope.All() {
		parts = append(parts, base.Cloud())
	} else {
		report.LeftOut = in.leftOut(scope)
	}
	for _, i := range base.Cloud().Items {
		for _, f := range i.Findings {
			if i.Gate && !f.Problem && i.ID == cloud.APIsID() {
				report.Notes = append(report.Notes, findingOf(i, f))
			}
		}
	}
	proof.Verify(ctx, proof.Subject{Site: in.engine.Site, World: in.engine.World, View: base.View(), Hosts: hosts,
		Parts: parts, Poll: in.poll,
		Options: proof.Options{Static: opts.Static, Image: opts.Image, Flavor: opts.Flavor, GuestWait: opts.GuestWait,
			Clean: opts.Clean, CleanAge: opts.CleanAge},
		Started: func(c proof.Check) { events.emit(CheckStarted{c.Name}) },
		Ended: func(c proof.Check) {
			check := checkOf(c)
			report.Checks = append(report.Checks, check)
			events.emit(CheckFinished{check})
		}})
	return report, report.Err()
}

// check refuses options that cannot be.
func (o VerifyOptions) check(in *Integration) error {
	if !o.Static && !engine.Scope(o.Only).All() {
		return errors.New("integrate: Verify: a part of the Spec can only be verified with Static: the journey goes " +
			"through the whole cloud")
	}
	if o.Clean && (o.Static || o.Image != nil) {
		return errors.New("integrate: Verify: Clean goes with neither Static nor Image: it verifies nothing")
	}
	if !o.Static && !o.Clean && in.engine.Site.Glance != nil && in.engine.World.Cloud != nil {
		if o.Image == nil {
			return errors.New("integrate: Verify: it needs a bootable raw image for its guests, or Static")
		}
		if err := checkImage(o.Image); err != nil {
			return fmt.Errorf("integrate: Verify: %w", err)
		}
	}
	return o.Only.check(in)
}

func checkOf(c proof.Check) Check {
	out := Check{ID: c.ID, Name: c.Name, Target: c.Target, Status: CheckStatus(c.Status), Evidence: c.Evidence,
		Because: c.Because, Next: c.Next, Seconds: c.Seconds, Err: c.Err}
	for _, d := range c.Diffs {
		out.Diffs = append(out.Diffs, FieldDiff(d))
	}
	return out
}

// bySpec puts the hosts into the order of the Spec.
func (in *Integration) bySpec(hosts []engine.Part) []engine.Part {
	place := map[string]int{}
	for i, h := range in.engine.Site.Hosts {
		place[h.Name] = i
	}
	slices.SortStableFunc(hosts, func(a, b engine.Part) int { return place[a.Target.Name] - place[b.Target.Name] })
	return hosts
}
