package integrate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// undetected is a world of a Spec, and the Spec without its release.
func undetected(t *testing.T, s spec.Spec) (*integratetest.World, integrate.Config) {
	w, _ := open(t, s)
	s.Release = ""
	return w, integrate.Config{Spec: s, World: w.World}
}

func TestTheReleaseIsDetectedInEveryLayout(t *testing.T) {
	for layout, releases := range map[string][]string{"debian": {"icehouse", "zed", "2026.2"}, "rdo": {"mitaka", "2025.1"}, "upstart": {"havana"}, "kolla": {"2023.1", "2026.1"}} {
		for _, release := range releases {
			s := exampleSpec()
			s.Release, s.Layout = release, layout
			if layout == "kolla" {
				s.Packages = ""
			}
			w, cfg := undetected(t, s)
			writes := w.Writes()
			d, err := integrate.DetectRelease(t.Context(), cfg)
			require.NoError(t, err, "%s %s", layout, release)
			assert.Equal(t, release, d.Release)
			assert.Len(t, d.Seen, 5)
			assert.Equal(t, writes, w.Writes())
		}
	}
}

// TestADetectedReleaseMakesTheSamePlan as one that was given.
func TestADetectedReleaseMakesTheSamePlan(t *testing.T) {
	s := exampleSpec()
	w, cfg := undetected(t, s)
	_, err := integrate.New(cfg)
	require.ErrorContains(t, err, "spec: release: is missing; name the cloud's OpenStack release, such as zed, or let DetectRelease tell it")
	d, err := integrate.DetectRelease(t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, "OpenStack zed: nova-compute 2:26.0.0-1 on compute1, nova-compute 2:26.0.0-1 on compute2, glance-api 2:25.0.0-1 on controller, "+
		"cinder-volume 2:21.0.0-1 on controller, cinder-backup 2:21.0.0-1 on controller\n", d.String())
	given, err := integrate.New(integrate.Config{Spec: s, World: w.World})
	require.NoError(t, err)
	cfg.Spec.Release = d.Release
	detected, err := integrate.New(cfg)
	require.NoError(t, err)
	p := plan(t, detected)
	assert.Equal(t, "zed", p.Release)
	assert.Contains(t, p.String(), "For OpenStack zed\n")
	assert.Equal(t, plan(t, given).String(), p.String())
}

func TestHostsOfTwoReleasesAreToldApart(t *testing.T) {
	w, cfg := undetected(t, exampleSpec())
	w.Machines["compute2"].AddPackage("nova-compute", "2:31.0.0-6", true)
	d, err := integrate.DetectRelease(t.Context(), cfg)
	var fault *spec.FieldError
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, "release", fault.Path)
	assert.ErrorContains(t, err, "the hosts do not agree")
	assert.ErrorContains(t, err, "OpenStack 2025.1: nova-compute 2:31.0.0-6 on compute2\nOpenStack zed: nova-compute 2:26.0.0-1 on compute1, ")
	assert.Empty(t, d.Release)
	assert.Contains(t, d.Seen, integrate.ServiceRelease{Host: "compute2", Service: "nova-compute", Program: "nova-compute", Version: "2:31.0.0-6", Release: "2025.1"})
}

func TestWhoDoesNotTellKeepsNobodyFromTelling(t *testing.T) {
	w, cfg := undetected(t, exampleSpec())
	w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrUnreachable}
	}
	w.Machines["compute2"].AddPackage("nova-compute", "9999", true)
	w.Machines["controller"].RemovePackage("glance-api")
	d, err := integrate.DetectRelease(t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, "zed", d.Release)
	assert.Contains(t, d.String(), "compute1 nova-compute does not tell its release: compute1: connect: ")
	assert.Contains(t, d.String(), "compute2 nova-compute does not tell its release: openstack: package version \"9999\"")
	assert.Contains(t, d.String(), "controller glance-api does not tell its release: glance-api is not there")

	for _, m := range w.Machines {
		m.Fail = func(context.Context, remote.Op) error { return errors.New("silence") }
	}
	d, err = integrate.DetectRelease(t.Context(), cfg)
	require.ErrorContains(t, err, "spec: release: is missing, and no host tells it; name it\n")
	require.ErrorContains(t, err, "controller cinder-volume does not tell its release: controller: packages glance-api cinder-volume cinder-backup: silence")
	assert.Len(t, d.Seen, 5)
}

func TestOtherFaultsAreSaidBeforeAHostIsAsked(t *testing.T) {
	_, cfg := undetected(t, exampleSpec())
	cfg.Spec.Release, cfg.Spec.Layout, cfg.Spec.Nova.User, cfg.World = "atlantis", "slackware", "admin", integrate.World{}
	_, err := integrate.DetectRelease(t.Context(), cfg)
	require.ErrorContains(t, err, "spec: nova.user: ")
	require.ErrorContains(t, err, "spec: layout: ")
	assert.NotContains(t, err.Error(), "spec: release")
	cfg.Spec.Layout, cfg.Spec.Nova.User = "", ""
	_, err = integrate.DetectRelease(t.Context(), cfg)
	require.ErrorContains(t, err, `the World has no host "controller"`)
}
