package integrate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
)

// sharing makes all machines of a world fail with one fault.
func sharing(w *integratetest.World, fault func(host string) error) {
	for name, m := range w.Machines {
		m.Fail = func(context.Context, remote.Op) error { return fault(name) }
	}
}

// A localFault is an error as package remote gives it for a fault of the machine that
// connects.
func localFault(host, text string) error {
	return &remote.HostError{Host: host, Step: "authenticate", Err: fmt.Errorf("%w: %w: %s", remote.ErrLocal,
		remote.ErrAuth, text)}
}

func jumpFault(host string) error {
	return &remote.HostError{Host: host, Jump: "bastion", Step: "connect",
		Err: fmt.Errorf("%w: dial tcp 192.0.2.7:22: connection refused", remote.ErrUnreachable)}
}

// A sharedFault is a fault that all hosts have for the same cause, and what a plan says of it.
type sharedFault struct {
	fault  func(host string) error
	target string
	says   []string
	is     error
	cause  string
}

func sharedFaults() map[string]sharedFault {
	return map[string]sharedFault{
		"an encrypted key": {func(host string) error { return localFault(host, "/keys/id: the key is encrypted") }, "",
			[]string{"/keys/id: the key is encrypted", "key_files, agent and known_hosts of ssh in the Spec, on this machine"},
			remote.ErrLocal, "local"},
		"no agent": {func(host string) error { return localFault(host, "/run/agent: no such file") }, "",
			[]string{"/run/agent: no such file", "on this machine"}, remote.ErrAuth, "local"},
		"a dead jump host": {jumpFault, "bastion",
			[]string{"jump host bastion", "connection refused",
				"see that jump host bastion is up and that its sshd answers from here"}, remote.ErrUnreachable, "host-unreachable"},
		"a jump host that refuses": {func(host string) error {
			return &remote.HostError{Host: host, Jump: "bastion", Step: "authenticate", Err: remote.ErrAuth}
		}, "bastion", []string{"see that jump host bastion lets the user of ssh.jump in"}, remote.ErrAuth,
			"host-authentication"},
	}
}

// TestAFaultThatHostsShareIsSaidOnce, with the right advice, and counts at each host.
func TestAFaultThatHostsShareIsSaidOnce(t *testing.T) {
	for name, c := range sharedFaults() {
		t.Run(name, func(t *testing.T) {
			w, in, all := fleet(t, 40, 4)
			sharing(w, c.fault)
			p := plan(t, in)
			require.Len(t, p.Problems(), 1, "%s", p)
			f := p.Problems()[0]
			assert.Equal(t, "host-unreadable", f.Code)
			assert.Equal(t, c.target, f.Target)
			assert.Len(t, f.Hosts, 41)
			assert.Equal(t, []string{"compute0", "compute1"}, f.Hosts[:2], "in the order of a plan")
			require.ErrorIs(t, f.Err, c.is)
			assert.Equal(t, c.cause, f.Cause)
			line := f.String()
			assert.Contains(t, line, "41 hosts (compute[0-39], controller)")
			for _, text := range c.says {
				assert.Contains(t, line, text)
			}
			assert.NotContains(t, line, "on that host")
			assert.Equal(t, 1, strings.Count(p.String(), "PROBLEM"))

			again := stored(t, p)
			assert.Equal(t, f.Hosts, again.Problems()[0].Hosts)
			r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{MaxFailed: 3})
			require.ErrorIs(t, err, c.is)
			assert.Less(t, strings.Count(err.Error(), "cannot be read"), 2)
			for _, o := range r.Outcomes {
				if o.Change.Target == "cloud" {
					require.ErrorIs(t, o.Err, integrate.ErrStopped, "hosts that cannot be read count")
				}
			}
			_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{Canaries: 1})
			require.Error(t, err)

			targets, faults := parts(t.Context(), in, integrate.ConvergeOptions{}, nil)
			assert.ElementsMatch(t, all, targets)
			assert.ErrorIs(t, faults["compute7"], c.is)
			report := static(t, in)
			for _, check := range report.Checks {
				if strings.HasPrefix(check.Target, "compute") {
					assert.Equal(t, integrate.Unable, check.Status, check.ID)
				}
			}
		})
	}
}

// TestFaultsOfHostsAreNotJoined where each host has a fault of its own, or one host only
// has the fault.
func TestFaultsOfHostsAreNotJoined(t *testing.T) {
	w, in, _ := fleet(t, 4, 2)
	down(w, "compute0", "compute1")
	w.Machines["compute2"].Fail = func(context.Context, remote.Op) error { return jumpFault("compute2") }
	assert.Equal(t, []string{"host-unreadable compute0", "host-unreadable compute1", "host-unreadable compute2"},
		problemCodes(plan(t, in)))
	assert.Contains(t, plan(t, in).String(), "see that jump host bastion is up")
}

// TestTwoFaultsAreSaidOnceEach, and a restricted plan lists its own hosts.
func TestTwoFaultsAreSaidOnceEach(t *testing.T) {
	w, in, _ := fleet(t, 6, 2)
	sharing(w, jumpFault)
	for _, name := range []string{"compute1", "compute3"} {
		w.Machines[name].Fail = func(context.Context, remote.Op) error { return localFault(name, "no agent") }
	}
	p := plan(t, in)
	require.Len(t, p.Problems(), 2)
	assert.Equal(t, []string{"compute0", "compute2", "compute4", "compute5", "controller"}, p.Problems()[0].Hosts)
	assert.Equal(t, []string{"compute1", "compute3"}, p.Problems()[1].Hosts)
	part, err := p.Only(integrate.Scope{Hosts: []string{"compute0", "compute4"}})
	require.NoError(t, err)
	require.Len(t, part.Problems(), 1)
	assert.Equal(t, []string{"compute0", "compute4"}, part.Problems()[0].Hosts)
	assert.Contains(t, part.String(), "2 hosts (compute[0,4])")
}

// TestTheFirstEntryIsNotTriedForALocalFault: the host was not even asked.
func TestTheFirstEntryIsNotTriedForALocalFault(t *testing.T) {
	w, _ := openBare(t, bareSpec(), "compute1")
	asked := w.Machines["compute1"].Exchanges()
	w.Hosts["compute1"] = closed{func() error { return localFault("compute1", "the key is encrypted") }}
	p := plan(t, w.Integration(t))
	require.Len(t, p.Problems(), 1)
	require.ErrorIs(t, p.Problems()[0].Err, remote.ErrLocal)
	assert.Contains(t, p.Problems()[0].Message, "on this machine")
	assert.Equal(t, asked, w.Machines["compute1"].Exchanges())
	w.Hosts["compute1"] = closed{func() error {
		return &remote.HostError{Host: "compute1", Step: "authenticate", Err: remote.ErrAuth}
	}}
	assert.Empty(t, plan(t, w.Integration(t)).Problems(), "the host refuses the login, and the entry gets in")
	assert.Greater(t, w.Machines["compute1"].Exchanges(), asked)
}

// A closed host does nothing.
type closed struct{ why func() error }

func (r closed) Do(_ context.Context, ops ...remote.Op) ([]remote.Result, error) {
	results := make([]remote.Result, len(ops))
	for i := range results {
		results[i].Err = r.why()
	}
	return results, r.why()
}
