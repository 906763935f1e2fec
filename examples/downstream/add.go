package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/openstack/api"
)

// reason is why a compute is disabled that is not proven yet. Nova shows it to every administrator.
const reason = "addcompute: not proven to keep its disks in Ceph"

// novaReason begins the reason that Nova gives a compute which reports for the first time, with
// enable_new_services=False.
const novaReason = "New compute service disabled"

// ErrNotApproved says that whoever was asked did not approve the plan.
var ErrNotApproved = errors.New("the plan was not approved")

// A Tool puts computes into service.
type Tool struct {
	Approve func(*integrate.Plan) bool // is asked before something is changed
	Say     func(line string)          // is told how far it is

	in   *integrate.Integration
	nova *api.Cloud
}

// New makes a Tool that approves every plan and says nothing.
func New(config integrate.Config) (*Tool, error) {
	in, err := integrate.New(config)
	switch {
	case err != nil:
		return nil, err
	case config.World.CloudErr != nil:
		return nil, config.World.CloudErr
	case config.World.Cloud == nil:
		return nil, errors.New("the Spec names no cloud, and this tool needs Nova")
	}
	return &Tool{in: in, nova: config.World.Cloud, Say: func(string) {},
		Approve: func(*integrate.Plan) bool { return true }}, nil
}

// Add puts a compute into service. Whatever goes wrong once Nova has answered, the compute ends disabled, and the error
// says what to repair. For a compute that is in service and as it should be, Add does nothing.
func (t *Tool) Add(ctx context.Context, compute string) error {
	before, err := t.record(ctx, compute)
	if err != nil {
		return err
	}
	if !before.Enabled && before.Reason != reason && !strings.HasPrefix(before.Reason, novaReason) {
		return fmt.Errorf("%s: somebody disabled it (%q): this tool does not enable it", compute, before.Reason)
	}
	if err := t.prove(ctx, compute); err != nil {
		return errors.Join(fmt.Errorf("%s stays disabled: %w", compute, err), t.disable(ctx, compute))
	}
	now, err := t.record(ctx, compute)
	switch {
	case err != nil:
		return err
	case now.Enabled:
		t.Say(compute + " is in service, and as it should be")
		return nil
	}
	if err := t.nova.EnableCompute(ctx, compute); err != nil {
		return err
	}
	t.Say(compute + " is in service now")
	return nil
}

// prove makes a compute as the Spec says, and verifies it.
func (t *Tool) prove(ctx context.Context, compute string) error {
	only := integrate.Scope{Hosts: []string{compute}}
	plan, err := t.in.Plan(ctx, integrate.PlanOptions{Only: only})
	if err != nil {
		return err
	}
	if err := problems(plan); err != nil {
		return err
	}
	if !plan.Empty() {
		if !t.Approve(plan) {
			return ErrNotApproved
		}
		if err := t.disable(ctx, compute); err != nil { // before the first change: no VM may come in between
			return err
		}
		result, err := t.in.Apply(ctx, plan, integrate.ApplyOptions{})
		if err != nil {
			return err
		}
		t.Say(fmt.Sprintf("%s: %d changes made", compute, result.Count(integrate.Applied)))
	}
	// A compute that is disabled does not pass services-up, so these are the checks of the host alone.
	report, err := t.in.Verify(ctx, integrate.VerifyOptions{Only: only, Static: true, Checks: []string{"*/" + compute}})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, report)
	}
	record, err := t.record(ctx, compute)
	if err == nil && !record.Up {
		err = errors.New("its nova-compute does not report to Nova: see its log")
	}
	return err
}

// problems are what keeps a plan from reaching its hosts.
func problems(plan *integrate.Plan) error {
	var all []error
	for _, p := range plan.Problems() {
		all = append(all, fmt.Errorf("%s: %s", p.Target, p.Message))
	}
	return errors.Join(all...)
}

// record is what Nova knows of a compute.
func (t *Tool) record(ctx context.Context, compute string) (api.ServiceRecord, error) {
	all, err := t.nova.ComputeServices(ctx, compute)
	if err != nil {
		return api.ServiceRecord{}, err
	}
	at := slices.IndexFunc(all, func(r api.ServiceRecord) bool { return r.Binary == "nova-compute" })
	if at < 0 {
		return api.ServiceRecord{}, fmt.Errorf("%s: no nova-compute of this name has reported to Nova: install and start it",
			compute)
	}
	return all[at], nil
}

// disable keeps further VMs from a compute, also where ctx has ended. A compute that is disabled stays as it is.
func (t *Tool) disable(ctx context.Context, compute string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	record, err := t.record(ctx, compute)
	if err != nil || !record.Enabled {
		return err
	}
	t.Say(compute + " is disabled until it is proven")
	return t.nova.DisableCompute(ctx, compute, reason)
}
