package integratetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

func TestAnIntegratedCloudIsAsItsSpecSays(t *testing.T) {
	w := integratetest.Integrated(t, smallSpec())
	for name, m := range w.Machines {
		assert.Zero(t, m.Exchanges(), "%s: nobody asked it since", name)
		assert.Empty(t, m.Log(), name)
	}
	writes := w.Writes()
	plan, err := w.Integration(t).Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	assert.True(t, plan.Empty(), "%s", plan)
	assert.Empty(t, plan.Problems())
	assert.Equal(t, writes, w.Writes())
	for name, m := range w.Machines {
		assert.Equal(t, 1, m.Exchanges(), "%s: the fake services are not counted", name)
	}
}

func TestAMachineThatIsNotAskedForIsNotAsked(t *testing.T) {
	w := integratetest.Integrated(t, smallSpec())
	only := integrate.Scope{Hosts: []string{"compute1"}}
	plan, err := w.Integration(t).Plan(t.Context(), integrate.PlanOptions{Only: only})
	require.NoError(t, err)
	assert.Equal(t, 1, w.Machines["compute1"].Exchanges())
	assert.Zero(t, w.Machines["controller"].Exchanges())
	_, err = w.Integration(t).Apply(t.Context(), plan, integrate.ApplyOptions{})
	require.NoError(t, err)
	_, err = w.Integration(t).Verify(t.Context(), integrate.VerifyOptions{Only: only, Static: true})
	require.NoError(t, err)
	assert.Zero(t, w.Machines["controller"].Exchanges())
}

// TestTheWorldSharesNothingWithItsSpec: the test may make another Spec of it.
func TestTheWorldSharesNothingWithItsSpec(t *testing.T) {
	s := spec.Spec{Release: "zed", Packages: "install", Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts:  []spec.Host{{Name: "controller", Services: []string{"cinder-volume"}}},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}}}
	w := integratetest.Open(t, s)
	in := w.Integration(t)
	s.Hosts[0].Name = "other"
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	plan, err := in.Plan(ctx, integrate.PlanOptions{})
	require.NoError(t, err)
	_, err = in.Apply(ctx, plan, integrate.ApplyOptions{})
	require.NoError(t, err)
}
