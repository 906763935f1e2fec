package audit

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/internal/want"
)

// A Part is a part of an audit.
type Part string

// The parts of an audit.
const (
	// Data compares the objects of the APIs with the RBD images of the pools.
	Data Part = "data"
	// Hosts looks at hosts, credentials, rights and known holes.
	Hosts Part = "hosts"
)

// Options say how an audit is made. The zero Options are right for most clouds.
type Options struct {
	// Parts are the parts to make; all of them when empty.
	Parts []Part
	// Patience is how long an object may be on its way, such as creating or deleting, before that is a finding; 0 is
	// 2 hours.
	Patience time.Duration
	// Pause is the time between the first look at data and the second look, which is made only at what the first look
	// suspects; 0 is 30 s.
	Pause time.Duration
	// Open is how many RBD images are opened, beside those that are suspected; 0 is 2000, and a negative number is none.
	// They tell of lost copy-on-write, and of snapshots that are missing or were left. The newest are opened.
	Open int
	// Ignore are patterns of RBD images that are somebody else's, such as vms/golden-*: nothing is found about them.
	// The form is that of path.Match, for POOL/IMAGE.
	Ignore []string
}

// Check says what is wrong with the options; Run says the same.
func (o Options) Check() error {
	if o.Patience < 0 || o.Pause < 0 {
		return errors.New("audit: Options: Patience and Pause cannot be negative")
	}
	for _, p := range o.Parts {
		if p != Data && p != Hosts {
			return fmt.Errorf("audit: Options: %q is not a part of an audit; the parts are data and hosts", p)
		}
	}
	for _, pattern := range o.Ignore {
		if _, err := path.Match(pattern, ""); err != nil || !strings.Contains(pattern, "/") {
			return fmt.Errorf("audit: Options: %q is not a pattern of RBD images, such as vms/golden-*", pattern)
		}
	}
	return nil
}

// Run looks at the cloud of a Spec, and writes nothing. It needs no lock. The error joins ErrUnable and what could
// not be told; the Report has what was found all the same.
func Run(ctx context.Context, cfg integrate.Config, o Options) (Report, error) {
	if _, err := integrate.New(cfg); err != nil { // the Spec and the World are checked there
		return Report{Format: Format}, err
	}
	if err := o.Check(); err != nil {
		return Report{Format: Format}, err
	}
	l := &look{cfg: cfg, site: want.Resolve(cfg.Spec), options: o,
		report: Report{Format: Format, Findings: []Finding{}, Looked: map[string]int{}}}
	parts := map[Part]func(context.Context, *look){Data: lookAtData, Hosts: lookAtHosts}
	var wg sync.WaitGroup
	for part, run := range parts {
		if len(o.Parts) == 0 || slices.Contains(o.Parts, part) {
			wg.Go(func() { run(ctx, l) })
		}
	}
	wg.Wait()
	slices.SortStableFunc(l.report.Findings, Finding.compare)
	return l.report, l.report.err()
}

// A look is an audit that is under way. The parts add to it, at the same time.
type look struct {
	cfg     integrate.Config
	site    *want.Site
	options Options

	mu     sync.Mutex
	report Report
}

// found adds findings.
func (l *look) found(f ...Finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Findings = append(l.report.Findings, f...)
}

// unable adds something that could not be told.
func (l *look) unable(what string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Unable = append(l.report.Unable, Unable{What: what, Error: err.Error(), Err: err})
}

// looked counts what was looked at.
func (l *look) looked(what string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Looked[what] += n
}
