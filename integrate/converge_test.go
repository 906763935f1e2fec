package integrate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
)

func TestConvergeIsPlanAndApply(t *testing.T) {
	whole, planner := open(t, exampleSpec())
	want := plan(t, planner)
	w, in := open(t, exampleSpec())
	var ids, planned []string
	for p := range in.Converge(t.Context(), integrate.ConvergeOptions{PlanOnly: true}) {
		require.Nil(t, p.Result)
		for _, c := range p.Plan.Changes {
			planned = append(planned, c.ID)
		}
	}
	require.Zero(t, w.Writes())
	stages := map[integrate.Stage]int{}
	for p := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
		require.NoError(t, p.Err(), p.Target)
		stages[p.Stage]++
		for _, o := range p.Result.Outcomes {
			assert.Equal(t, integrate.Applied, o.Status, o.Change.ID)
			ids = append(ids, o.Change.ID)
		}
	}
	var all []string
	for _, c := range want.Changes {
		all = append(all, c.ID)
	}
	assert.ElementsMatch(t, all, planned)
	assert.ElementsMatch(t, all, ids)
	assert.Equal(t, map[integrate.Stage]int{"cluster": 1, "computes": 2, "controllers": 1, "cloud": 1}, stages)
	assert.True(t, plan(t, in).Empty())
	writes := w.Writes()
	for p := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
		assert.True(t, p.Plan.Empty(), "%s", p.Plan)
	}
	assert.Equal(t, writes, w.Writes())
	apply(t, planner)
	assert.Equal(t, whole.Writes(), writes)
}

func TestConvergeSkipsWhatNeedsAClusterChangeThatFailed(t *testing.T) {
	w, in := open(t, exampleSpec())
	full := errors.New("no")
	w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
		if op.Name == "osd pool create" && op.Object != "cephstack" {
			return full
		}
		return nil
	}
	skipped := 0
	for p := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
		for _, o := range p.Result.Outcomes {
			if o.Change.Kind == "settings" || o.Change.Kind == "unit" {
				assert.Equal(t, integrate.Skipped, o.Status, o.Change.ID)
				skipped++
			}
		}
	}
	assert.Positive(t, skipped)
}

func TestConvergeStopsWhenItsLoopDoes(t *testing.T) {
	w, in := open(t, exampleSpec())
	for range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
		break
	}
	assert.Zero(t, w.Machines["controller"].Changes(""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for p := range in.Converge(ctx, integrate.ConvergeOptions{}) {
		assert.Error(t, p.Err(), p.Target)
	}
}

// TestAPlanThatKeptNothing compares once more before it changes something, and
// changes only what is still the same.
func TestAPlanThatKeptNothing(t *testing.T) {
	w, in := open(t, exampleSpec())
	in.KeepNothing()
	p := plan(t, in)
	w.Machines["compute2"].AddFile("/etc/nova/nova.conf", []byte("[DEFAULT]\n[libvirt]\nimages_type = qcow2\n"), 0o640)
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	for _, o := range r.Outcomes {
		switch o.Change.ID {
		case "settings/compute2//etc/nova/nova.conf":
			assert.Equal(t, integrate.Failed, o.Status)
		case "unit/compute2/nova-compute.service":
			assert.Equal(t, integrate.Skipped, o.Status)
		default:
			assert.Equal(t, integrate.Applied, o.Status, "%s %v", o.Change.ID, o.Err)
		}
	}
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}
