package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsNotForContainers(t *testing.T) {
	s := exampleSpec()
	s.Release, s.Layout, s.Clusters[0].MinClient = "2023.1", spec.LayoutKolla, "18.2.0"
	s.Prepare = &spec.Prepare{Guests: &spec.Guests{},
		Repository: &spec.Repository{Apt: "https://download.ceph.com/debian-reef", Key: someKey}}
	err := s.Validate()
	for _, want := range []string{
		"spec: clusters[0].min_client: is for the packages of hosts",
		"spec: prepare.repository: is for the packages",
		"spec: prepare.guests: makes folders on hosts",
	} {
		require.ErrorContains(t, err, want)
	}
	s.Layout = "debian"
	require.NoError(t, s.Validate())
}

func TestValidateOfLayouts(t *testing.T) {
	for _, c := range []struct{ layout, host, release, want string }{
		{"", "", "icehouse", ""}, {"debian", "rdo", "zed", ""}, {"rdo", "", "train", ""}, {"rdo", "", "2026.1", ""},
		{"gentoo", "", "zed", `spec: layout: "gentoo" is none of`},
		{"", "gentoo", "zed", `spec: hosts[1].layout: "gentoo" is none of`},
		{"kolla", "", "2023.1", ""}, {"", "kolla", "2026.2", ""},
		{"kolla", "", "zed", "spec: layout: containers of zed have no systemd units"},
		{"", "kolla", "zed", "spec: hosts[1].layout: containers of zed have no systemd units"},
		{"rdo", "", "havana", "spec: layout: rdo hosts of havana have SysV init"},
		{"upstart", "", "havana", ""}, {"upstart", "", "mitaka", ""},
		{"upstart", "", "newton", "spec: layout: upstart is a layout of havana to mitaka"},
		{"", "", "havana", "spec: layout: hosts of havana have no systemd"},
	} {
		s := exampleSpec()
		s.Layout, s.Hosts[1].Layout, s.Release = c.layout, c.host, c.release
		err := s.Validate()
		if c.want == "" {
			assert.NoError(t, err, "%+v", c)
			continue
		}
		assert.ErrorContains(t, err, c.want)
	}
}

func TestWhatIsNotForUpstart(t *testing.T) {
	s := exampleSpec()
	s.Release, s.Hosts[1].Layout = "mitaka", "upstart"
	s.Prepare = &spec.Prepare{Guests: &spec.Guests{},
		Repository: &spec.Repository{Apt: "https://download.ceph.com/debian-hammer", Key: someKey}}
	found := faults(t, s)
	assert.Contains(t, found["prepare.repository"], "an older one")
	assert.Contains(t, found["prepare.guests"], "after a reboot")
	s.Hosts[1].Layout = ""
	require.NoError(t, s.Validate())
}
