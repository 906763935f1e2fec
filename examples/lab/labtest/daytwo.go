package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/drift"
)

// A dayTwo is what is done to an integrated lab.
type dayTwo struct {
	*lab
	in    *integrate.Integration
	world *connect.World
}

// testDayTwo lives with an integrated cloud: what somebody changes is found, and so is what was planted; the Spec can
// be found again from the cloud; a compute is retired and comes back; and at last the whole integration goes.
func (l *lab) testDayTwo(ctx context.Context, r *report) error {
	if err := l.run(ctx, "reset"); err != nil {
		return err
	}
	in, world, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer world.Close()
	if err := l.integrated(ctx, r, in, world.Cloud); err != nil {
		return err
	}
	d := &dayTwo{lab: l, in: in, world: world}
	return l.stages(ctx, r,
		stage{"nothing differs", d.noDrift},
		stage{"what somebody changed is found, and nothing else", d.drifts},
		stage{"an apply takes all of it back", d.takenBack},
		stage{"nothing differs any more", d.noDrift},
	)
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

// drifts makes all deviations, and wants exactly them to be found.
func (d *dayTwo) drifts(ctx context.Context) (string, error) {
	var want []string
	all := deviations()
	for _, v := range all {
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
	found := map[string]bool{}
	for _, i := range report.Drift {
		if i.Because == "" {
			found[i.ID] = true
		}
	}
	var errs []error
	for _, id := range want {
		if !found[id] {
			errs = append(errs, fmt.Errorf("%s was not found", id))
		}
	}
	for id := range found {
		if !slices.Contains(want, id) {
			errs = append(errs, fmt.Errorf("%s was found, and nobody changed it", id))
		}
	}
	for _, f := range report.Unknown {
		errs = append(errs, fmt.Errorf("could not be told: %s", f))
	}
	return fmt.Sprintf("%d deviations, %d items, and %d that follow from them, in %.1f s", len(all), len(found),
		len(report.Drift)-len(found), report.Seconds), errors.Join(errs...)
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
