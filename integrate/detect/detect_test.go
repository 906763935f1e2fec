package detect_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/detect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

func exampleSpec() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
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

// undetected is a world of a Spec, and the Spec without its release.
func undetected(t *testing.T, s spec.Spec) (*integratetest.World, integrate.Config) {
	t.Helper()
	w, err := integratetest.New(s)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	s.Release = ""
	return w, integrate.Config{Spec: s, World: w.World}
}

func planOf(t *testing.T, cfg integrate.Config) *integrate.Plan {
	t.Helper()
	in, err := integrate.New(cfg)
	require.NoError(t, err)
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	return p
}

func TestTheReleaseIsDetectedInEveryLayout(t *testing.T) {
	for layout, releases := range map[string][]string{
		"debian":  {"icehouse", "zed", "2026.2"},
		"rdo":     {"mitaka", "2025.1"},
		"upstart": {"havana"},
		"kolla":   {"2023.1", "2026.1"},
	} {
		for _, release := range releases {
			s := exampleSpec()
			s.Release, s.Layout = release, layout
			if layout == "kolla" {
				s.Packages = ""
			}
			w, cfg := undetected(t, s)
			writes := w.Writes()
			d, err := detect.Release(t.Context(), cfg)
			require.NoError(t, err, "%s %s", layout, release)
			assert.Equal(t, release, d.Release)
			assert.Len(t, d.Seen, 5)
			assert.Equal(t, writes, w.Writes())
		}
	}
}

// TestADetectedReleaseMakesTheSamePlan as a release that was given.
func TestADetectedReleaseMakesTheSamePlan(t *testing.T) {
	s := exampleSpec()
	w, cfg := undetected(t, s)
	_, err := integrate.New(cfg)
	require.ErrorContains(t, err, "spec: release: is missing; name the cloud's OpenStack release, such as zed, "+
		"or let detect.Release tell it")
	d, err := detect.Release(t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, "OpenStack zed: nova-compute 2:26.0.0-1 on compute1, nova-compute 2:26.0.0-1 on compute2, "+
		"glance-api 2:25.0.0-1 on controller, cinder-volume 2:21.0.0-1 on controller, "+
		"cinder-backup 2:21.0.0-1 on controller\n", d.String())
	cfg.Spec.Release = d.Release
	p := planOf(t, cfg)
	assert.Equal(t, "zed", p.Release)
	assert.Contains(t, p.String(), "For OpenStack zed\n")
	assert.Equal(t, planOf(t, integrate.Config{Spec: s, World: w.World}).String(), p.String())
}

func TestHostsOfTwoReleasesAreToldApart(t *testing.T) {
	w, cfg := undetected(t, exampleSpec())
	w.Machines["compute2"].AddPackage("nova-compute", "2:31.0.0-6", true)
	d, err := detect.Release(t.Context(), cfg)
	var fault *spec.FieldError
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, "release", fault.Path)
	assert.ErrorContains(t, err, "the hosts do not agree")
	assert.ErrorContains(t, err, "OpenStack 2025.1: nova-compute 2:31.0.0-6 on compute2\n"+
		"OpenStack zed: nova-compute 2:26.0.0-1 on compute1, ")
	assert.Empty(t, d.Release)
	assert.Contains(t, d.Seen, detect.ServiceRelease{Host: "compute2", Service: "nova-compute", Program: "nova-compute",
		Version: "2:31.0.0-6", Release: "2025.1"})
}

func TestWhoDoesNotTellKeepsNobodyFromTelling(t *testing.T) {
	w, cfg := undetected(t, exampleSpec())
	w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrUnreachable}
	}
	w.Machines["compute2"].AddPackage("nova-compute", "9999", true)
	w.Machines["controller"].RemovePackage("glance-api")
	d, err := detect.Release(t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, "zed", d.Release)
	assert.Contains(t, d.String(), "compute1 nova-compute does not tell its release: compute1: connect: ")
	assert.Contains(t, d.String(), "compute2 nova-compute does not tell its release: openstack: package version \"9999\"")
	assert.Contains(t, d.String(), "controller glance-api does not tell its release: glance-api is not there")

	for _, m := range w.Machines {
		m.Fail = func(context.Context, remote.Op) error { return errors.New("silence") }
	}
	d, err = detect.Release(t.Context(), cfg)
	require.ErrorContains(t, err, "spec: release: is missing, and no host tells it; name it\n")
	require.ErrorContains(t, err, "controller cinder-volume does not tell its release: "+
		"controller: packages glance-api cinder-volume cinder-backup: silence")
	assert.Len(t, d.Seen, 5)
}

// TestHostsThatDoNotTellForOneReasonAreALine: a jump host that is down is not told once for each host behind it.
func TestHostsThatDoNotTellForOneReasonAreALine(t *testing.T) {
	w, cfg := undetected(t, exampleSpec())
	for name, m := range w.Machines {
		m.Fail = func(context.Context, remote.Op) error {
			return &remote.HostError{Host: name, Jump: "bastion", Step: "connect", Err: remote.ErrUnreachable}
		}
	}
	d, err := detect.Release(t.Context(), cfg)
	require.ErrorContains(t, err, "no host tells it")
	const why = "jump host bastion: connect: remote: host unreachable\n"
	assert.Equal(t, "2 hosts (compute[1-2]) nova-compute does not tell its release: HOST: "+why+
		"controller glance-api does not tell its release: controller: "+why+
		"controller cinder-volume does not tell its release: controller: "+why+
		"controller cinder-backup does not tell its release: controller: "+why, d.String())
}

func TestOtherFaultsAreSaidBeforeAHostIsAsked(t *testing.T) {
	_, cfg := undetected(t, exampleSpec())
	cfg.World = world.World{}
	cfg.Spec.Release, cfg.Spec.Layout, cfg.Spec.Nova.User = "atlantis", "slackware", "admin"
	_, err := detect.Release(t.Context(), cfg)
	require.ErrorContains(t, err, "spec: nova.user: ")
	require.ErrorContains(t, err, "spec: layout: ")
	assert.NotContains(t, err.Error(), "spec: release")
	cfg.Spec.Layout, cfg.Spec.Nova.User = "", ""
	_, err = detect.Release(t.Context(), cfg)
	require.ErrorContains(t, err, `the World has no host "controller"`)
}
