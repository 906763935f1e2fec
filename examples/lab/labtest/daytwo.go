package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/drift"
)

// A dayTwo is what is done to an integrated lab.
type dayTwo struct {
	*lab
	in      *integrate.Integration
	world   *connect.World
	was     map[string]string // what hosts had before the integration
	ws      *witnesses
	planted planted
}

// testDayTwo lives with an integrated cloud: what somebody changes is found, and so is what was planted; the Spec can
// be found again from the cloud; a compute is retired and comes back; and at last the whole integration goes. A part
// that fails does not keep the others back. DAYTWO in the environment restricts the test to some of drift, audit,
// adopt and retire.
func (l *lab) testDayTwo(ctx context.Context, r *report) error {
	d := &dayTwo{lab: l}
	parts, err := d.parts(os.Getenv("DAYTWO"))
	if err != nil {
		return err
	}
	if err := l.run(ctx, "reset"); err != nil {
		return err
	}
	if d.was, err = d.traces(ctx); err != nil {
		return err
	}
	if d.in, d.world, err = l.open(ctx); err != nil {
		return err
	}
	defer d.world.Close()
	if err := l.integrated(ctx, r, d.in, d.world.Cloud); err != nil {
		return err
	}
	defer func() {
		if d.ws != nil {
			d.ws.end()
		}
	}()
	var errs []error
	for _, part := range parts {
		errs = append(errs, l.stages(ctx, r, part...))
	}
	return errors.Join(errs...)
}

// parts are the stages of the parts that are named, or of all of them. What retires is the last.
func (d *dayTwo) parts(names string) ([][]stage, error) {
	changed := []stage{{"nothing differs", d.noDrift}}
	for _, round := range deviations() {
		changed = append(changed, stage{"what somebody changed is found, and nothing else", d.drifts(round)},
			stage{"an apply takes all of it back", d.takenBack}, stage{"nothing differs any more", d.noDrift})
	}
	all := map[string][]stage{"drift": changed, "audit": d.audits(), "retire": d.retirement(),
		"adopt": {{"the spec is found again from the cloud", d.adopted}}}
	order := []string{"drift", "audit", "adopt", "retire"}
	named := strings.Fields(names)
	for _, name := range named {
		if !slices.Contains(order, name) {
			return nil, fmt.Errorf("DAYTWO has %q, which is none of drift, audit, adopt and retire", name)
		}
	}
	var some [][]stage
	for _, name := range order {
		if len(named) == 0 || slices.Contains(named, name) {
			some = append(some, all[name])
		}
	}
	return some, nil
}

func (d *dayTwo) noDrift(ctx context.Context) (string, error) {
	report, err := drift.Look(ctx, d.in, drift.Options{})
	if err == nil && report.Status != drift.None {
		err = fmt.Errorf("drift is %s:\n%s", report.Status, report)
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%.1f s", report.Seconds), nil
}

// drifts makes the deviations of a round, and wants exactly them to be found.
func (d *dayTwo) drifts(round []deviation) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var want []string
		for _, v := range round {
			var err error
			if v.host != "" {
				_, err = d.sh(ctx, v.host, "exec 2>&1; "+v.script)
			} else {
				err = d.world.Cloud.DeleteVolumeType(ctx, "ceph")
			}
			if err != nil {
				return "", fmt.Errorf("%s: %w", v.what, err)
			}
			want = append(want, v.items...)
		}
		report, err := drift.Look(ctx, d.in, drift.Options{})
		if err != nil {
			return "", err
		}
		fmt.Print(report)
		slices.Sort(want)
		want = slices.Compact(want)
		var found []string
		for _, i := range report.Drift {
			if i.Because == "" {
				found = append(found, i.ID)
			}
		}
		err = differs(want, found)
		for _, f := range report.Unknown {
			err = errors.Join(err, fmt.Errorf("could not be told: %s", f))
		}
		return fmt.Sprintf("%d deviations, %d items, and %d that follow from them, in %.1f s", len(round), len(found),
			len(report.Drift)-len(found), report.Seconds), err
	}
}

// takenBack applies until nothing is left to do.
func (d *dayTwo) takenBack(ctx context.Context) (string, error) {
	var said []string
	for range 3 {
		did, err := d.apply(ctx, d.in)
		said = append(said, did)
		if err == nil {
			if _, err = emptyPlan(ctx, d.in); err == nil {
				return strings.Join(said, "; "), nil
			}
		}
		said = append(said, err.Error())
	}
	return "", errors.New(strings.Join(said, "; "))
}
