package integrate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
)

// problemCodes lists the Problems of a plan as code and target.
func problemCodes(p *integrate.Plan) (codes []string) {
	for _, f := range p.Problems() {
		codes = append(codes, f.Code+" "+f.Target)
	}
	return codes
}

// calls makes a machine call itself by a name.
func calls(w *integratetest.World, host, name string) {
	w.Machines[host].AddFile("/proc/sys/kernel/hostname", []byte(name+"\n"), 0o644)
}

// TestTwoNamesOfOneMachine lets compute2 lead to the machine of compute1, as an alias
// in DNS does.
func TestTwoNamesOfOneMachine(t *testing.T) {
	for _, name := range []string{"compute1", "compute1.example.org", "node-17"} {
		w := integratetest.Open(t, exampleSpec())
		w.Hosts["compute2"], w.Secrets["compute2"] = w.Hosts["compute1"], w.Secrets["compute1"]
		calls(w, "compute1", name)
		in := w.Integration(t)
		p := plan(t, in)
		require.Equal(t, []string{"host-is-the-same-machine compute1", "host-is-the-same-machine compute2"},
			problemCodes(p), name)
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
}

// TestTheNameThatTheMachineHasIsPlanned, and not the first in the Spec.
func TestTheNameThatTheMachineHasIsPlanned(t *testing.T) {
	w := integratetest.Open(t, exampleSpec())
	w.Hosts["compute1"], w.Secrets["compute1"] = w.Hosts["compute2"], w.Secrets["compute2"]
	p := plan(t, w.Integration(t))
	assert.Equal(t, []string{"host-is-the-same-machine compute1", "host-is-the-same-machine compute2"}, problemCodes(p))
	for _, c := range p.Changes {
		assert.NotEqual(t, "compute1", c.Target, c.ID)
	}
	assert.NotNil(t, change(p, "settings/compute2//etc/nova/nova.conf"))
}

// TestAHostThatIsAnotherHostOfTheSpec shows in Converge and in a stored plan, too,
// which see no other host.
func TestAHostThatIsAnotherHostOfTheSpec(t *testing.T) {
	w, in := open(t, exampleSpec())
	before := stored(t, plan(t, in))
	calls(w, "compute1", "compute2")
	p := plan(t, in)
	require.Equal(t, []string{"host-is-another compute1"}, problemCodes(p))
	assert.Contains(t, p.Problems()[0].Message, "calls itself compute2, which is another host of the Spec")
	_, err := in.Apply(t.Context(), before, integrate.ApplyOptions{})
	require.ErrorContains(t, err, "calls itself compute2")
	assert.Zero(t, w.Machines["compute1"].Changes(""))
	for part := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
		if part.Target == "compute1" {
			require.ErrorIs(t, part.Err(), integrate.ErrIncomplete)
			assert.ErrorContains(t, part.Err(), "calls itself compute2")
		}
	}
	assert.Zero(t, w.Machines["compute1"].Changes(""))
}

// TestMachinesThatAreAlikeAreNotOne: clones, containers on one kernel, and hosts that do
// not tell.
func TestMachinesThatAreAlikeAreNotOne(t *testing.T) {
	for name, change := range map[string]func(w *integratetest.World, host string){
		"a machine ID that was cloned": func(w *integratetest.World, host string) {
			w.Machines[host].AddFile("/etc/machine-id", []byte("0123456789abcdef0123456789abcdef\n"), 0o444)
		},
		"a name that was cloned": func(w *integratetest.World, host string) { calls(w, host, "localhost.localdomain") },
		"one kernel": func(w *integratetest.World, host string) {
			w.Machines[host].AddFile("/proc/sys/kernel/random/boot_id", []byte("5f0b6c1e-7a52-4d0e-9c3a-000000000001\n"), 0o444)
		},
		"one kernel and one name": func(w *integratetest.World, host string) {
			calls(w, host, "lab")
			w.Machines[host].AddFile("/proc/sys/kernel/random/boot_id", []byte("5f0b6c1e-7a52-4d0e-9c3a-000000000001\n"), 0o444)
		},
		"no boot ID":    func(w *integratetest.World, host string) { w.Machines[host].RemoveDir("/proc") },
		"its full name": func(w *integratetest.World, host string) { calls(w, host, host+".example.org") },
		"in capitals":   func(w *integratetest.World, host string) { calls(w, host, "C"+host[1:]) },
		"another name":  func(w *integratetest.World, host string) { calls(w, host, "node-"+host) },
		"a broken program": func(w *integratetest.World, host string) {
			w.Machines[host].Handle("stat", func(remote.Run) (stdout, stderr []byte, exit int) {
				return nil, []byte("broken"), 1
			})
		},
	} {
		w, in := open(t, exampleSpec())
		for host := range w.Machines {
			change(w, host)
		}
		p := plan(t, in)
		assert.Empty(t, p.Problems(), "%s: %s", name, p)
		assert.NotEmpty(t, p.Changes, name)
	}
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
