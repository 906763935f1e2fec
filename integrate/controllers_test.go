package integrate_test

import (
	"context"
	"strings"
	"testing"
	"time"

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

// TestBackendHostOfTheSpec: the service reports under a name that is not on
// the host yet when the plan is made.
func TestBackendHostOfTheSpec(t *testing.T) {
	spec := twoControllers()
	spec.Cinder.Backends[0].Options = map[string]string{"backend_host": "rbd:volumes"}
	_, in := open(t, spec)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // less than is waited for a service
	defer cancel()
	result, err := in.Apply(ctx, plan(t, in), integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Equal(t, len(result.Outcomes), result.Count(integrate.Applied))
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
	assert.Contains(t, check(report, "services up").Evidence, "cinder-volume rbd:volumes@ceph")
}
