package integrate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// TestProgressCountsEachTargetOnce of each operation, also where hosts fail and others are not begun.
func TestProgressCountsEachTargetOnce(t *testing.T) {
	s := exampleSpec()
	w := integratetest.Open(t, s)
	var told []world.Progress
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: time.Millisecond,
		Poll: time.Millisecond, Observer: func(e integrate.Event) {
			if p, ok := e.(world.Progress); ok {
				told = append(told, p)
			}
		}})
	require.NoError(t, err)
	check := func(what string, all bool) {
		require.NotEmpty(t, told, what)
		first := told[0]
		assert.Equal(t, world.Progress{Of: first.Of}, first, what)
		begun, ended := map[string]int{}, map[string]int{}
		for _, p := range told[1:] {
			assert.Equal(t, first.Of, p.Of, what)
			if p.Ended {
				ended[p.Target]++
				assert.Len(t, ended, p.Done, what)
			} else {
				begun[p.Target]++
				assert.Zero(t, ended[p.Target], what)
			}
		}
		assert.Len(t, ended, first.Of, what)
		for name, n := range ended {
			assert.Equal(t, 1, n, "%s: %s", what, name)
			assert.LessOrEqual(t, begun[name], 1, "%s: %s", what, name)
		}
		assert.Equal(t, all, len(begun) == len(ended), what)
		told = nil
	}
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	check("plan", true)
	for _, m := range w.Machines {
		m.Fail = func(context.Context, remote.Op) error { return errors.New("it fails") }
	}
	_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{MaxFailed: 1, Canaries: 1})
	require.Error(t, err)
	check("apply", false)
	for _, m := range w.Machines {
		m.Fail = nil
	}
	for range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
	}
	check("converge", true)
	_, _ = in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	check("verify", true)
	for _, p := range []world.Progress{{Of: 3}, {Target: "a", Of: 3}, {Target: "a", Ended: true, Done: 1, Of: 3}} {
		assert.Contains(t, p.LogValue().String(), "of=3")
	}
}
