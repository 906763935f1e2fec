package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
)

// twoZones has the backends of two clusters in two zones, of which the first is
// not the one that volumes go to by themselves.
func twoZones() integrate.Spec {
	spec := twoClusters()
	for i, zone := range []string{"az1", "az2", "az1"} {
		spec.Cinder.Backends[i].AvailabilityZone = zone
	}
	return spec
}

func TestAvailabilityZones(t *testing.T) {
	w, in := open(t, twoZones())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, p.String(), "volumes that name no zone go to zone nova, which slow (az1), fast (az2), safe (az1) is not in")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents("/etc/cinder/cinder.conf")
	assert.Equal(t, 2, strings.Count(string(data), "backend_availability_zone = az1\n"))
	assert.Equal(t, 1, strings.Count(string(data), "backend_availability_zone = az2\n"))
	assert.NotContains(t, string(data), "storage_availability_zone")

	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Image: strings.NewReader("a bootable image"), Flavor: "tiny"})
	require.NoError(t, err, "%s", report)
	assert.Equal(t, "controller@slow in az1, controller@fast in az2, controller@safe in az1", check(report, "availability zones").Evidence)
	assert.Contains(t, report.String(), "full backup of an in-use volume")
	assert.Empty(t, w.API.Violations())
}

// TestAZoneThatIsNotTaken: the service has not started since.
func TestAZoneThatIsNotTaken(t *testing.T) {
	spec := twoClusters()
	w, in := open(t, spec)
	apply(t, in)
	in, err := integrate.New(integrate.Config{Spec: twoZones(), World: w.World, Settle: 1})
	require.NoError(t, err)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Contains(t, check(report, "availability zones").Evidence, "controller@slow is in nova, not in az1")
	apply(t, in)
	report, err = in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
}

// TestOneZoneUntilOcata: the option is the service's.
func TestOneZoneUntilOcata(t *testing.T) {
	spec := twoZones()
	spec.Release = "ocata"
	require.ErrorContains(t, spec.Validate(), `spec: cinder.backends[1].availability_zone: "az2" is not "az1" of cinder.backends[0]`)
	spec.Cinder.Backends[1].AvailabilityZone = "az1"
	w, in := open(t, spec)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.String(), "backend nfs is here too, and would move into that zone with slow (az1)")
	assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))

	w.Machines["controller"].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\n"), 0o640)
	p = plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents("/etc/cinder/cinder.conf")
	assert.Equal(t, 1, strings.Count(string(data), "storage_availability_zone = az1\n"))
	assert.NotContains(t, string(data), "backend_availability_zone")
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Image: strings.NewReader("a bootable image"), Flavor: "tiny"})
	require.NoError(t, err, "%s", report)
}

// TestBackupsBeforeTrainStayInTheirZone: they could name none.
func TestBackupsBeforeTrainStayInTheirZone(t *testing.T) {
	spec := twoZones()
	spec.Release = "stein"
	_, in := open(t, spec)
	apply(t, in)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Image: strings.NewReader("a bootable image"), Flavor: "tiny"})
	require.ErrorIs(t, err, integrate.ErrChecks)
	c := check(report, "full backup of an in-use volume")
	assert.Equal(t, integrate.Unable, c.Status)
	assert.Contains(t, c.Evidence, "the volume is in zone az1, cinder-backup in nova")
}

func TestValidateOfZones(t *testing.T) {
	spec := twoZones()
	spec.Cinder.Backends[1].AvailabilityZone = "a z"
	assert.ErrorContains(t, spec.Validate(), "spec: cinder.backends[1].availability_zone: ")
	spec = twoZones()
	spec.Cinder.Backends[1].Options = map[string]string{"backend_availability_zone": "az3"}
	assert.ErrorContains(t, spec.Validate(), "spec: cinder.backends[1]: ")
}
