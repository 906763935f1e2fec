//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// What calls of a cluster may take. A plan and an apply are some calls one after the other.
const (
	cephTimeout  = 8 * time.Second
	longestPlan  = 5 * cephTimeout
	longestApply = 10 * cephTimeout
	operatorName = "faults"
)

// A cephTrial is a pool and a user of a real cluster that hosts in memory use. Each trial has others.
type cephTrial struct {
	*realCeph
	number int
	osd    bool          // has the trouble, not the monitor
	took   time.Duration // of a plan and an apply without trouble
	words  []string
	world  *integratetest.World
	in     *integrate.Integration
}

func (t *cephTrial) wrong(format string, args ...any) {
	t.words = append(t.words, fmt.Sprintf(format, args...))
}

func (t *cephTrial) pool() string    { return fmt.Sprintf("images%d", t.number) }
func (t *cephTrial) user() string    { return fmt.Sprintf("glance%d", t.number) }
func (t *cephTrial) keyring() string { return "/etc/ceph/ceph.client." + t.user() + ".keyring" }

// run plans and applies with the trouble, and then without it.
func (t *cephTrial) run(ctx context.Context, b *blowAt) error {
	s, err := spec.Load(strings.NewReader(fmt.Sprintf("release: zed\npackages: install\nclusters: [{name: ceph}]\n"+
		"hosts: [{name: controller, services: [glance-api]}]\nglance: {pool: %s, user: %s}\n", t.pool(), t.user())), ".")
	if err != nil {
		return err
	}
	if t.world, err = integratetest.New(s); err != nil {
		return err
	}
	defer t.world.Close()
	w := t.world.World
	cli := cephcli.New(remote.Local{}, cephcli.Options{Conf: t.conf, Timeout: cephTimeout})
	w.Clusters = map[string]world.Cluster{"ceph": {Mon: cli, Images: cli}}
	t.in, err = integrate.New(integrate.Config{Spec: s, World: w, Owner: operatorName, Settle: time.Millisecond,
		Poll: time.Millisecond})
	if err != nil {
		return err
	}
	if b == nil {
		begin := time.Now()
		t.once(ctx)
		t.took = time.Since(begin)
	} else {
		struck := &t.mon
		if t.osd {
			struck = &t.realCeph.osd
		}
		var result *integrate.Result
		if err := b.during(struck, func() { result = t.once(ctx) }); err != nil {
			return err
		}
		if err := t.settle(); err != nil {
			return err
		}
		t.judge(result)
	}
	return t.finish(ctx)
}

// once plans and applies, whatever comes of it. It gives nil where there was nothing to apply.
func (t *cephTrial) once(ctx context.Context) *integrate.Result {
	begin := time.Now()
	plan, err := t.in.Plan(ctx, integrate.PlanOptions{})
	if took := time.Since(begin); took > longestPlan {
		t.wrong("the plan took %v", took)
	}
	if err != nil {
		t.wrong("the plan: %v", err)
		return nil
	}
	begin = time.Now()
	result, err := t.in.Apply(ctx, plan, integrate.ApplyOptions{})
	if took := time.Since(begin); took > longestApply {
		t.wrong("the apply took %v", took)
	}
	if err != nil && !strings.Contains(err.Error(), "ceph") {
		t.wrong("the error does not name Ceph: %v", err)
	}
	return result
}

// settle waits until the cluster is well, and what was given up has ended. The OSD must answer: a monitor may not know
// yet that it was killed.
func (t *cephTrial) settle() error {
	for range 60 {
		text, err := t.ceph("osd", "stat")
		if err == nil && strings.Contains(text, " 1 up") && !t.busy() { // as the monitor believes
			_, err := said("", "timeout", "5", "rados", "-c", t.conf, "-p", "cephstack", "ls")
			if err == nil {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("the cluster does not become well")
}

// busy reports whether a program other than the daemons works with the cluster.
func (t *cephTrial) busy() bool {
	return working("python3\x00-c", 0) && working(t.conf+"\x00", t.mon.cmd.Process.Pid)
}

// judge compares outcomes with what the ceph program tells.
func (t *cephTrial) judge(r *integrate.Result) {
	if r == nil {
		return
	}
	pools, err := t.ceph("osd", "pool", "ls")
	if err != nil {
		t.wrong("%v", err)
	}
	apps, _ := t.ceph("osd", "pool", "application", "get", t.pool())
	key, _ := t.ceph("auth", "get-key", "client."+t.user())
	file, _ := t.world.Machines["controller"].Contents(t.keyring())
	there := map[string]string{ // what is there, and empty where there is nothing
		"pool/ceph/" + t.pool():                           "",
		"user/ceph/client." + t.user():                    key,
		"file/controller/" + t.keyring():                  string(file),
		"settings/controller//etc/glance/glance-api.conf": "",
	}
	for p := range strings.FieldsSeq(pools) {
		if p == t.pool() {
			there["pool/ceph/"+p] = "pool " + apps
		}
	}
	conf, _ := t.world.Machines["controller"].Contents("/etc/glance/glance-api.conf")
	if strings.Contains(string(conf), t.pool()) {
		there["settings/controller//etc/glance/glance-api.conf"] = string(conf)
	}
	for _, o := range r.Outcomes {
		is, known := there[o.Change.ID]
		if !known {
			continue
		}
		switch o.Status {
		case integrate.Applied, integrate.Unchanged:
			if is == "" || o.Change.Kind == "pool" && !strings.Contains(is, "rbd") ||
				o.Change.Kind == "file" && !strings.Contains(is, key) {
				t.wrong("%s is %s, and there is %q", o.Change.ID, o.Status, is)
			}
		case integrate.Failed, integrate.Skipped, integrate.Cancelled:
			if is != "" {
				t.wrong("%s is %s (%v), and it is there", o.Change.ID, o.Status, o.Err)
			}
		}
		if o.Err != nil && key != "" && strings.Contains(o.Err.Error(), key) {
			t.wrong("the error of %s has the key", o.Change.ID)
		}
	}
}

// finish plans and applies without trouble, and wants that nothing is left to do.
func (t *cephTrial) finish(ctx context.Context) error {
	plan, err := t.in.Plan(ctx, integrate.PlanOptions{})
	if err != nil {
		return err
	}
	_, err = t.in.Apply(ctx, plan, integrate.ApplyOptions{})
	if errors.Is(err, ceph.ErrLocked) { // the run before took the lock, and did not hear of it
		var refusal *ceph.CommandError
		if errors.As(err, &refusal) && refusal.Holder != nil && refusal.Holder.Owner == operatorName {
			_, err = t.in.Apply(ctx, plan, integrate.ApplyOptions{BreakLock: refusal.Holder.Holder()})
		}
	}
	if err != nil || len(plan.Problems()) > 0 {
		t.wrong("the next run does not finish: %v %v", err, plan.Problems())
	}
	if plan, err = t.in.Plan(ctx, integrate.PlanOptions{}); err != nil || !plan.Empty() || len(plan.Problems()) > 0 {
		t.wrong("the plan after it: %v %v", err, plan)
	}
	key, err := t.ceph("auth", "get-key", "client."+t.user())
	file, _ := t.world.Machines["controller"].Contents(t.keyring())
	if err != nil || !strings.Contains(string(file), key) {
		t.wrong("the keyring has not the user's key: %v", err)
	}
	return nil
}
