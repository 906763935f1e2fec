package virsh_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/internal/libvirtd"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/remote"
)

// engine has one container, nova_libvirt, which is this machine itself.
const engine = `#!/bin/sh
echo "$0 $1" >>LOG
case "$*" in
"inspect --type container --format {{.State.Running}} nova_libvirt") echo 'WARN: old kernel' >&2; echo STATE;;
"inspect "*) echo "Error: no such container" >&2; exit 1;;
"exec --interactive --user root --env LC_ALL=C nova_libvirt "*) shift 7; exec env LC_ALL=C "$@";;
*) echo "unknown: $*" >&2; exit 64;;
esac
`

// contained is this machine with an engine, and what its log says.
func contained(t *testing.T, name, state string) (h *here, log func() string) {
	t.Helper()
	dir := t.TempDir()
	text := strings.NewReplacer("LOG", filepath.Join(dir, "log"), "STATE", state).Replace(engine)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	return &here{env: []string{"PATH=" + dir + ":/usr/sbin:/usr/bin:/sbin:/bin"}}, func() string {
		data, err := os.ReadFile(filepath.Join(dir, "log"))
		require.NoError(t, err)
		return string(data)
	}
}

// TestConformanceInAContainer goes through the engine with every call.
func TestConformanceInAContainer(t *testing.T) {
	for _, name := range []string{"docker", "podman"} {
		t.Run(name, func(t *testing.T) {
			d := libvirtd.Start(t)
			host, log := contained(t, name, "true")
			store := virsh.New(host, virsh.Options{URI: d.URI, Container: "nova_libvirt"})
			secrettest.TestStore(t, func(*testing.T) libvirtsecret.Store { return store })
			batchtest.TestStore(t, func(*testing.T) (hostbatch.Store, remote.Host) { return store, host })
			assert.Contains(t, log(), name+" exec")
		})
	}
}

// TestNoContainer is told from a daemon that has no secrets.
func TestNoContainer(t *testing.T) {
	for container, state := range map[string]string{"nova_libvirt": "false", "other": "true"} {
		host, log := contained(t, "docker", state)
		store := virsh.New(host, virsh.Options{Container: container})
		_, err := store.List(t.Context())
		require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
		require.ErrorContains(t, err, "no container "+container+" runs; docker: ")
		err = store.Define(t.Context(), libvirtsecret.Change{Secret: secret(t, "client.a")})
		require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
		op, parse := store.ListOp(secret(t, "client.a").UUID)
		results, err := host.Do(t.Context(), op)
		require.NoError(t, err)
		_, _, err = parse(results[0])
		require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
		assert.NotContains(t, log(), " exec")
	}
}

// TestAValueGoesIntoAContainerOnStandardInput as it does everywhere.
func TestAValueGoesIntoAContainerOnStandardInput(t *testing.T) {
	s := secret(t, "client.a")
	was := s
	was.Value = value(t, "AQAB")
	op, _, err := virsh.New(nil, virsh.Options{Container: "nova_libvirt"}).DefineOp(
		libvirtsecret.Change{Secret: s, Was: &was}, libvirtsecret.Change{Secret: s, Was: &libvirtsecret.Secret{}})
	require.NoError(t, err)
	run := op.(remote.Run)
	assert.Equal(t, s.Value.Reveal()+"\nAQAB\n"+s.Value.Reveal()+"\n", run.Stdin.Reveal())
	assert.NotContains(t, strings.Join(run.Argv, " "), s.Value.Reveal())
	assert.NotContains(t, strings.Join(run.Argv, " "), was.Value.Reveal())
}
