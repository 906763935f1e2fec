package integrate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

func exampleSpec() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph", Pools: []spec.Pool{{Name: "images", PGNum: 16}}}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
			{Name: "compute2", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"}}},
		Backup: &spec.Backup{},
		Nova:   &spec.Nova{},
	}
}

// open gives a world and its integration.
func open(t *testing.T, s spec.Spec) (*integratetest.World, *integrate.Integration) {
	t.Helper()
	w := integratetest.Open(t, s)
	return w, w.Integration(t)
}

func plan(t *testing.T, in *integrate.Integration) *integrate.Plan {
	t.Helper()
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	return p
}

func apply(t *testing.T, in *integrate.Integration) *integrate.Result {
	t.Helper()
	r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.NoError(t, err)
	return r
}

// change finds a change by its ID, or by what the plan shows: kind/target/name.
func change(p *integrate.Plan, id string) *integrate.Change {
	for i, c := range p.Changes {
		if c.ID == id || c.Kind+"/"+c.Target+"/"+c.Name == id {
			return &p.Changes[i]
		}
	}
	return nil
}

func TestApplyReachesTheSpec(t *testing.T) {
	w, in := open(t, exampleSpec())
	first := plan(t, in)
	require.Empty(t, first.Problems(), "%s", first)
	result, err := in.Apply(t.Context(), first, integrate.ApplyOptions{})
	require.NoError(t, err)
	require.Equal(t, len(first.Changes), result.Count(integrate.Applied))

	writes := w.Writes()
	second := plan(t, in)
	require.True(t, second.Empty(), "%s", second)
	apply(t, in)
	assert.Equal(t, writes, w.Writes(), "a second apply wrote something")

	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Empty(t, w.API.Violations())
}

func TestPlanIsDeterministicAndHoldsNoSecret(t *testing.T) {
	w, in := open(t, exampleSpec())
	assert.Equal(t, plan(t, in).String(), plan(t, in).String())
	apply(t, in)
	user, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.client.cinder.keyring",
		[]byte("[client.cinder]\n\tkey = AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==\n"), 0o644)
	p := plan(t, in)
	require.False(t, p.Empty())
	data, err := json.Marshal(p)
	require.NoError(t, err)
	for _, text := range []string{p.String(), string(data)} {
		assert.NotContains(t, text, user.Key.Reveal())
		assert.NotContains(t, text, "AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==")
	}
}

func TestVerifyBeforeApplyFails(t *testing.T) {
	_, in := open(t, exampleSpec())
	report, err := verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	for _, c := range report.Checks {
		if c.Status == integrate.Pass {
			assert.Contains(t, []string{"ceph-health ceph", "nothing is left behind", "older runs left nothing",
				"computes for guests"}, c.Name, "%s passed: %s", c.Name, c.Evidence)
		}
	}
}

// TestAJourneyNeedsAnImageThatBoots refuses before anything is made.
func TestAJourneyNeedsAnImageThatBoots(t *testing.T) {
	w, in := open(t, exampleSpec())
	apply(t, in)
	writes := w.Writes()
	for name, image := range map[string]io.ReadSeeker{
		"none": nil, "empty": strings.NewReader(""), "qcow2": strings.NewReader("QFI\xfb\x00\x00"),
		"gzip": strings.NewReader("\x1f\x8b\x08"), "xz": strings.NewReader("\xfd7zXZ"),
	} {
		report, err := in.Verify(t.Context(), integrate.VerifyOptions{Image: image})
		require.ErrorContains(t, err, "image", name)
		assert.NotErrorIs(t, err, integrate.ErrChecks, name)
		assert.Empty(t, report.Checks, name)
	}
	assert.Equal(t, writes, w.Writes())
}

// TestKilledAnywhere loses every host's connection after each operation in
// turn, as a program that is killed does, and wants the next run to finish.
func TestKilledAnywhere(t *testing.T) {
	for after := 1; ; after++ {
		w, in := open(t, exampleSpec())
		p := plan(t, in)
		left, lost := after, false
		for _, m := range w.Machines {
			m.FailAfter = func(_ context.Context, op remote.Op) error {
				switch op.(type) {
				case remote.ReadFile, remote.Stat, remote.UnitState, remote.Run, remote.Packages:
					return nil
				}
				if left--; left > 0 {
					return nil
				}
				lost = true
				return &remote.HostError{Host: "all", Step: "exchange", Err: remote.ErrUnreachable}
			}
		}
		one, err := integrate.New(integrate.Config{Spec: exampleSpec(), World: w.World, Parallel: 1,
			Settle: time.Millisecond, Poll: time.Millisecond})
		require.NoError(t, err)
		_, err = one.Apply(t.Context(), p, integrate.ApplyOptions{})
		if !lost {
			require.NoError(t, err)
			require.Greater(t, after, 10, "the sweep did not reach the hosts")
			return
		}
		require.Error(t, err, "after %d", after)
		for _, m := range w.Machines {
			m.FailAfter = nil
		}
		apply(t, in)
		require.True(t, plan(t, in).Empty(), "killed after operation %d: %s", after, plan(t, in))
	}
}

func TestUnreachableHostIsAProblemAndOthersGoOn(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute2"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "compute2", Step: "connect", Err: remote.ErrUnreachable}
	}
	p := plan(t, in)
	require.Len(t, p.Problems(), 1)
	assert.Equal(t, "compute2", p.Problems()[0].Target)
	assert.ErrorIs(t, p.Problems()[0].Err, remote.ErrUnreachable)
	result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete)
	assert.Equal(t, len(p.Changes), result.Count(integrate.Applied))

	w.Machines["compute2"].Fail = nil
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

func TestUnreachableClusterLeavesServicesAlone(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Ceph["ceph"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	require.ErrorIs(t, p.Problems()[0].Err, ceph.ErrUnreachable)
	for _, c := range p.Changes {
		assert.NotContains(t, []string{"settings", "file", "secret"}, c.Kind, c.ID)
		assert.NotEqual(t, integrate.Restart, c.Action, c.ID)
	}
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, world.ErrLock)
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	assert.Equal(t, len(p.Changes), r.Count(integrate.Cancelled))
	assert.Zero(t, w.Writes(), "without the cluster nobody is kept out")
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	for _, c := range report.Checks {
		switch {
		case strings.HasPrefix(c.Name, "packages "), c.Name == "services up",
			c.Name == "volume types": // no cluster is needed to see them
		case c.Status == integrate.Pass:
			assert.NotContains(t, c.Name, "compute", "%s: %s", c.Name, c.Evidence)
		default:
			assert.Equal(t, integrate.Unable, c.Status, c.Name)
			assert.Contains(t, c.Next, "monitors", c.Name)
		}
	}
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	w.Ceph["ceph"].Fail = nil
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

func TestUnreachableLibvirtLeavesNovaAlone(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Libvirt["compute1"].Fail = func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
	p := plan(t, in)
	require.ErrorIs(t, p.Problems()[0].Err, libvirtsecret.ErrUnreachable)
	assert.Nil(t, change(p, "settings/compute1//etc/nova/nova.conf"))
	assert.NotNil(t, change(p, "settings/compute2//etc/nova/nova.conf"))
}

func TestFailedWriteSkipsWhatNeedsIt(t *testing.T) {
	w, in := open(t, exampleSpec())
	broken := true
	w.Machines["controller"].Fail = func(_ context.Context, op remote.Op) error {
		if f, ok := op.(remote.WriteFile); ok && broken && strings.HasSuffix(f.Path, "glance.keyring") {
			return syscall.ENOSPC
		}
		return nil
	}
	result, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.ErrorIs(t, err, syscall.ENOSPC)
	skipped := map[string]string{}
	for _, o := range result.Outcomes {
		if o.Status == integrate.Skipped {
			skipped[o.Change.ID] = o.Because
		}
	}
	assert.Contains(t, skipped, "unit/controller/glance-api.service")
	assert.Contains(t, skipped, "settings/controller//etc/glance/glance-api.conf")
	broken = false
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

func TestChangedFileIsAConflict(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := plan(t, in)
	w.Machines["compute1"].AddFile("/etc/nova/nova.conf", []byte("[libvirt]\n# somebody was here\n"), 0o640)
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	data, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	assert.Equal(t, "[libvirt]\n# somebody was here\n", string(data))
	apply(t, in)
	data, _ = w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	assert.Contains(t, string(data), "# somebody was here\n")
}

func TestStoredPlan(t *testing.T) {
	w, in := open(t, exampleSpec())
	data, err := json.Marshal(plan(t, in))
	require.NoError(t, err)
	stored, err := integrate.ParsePlan(data)
	require.NoError(t, err)
	w.Machines["compute1"].AddFile("/etc/nova/nova.conf", []byte("[libvirt]\nrbd_user = other\n"), 0o640)
	_, err = in.Apply(t.Context(), stored, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	again, err := integrate.ParsePlan(data)
	require.NoError(t, err)
	result, err := in.Apply(t.Context(), again, integrate.ApplyOptions{})
	require.Error(t, err)
	assert.Positive(t, result.Count(integrate.Unchanged))
}

func TestLocalDisksStay(t *testing.T) {
	w, in := open(t, exampleSpec())
	id := w.API.AddServer(api.Server{Name: "old", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true,
		ImageID: "an-image"})
	p := plan(t, in)
	settings := change(p, "settings/compute1//etc/nova/nova.conf")
	require.NotNil(t, settings)
	for _, d := range settings.Diffs {
		assert.NotContains(t, d.Field, "images_type")
	}
	assert.Contains(t, p.String(), id)
	apply(t, in)
	require.True(t, plan(t, in).Empty())

	s := exampleSpec()
	s.Hosts[1].Disks = "ceph"
	forced, err := integrate.New(integrate.Config{Spec: s, World: w.World})
	require.NoError(t, err)
	p = plan(t, forced)
	require.NotNil(t, change(p, "settings/compute1//etc/nova/nova.conf"))
}

func TestMissingPackagesLeaveServicesAlone(t *testing.T) {
	s := exampleSpec()
	s.Packages = "check"
	full, err := integratetest.New(exampleSpec()) // its packages could be installed, and are not
	require.NoError(t, err)
	defer full.Close()
	in, err := integrate.New(integrate.Config{Spec: s, World: full.World})
	require.NoError(t, err)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	for _, c := range p.Changes {
		assert.NotContains(t, []string{"settings", "unit"}, c.Kind, c.ID)
	}
}

func TestVMMadeAfterThePlanIsAConflict(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := plan(t, in)
	w.API.AddServer(api.Server{Name: "late", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true, ImageID: "an-image"})
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	data, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	assert.NotContains(t, string(data), "images_type = rbd")
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

func TestHostThatNovaDoesNotKnowKeepsItsDisks(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.API.RemoveService("nova-compute", "compute1")
	w.API.AddService(api.ServiceRecord{Binary: "nova-compute", Host: "compute1.example.org", Enabled: true, Up: true})
	p := plan(t, in)
	require.Len(t, p.Problems(), 1)
	assert.Contains(t, p.Problems()[0].Message, "compute1.example.org")
}

func TestParsePlanRefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{"{}", "null", `{"checks":[]}`,
		`{"changes":[{"id":"a","kind":"pool","target":"ceph","name":"x"}]}`} {
		_, err := integrate.ParsePlan([]byte(text))
		assert.Error(t, err, text)
	}
}

func TestEveryBackendHoldsAVolume(t *testing.T) {
	s := exampleSpec()
	s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: "fast", Pool: "fast", VolumeType: "fast"})
	_, in := open(t, s)
	apply(t, in)
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Contains(t, report.String(), "volume in ceph on backend fast")
}

func TestRestartIsADebt(t *testing.T) {
	w, in := open(t, exampleSpec())
	apply(t, in)
	data, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	_, err := w.Hosts["compute1"].Do(t.Context(), remote.WriteFile{Path: "/etc/nova/nova.conf",
		Data: append(bytes.Clone(data), '\n')})
	require.NoError(t, err)
	p := plan(t, in)
	require.Len(t, p.Changes, 1, "%s", p)
	assert.Equal(t, integrate.Restart, p.Changes[0].Action)
	assert.Contains(t, p.Changes[0].Reason, "/etc/nova/nova.conf")
}

func TestUnitThatDoesNotComeUpIsFailed(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute1"].BreakUnit("nova-compute.service", "it said why")
	_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.ErrorIs(t, err, remote.ErrUnitFailed)
	assert.Contains(t, err.Error(), "it said why")
}

func TestCanariesGoFirst(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute1"].BreakUnit("nova-compute.service", "broken")
	result, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{Canaries: 1})
	require.Error(t, err)
	for _, o := range result.Outcomes {
		if o.Change.Target == "compute2" || o.Change.Target == "controller" {
			assert.Equal(t, integrate.Cancelled, o.Status, o.Change.ID)
		}
	}
}

func TestCancelledApplySettlesEverything(t *testing.T) {
	_, in := open(t, exampleSpec())
	p := plan(t, in)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, err := in.Apply(ctx, p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, len(p.Changes), result.Count(integrate.Cancelled))
	_, err = in.Plan(ctx, integrate.PlanOptions{})
	assert.True(t, errors.Is(err, context.Canceled))
}
