package integrate_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// unreachable is the integration of a cloud of which n computes cannot be reached.
func unreachable(t *testing.T, n int) *integrate.Integration {
	t.Helper()
	s := exampleSpec()
	w := integratetest.Open(t, s)
	secrets := w.Secrets["compute1"]
	for i := range n {
		name := fmt.Sprintf("down%d", i)
		s.Hosts = append(s.Hosts, spec.Host{Name: name, Services: []string{"nova-compute"}})
		w.Hosts[name] = closed{func() error {
			return &remote.HostError{Host: name, Step: "connect", Err: remote.ErrUnreachable}
		}}
		w.Secrets[name] = secrets
	}
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World})
	require.NoError(t, err)
	return in
}

// allocated is how many bytes something allocates. It grows with the work, and is the
// same from run to run, unlike the time that the work takes.
func allocated(fn func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// TestPlanningIsLinearInHosts: four times as many hosts are not much more than four times
// the work, in a plan, in a static verification, in a dry Converge, and in applying. With -short, it is a quarter
// of the hosts.
func TestPlanningIsLinearInHosts(t *testing.T) {
	const bar = 4.8
	few := 500 / oneIn(4)
	many := 4 * few
	for name, work := range map[string]func(*integrate.Integration){
		"plan": func(in *integrate.Integration) { plan(t, in) },
		"apply": func(in *integrate.Integration) {
			_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
			require.ErrorIs(t, err, remote.ErrUnreachable)
		},
		"verify": func(in *integrate.Integration) { static(t, in) },
		"converge": func(in *integrate.Integration) {
			for range in.Converge(t.Context(), integrate.ConvergeOptions{PlanOnly: true}) {
			}
		},
	} {
		small, large := unreachable(t, few), unreachable(t, many)
		a, b := allocated(func() { work(small) }), allocated(func() { work(large) })
		t.Logf("%s: %.1f MB with %d hosts, %.1f MB with %d: %.2f times", name, a/1e6, few, b/1e6, many, b/a)
		assert.Less(t, b/a, bar, name)
	}
}
