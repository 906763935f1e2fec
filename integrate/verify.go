package integrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind/cloud"
	"github.com/cephstack/cephstack/integrate/internal/proof"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A CheckStatus says how a check ended.
type CheckStatus string

// The statuses of a Check.
const (
	Pass   = CheckStatus(proof.Pass)   // pass: all is as it should be
	Fail   = CheckStatus(proof.Fail)   // fail: something is not as it should be
	Unable = CheckStatus(proof.Unable) // unable: the check could not be made; it does not count as passed
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
	// Diffs are what a plan would change of all resources of the check, one after the other. Each names its resource.
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
	// Notes are about how the APIs are reached, and about computes that keep the disks of VMs in
	// different places, as in a Plan. They keep no check from passing.
	Notes   []Finding `json:"notes,omitempty"`
	LeftOut []string  `json:"left_out,omitempty"` // as in a Plan
	// ChecksLeftOut are the IDs of the checks that VerifyOptions.Checks left out.
	ChecksLeftOut []string `json:"checks_left_out,omitempty"`
	// Spec and Clusters say what was verified, as in a Plan. JSON does not have them.
	Spec     string            `json:"-"`
	Clusters map[string]string `json:"-"`
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
	if n := len(r.ChecksLeftOut); n > 0 {
		fmt.Fprintf(&b, "%d checks were not asked for: %s.\n", n, strings.Join(spec.FoldNames(r.ChecksLeftOut), ", "))
	}
	fmt.Fprintf(&b, "%d of %d checks passed.\n", passed, len(r.Checks))
	return b.String()
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
	if err := in.wrong(opts); err != nil {
		return report, err
	}
	ctx, cancel := opts.limited(ctx)
	defer cancel()
	v, err := in.prepare(ctx, opts)
	if err != nil {
		return report, fmt.Errorf("integrate: Verify: %w", err)
	}
	report.ChecksLeftOut = v.leftOut()
	scope := v.scope
	events := in.newEvents()
	hosts := map[string]*step.Host{}
	var mu sync.Mutex
	base, parts := in.look(ctx, scope, events, func(p engine.Part, seen *engine.Seen) engine.Part {
		mu.Lock()
		defer mu.Unlock()
		hosts[p.Target.Name] = seen.Host()
		return p
	})
	report.Spec, report.Clusters = in.digest, base.FSIDs()
	parts = append(base.Clusters(), in.bySpec(parts)...)
	if scope.All() {
		parts = append(parts, base.Cloud())
	} else if only := engine.Scope(opts.Only); !only.All() {
		report.LeftOut = in.leftOut(only)
	}
	for _, i := range base.Cloud().Items {
		for _, f := range i.Findings {
			if i.Gate && !f.Problem && (i.ID == cloud.APIsID() || i.ID == cloud.FleetID()) {
				report.Notes = append(report.Notes, findingOf(i, f))
			}
		}
	}
	proof.Verify(ctx, proof.Subject{Site: in.engine.Site, World: in.engine.World, View: base.View(), Hosts: hosts,
		Parts: parts, Poll: in.poll,
		Options: proof.Options{Static: opts.Static, Image: opts.Image, Flavor: opts.Flavor, GuestWait: opts.GuestWait,
			Clean: opts.Clean, CleanAge: opts.CleanAge, Pick: v.pick, Wanted: v.wanted},
		Started: func(c proof.Check) { events.emit(CheckStarted{c.Name}) },
		Ended: func(c proof.Check) {
			check := checkOf(c)
			report.Checks = append(report.Checks, check)
			events.emit(CheckFinished{check})
		}})
	return report, report.Err()
}

// wrong says why nothing is verified with these options.
func (in *Integration) wrong(opts VerifyOptions) error {
	if err := opts.Only.check(in); err != nil {
		return err
	}
	imageless := in.engine.World.Cloud == nil // there is nowhere to take an image to
	if err := opts.check(in.engine.Site, in.engine.Catalog, imageless); err != nil {
		return fmt.Errorf("integrate: Verify: %w", err)
	}
	return nil
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
