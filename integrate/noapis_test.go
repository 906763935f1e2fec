package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// withoutAPIs is a Spec that leaves the APIs alone, and says where the disks of VMs go.
func withoutAPIs() spec.Spec {
	s := exampleSpec()
	s.Cloud = spec.Cloud{APIs: "none"}
	s.Cinder.Backends[0].VolumeType = ""
	for i := range s.Hosts {
		s.Hosts[i].Disks = "ceph"
	}
	return s
}

// TestASpecWithoutAPIs is integrated and verified as far as that goes, though the World has APIs.
func TestASpecWithoutAPIs(t *testing.T) {
	w, in := open(t, withoutAPIs())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, p.String(), "the Spec has cloud.apis: none")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))

	report, err := in.Verify(t.Context(), integrate.VerifyOptions{})
	require.NoError(t, err, "%s", report)
	assert.Contains(t, report.String(), "the Spec has cloud.apis: none")
	for _, c := range report.Checks {
		assert.NotEqual(t, "cloud", c.Target, c.Name)
		assert.Equal(t, integrate.Pass, c.Status, c.Name)
	}
	assert.Contains(t, report.String(), "rights client.glance")
	assert.NotContains(t, report.String(), "image in ceph")
	assert.Empty(t, w.API.Violations())
}

// TestAutoDisksWithoutAPIs: nobody knows whether there are VMs with local disks.
func TestAutoDisksWithoutAPIs(t *testing.T) {
	s := withoutAPIs()
	for i := range s.Hosts {
		s.Hosts[i].Disks = ""
	}
	_, in := open(t, s)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	for _, f := range p.Problems() {
		assert.Equal(t, "vm-disks-unknown", f.Code)
		assert.Contains(t, f.String(), "cloud.apis: none")
	}
}

func TestOptionsForTheAPIsThatASpecLeavesAlone(t *testing.T) {
	s := withoutAPIs()
	require.NoError(t, integrate.VerifyOptions{}.Check(s))
	require.NoError(t, integrate.VerifyOptions{Static: true}.Check(s))
	require.NoError(t, integrate.VerifyOptions{Checks: []string{"rights"}}.Check(s))
	for name, o := range map[string]integrate.VerifyOptions{
		"clean": {Clean: true}, "image": {Image: strings.NewReader("image")}, "flavor": {Flavor: "tiny"},
		"computes": {Computes: []string{"compute1"}}, "guests": {Guests: 1},
	} {
		assert.ErrorContains(t, o.Check(s), "cloud.apis: none", name)
	}
	assert.Error(t, integrate.VerifyOptions{Checks: []string{"services-up"}}.Check(s))
	assert.Error(t, integrate.VerifyOptions{Checks: []string{"image-in-ceph"}}.Check(s))
}
