package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// unbegun are the targets of which an apply began no change.
func unbegun(r *integrate.Result) []string {
	begun := map[string]bool{}
	var targets []string
	for _, o := range r.Outcomes {
		is, known := begun[o.Change.Target]
		if !known {
			targets = append(targets, o.Change.Target)
		}
		begun[o.Change.Target] = is || o.Status != integrate.Cancelled
	}
	return slices.DeleteFunc(targets, func(name string) bool { return begun[name] })
}

// foldUnbegun is the error of an apply in which the targets that were not begun are told once, with each reason once.
func foldUnbegun(r *integrate.Result, err error) error {
	targets := unbegun(r)
	if err == nil || len(targets) == 0 {
		return err
	}
	errs, counted := []error{err}, map[string]int{}
	var reasons []error
	if c := new(integrate.ChangeError); errors.As(err, &c) { // the error is that of the changes
		rest := *r
		rest.Outcomes = nil
		for _, o := range r.Outcomes {
			if !slices.Contains(targets, o.Change.Target) {
				rest.Outcomes = append(rest.Outcomes, o)
			} else if counted[o.Error]++; counted[o.Error] == 1 {
				reasons = append(reasons, o.Err)
			}
		}
		errs = []error{rest.Err()}
	}
	for _, why := range reasons {
		errs = append(errs, fmt.Errorf("%d changes were not begun: %w", counted[why.Error()], why))
	}
	return errors.Join(append(errs, fmt.Errorf("not begun: %s", strings.Join(spec.FoldNames(targets), ", ")))...)
}

// cancelled tells the changes that were not begun of targets of which others were: the error tells whole targets.
func (p *progress) cancelled(r *integrate.Result) {
	if p.quiet || p.verbose { // each was told as it ended
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	whole := unbegun(r)
	for _, o := range r.Outcomes {
		if o.Status == integrate.Cancelled && !slices.Contains(whole, o.Change.Target) {
			p.say(endedLine(o))
		}
	}
}
