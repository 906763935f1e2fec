package integrate_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
)

// hostsOf is what somebody knows of a cloud who has no Spec of it: names of hosts and of clusters.
func hostsOf(s spec.Spec) spec.Spec {
	var bare spec.Spec
	for _, c := range s.Clusters {
		bare.Clusters = append(bare.Clusters, spec.Cluster{Name: c.Name, Host: c.Host})
	}
	for _, h := range s.Hosts {
		bare.Hosts = append(bare.Hosts, spec.Host{Name: h.Name, Address: h.Address})
	}
	bare.Cloud = s.Cloud
	return bare
}

// adopted is the Spec that is found of a world.
func adopted(t *testing.T, w *integratetest.World, s spec.Spec) *adopt.Adoption {
	t.Helper()
	before := w.Writes()
	a, err := adopt.Adopt(t.Context(), adopt.Config{Spec: hostsOf(s),
		Open: func(context.Context, spec.Spec) (world.World, error) { return w.World, nil }})
	require.NoError(t, err)
	assert.Equal(t, before, w.Writes(), "nothing may be written")
	return a
}

// TestEveryGoldenSpecIsAdopted: what a Spec made of a cloud is found again, and nothing is left to do.
//
// A scenario that an apply leaves with something to do is not a cloud that is integrated. Enough of them are.
func TestEveryGoldenSpecIsAdopted(t *testing.T) {
	t.Parallel()
	all := slices.Concat(goldenScenarios(t), specFindings(), controllerFindings())
	var begun, found atomic.Int64
	t.Run("scenarios", func(t *testing.T) { adoptGolden(t, all, &begun, &found) })
	if begun.Load() == int64(len(all)) { // -run may choose some, and -short has a share
		assert.GreaterOrEqual(t, found.Load(), int64(46), "too many of the %d scenarios are skipped", len(all))
	}
}

func adoptGolden(t *testing.T, all []goldenCase, begun, found *atomic.Int64) {
	t.Helper()
	for i, c := range all {
		if i%oneIn(4) != 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			begun.Add(1)
			if c.name == "spec-standby-runs" {
				t.Skip("the unit that stands by runs, with files from before: whoever finds it running restarts it")
			}
			r := newGoldenRun(t, c.spec)
			r.step(goldenStep{world: c.steps[0].world})
			in := r.integration()
			if _, err := r.apply(in, r.plan(in)); err != nil || !r.plan(in).Empty() {
				t.Skipf("the scenario is not a cloud that is integrated: %v", err)
			}
			a := adopted(t, r.world, r.spec)
			text, err := a.Text()
			require.NoError(t, err)
			assert.Empty(t, a.Plan.Changes, "%s\n%s", a.Plan, text)
			assert.Empty(t, a.Plan.Problems(), "%s\n%s", a.Plan, text)
			assert.Empty(t, a.Spec.Keep, "what a Spec made needs nothing to be kept:\n%s", text)
			found.Add(1)
		})
	}
}
