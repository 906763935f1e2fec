package wiring

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote/remotetest"
)

type connection struct {
	*cephtest.Cluster
	closed bool
}

func (c *connection) Close() error { c.closed = true; return nil }

// folder has the ceph.conf of cluster hdd, in which DIR is the folder, and
// keyrings with client.admin's key of a type.
func folder(t *testing.T, conf string, kind byte, keyrings ...string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hdd.conf"), []byte(strings.ReplaceAll(conf, "DIR", dir)), 0o644))
	key := append([]byte{kind, 0}, make([]byte, 42)...)
	ring := "[client.admin]\n\tkey = " + base64.StdEncoding.EncodeToString(key) + "\n"
	for _, name := range keyrings {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(ring), 0o600))
	}
	return dir
}

const standard = "hdd.client.admin.keyring"

func TestTheProgramIsTheDefault(t *testing.T) {
	never := func(context.Context, string, string) (Connection, error) { panic("not asked for") }
	c, closer, err := access{t.TempDir(), never}.open(t.Context(), spec.Cluster{Name: "hdd", Host: "mon1"}, remotetest.NewHost("mon1"))
	require.NoError(t, err)
	assert.IsType(t, &cephcli.CLI{}, c.Mon)
	assert.Nil(t, closer)
	assert.Empty(t, c.Note)
}

// TestTheProgramWhenAskedFor is said in the plan: whoever approves it sees that the
// host's program and key are used, not this machine's.
func TestTheProgramWhenAskedFor(t *testing.T) {
	never := func(context.Context, string, string) (Connection, error) { panic("not asked for") }
	s := spec.Cluster{Name: "hdd", Host: "mon1", Access: "ceph"}
	c, closer, err := access{t.TempDir(), never}.open(t.Context(), s, remotetest.NewHost("mon1"))
	require.NoError(t, err)
	assert.IsType(t, &cephcli.CLI{}, c.Mon)
	assert.Nil(t, closer)
	assert.Equal(t, "is reached through the ceph program on mon1, as the Spec wants it", c.Note)
}

func TestLibradosWhenAskedFor(t *testing.T) {
	asked, alone := spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}, spec.Cluster{Name: "hdd"}
	for name, c := range map[string]struct {
		spec  spec.Cluster
		conf  string
		rings []string // that are there
		want  string
	}{
		"asked for":         {asked, "[global]\n", []string{standard, "hdd.keyring"}, standard},
		"without host":      {alone, "[global]\n", []string{standard}, standard},
		"the cluster's":     {alone, "[global]\n", []string{"keyring", "hdd.keyring"}, "hdd.keyring"},
		"the oldest name":   {alone, "[global]\n", []string{"keyring.bin"}, "keyring.bin"},
		"keyring said":      {alone, "[client.admin]\nkeyring = DIR/own.$cluster.$name\n[global]\nkeyring = DIR/all\n", []string{"own.hdd.client.admin", "all", standard}, "own.hdd.client.admin"},
		"for all users":     {alone, "[global]\nkeyring = DIR/$type-$id\n", []string{"client-admin", standard}, "client-admin"},
		"first of a list":   {alone, "[client]\nkeyring = DIR/none,DIR/b, DIR/c\n", []string{"b", "c", standard}, "b"},
		"last of a list":    {alone, "[client]\nkeyring = ,DIR/none , \\; DIR/$cluster.none\\;DIR/c\n", []string{"c", standard}, "c"},
		"key in ceph.conf":  {alone, "[client]\nkey = AQA=\n", nil, ""},
		"file of key alone": {alone, "[client.admin]\nkeyring = DIR/none\nkeyfile = DIR/key\n", []string{standard}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.conf, 1, c.rings...)
			conn := &connection{Cluster: cephtest.New()}
			if c.want != "" {
				c.want = filepath.Join(dir, c.want)
			}
			librados := func(_ context.Context, conf, keyring string) (Connection, error) {
				assert.Equal(t, filepath.Join(dir, "hdd.conf"), conf)
				assert.Equal(t, c.want, keyring)
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

// TestWithoutAKeyring names what was looked for, and asks nobody.
func TestWithoutAKeyring(t *testing.T) {
	never := func(context.Context, string, string) (Connection, error) { panic("there is no key") }
	for conf, want := range map[string][]string{
		"[global]\n": {"hdd.client.admin.keyring", "hdd.keyring", "keyring.bin"},
		"[client]\nkeyring = DIR/a,DIR/b\n[global]\nkeyring = DIR/there\n": {"a", "b"},
		"[client]\nkeyring = ,\n": {"the option keyring is empty"},
	} {
		dir := folder(t, conf, 1, "there")
		_, _, err := access{dir, never}.open(t.Context(), spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}, remotetest.NewHost("mon1"))
		for _, text := range append(want, "clusters: hdd: no keyring", "name it in "+dir) {
			assert.ErrorContains(t, err, text)
		}
	}
}

// TestLibradosOlderThanTheKey goes through the program, and says so.
func TestLibradosOlderThanTheKey(t *testing.T) {
	old := func(context.Context, string, string) (Connection, error) { return nil, ceph.ErrInvalid }
	s := spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}
	for _, conf := range []string{"[global]\n", "[global]\nkeyring = DIR/none,DIR/" + standard + ",DIR/none\n"} {
		dir := folder(t, conf, 2, standard)
		c, closer, err := access{dir, old}.open(t.Context(), s, remotetest.NewHost("mon1"))
		require.NoError(t, err)
		assert.Nil(t, closer)
		assert.IsType(t, &cephcli.CLI{}, c.Mon)
		assert.Contains(t, c.Note, "is reached through the ceph program on mon1, as the librados of this machine cannot log in")
		assert.Contains(t, c.Note, "of type aes256k")

		_, _, err = access{dir, old}.open(t.Context(), spec.Cluster{Name: "hdd"}, nil)
		require.ErrorIs(t, err, ceph.ErrInvalid)
		require.ErrorContains(t, err, "give the cluster a host on which the ceph program works")
	}
}

func TestLibradosThatFailsForAnotherReason(t *testing.T) {
	s := spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}
	for name, c := range map[string]struct {
		kind byte
		err  error
	}{"an old key": {1, ceph.ErrInvalid}, "a type of its own": {9, ceph.ErrDenied}, "no monitors": {2, ceph.ErrUnreachable}} {
		fails := func(context.Context, string, string) (Connection, error) { return nil, c.err }
		_, _, err := access{folder(t, "[global]\n", c.kind, standard), fails}.open(t.Context(), s, remotetest.NewHost("mon1"))
		assert.ErrorIs(t, err, c.err, name)
	}
	_, _, err := access{t.TempDir(), func(context.Context, string, string) (Connection, error) { return nil, nil }}.open(t.Context(), s, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = access{t.TempDir(), nil}.open(t.Context(), s, nil)
	require.ErrorContains(t, err, "was built without librados")
	_, _, err = access{t.TempDir(), nil}.open(t.Context(), spec.Cluster{Name: "hdd"}, nil)
	require.ErrorContains(t, err, "clusters: hdd: host is missing")
}
