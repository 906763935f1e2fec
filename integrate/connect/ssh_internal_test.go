package connect

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

func TestHowHostsAreReached(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	timeouts := spec.Timeouts{Connect: "1s", Handshake: "2s", Authenticate: "3s", Retry: "4s", Idle: "50s"}
	bound := remote.Timeouts{Connect: time.Second, Handshake: 2 * time.Second, Authenticate: 3 * time.Second,
		Retry: 4 * time.Second, Idle: 50 * time.Second}
	for name, c := range map[string]struct {
		spec spec.SSH
		want remote.Config
	}{
		"root needs no sudo": {spec.SSH{User: "root", Sudo: true, KeyFiles: []string{"id"}},
			remote.Config{User: "root", KeyFiles: []string{"id"}}},
		"others may": {spec.SSH{User: "ops", Sudo: true, Agent: "/a"}, remote.Config{User: "ops", Sudo: true,
			Agent: "/a"}},
		"timeouts": {spec.SSH{User: "ops", Timeouts: timeouts}, remote.Config{User: "ops", Timeouts: bound}},
		"a jump host has the same user": {spec.SSH{User: "ops", Sudo: true, KnownHosts: []string{"k"},
			Jump: "bastion:22"},
			remote.Config{User: "ops", Sudo: true, KnownHosts: []string{"k"},
				Jump: &remote.Config{Name: "bastion:22", Address: "bastion:22", User: "ops",
					KnownHosts: []string{"k"}}}},
		"or its own, and the same timeouts": {spec.SSH{User: "root", Jump: "me@bastion", Timeouts: timeouts},
			remote.Config{User: "root", Timeouts: bound,
				Jump: &remote.Config{Name: "me@bastion", Address: "bastion", User: "me", Timeouts: bound}}},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Config, c.want.Name, c.want.Address = "none", "c1", "192.0.2.1:23"
			got, err := mustRoutes(t, c.spec).host(spec.Host{Name: "c1", Address: "192.0.2.1:23"})
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func mustRoutes(t *testing.T, s spec.SSH) routes {
	t.Helper()
	r, err := newRoutes(s)
	require.NoError(t, err)
	return r
}

func TestTheHelperIsInPlaceOfSudo(t *testing.T) {
	known := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(known, nil, 0o600))
	s := spec.Spec{SSH: spec.SSH{User: "ops", Sudo: true, Agent: "/agent", Config: "none",
		KnownHosts: []string{known}},
		Prepare: &spec.Prepare{Sudo: &spec.Sudo{}}}
	storage, compute := spec.Host{Name: "ceph01"}, spec.Host{Name: "compute", Services: []string{"nova-compute"}}
	ways := func() int {
		f, err := newFleets(s)
		require.NoError(t, err)
		for _, h := range []spec.Host{compute, storage, {Name: "ceph02"}} {
			_, err = f.host(h)
			require.NoError(t, err)
		}
		return len(f.all)
	}
	assert.Equal(t, 1, ways())
	s.Prepare.Sudo.Helper = true
	assert.Equal(t, 2, ways(), "a host without services is not prepared, and has no helper")

	c := limited(remote.Config{Sudo: true, Jump: &remote.Config{Name: "bastion"}})
	assert.True(t, !c.Sudo && c.Helper)
	assert.False(t, c.Jump.Sudo || c.Jump.Helper)
}

func TestAPasswordIsItsOwnersAlone(t *testing.T) {
	path, link := filepath.Join(t.TempDir(), "password"), filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.WriteFile(path, []byte(" secret \r\n"), 0o600))
	require.NoError(t, os.Symlink(path, link))
	for _, mode := range []os.FileMode{0o600, 0o400} {
		require.NoError(t, os.Chmod(path, mode))
		for _, name := range []string{path, link} {
			p, err := readPassword(name)
			require.NoError(t, err)
			assert.Equal(t, " secret ", p.Reveal())
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o660, 0o620, 0o601} {
		require.NoError(t, os.Chmod(path, mode))
		for _, name := range []string{path, link} {
			_, err := readPassword(name)
			require.ErrorContains(t, err, "spec: ssh.entry.password_file: "+name+" is open to others", "%o", mode)
			assert.ErrorContains(t, err, "chmod 600")
			assert.NotContains(t, err.Error(), "secret")
		}
	}
}

func TestWhichAgentIsAsked(t *testing.T) {
	for _, c := range []struct {
		environment, agent string
		files              []string
		want               remote.Config
	}{
		{"/env", "", nil, remote.Config{Agent: "/env"}},
		{"/env", "/own", nil, remote.Config{Agent: "/own"}},
		{"/env", "/own", []string{"id"}, remote.Config{Agent: "/own", KeyFiles: []string{"id"}}},
		{"/env", "", []string{"id"}, remote.Config{Agent: "/env", KeyFiles: []string{"id"}, OnlyKeyFiles: true}},
		{"", "", []string{"id"}, remote.Config{KeyFiles: []string{"id"}}},
	} {
		t.Setenv("SSH_AUTH_SOCK", c.environment)
		got, err := mustRoutes(t, spec.SSH{User: "ops", KeyFiles: c.files, Agent: c.agent,
			Config: "none"}).host(spec.Host{Name: "c1"})
		require.NoError(t, err)
		c.want.Name, c.want.Address, c.want.User = "c1", "c1", "ops"
		assert.Equal(t, c.want, got)
	}
}
