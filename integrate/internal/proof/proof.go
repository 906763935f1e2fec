// Package proof verifies that a Spec holds: by what was compared, by trying the
// rights of each Ceph user, and by a journey of an image, volumes, VMs and backups
// through the cloud.
//
// # Use
//
// Verify runs the checks on what was compared, and reports each check as it ends.
//
// # Errors
//
// A check that did not pass has the reason in Err.
//
// # Concurrency and cancellation
//
// Checks run one after the other. What the probes and the journey made is removed
// also after ctx ended.
package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// A Status says how a check ended.
type Status string

// The statuses of a Check.
const (
	Pass   Status = "pass"
	Fail   Status = "fail"
	Unable Status = "unable" // the check could not be made
)

// A Check is one thing that was looked at.
type Check struct {
	ID       string // stable, such as files/compute1
	Name     string
	Target   string // cluster or host; cloud for what the APIs tell; empty for what concerns several
	Status   Status
	Evidence string
	Diffs    []step.FieldDiff // what differs, where the check is a comparison
	Because  string           // the ID of the resource that is the cause, where the check failed because of another
	Next     string
	Seconds  float64
	Err      error
}

// Options say how deep a verification goes.
type Options struct {
	Static    bool
	Image     io.ReadSeeker
	Flavor    string
	GuestWait time.Duration
	Pick      Pick            // the computes on which guests boot
	Wanted    map[string]bool // the IDs of the checks to make; nil: all
	Clean     bool            // nothing is verified: what older runs left is removed
	CleanAge  time.Duration   // what younger runs made is left alone; 2 h when 0, none when negative
}

// A Subject is what is verified.
type Subject struct {
	Site    *want.Site
	World   world.World
	View    step.View             // of clusters and APIs
	Hosts   map[string]*step.Host // by name
	Parts   []engine.Part         // all that was compared
	Options Options
	Poll    time.Duration // between looks at a guest's console; 0 is 2 s
	// Started and Ended are told of each check.
	Started func(Check)
	Ended   func(Check)
}

// A verifier is one verification under way.
type verifier struct {
	Subject
	parts map[step.Target]engine.Part
}

// Verify makes the checks.
func Verify(ctx context.Context, s Subject) {
	v := newVerifier(s)
	if s.Options.Clean {
		newJourney(v).older(ctx)
		return
	}
	v.static(ctx)
	if !s.Options.Static {
		v.probes(ctx)
		if !s.Site.Cloud.None() {
			v.journey(ctx)
		}
	}
}

func newVerifier(s Subject) *verifier {
	v := &verifier{s, map[step.Target]engine.Part{}}
	for _, p := range s.Parts {
		v.parts[p.Target] = p
	}
	return v
}

const applyNext = "look at the plan and apply it"

// errUnable marks an error that kept a check from being made.
var errUnable = errors.New("cannot be checked")

func unable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUnable, fmt.Errorf(format, args...))
}

// A LimitError ends a verification that takes too long. It is the cause of its context.
type LimitError time.Duration

func (e LimitError) Error() string {
	return fmt.Sprintf("the time limit of %s is over", time.Duration(e))
}

// Unwrap is context.DeadlineExceeded.
func (e LimitError) Unwrap() error { return context.DeadlineExceeded }

// check makes one check that concerns several targets: fn returns what it saw, or
// why it is not well.
func (v *verifier) check(ctx context.Context, name, next string, fn func(context.Context) (string, error)) bool {
	return v.checkAt(ctx, Check{ID: slug(name), Name: name}, next, func(ctx context.Context, c *Check) (err error) {
		c.Evidence, err = fn(ctx)
		return err
	})
}

func (v *verifier) checkAt(ctx context.Context, c Check, next string, fn func(context.Context, *Check) error) bool {
	if v.Options.Wanted != nil && !v.Options.Wanted[c.ID] {
		return false
	}
	v.Started(c)
	began := time.Now()
	c.Status = Pass
	err := ctx.Err()
	if err == nil {
		err = fn(ctx, &c)
	}
	if err != nil && ctx.Err() != nil { // whatever it says came of that
		why := ctx.Err()
		next = "run it again"
		if limit := LimitError(0); errors.As(context.Cause(ctx), &limit) {
			why, next = limit, "give the verification more time, or name the checks to make"
		}
		silent := Unanswered(v.Parts, ctx.Err())
		if silent != "" {
			next = "see why they do not answer, and run it again"
		}
		err = unable("interrupted: %w%s", why, silent)
	}
	if c.Err = err; err != nil {
		c.Status, c.Evidence, c.Next = Fail, err.Error(), next
		if errors.Is(err, errUnable) {
			c.Status = Unable
		}
		if len(c.Diffs) == 0 && ctx.Err() == nil { // it tried something
			c.Evidence += v.keptNear(c.Target)
		}
		if better := cause.Next(err); better != "" {
			c.Next = better
		}
		if errors.Is(err, errProblem) && cause.Next(err) == "" {
			c.Next = "do as the problem says, and then look at the plan"
		}
	}
	c.Seconds = float64(time.Since(began).Milliseconds()) / 1000
	v.Ended(c)
	return err == nil
}

// Unanswered names the hosts and clusters that were still being read, or were not begun, when the context ended with
// why. It is the end of a message, and empty where there are none.
func Unanswered(parts []engine.Part, why error) string {
	var names []string
	for _, p := range parts {
		if p.Target.Where == step.OnCloud || slices.Contains(names, p.Target.Name) {
			continue
		}
		cut := func(f step.Finding) bool { return f.Problem && f.Because.IsZero() && errors.Is(f.Err, why) }
		if slices.ContainsFunc(p.Items, func(i engine.Item) bool { return slices.ContainsFunc(i.Findings, cut) }) {
			names = append(names, p.Target.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; no answer yet from " + words.JoinShort(spec.FoldNames(names))
}

// slug is a name as an identifier.
func slug(name string) string {
	out := []byte(name)
	for i, b := range out {
		if b == ' ' {
			out[i] = '-'
		}
	}
	return string(out)
}
