package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

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
			err := tool.Add(t.Context(), "compute2")
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
