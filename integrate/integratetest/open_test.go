package integratetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
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
