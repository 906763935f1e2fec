package wiring

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/remote/remotetest"
)

type connection struct {
	*cephtest.Cluster
	closed bool
}

func (c *connection) Close() error { c.closed = true; return nil }

// folder has the files of cluster hdd, with client.admin's key of a type.
func folder(t *testing.T, conf string, kind byte) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hdd.conf"), []byte(conf), 0o644))
	key := append([]byte{kind, 0}, make([]byte, 42)...)
	ring := "[client.admin]\n\tkey = " + base64.StdEncoding.EncodeToString(key) + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hdd.client.admin.keyring"), []byte(ring), 0o600))
	return dir
}

func TestTheProgramIsTheDefault(t *testing.T) {
	never := func(context.Context, string, string) (Connection, error) { panic("not asked for") }
	c, closer, err := access{t.TempDir(), never}.open(t.Context(), integrate.ClusterSpec{Name: "hdd", Host: "mon1"}, remotetest.NewHost("mon1"))
	require.NoError(t, err)
	assert.IsType(t, &cephcli.CLI{}, c.Mon)
	assert.Nil(t, closer)
	assert.Empty(t, c.Note)
}

// TestTheProgramWhenAskedFor is said in the plan: whoever approves it sees that the
// host's program and key are used, not this machine's.
func TestTheProgramWhenAskedFor(t *testing.T) {
	never := func(context.Context, string, string) (Connection, error) { panic("not asked for") }
	spec := integrate.ClusterSpec{Name: "hdd", Host: "mon1", Access: "ceph"}
	c, closer, err := access{t.TempDir(), never}.open(t.Context(), spec, remotetest.NewHost("mon1"))
	require.NoError(t, err)
	assert.IsType(t, &cephcli.CLI{}, c.Mon)
	assert.Nil(t, closer)
	assert.Equal(t, "is reached through the ceph program on mon1, as the Spec wants it", c.Note)
}

func TestLibradosWhenAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		spec integrate.ClusterSpec
		conf string
		ring string
	}{
		"asked for":     {integrate.ClusterSpec{Name: "hdd", Host: "mon1", Access: "librados"}, "[global]\n", "hdd.client.admin.keyring"},
		"without host":  {integrate.ClusterSpec{Name: "hdd"}, "[global]\n", "hdd.client.admin.keyring"},
		"keyring said":  {integrate.ClusterSpec{Name: "hdd"}, "[client.admin]\nkeyring = /root/$cluster.$name\n[global]\nkeyring = /x\n", "/root/hdd.client.admin"},
		"for all users": {integrate.ClusterSpec{Name: "hdd"}, "[global]\nkeyring = /root/$type-$id\n", "/root/client-admin"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.conf, 1)
			conn := &connection{Cluster: cephtest.New()}
			librados := func(_ context.Context, conf, keyring string) (Connection, error) {
				assert.Equal(t, filepath.Join(dir, "hdd.conf"), conf)
				if !filepath.IsAbs(c.ring) {
					c.ring = filepath.Join(dir, c.ring)
				}
				assert.Equal(t, c.ring, keyring)
				return conn, nil
			}
			got, closer, err := access{dir, librados}.open(t.Context(), c.spec, nil)
			require.NoError(t, err)
			assert.Same(t, conn, got.Mon)
			require.NoError(t, closer.Close())
			assert.True(t, conn.closed)
			assert.Empty(t, got.Note)
		})
	}
}

// TestLibradosOlderThanTheKey goes through the program, and says so.
func TestLibradosOlderThanTheKey(t *testing.T) {
	old := func(context.Context, string, string) (Connection, error) { return nil, ceph.ErrInvalid }
	dir := folder(t, "[global]\n", 2)
	spec := integrate.ClusterSpec{Name: "hdd", Host: "mon1", Access: "librados"}
	c, closer, err := access{dir, old}.open(t.Context(), spec, remotetest.NewHost("mon1"))
	require.NoError(t, err)
	assert.Nil(t, closer)
	assert.IsType(t, &cephcli.CLI{}, c.Mon)
	assert.Contains(t, c.Note, "is reached through the ceph program on mon1, as the librados of this machine cannot log in")
	assert.Contains(t, c.Note, "of type aes256k")

	_, _, err = access{dir, old}.open(t.Context(), integrate.ClusterSpec{Name: "hdd"}, nil)
	require.ErrorIs(t, err, ceph.ErrInvalid)
	require.ErrorContains(t, err, "give the cluster a host on which the ceph program works")
}

func TestLibradosThatFailsForAnotherReason(t *testing.T) {
	spec := integrate.ClusterSpec{Name: "hdd", Host: "mon1", Access: "librados"}
	for name, c := range map[string]struct {
		kind byte
		err  error
	}{"an old key": {1, ceph.ErrInvalid}, "a type of its own": {9, ceph.ErrDenied}, "no monitors": {2, ceph.ErrUnreachable}} {
		fails := func(context.Context, string, string) (Connection, error) { return nil, c.err }
		_, _, err := access{folder(t, "[global]\n", c.kind), fails}.open(t.Context(), spec, remotetest.NewHost("mon1"))
		assert.ErrorIs(t, err, c.err, name)
	}
	_, _, err := access{t.TempDir(), func(context.Context, string, string) (Connection, error) { return nil, nil }}.open(t.Context(), spec, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = access{t.TempDir(), nil}.open(t.Context(), spec, nil)
	require.ErrorContains(t, err, "was built without librados")
	_, _, err = access{t.TempDir(), nil}.open(t.Context(), integrate.ClusterSpec{Name: "hdd"}, nil)
	require.ErrorContains(t, err, "clusters: hdd: host is missing")
}
