package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// twoZones has the backends of two clusters in two zones, of which the first is
// not the one that volumes go to by themselves.
func twoZones() spec.Spec {
	s := twoClusters()
	for i, zone := range []string{"az1", "az2", "az1"} {
		s.Cinder.Backends[i].AvailabilityZone = zone
	}
	return s
}

func TestAvailabilityZones(t *testing.T) {
	w, in := open(t, twoZones())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, p.String(), "volumes that name no zone go to zone nova, which slow (az1), "+
		"fast (az2), safe (az1) is not in")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents("/etc/cinder/cinder.conf")
	assert.Equal(t, 2, strings.Count(string(data), "backend_availability_zone = az1\n"))
	assert.Equal(t, 1, strings.Count(string(data), "backend_availability_zone = az2\n"))
	assert.NotContains(t, string(data), "storage_availability_zone")

	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Equal(t, "controller@slow in az1, controller@fast in az2, controller@safe in az1",
		check(report, "availability zones").Evidence)
	assert.Contains(t, report.String(), "full backup of an in-use volume")
	assert.Empty(t, w.API.Violations())
}

// TestAZoneThatIsNotTaken: the service has not started since.
func TestAZoneThatIsNotTaken(t *testing.T) {
	s := twoClusters()
	w, in := open(t, s)
	apply(t, in)
	in, err := integrate.New(integrate.Config{Spec: twoZones(), World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Contains(t, check(report, "availability zones").Evidence, "controller@slow is in nova, not in az1")
	apply(t, in)
	report, err = in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
}

// TestABackendWithVolumesKeepsItsZone: what is made from them would find no backend.
func TestABackendWithVolumesKeepsItsZone(t *testing.T) {
	w, in := open(t, twoClusters())
	apply(t, in)
	v, err := w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "fast"})
	require.NoError(t, err)
	moved, err := integrate.New(integrate.Config{Spec: twoZones(), World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	p := plan(t, moved)
	assert.Contains(t, p.String(), "backend fast holds volumes of another zone than az2 ("+v.ID+")")
	assert.Contains(t, p.String(), "set availability_zone: nova, or name another backend for az2")
	assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))

	// Without the APIs nobody knows.
	deaf := w.World
	deaf.Cloud = nil
	blind, err := integrate.New(integrate.Config{Spec: twoZones(), World: deaf, Settle: 1, Poll: 1})
	require.NoError(t, err)
	p = plan(t, blind)
	assert.Contains(t, p.String(), "backend slow is in use in zone nova, and whether it holds volumes, which would stay "+
		"there, cannot be told: ")
	assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))

	require.NoError(t, w.Cloud.DeleteVolume(t.Context(), v.ID))
	apply(t, moved)
	assert.True(t, plan(t, moved).Empty())
	// In its zone now, a volume is no hindrance.
	_, err = w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "fast",
		AvailabilityZone: "az2"})
	require.NoError(t, err)
	assert.True(t, plan(t, moved).Empty(), "%s", plan(t, moved))
}

// TestOneZoneUntilOcata: the option is the service's.
func TestOneZoneUntilOcata(t *testing.T) {
	s := twoZones()
	s.Release = "ocata"
	require.ErrorContains(t, s.Validate(),
		`spec: cinder.backends[1].availability_zone: "az2" is not "az1" of cinder.backends[0]`)
	s.Cinder.Backends[1].AvailabilityZone = "az1"
	w, in := open(t, s)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.String(), "backend nfs is here too, and would move into that zone with slow (az1)")
	assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))

	w.Machines["controller"].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\n"), 0o640)
	p = plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, p.String(), "cinder-backup moves into zone az1 with slow (az1)")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents("/etc/cinder/cinder.conf")
	assert.Equal(t, 1, strings.Count(string(data), "storage_availability_zone = az1\n"))
	assert.NotContains(t, string(data), "backend_availability_zone")
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
}

// TestBackupsBeforeTrainStayInTheirZone: they could name none.
func TestBackupsBeforeTrainStayInTheirZone(t *testing.T) {
	s := twoZones()
	s.Release = "stein"
	_, in := open(t, s)
	apply(t, in)
	report, err := verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	c := check(report, "full backup of an in-use volume")
	assert.Equal(t, integrate.Unable, c.Status)
	assert.Contains(t, c.Evidence, "the volume is in zone az1, cinder-backup in nova")
}
