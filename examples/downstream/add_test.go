package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// cloud is a cloud in memory that keeps its data in Ceph, with a new compute that knows nothing of Ceph.
func cloud(t *testing.T) *integratetest.World {
	w := integratetest.Integrated(t, spec.Spec{
		Release: "zed", Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
		Nova:   &spec.Nova{},
	})
	w.AddHost(spec.Host{Name: "compute2", Services: []string{"nova-compute"}})
	return w
}

// newTool is the tool under test, with short waits.
func newTool(t *testing.T, w *integratetest.World) *Tool {
	t.Helper()
	tool, err := New(integrate.Config{Spec: w.Spec(), World: w.World, Settle: time.Millisecond, Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	tool.Say = func(line string) { t.Log(line) }
	return tool
}

// service is what Nova knows of compute2.
func service(t *testing.T, w *integratetest.World) api.ServiceRecord {
	t.Helper()
	all, err := w.Cloud.ComputeServices(context.Background(), "compute2")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

func TestANewComputeComesIntoService(t *testing.T) {
	w := cloud(t)
	var planned []string
	tool := newTool(t, w)
	tool.Approve = func(plan *integrate.Plan) bool {
		for _, c := range plan.Changes {
			planned = append(planned, c.Target)
		}
		return true
	}
	if err := tool.Add(t.Context(), "compute2"); err != nil {
		t.Fatal(err)
	}
	if !service(t, w).Enabled {
		t.Error("it is not enabled")
	}
	if conf, _ := w.Machines["compute2"].Contents("/etc/nova/nova.conf"); !strings.Contains(string(conf), "images_type") {
		t.Errorf("nova.conf is\n%s", conf)
	}
	if slices.ContainsFunc(planned, func(target string) bool { return target != "compute2" }) {
		t.Errorf("changes of %v were planned", planned)
	}
	for _, other := range []string{"controller", "compute1"} {
		if n := w.Machines[other].Exchanges(); n != 0 {
			t.Errorf("%s was asked %d times", other, n)
		}
	}
}

// TestAHostThatHangs: it stays disabled, and the next run finishes the job.
func TestAHostThatHangs(t *testing.T) {
	w := cloud(t)
	w.Machines["compute2"].Fail = remotetest.Hang
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := newTool(t, w).Add(ctx, "compute2"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if now := service(t, w); now.Enabled || now.Reason != reason {
		t.Errorf("Nova says %+v", now)
	}
	w.Machines["compute2"].Fail = nil
	if err := newTool(t, w).Add(t.Context(), "compute2"); err != nil || !service(t, w).Enabled {
		t.Error(err)
	}
}

// TestASecondRunDoesNothing: nothing is written, Nova is not told anything, and nobody is asked.
func TestASecondRunDoesNothing(t *testing.T) {
	w := cloud(t)
	if err := newTool(t, w).Add(t.Context(), "compute2"); err != nil {
		t.Fatal(err)
	}
	writes := w.Writes()
	tool := newTool(t, w)
	tool.Approve = func(*integrate.Plan) bool { t.Error("there is nothing to approve"); return false }
	tool.Say = func(line string) {
		if line != "compute2 is in service, and as it should be" {
			t.Error(line)
		}
	}
	if err := tool.Add(t.Context(), "compute2"); err != nil {
		t.Fatal(err)
	}
	if n := w.Writes() - writes; n != 0 {
		t.Errorf("%d writes", n)
	}
}
