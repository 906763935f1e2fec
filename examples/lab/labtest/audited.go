package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/audit"
)

// faults are all that are planted.
func (d *dayTwo) faults() []fault {
	return slices.Concat(d.faultsOfData(), d.faultsOfRows(), d.faultsOfHosts())
}

// audits are the stages of an audit.
func (d *dayTwo) audits() []stage {
	return []stage{
		{"guests and objects with data in ceph", d.plant},
		{"an audit finds nothing in a cloud that is well", d.silent},
		{"what was planted is found, and nothing else", d.found},
		{"faults are taken back by hand", d.mended},
		{"an audit finds nothing any more", d.silent},
		{"guests have lost nothing", d.unhurt},
	}
}

// plant starts the witnesses, and makes the objects that faults are planted into.
func (d *dayTwo) plant(ctx context.Context) (_ string, err error) {
	if d.ws, err = d.startWitnesses(ctx, d.world.Cloud, "compute1", "compute2"); err != nil {
		return "", err
	}
	d.planted, err = d.plantObjects(ctx, d.world.Cloud)
	return fmt.Sprintf("%d guests, %d images, %d volumes, 1 backup", len(d.ws.all), len(d.planted.images),
		len(d.planted.volumes)), err
}

// audit looks at the lab, and gives each finding in a line as faults have it.
func (d *dayTwo) audit(ctx context.Context) ([]string, time.Duration, error) {
	s, err := d.load()
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	report, err := audit.Run(ctx, integrate.Config{Spec: s, World: d.world.World}, audit.Options{Pause: 5 * time.Second})
	took := time.Since(began)
	fmt.Print(report)
	if err != nil {
		return nil, took, err
	}
	var lines []string
	for _, f := range report.Findings {
		lines = append(lines, strings.Join(slices.DeleteFunc([]string{f.Code, f.Host, f.Object},
			func(s string) bool { return s == "" }), " "))
	}
	return lines, took, nil
}

func (d *dayTwo) silent(ctx context.Context) (string, error) {
	found, took, err := d.audit(ctx)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("it found\n%s", strings.Join(found, "\n"))
	}
	return fmt.Sprintf("%.1f s", took.Seconds()), err
}

// found plants all faults, and wants exactly them to be found.
func (d *dayTwo) found(ctx context.Context) (string, error) {
	faults := d.faults()
	var want []string
	for _, f := range faults {
		d.say("planted  %s", f.what)
		if out, err := d.sh(ctx, f.host, f.plant); err != nil {
			return "", fmt.Errorf("%s: %w: %s", f.what, err, out)
		}
		want = append(want, f.want...)
	}
	found, took, err := d.audit(ctx)
	if err != nil {
		return "", err
	}
	if err := differs(want, found); err != nil { // the parts behind this one find a cloud that is well
		_, back := d.mended(ctx)
		return "", errors.Join(err, back)
	}
	return fmt.Sprintf("%d faults, %d findings, in %.1f s", len(faults), len(found), took.Seconds()), nil
}

// differs says what was not found, and what was found and nobody has put there. What is wanted and ends in * is a
// beginning.
func differs(want, found []string) error {
	var errs []error
	for _, w := range want {
		is := func(f string) bool { return f == w }
		if start, ok := strings.CutSuffix(w, "*"); ok {
			is = func(f string) bool { return strings.HasPrefix(f, start) }
		}
		if i := slices.IndexFunc(found, is); i < 0 {
			errs = append(errs, fmt.Errorf("%s was not found", w))
		} else {
			found = slices.Delete(slices.Clone(found), i, i+1)
		}
	}
	for _, f := range found {
		errs = append(errs, fmt.Errorf("%s was found, and nobody has put it there", f))
	}
	return errors.Join(errs...)
}

// mended takes the faults back, the last first.
func (d *dayTwo) mended(ctx context.Context) (string, error) {
	faults := d.faults()
	slices.Reverse(faults)
	for _, f := range faults {
		if out, err := d.sh(ctx, f.host, f.back); err != nil {
			return "", fmt.Errorf("%s: %w: %s", f.what, err, out)
		}
	}
	for _, f := range faults {
		if f.mend != nil {
			if err := f.mend(ctx); err != nil {
				return "", fmt.Errorf("%s: %w", f.what, err)
			}
		}
	}
	return fmt.Sprintf("%d faults", len(faults)), d.computesUp(ctx)
}

// computesUp waits until Nova uses both computes again.
func (d *dayTwo) computesUp(ctx context.Context) error {
	_, err := d.computesBack(ctx, d.world.Cloud)
	return err
}

// unhurt judges the witnesses. The second one was rebooted, for its librados.
func (d *dayTwo) unhurt(ctx context.Context) (string, error) {
	return d.ws.judge(ctx, time.Minute, func(w *witness) bool { return w == d.ws.all[1] })
}
