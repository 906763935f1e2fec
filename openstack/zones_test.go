package openstack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

func TestZoneOfABackend(t *testing.T) {
	b := backend
	b.AvailabilityZone = "az1"
	for release, want := range map[openstack.Release]string{
		"havana": "[DEFAULT] storage_availability_zone = az1\n", "ocata": "[DEFAULT] storage_availability_zone = az1\n",
		"pike": "[ceph] backend_availability_zone = az1\n", "2026.2": "[ceph] backend_availability_zone = az1\n",
	} {
		got, err := b.Settings(release, conf{})
		require.NoError(t, err)
		assert.Contains(t, render(got), want, release)
		got, err = backend.Settings(release, conf{})
		require.NoError(t, err)
		assert.NotContains(t, render(got), "availability_zone", release)
	}
	for release := range captured() {
		r := loadRegistry(t, release)
		got, err := b.Settings(r.release, conf{})
		require.NoError(t, err)
		for _, set := range got {
			assert.NoError(t, r.judge(openstack.CinderVolume, set))
		}
		o, err := r.lookup(place{openstack.CinderVolume, "DEFAULT", "storage_availability_zone"})
		require.NoError(t, err)
		assert.Equal(t, "nova", o.Default)
	}
	b.AvailabilityZone = "a,b"
	_, err := b.Settings("zed", conf{})
	assert.ErrorContains(t, err, "VolumeBackend.AvailabilityZone")
}
