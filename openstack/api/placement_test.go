package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

func TestUploadIntoAStore(t *testing.T) {
	upload := func(cfg openstacktest.Config, name string) (api.Image, error) {
		cfg.Looks = -1
		fake := openstacktest.Start(t, cfg)
		dial, err := fake.CloudConfig(t.TempDir())
		require.NoError(t, err)
		cloud, err := api.Dial(t.Context(), dial)
		require.NoError(t, err)
		return cloud.UploadImage(t.Context(), api.ImageRequest{Name: "i", DiskFormat: "raw", Store: name},
			strings.NewReader("disk"))
	}
	two := openstacktest.Config{Stores: []string{"rbd", "fast"}}
	i, err := upload(two, "")
	require.NoError(t, err)
	assert.Equal(t, []string{"rbd"}, i.Stores)
	i, err = upload(two, "fast")
	require.NoError(t, err)
	assert.Equal(t, []string{"fast"}, i.Stores)
	i, err = upload(two, "slow")
	var e *api.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 400, e.Code)
	assert.NotEmpty(t, i.ID, "for the caller to delete")
	_, err = upload(openstacktest.Config{}, "fast")
	assert.ErrorContains(t, err, "not in store fast", "a Glance without several stores passes over the wish")
}

func TestVolumesAndBackupsInZones(t *testing.T) {
	fake := openstacktest.Start(t, openstacktest.Config{Looks: -1, Backends: []string{"slow"}})
	fake.AddService(api.ServiceRecord{Binary: "cinder-volume", Host: "controller@fast", Zone: "az1", Enabled: true,
		Up: true})
	dial, err := fake.CloudConfig(t.TempDir())
	require.NoError(t, err)
	cloud, err := api.Dial(t.Context(), dial)
	require.NoError(t, err)
	v, err := cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "a", SizeGiB: 1})
	require.NoError(t, err)
	assert.Equal(t, []string{"nova", "controller@slow#slow"}, []string{v.Zone, v.Host})
	v, err = cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "b", SizeGiB: 1, AvailabilityZone: "az1"})
	require.NoError(t, err)
	assert.Equal(t, []string{"az1", "controller@fast#fast"}, []string{v.Zone, v.Host})
	_, err = cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "c", SizeGiB: 1, AvailabilityZone: "az2"})
	require.ErrorContains(t, err, "Availability zone 'az2' is invalid")

	_, err = cloud.CreateBackup(t.Context(), api.BackupRequest{VolumeID: v.ID, Name: "b"})
	require.ErrorContains(t, err, "cinder-backup could not be found", "none is in the volume's zone")
	_, err = cloud.CreateBackup(t.Context(), api.BackupRequest{VolumeID: v.ID, Name: "b", AvailabilityZone: "nova"})
	require.NoError(t, err)
}
