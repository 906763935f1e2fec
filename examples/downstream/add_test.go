package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
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

// TestItStaysDisabled: whatever goes wrong, no VM comes, and the next run finishes the job.
func TestItStaysDisabled(t *testing.T) {
	broken := func(ctx context.Context, _ remote.Op) error {
		return &remote.HostError{Host: "compute2", Step: "exchange", Err: remote.ErrTimeout}
	}
	for name, c := range map[string]struct {
		spoil  func(*Tool, *remotetest.Host)
		repair func(*remotetest.Host)
		want   string
	}{
		"the host hangs":      {func(_ *Tool, h *remotetest.Host) { h.Fail = remotetest.Hang }, nil, "deadline exceeded"},
		"the host is down":    {func(_ *Tool, h *remotetest.Host) { h.Fail = broken }, nil, "compute2: "},
		"it is not approved":  {func(tool *Tool, _ *remotetest.Host) { tool.Approve = refuse }, nil, ErrNotApproved.Error()},
		"a write is refused":  {func(_ *Tool, h *remotetest.Host) { h.Fail = onWrite }, nil, "/etc/nova/nova.conf"},
		"a check fails":       {func(_ *Tool, h *remotetest.Host) { h.FailAfter = spoil(h) }, nil, "files compute2"},
		"the service crashes": {crash, func(h *remotetest.Host) { h.BreakUnit("nova-compute", "") }, "no secret matches"},
	} {
		t.Run(name, func(t *testing.T) {
			w := cloud(t)
			tool, host := newTool(t, w), w.Machines["compute2"]
			c.spoil(tool, host)
			ctx := t.Context()
			if name == "the host hangs" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 2*time.Second)
				defer cancel()
			}
			err := tool.Add(ctx, "compute2")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v", err)
			}
			if now := service(t, w); now.Enabled || now.Reason != reason {
				t.Errorf("Nova says %+v", now)
			}
			host.Fail, host.FailAfter = nil, nil
			if c.repair != nil {
				c.repair(host)
			}
			if err := newTool(t, w).Add(t.Context(), "compute2"); err != nil {
				t.Fatal(err)
			}
			if !service(t, w).Enabled {
				t.Error("the next run does not enable it")
			}
		})
	}
}

func refuse(*integrate.Plan) bool { return false }

func crash(_ *Tool, h *remotetest.Host) {
	h.BreakUnit("nova-compute", "libvirt: Secret not found: rbd no secret matches uuid")
}

// onWrite refuses to write nova.conf.
func onWrite(_ context.Context, op remote.Op) error {
	if write, ok := op.(remote.WriteFile); ok && write.Path == "/etc/nova/nova.conf" {
		return errors.New("read-only file system")
	}
	return nil
}

// spoil lets somebody else write to the keyring's file right after the restart.
func spoil(h *remotetest.Host) func(context.Context, remote.Op) error {
	return func(_ context.Context, op remote.Op) error {
		if _, ok := op.(remote.RestartUnit); ok {
			h.AddFile("/etc/ceph/ceph.client.cinder.keyring", []byte("[client.cinder]\n"), 0o600)
		}
		return nil
	}
}

// TestWhatSomebodyElseDisabledIsNotEnabled: there is a reason for it.
func TestWhatSomebodyElseDisabledIsNotEnabled(t *testing.T) {
	w := cloud(t)
	if err := w.Cloud.DisableCompute(t.Context(), "compute2", "a fan is broken"); err != nil {
		t.Fatal(err)
	}
	err := newTool(t, w).Add(t.Context(), "compute2")
	if err == nil || !strings.Contains(err.Error(), "a fan is broken") || service(t, w).Enabled {
		t.Error(err)
	}
	if n := w.Machines["compute2"].Exchanges(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// TestUsage: what is wrong is said before anything is connected to.
func TestUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"name one compute": {}, "no such file": {"-f", "missing.yaml", "compute2"}, "not defined": {"-x"},
	} {
		err := run(t.Context(), args, strings.NewReader(""), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
	for answer, want := range map[string]bool{"y\n": true, "n\n": false, "\n": false, "": false} {
		if got := ask(strings.NewReader(answer), io.Discard, &integrate.Plan{}); got != want {
			t.Errorf("%q is taken for %v", answer, got)
		}
	}
}

// TestTheToolIsSmall: it has cephstack's library, and nothing of cephstack's program. No C library is needed.
func TestTheToolIsSmall(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	list.Env = append(list.Environ(), "CGO_ENABLED=0")
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatal(string(out))
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	want := []string{"example.com/addcompute", "github.com/cephstack/cephstack", "github.com/gophercloud/gophercloud/v2",
		"go.yaml.in/yaml/v3", "golang.org/x/crypto", "gopkg.in/yaml.v2"}
	if got := slices.Compact(modules); !slices.Equal(got, want) {
		t.Errorf("it compiles %v", got)
	}
}
