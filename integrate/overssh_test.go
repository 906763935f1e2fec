package integrate_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// overSSH puts a real SSH server before each machine of a world. change may change how a
// host is reached.
func overSSH(t *testing.T, change func(*remote.Config)) (*integratetest.World, map[string]*remotetest.Server) {
	t.Helper()
	w := integratetest.Open(t, exampleSpec())
	servers := map[string]*remotetest.Server{}
	for name, m := range w.Machines {
		server, err := remotetest.Serve(m)
		require.NoError(t, err)
		t.Cleanup(func() { server.Close() })
		cfg, err := server.Config(t.TempDir())
		require.NoError(t, err)
		cfg.Name = name
		cfg.Timeouts.Retry = time.Millisecond
		if change != nil {
			change(&cfg)
		}
		host, err := remote.New(cfg)
		require.NoError(t, err)
		t.Cleanup(func() { host.Close() })
		servers[name], w.Hosts[name] = server, host
	}
	return w, servers
}

// TestAServerThatGoesAwayDuringApply: the error has the host and the step, and what was
// under way is unknown.
func TestAServerThatGoesAwayDuringApply(t *testing.T) {
	w, servers := overSSH(t, nil)
	in := w.Integration(t)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	w.Machines["compute1"].FailAfter = func(_ context.Context, op remote.Op) error {
		if f, ok := op.(remote.WriteFile); ok && f.Path == "/etc/nova/nova.conf" {
			go servers["compute1"].Close() // it waits for this exchange
			time.Sleep(50 * time.Millisecond)
		}
		return nil
	}
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	var host *remote.HostError
	require.ErrorAs(t, err, &host)
	assert.Equal(t, "compute1", host.Host)
	assert.Equal(t, "exchange", host.Step)
	assert.True(t, host.Retryable())
	unknown := 0
	for _, o := range r.Outcomes {
		if o.Change.Target != "compute1" {
			assert.NotEqual(t, integrate.Unknown, o.Status, o.Change.ID)
			continue
		}
		if o.Status == integrate.Unknown {
			unknown++
			assert.ErrorAs(t, o.Err, &host, o.Change.ID)
			assert.ErrorIs(t, o.Err, remote.ErrUnknown, o.Change.ID)
			assert.True(t, o.Retryable, o.Change.ID)
		}
	}
	assert.Positive(t, unknown)
	assert.Equal(t, []string{"host-unreadable compute1"}, problemCodes(plan(t, in)))
}

// TestAPathThatIsRefusedOverSSH: the error of the operation comes through.
func TestAPathThatIsRefusedOverSSH(t *testing.T) {
	w, _ := overSSH(t, nil)
	in := w.Integration(t)
	p := plan(t, in)
	_, err := w.Hosts["compute2"].Do(t.Context(), remote.WriteFile{Path: "/etc/nova/nova.conf",
		Data: []byte("[DEFAULT]\n")})
	require.NoError(t, err)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrConflict)
	var op *remote.OpError
	require.ErrorAs(t, err, &op)
	assert.Equal(t, "compute2", op.Host)
	assert.Equal(t, "/etc/nova/nova.conf", op.Object)
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

// TestSharedFaultsOverSSH are said once, as package remote gives them.
func TestSharedFaultsOverSSH(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*remote.Config)
		target string
		says   string
	}{
		"no agent": {func(cfg *remote.Config) {
			cfg.Keys, cfg.KeyFiles, cfg.Agent = nil, nil, "/nonexistent/agent"
		}, "", "on this machine"},
		"a jump host that is down": {func(cfg *remote.Config) {
			jump := *cfg
			jump.Name, jump.Address = "bastion", "127.0.0.1:1"
			jump.Timeouts.Connect = time.Second
			cfg.Jump = &jump
		}, "bastion", "see that jump host bastion is up"},
		"no known hosts": {func(cfg *remote.Config) {
			cfg.KnownHosts = []string{"/nonexistent/known_hosts"}
		}, "", "on this machine"},
	} {
		w, _ := overSSH(t, c.change)
		p := plan(t, w.Integration(t))
		require.Len(t, p.Problems(), 1, "%s: %s", name, p)
		f := p.Problems()[0]
		assert.Equal(t, []string{"compute1", "compute2", "controller"}, f.Hosts, name)
		assert.Equal(t, c.target, f.Target, name)
		assert.Contains(t, f.Message, c.says, name)
		assert.NotContains(t, f.Message, "compute1", name)
	}
}
