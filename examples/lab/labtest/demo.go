package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/openstack/api"
)

// A report is what the demo writes.
type report struct {
	Checks            []integrate.Check `json:"checks"`
	SecondPlanChanges int               `json:"second_plan_changes"`
}

// A stage of the main job looks at one thing and says what it saw.
type stage struct {
	name string
	fn   func(context.Context) (string, error)
}

// demo does the main job on the untouched cloud and reports it.
func (l *lab) demo(ctx context.Context) error {
	r, err := l.mainJob(ctx)
	if err == nil || len(r.Checks) > 0 {
		fmt.Print(&integrate.Report{Checks: r.Checks})
		fmt.Printf("The second plan has %d changes.\n", r.SecondPlanChanges)
		data, jsonErr := json.MarshalIndent(r, "", "  ")
		err = errors.Join(err, jsonErr, os.WriteFile("demo-report.json", append(data, '\n'), 0o644))
	}
	return err
}

// mainJob integrates the reset lab.
func (l *lab) mainJob(ctx context.Context) (*report, error) {
	r := &report{SecondPlanChanges: -1}
	in, world, err := l.open(ctx)
	if err != nil {
		return r, err
	}
	defer world.Close()
	return r, l.wholeJob(ctx, r, in, world.Cloud)
}

// wholeJob integrates a cloud: a first apply, which leaves the compute with an
// old VM alone; the operator moves that VM's disk; a second apply takes the
// rest; then everything is verified.
func (l *lab) wholeJob(ctx context.Context, r *report, in *integrate.Integration, cloud *api.Cloud) error {
	err := l.integrated(ctx, r, in, cloud)
	if err == nil {
		err = l.verify(ctx, in, r)
	}
	if err == nil {
		err = l.secondPlan(ctx, in, r)
	}
	return err
}

// integrated is the first part of the whole job: all but the verification.
func (l *lab) integrated(ctx context.Context, r *report, in *integrate.Integration, cloud *api.Cloud) error {
	return l.stages(ctx, r,
		stage{"plan", func(ctx context.Context) (string, error) { return l.showPlan(ctx, in) }},
		stage{"apply", func(ctx context.Context) (string, error) { return l.apply(ctx, in) }},
		stage{"a compute with an old vm is left alone", func(ctx context.Context) (string, error) {
			return l.leftAlone(ctx, in)
		}},
		stage{"old image is still served", func(ctx context.Context) (string, error) { return l.stillServed(ctx, cloud) }},
		stage{"old vm still runs", func(ctx context.Context) (string, error) { return l.stillRuns(ctx, cloud) }},
		stage{"old volume still attaches", func(ctx context.Context) (string, error) { return l.stillAttaches(ctx, cloud) }},
		stage{"operator moves the old vm's disk", func(ctx context.Context) (string, error) {
			return l.moveDisk(ctx, cloud)
		}},
		stage{"apply to the remaining compute", func(ctx context.Context) (string, error) { return l.apply(ctx, in) }},
		stage{"old vm runs from ceph", func(ctx context.Context) (string, error) { return l.stillRuns(ctx, cloud) }},
	)
}

// stages runs the stages until one fails; each becomes a check.
func (l *lab) stages(ctx context.Context, r *report, stages ...stage) error {
	for _, s := range stages {
		l.title("%s", s.name)
		began := time.Now()
		evidence, err := s.fn(ctx)
		c := integrate.Check{Name: s.name, Status: integrate.Pass, Evidence: evidence,
			Seconds: time.Since(began).Round(time.Millisecond).Seconds()}
		if err != nil {
			c.Status, c.Evidence = integrate.Fail, err.Error()
		}
		r.Checks = append(r.Checks, c)
		l.say("%s: %s", c.Status, c.Evidence)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (l *lab) showPlan(ctx context.Context, in *integrate.Integration) (string, error) {
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return "", err
	}
	fmt.Print(plan)
	if plan.Empty() || len(plan.Problems()) > 0 {
		return "", fmt.Errorf("%d changes and %d problems on an untouched cloud", len(plan.Changes), len(plan.Problems()))
	}
	return fmt.Sprintf("%d changes", len(plan.Changes)), nil
}

func (l *lab) apply(ctx context.Context, in *integrate.Integration) (string, error) {
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return "", err
	}
	result, err := in.Apply(ctx, plan, integrate.ApplyOptions{BreakLock: l.killed})
	return fmt.Sprintf("%d applied, %d unchanged", result.Count(integrate.Applied), result.Count(integrate.Unchanged)), err
}

// leftAlone passes when the plan has nothing left to do, and says why the old
// VM's compute keeps its disks.
func (l *lab) leftAlone(ctx context.Context, in *integrate.Integration) (string, error) {
	plan, err := emptyPlan(ctx, in)
	if err != nil {
		return "", err
	}
	for _, f := range plan.Findings {
		if f.Target == l.before.Server.Host && f.Object == "VM disks" {
			return f.Target + ": " + f.Message, nil
		}
	}
	return "", fmt.Errorf("the plan does not say that %s keeps its disks", l.before.Server.Host)
}

// emptyPlan makes a plan and wants it to be empty.
func emptyPlan(ctx context.Context, in *integrate.Integration) (*integrate.Plan, error) {
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return nil, err
	}
	if !plan.Empty() {
		return nil, fmt.Errorf("after apply there is still something to do:\n%s", plan)
	}
	return plan, nil
}

func (l *lab) verify(ctx context.Context, in *integrate.Integration, r *report) error {
	l.title("verify")
	image, err := os.Open(l.out("guest.img"))
	if err != nil {
		return err
	}
	defer image.Close()
	report, err := in.Verify(ctx, integrate.VerifyOptions{Image: image, Flavor: l.before.Flavor.Name})
	r.Checks = append(r.Checks, report.Checks...)
	return err
}

// secondPlan wants the last plan to be empty, and a last apply to write
// nothing and to restart nothing.
func (l *lab) secondPlan(ctx context.Context, in *integrate.Integration, r *report) error {
	return l.stages(ctx, r, stage{"a second run changes nothing", func(ctx context.Context) (string, error) {
		before, err := l.fingerprint(ctx)
		if err != nil {
			return "", err
		}
		plan, err := in.Plan(ctx, integrate.PlanOptions{})
		if err != nil {
			return "", err
		}
		r.SecondPlanChanges = len(plan.Changes)
		if !plan.Empty() {
			return "", fmt.Errorf("the second plan is not empty:\n%s", plan)
		}
		if _, err := in.Apply(ctx, plan, integrate.ApplyOptions{}); err != nil {
			return "", err
		}
		after, err := l.fingerprint(ctx)
		if err == nil && before != after {
			err = fmt.Errorf("files or units changed:\n%s\n--\n%s", before, after)
		}
		return "empty plan; no file and no unit changed on any host", err
	}})
}

// fingerprint is the inode, times and digest of every file that cephstack
// writes, and the invocation of every unit that it restarts.
func (l *lab) fingerprint(ctx context.Context) (string, error) {
	const script = `for f in /etc/ceph /etc/ceph/* /etc/glance/*.conf /etc/cinder/*.conf /etc/nova/*.conf \
	/etc/kolla/*/* /etc/kolla/*/*/*; do
  [ -e "$f" ] && stat -c '%n %i %a %U:%G %s %.Y %.Z' "$f"; done
for u in glance-api cinder-volume cinder-backup nova-compute libvirtd \
	$(systemctl list-units --plain --no-legend 'kolla-*' | cut -d' ' -f1); do
  systemctl show -p InvocationID -p NRestarts "$u"; done
virsh -q secret-list 2>/dev/null; exit 0`
	all := ""
	for _, host := range l.hosts {
		out, err := l.sh(ctx, host, script)
		if err != nil {
			return "", err
		}
		all += host + "\n" + out
	}
	return all, nil
}
