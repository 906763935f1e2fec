package audit

import (
	"context"
	"slices"
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
}

// Run looks at the cloud of a Spec, and writes nothing. It needs no lock. The error joins ErrUnable and what could
// not be told; the Report has what was found all the same.
func Run(ctx context.Context, cfg integrate.Config, o Options) (Report, error) {
	if _, err := integrate.New(cfg); err != nil { // the Spec and the World are checked there
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
