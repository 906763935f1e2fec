package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// retirement is the stages in which a compute goes and comes back, and in which everything goes at last.
func (d *dayTwo) retirement() []stage {
	return []stage{
		{"a compute with a guest is not retired", d.refused},
		{"its guest moves to the other compute", d.guestMoves},
		{"the compute is retired, and nothing of it is left", d.computeGoes},
		{"the compute comes back", d.computeComesBack},
		{"a cloud with data in ceph is not retired", d.allRefused},
		{"the operator empties ceph", d.emptied},
		{"everything is retired", d.allGoes},
		{"nothing is left on any host, and pools are", d.nothingLeft},
		{"the old image is served as before", func(ctx context.Context) (string, error) {
			return d.stillServed(ctx, d.world.Cloud)
		}},
		{"the old vm runs as before", d.runsAsBefore},
		{"the old volume attaches as before", func(ctx context.Context) (string, error) {
			return d.stillAttaches(ctx, d.world.Cloud)
		}},
		{"no temporary file is left", d.noLeftovers},
	}
}

// traces is what an integration could leave on hosts: options of services, files of Ceph and libvirt's secrets. The
// file rbdmap is of the package ceph-common, and packages stay.
func (l *lab) traces(ctx context.Context) (map[string]string, error) {
	const script = `for f in /etc/glance/glance-api.conf /etc/cinder/cinder.conf /etc/nova/nova*.conf; do
  [ -e $f ] && awk -v f=$f '/^\[/{s=$0; next} /^[^#]/&&NF{gsub(/[ \t]*=[ \t]*/," = "); print f, s, $0}' $f; done
ls -A -I rbdmap /etc/ceph 2>/dev/null; virsh -q secret-list 2>/dev/null; exit 0`
	all := map[string]string{}
	for _, host := range l.hosts {
		out, err := l.sh(ctx, host, script)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(out, "\n")
		slices.Sort(lines)
		all[host] = strings.Join(lines, "\n")
	}
	return all, nil
}

// sameTraces wants hosts to have what they had before the integration.
func (d *dayTwo) sameTraces(ctx context.Context, hosts ...string) error {
	now, err := d.traces(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, host := range hosts {
		errs = append(errs, wrapped(host, differs(strings.Split(d.was[host], "\n"), strings.Split(now[host], "\n"))))
	}
	return errors.Join(errs...)
}

// with does something with the Integration of the Spec after a change.
func (d *dayTwo) with(ctx context.Context, change func(*spec.Spec), do func(*integrate.Integration) (string, error)) (
	string, error,
) {
	in, world, err := d.open(ctx, func(s *spec.Spec) error { change(s); return nil })
	if err != nil {
		return "", err
	}
	said, err := do(in)
	return said, errors.Join(err, world.Close())
}

func withoutCompute2(s *spec.Spec) {
	s.Hosts = slices.DeleteFunc(s.Hosts, func(h spec.Host) bool { return h.Name == "compute2" })
}

func retireCompute2(s *spec.Spec) {
	for i := range s.Hosts {
		if s.Hosts[i].Name == "compute2" {
			s.Hosts[i].Retire = []string{"nova-compute"}
		}
	}
}

func retireAll(s *spec.Spec) { s.Retire = true }

func asItIs(*spec.Spec) {}

// left wants a plan to change nothing, because of problems with a code.
func left(ctx context.Context, in *integrate.Integration, code string) (string, error) {
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return "", err
	}
	var said []string
	for _, f := range plan.Problems() {
		if f.Code == code {
			said = append(said, f.String())
		}
	}
	for _, c := range plan.Changes {
		if c.Action == integrate.Remove {
			return "", fmt.Errorf("%s would be removed:\n%s", c.ID, plan)
		}
	}
	if len(said) == 0 {
		return "", fmt.Errorf("no problem %s:\n%s", code, plan)
	}
	return fmt.Sprintf("%d changes; %s", len(plan.Changes), strings.Join(said, "; ")), nil
}

func (d *dayTwo) refused(ctx context.Context) (string, error) {
	if d.ws == nil {
		if _, err := d.plant(ctx); err != nil {
			return "", err
		}
	}
	return d.with(ctx, retireCompute2, func(in *integrate.Integration) (string, error) {
		said, err := left(ctx, in, "host-still-needed")
		if err == nil && !strings.HasPrefix(said, "0 changes") {
			err = errors.New(said)
		}
		return said, err
	})
}

func (d *dayTwo) guestMoves(ctx context.Context) (string, error) {
	if _, err := d.ws.judge(ctx, time.Minute, func(*witness) bool { return true }); err != nil {
		return "", err // a guest that boots may not survive it
	}
	if err := d.world.Cloud.LiveMigrate(ctx, d.ws.all[1].id, "compute1"); err != nil {
		return "", err
	}
	return d.ws.judge(ctx, time.Minute, func(*witness) bool { return false })
}

func (d *dayTwo) computeGoes(ctx context.Context) (string, error) {
	said, err := d.with(ctx, retireCompute2, func(in *integrate.Integration) (string, error) { return d.goesFor(ctx, in) })
	if err != nil {
		return "", err
	}
	_, err = d.with(ctx, withoutCompute2, func(in *integrate.Integration) (string, error) {
		_, err := emptyPlan(ctx, in)
		return "", err
	})
	if err == nil {
		err = d.sameTraces(ctx, "compute2")
	}
	if err == nil {
		_, err = d.ws.judge(ctx, time.Minute, func(*witness) bool { return false })
	}
	return said + "; without it in the Spec, the plan is empty", err
}

// goesFor shows and applies a plan, and wants the next one to be empty.
func (d *dayTwo) goesFor(ctx context.Context, in *integrate.Integration) (string, error) {
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return "", err
	}
	fmt.Print(plan)
	if plan.Empty() {
		return "", errors.New("the plan has nothing to do")
	}
	result, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
	if err != nil {
		return "", err
	}
	_, err = emptyPlan(ctx, in)
	return fmt.Sprintf("%d applied", result.Count(integrate.Applied)), err
}

func (d *dayTwo) computeComesBack(ctx context.Context) (string, error) {
	return d.with(ctx, asItIs, func(in *integrate.Integration) (string, error) { return d.goesFor(ctx, in) })
}

func (d *dayTwo) allRefused(ctx context.Context) (string, error) {
	return d.with(ctx, retireAll, func(in *integrate.Integration) (string, error) {
		return left(ctx, in, "pool-still-holds-data")
	})
}

// allGoes retires everything. Each pool is told of.
func (d *dayTwo) allGoes(ctx context.Context) (string, error) {
	return d.with(ctx, retireAll, func(in *integrate.Integration) (string, error) {
		said, err := d.goesFor(ctx, in)
		if err != nil {
			return "", err
		}
		plan, err := emptyPlan(ctx, in)
		if err != nil {
			return "", err
		}
		var pools []string
		for _, f := range plan.Findings {
			if f.Code == "pool-stays" {
				pools = append(pools, f.Object)
			}
		}
		if len(pools) != 4 || len(plan.Problems()) > 0 {
			err = fmt.Errorf("pools that stay: %q, and %d problems:\n%s", pools, len(plan.Problems()), plan)
		}
		return said + "; told to stay: " + strings.Join(pools, ", "), err
	})
}

// nothingLeft wants all hosts to have what they had before, no user of a service, and all pools.
func (d *dayTwo) nothingLeft(ctx context.Context) (string, error) {
	if err := d.sameTraces(ctx, d.hosts...); err != nil {
		return "", err
	}
	users, err := d.sh(ctx, "ceph01", `ceph auth ls 2>/dev/null | grep -E '^client\.(cinder|glance)' || exit 0`)
	if err == nil && users != "" {
		err = fmt.Errorf("there still is %s", users)
	}
	if err != nil {
		return "", err
	}
	pools, err := d.sh(ctx, "ceph01", "ceph osd pool ls")
	for _, pool := range []string{"images", "volumes", "backups", "vms"} {
		if err == nil && !slices.Contains(strings.Fields(pools), pool) {
			err = fmt.Errorf("pool %s is gone", pool)
		}
	}
	return "options, files and secrets of all hosts are those of before; pools: " +
		strings.Join(strings.Fields(pools), ", "), err
}

// runsAsBefore wants the old VM to run from a local disk.
func (d *dayTwo) runsAsBefore(ctx context.Context) (string, error) {
	said, err := d.stillRuns(ctx, d.world.Cloud)
	if err == nil && !strings.Contains(said, "/var/lib/nova/instances/") {
		err = errors.New(said)
	}
	return said, err
}
