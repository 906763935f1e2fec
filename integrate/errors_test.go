package integrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
)

// TestErrorsKeepTheirCause asks the errors of Apply and Verify for what a host
// that cannot be read says.
func TestErrorsKeepTheirCause(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: "compute1", Step: "sudo", Err: remote.ErrSudo}
	}
	p := plan(t, in)
	require.Len(t, p.Problems(), 1)
	assert.Contains(t, p.Problems()[0].Message, "NOPASSWD", "what to do next")
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete)
	require.ErrorIs(t, err, remote.ErrSudo)
	var h *remote.HostError
	require.ErrorAs(t, err, &h)
	assert.Equal(t, "compute1", h.Host)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	require.ErrorIs(t, err, remote.ErrSudo)
	for _, c := range report.Checks {
		if strings.HasSuffix(c.Name, " compute1") {
			assert.Contains(t, c.Next, "NOPASSWD", c.Name)
		}
	}
}

// TestAStoredPlanSaysWhyAHostIsLeftAlone stops libvirtd after a plan was stored.
func TestAStoredPlanSaysWhyAHostIsLeftAlone(t *testing.T) {
	w, in := open(t, exampleSpec())
	data, err := json.Marshal(plan(t, in))
	require.NoError(t, err)
	stored, err := integrate.ParsePlan(data)
	require.NoError(t, err)
	w.Libvirt["compute1"].Fail = func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
	r, err := in.Apply(t.Context(), stored, integrate.ApplyOptions{})
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
	for _, o := range r.Outcomes {
		if o.Change.Target == "compute1" && o.Change.Kind == "secret" {
			assert.Contains(t, o.Error, "libvirtd", "what to do next")
		}
	}
}

func TestAnAdministratorIsLeftAlone(t *testing.T) {
	spec := exampleSpec()
	spec.Glance.User = "operator"
	w, in := open(t, spec)
	all := ceph.Caps{"mon": "allow *", "osd": "allow *"}
	w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.operator", Caps: all})
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	for _, c := range p.Changes {
		assert.NotContains(t, c.ID, "operator")
		assert.NotContains(t, c.ID, "glance-api")
	}
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete)
	user, err := ceph.New(w.Ceph["ceph"]).User(t.Context(), "client.operator")
	require.NoError(t, err)
	assert.True(t, user.Caps.Equal(all))
}

func TestAnInterruptedCheckIsUnable(t *testing.T) {
	w, in := open(t, exampleSpec())
	apply(t, in)
	ctx, cancel := context.WithCancel(t.Context())
	w.Machines["controller"].Fail = func(_ context.Context, op remote.Op) error {
		if name, _ := remote.Describe(op); name == "run" {
			cancel()
			return errors.New("it did not answer")
		}
		return nil
	}
	report, err := in.Verify(ctx, integrate.VerifyOptions{Image: integratetest.Image()})
	require.ErrorIs(t, err, context.Canceled)
	for _, c := range report.Checks {
		assert.NotEqual(t, integrate.Fail, c.Status, "%s: %s", c.Name, c.Evidence)
	}
}
