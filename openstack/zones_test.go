package openstack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/openstacktest"
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
	_, err := b.Settings(openstack.Zed, conf{})
	assert.ErrorContains(t, err, "VolumeBackend.AvailabilityZone")
}

func TestVolumesAndBackupsInZones(t *testing.T) {
	fake := openstacktest.Start(t, openstacktest.Config{Looks: -1, Backends: []string{"slow"}})
	fake.AddService(openstack.ServiceRecord{Binary: "cinder-volume", Host: "controller@fast", Zone: "az1", Enabled: true, Up: true})
	dial, err := fake.CloudConfig(t.TempDir())
	require.NoError(t, err)
	cloud, err := openstack.Dial(t.Context(), dial)
	require.NoError(t, err)
	v, err := cloud.CreateVolume(t.Context(), openstack.VolumeRequest{Name: "a", SizeGiB: 1})
	require.NoError(t, err)
	assert.Equal(t, []string{"nova", "controller@slow#slow"}, []string{v.Zone, v.Host})
	v, err = cloud.CreateVolume(t.Context(), openstack.VolumeRequest{Name: "b", SizeGiB: 1, AvailabilityZone: "az1"})
	require.NoError(t, err)
	assert.Equal(t, []string{"az1", "controller@fast#fast"}, []string{v.Zone, v.Host})
	_, err = cloud.CreateVolume(t.Context(), openstack.VolumeRequest{Name: "c", SizeGiB: 1, AvailabilityZone: "az2"})
	require.ErrorContains(t, err, "Availability zone 'az2' is invalid")

	_, err = cloud.CreateBackup(t.Context(), openstack.BackupRequest{VolumeID: v.ID, Name: "b"})
	require.ErrorContains(t, err, "cinder-backup could not be found", "none is in the volume's zone")
	_, err = cloud.CreateBackup(t.Context(), openstack.BackupRequest{VolumeID: v.ID, Name: "b", AvailabilityZone: "nova"})
	require.NoError(t, err)
}
