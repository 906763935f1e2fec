package integrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// A CheckStatus says how a check ended.
type CheckStatus string

// The statuses of a Check. A check that could not be made is Unable; it never
// passes.
const (
	Pass   CheckStatus = "pass"
	Fail   CheckStatus = "fail"
	Unable CheckStatus = "unable"
)

// A Check is one thing that Verify looked at.
type Check struct {
	Name     string      `json:"name"`
	Status   CheckStatus `json:"status"`
	Evidence string      `json:"evidence"`       // what was seen; never a secret
	Next     string      `json:"next,omitempty"` // what to do about it
	Seconds  float64     `json:"seconds"`
	Err      error       `json:"-"` // why it did not pass
}

// A Report is what Verify found, in the order in which it looked.
type Report struct {
	Checks []Check `json:"checks"`
}

// Err is nil when every check passed; otherwise it wraps ErrChecks and names
// those that did not.
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

func (e *checksError) Error() string   { return ErrChecks.Error() + ": " + strings.Join(e.names, ", ") }
func (e *checksError) Unwrap() []error { return append([]error{ErrChecks}, e.causes...) }

// String is the report as a table.
func (r *Report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, c := range r.Checks {
		fmt.Fprintf(w, "%s\t%s\t%.1fs\t%s\n", strings.ToUpper(string(c.Status)), c.Name, c.Seconds, c.Evidence)
		if c.Next != "" && c.Status != Pass {
			fmt.Fprintf(w, "\t\t\tnext: %s\n", c.Next)
		}
	}
	_ = w.Flush() // a strings.Builder does not fail
	passed := 0
	for _, c := range r.Checks {
		if c.Status == Pass {
			passed++
		}
	}
	fmt.Fprintf(&b, "%d of %d checks passed.\n", passed, len(r.Checks))
	return b.String()
}

// VerifyOptions say how deep a verification goes.
type VerifyOptions struct {
	// Static leaves it at reading: no probes of rights, no journey. It is
	// cheap and changes nothing, so it serves as the drift check too.
	Static bool
	// Image is a bootable raw image for the journey's guests: any that runs a
	// shell script from its user data, as cloud-init images do. Without it
	// the journey cannot run.
	Image io.ReadSeeker
	// Flavor is the flavor's name; when empty a small one is made and removed.
	Flavor string
	// GuestWait bounds how long a guest may take for one step; 0 is 5 min.
	GuestWait time.Duration
}

// Verify proves that the Spec holds: by reading, by trying each Ceph user's
// rights (also those that it must not have), and by a journey of an image, a
// volume, VMs, their data and its backups through the cloud. What the probes
// and the journey make, they remove again, also when they fail. The report is
// never nil, and the error is its Err.
func (in *Integration) Verify(ctx context.Context, opts VerifyOptions) (*Report, error) {
	v := &verifier{in: in, opts: opts, report: &Report{}}
	v.seen = in.observe(ctx)
	v.static(ctx)
	if !opts.Static {
		v.probes(ctx)
		v.journey(ctx)
	}
	return v.report, v.report.Err()
}

// A verifier is one Verify under way.
type verifier struct {
	in     *Integration
	opts   VerifyOptions
	seen   *observed
	report *Report
}

// errUnable marks an error that kept a check from being made.
var errUnable = errors.New("cannot be checked")

func unable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUnable, fmt.Errorf(format, args...))
}

// check makes one check: fn returns what it saw, or why it is not well.
func (v *verifier) check(ctx context.Context, name, next string, fn func(context.Context) (string, error)) bool {
	v.in.emit(CheckStarted{name})
	began := time.Now()
	c := Check{Name: name, Status: Pass}
	evidence, err := "", ctx.Err()
	if err == nil {
		evidence, err = fn(ctx)
	}
	if err != nil && ctx.Err() != nil { // whatever it says came of that
		err, next = unable("interrupted: %w", ctx.Err()), "run it again"
	}
	c.Evidence, c.Err = evidence, err
	if err != nil {
		c.Status, c.Evidence, c.Next = Fail, err.Error(), next
		if errors.Is(err, errUnable) {
			c.Status = Unable
		}
		if better := nextFor(err); better != "" {
			c.Next = better
		}
	}
	c.Seconds = float64(time.Since(began).Milliseconds()) / 1000
	v.report.Checks = append(v.report.Checks, c)
	v.in.emit(CheckFinished{c})
	return err == nil
}
