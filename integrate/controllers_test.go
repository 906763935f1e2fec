package integrate_test

import (
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// twoControllers is a cloud whose services each run twice.
func twoControllers() integrate.Spec {
	spec := exampleSpec()
	spec.Hosts = append(spec.Hosts, integrate.HostSpec{Name: "controller2", Services: spec.Hosts[0].Services})
	return spec
}

func TestTwoControllers(t *testing.T) {
	w, in := open(t, twoControllers())
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Image: strings.NewReader("a bootable image"), Flavor: "tiny"})
	require.NoError(t, err, "%s", report)
	evidence := check(report, "services up").Evidence
	for _, name := range []string{"cinder-volume controller@ceph", "cinder-volume controller2@ceph", "cinder-backup controller2"} {
		assert.Contains(t, evidence, name)
	}
	assert.Empty(t, w.API.Violations())
}
