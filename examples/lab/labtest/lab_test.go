package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
)

func TestState(t *testing.T) {
	for _, c := range []struct{ dir, suite, want string }{
		{"", "", "/var/lib/cephstack-lab"},
		{"", "bookworm", "/var/lib/cephstack-lab"},
		{"", "trixie", "/var/lib/cephstack-lab-trixie"},
		{"", "sid", "/var/lib/cephstack-lab-sid"},
		{"/srv/lab", "trixie", "/srv/lab"},
	} {
		env := map[string]string{"CEPHSTACK_LAB": c.dir, "SUITE": c.suite}
		assert.Equal(t, c.want, state(func(name string) string { return env[name] }))
	}
}

// TestChangedSpecsAreTheLabs opens the variants' Specs, which connects to nothing.
func TestChangedSpecsAreTheLabs(t *testing.T) {
	l := &lab{state: t.TempDir()}
	require.NoError(t, os.Mkdir(l.out(""), 0o700))
	spec, err := os.ReadFile(filepath.Join("..", "cloud.yaml"))
	require.NoError(t, err)
	for name, text := range map[string]string{"cloud.yaml": string(spec), "id_ed25519": "", "known_hosts": "", "installer_password": "secret\n",
		"deploy_ed25519.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f deploy@lab\n"} {
		require.NoError(t, os.WriteFile(l.out(name), []byte(text), 0o600))
	}
	open := func(changes ...func(*integrate.Spec) error) integrate.World {
		_, world, closeAll, err := l.open(t.Context(), changes...)
		require.NoError(t, err)
		t.Cleanup(closeAll)
		assert.Len(t, world.Hosts, 4)
		return world
	}
	assert.Len(t, open().Clusters, 1)
	assert.Len(t, open(secondCluster).Clusters, 2)
	assert.Len(t, open(l.newLogin).Entries, 4)
	_, _, _, err = l.open(t.Context(), func(*integrate.Spec) error { return errors.ErrUnsupported }, l.newLogin)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, _, _, err = l.open(t.Context(), func(s *integrate.Spec) error { s.Release = "atlantis"; return nil })
	require.ErrorContains(t, err, "spec: release: ")
}
