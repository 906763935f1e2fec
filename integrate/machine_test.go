package integrate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

// problemCodes lists the Problems of a plan as code and target.
func problemCodes(p *integrate.Plan) (codes []string) {
	for _, f := range p.Problems() {
		codes = append(codes, f.Code+" "+f.Target)
	}
	return codes
}

// TestTwoNamesOfOneMachine lets compute2 lead to the machine of compute1, as an alias
// in DNS does.
func TestTwoNamesOfOneMachine(t *testing.T) {
	w := integratetest.Open(t, exampleSpec())
	w.Hosts["compute2"], w.Secrets["compute2"] = w.Hosts["compute1"], w.Secrets["compute1"]
	in := w.Integration(t)
	p := plan(t, in)
	require.Equal(t, []string{"host-is-the-same-machine compute1", "host-is-the-same-machine compute2"},
		problemCodes(p))
	assert.Contains(t, p.Problems()[1].Message, "is the same machine as compute1")
	planned := map[string]bool{}
	for _, c := range p.Changes {
		planned[c.Target] = true
	}
	assert.True(t, planned["compute1"], "the machine is planned once")
	assert.False(t, planned["compute2"])
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete)
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	for _, c := range report.Checks {
		if c.Target == "compute2" {
			assert.Equal(t, integrate.Fail, c.Status, c.ID)
		}
	}
}

// TestConvergeFindsTwoNamesOfOneMachine: the machine is changed under the name that came first.
func TestConvergeFindsTwoNamesOfOneMachine(t *testing.T) {
	w, _, _ := fleet(t, 3, 1)
	w.Hosts["compute2"], w.Secrets["compute2"] = w.Hosts["compute0"], w.Secrets["compute0"]
	_, faults := parts(t.Context(), w.Integration(t), integrate.ConvergeOptions{}, nil)
	require.Len(t, faults, 1)
	for left, err := range faults {
		require.ErrorIs(t, err, integrate.ErrIncomplete)
		first := map[string]string{"compute0": "compute2", "compute2": "compute0"}[left]
		require.NotEmpty(t, first, left)
		assert.ErrorContains(t, err, "is the same machine as "+first)
	}
}

// TestMachinesThatAreAlikeAreNotOne: a unit that is not running has no start, and no
// unit is there without systemd.
func TestMachinesThatAreAlikeAreNotOne(t *testing.T) {
	w, in := open(t, exampleSpec())
	for _, host := range []string{"compute1", "compute2"} {
		w.Machines[host].StopUnit("nova-compute.service")
	}
	p := plan(t, in)
	assert.Empty(t, p.Problems(), "%s", p)
	assert.NotEmpty(t, p.Changes)
}

// TestHostsThatCannotBeReadAreNotOneMachine: nothing is known of them.
func TestHostsThatCannotBeReadAreNotOneMachine(t *testing.T) {
	w, in := open(t, exampleSpec())
	down(w, "compute1", "compute2")
	assert.Equal(t, []string{"host-unreadable compute1", "host-unreadable compute2"}, problemCodes(plan(t, in)))
}

// TestOneMachineUnderManyNames is planned once, and each name says it.
func TestOneMachineUnderManyNames(t *testing.T) {
	w, _, _ := fleet(t, 8, 3)
	for i := 1; i < 8; i++ {
		name := fmt.Sprintf("compute%d", i)
		w.Hosts[name], w.Secrets[name] = w.Hosts["compute0"], w.Secrets["compute0"]
	}
	p := plan(t, w.Integration(t))
	assert.Len(t, p.Problems(), 8)
	for _, c := range p.Changes {
		assert.Contains(t, []string{"ceph", "compute0", "controller", "cloud"}, c.Target)
	}
}
