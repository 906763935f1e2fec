package openstack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

// Versions of packages that were published, by distribution.
func TestReleaseOf(t *testing.T) {
	for _, c := range []struct {
		service openstack.Service
		version string
		want    openstack.Release
	}{
		{openstack.NovaCompute, "2:26.1.1-4~deb12u1", "zed"},  // Debian 12
		{openstack.CinderVolume, "2:21.3.1-1~deb12u1", "zed"}, // Debian 12
		{openstack.GlanceAPI, "2:25.1.0-2+deb12u1", "zed"},    // Debian 12
		{openstack.NovaCompute, "2:31.0.0-6", "2025.1"},       // Debian 13
		{openstack.CinderBackup, "2:26.0.0-2", "2025.1"},      // Debian 13
		{openstack.GlanceAPI, "2:30.0.0-3", "2025.1"},         // Debian 13
		{openstack.NovaCompute, "1:2013.2.3-0ubuntu1~cloud0", "havana"},
		{openstack.CinderVolume, "1:2014.1.5-0ubuntu2", "icehouse"},
		{openstack.GlanceAPI, "2014.2.3-1.el7", "juno"},
		{openstack.NovaCompute, "2015.1.2-1.el7", "kilo"},
		{openstack.NovaCompute, "2:12.0.0-0ubuntu2~cloud0", "liberty"},
		{openstack.CinderVolume, "7.0.1-1.el7", "liberty"},
		{openstack.GlanceAPI, "1:11.0.1-1.el7", "liberty"},
		{openstack.NovaCompute, "2:14.0.0-4+deb9u1", "newton"},    // Debian 9
		{openstack.CinderVolume, "2:13.0.3-1", "rocky"},           // Debian 10
		{openstack.NovaCompute, "2:17.0.13-0ubuntu5.3", "queens"}, // Ubuntu 18.04
		{openstack.GlanceAPI, "2:20.2.0-0ubuntu1.1", "ussuri"},    // Ubuntu 20.04
		{openstack.NovaCompute, "3:29.0.1-0ubuntu1.4", "2024.1"},  // Ubuntu 24.04
		{openstack.NovaCompute, "2:27.0.0~rc1-1", "2023.1"},
	} {
		got, err := openstack.ReleaseOf(c.service, c.version)
		require.NoError(t, err, c.version)
		assert.Equal(t, c.want, got, "%s %s", c.service, c.version)
	}
}

func TestReleaseOfKolla(t *testing.T) {
	for version, want := range map[string]openstack.Release{"15.1.0": "zed", "16.1.1.dev5": "2023.1", "20.0.0": "2025.1",
		"2024.2-ubuntu-noble": "2024.2"} {
		got, err := openstack.ReleaseOfKolla(version)
		require.NoError(t, err, version)
		assert.Equal(t, want, got, version)
	}
	for _, version := range []string{"", "nightly", "0.9.0", "99.0.0"} {
		_, err := openstack.ReleaseOfKolla(version)
		assert.ErrorContains(t, err, "Kolla version", version)
	}
}

func TestReleaseOfWhatIsNone(t *testing.T) {
	for version, service := range map[string]openstack.Service{
		"": openstack.NovaCompute, "unknown": openstack.NovaCompute, "1:99.0.0": openstack.NovaCompute,
		"2:6.0.0":           openstack.CinderVolume,
		"2012.1.3-0ubuntu1": openstack.GlanceAPI, "2:26.0.0": "keystone", "99999999999999999999.1": openstack.GlanceAPI,
	} {
		_, err := openstack.ReleaseOf(service, version)
		assert.Error(t, err, version)
	}
}
