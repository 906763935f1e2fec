package connect

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
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

type connection struct {
	*cephtest.Cluster
	closed int
}

func (c *connection) Close() error { c.closed++; return nil }

// folder makes a folder with the ceph.conf of cluster hdd and with keyrings. DIR in conf
// stands for the folder. The keyrings have a key of client.admin whose type is kind.
func folder(t *testing.T, conf string, kind byte, keyrings ...string) string {
	t.Helper()
	dir := t.TempDir()
	text := strings.ReplaceAll(conf, "DIR", dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hdd.conf"), []byte(text), 0o644))
	key := append([]byte{kind, 0}, make([]byte, 42)...)
	ring := "[client.admin]\n\tkey = " + base64.StdEncoding.EncodeToString(key) + "\n"
	for _, name := range keyrings {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(ring), 0o600))
	}
	return dir
}

const standard = "hdd.client.admin.keyring"

// way is the access to a cluster, by a folder and a librados.
func way(c spec.Cluster, host remote.Host, dir string, librados Librados) access {
	return access{"clusters[1]", c, host, Options{CephFolder: dir, Librados: librados}}
}

func never(context.Context, string, string, string) (Connection, error) { panic("not asked for") }

func TestTheProgramIsTheDefault(t *testing.T) {
	host := remotetest.NewHost("mon1")
	c, closer, err := way(spec.Cluster{Name: "hdd", Host: "mon1"}, host, t.TempDir(), never).open(t.Context())
	require.NoError(t, err)
	assert.IsType(t, &cephcli.CLI{}, c.Mon)
	assert.Nil(t, closer)
	assert.Empty(t, c.Note)
}

// TestTheProgramWhenAskedFor is said in the plan: whoever approves it sees that the
// host's program and key are used, not this machine's.
func TestTheProgramWhenAskedFor(t *testing.T) {
	s := spec.Cluster{Name: "hdd", Host: "mon1", Access: "ceph"}
	c, closer, err := way(s, remotetest.NewHost("mon1"), t.TempDir(), never).open(t.Context())
	require.NoError(t, err)
	assert.IsType(t, &cephcli.CLI{}, c.Mon)
	assert.Nil(t, closer)
	assert.Equal(t, "is reached through the ceph program on mon1, as the Spec wants it", c.Note)
}

// TestTheProgramWhereTheSpecSays is on the host, but not of the host: the plan says where.
func TestTheProgramWhereTheSpecSays(t *testing.T) {
	for access, within := range map[string]string{"container mon": "in container mon",
		"image ceph:v18": "in image ceph:v18", "cephadm": "in cephadm shell"} {
		c, _, err := way(spec.Cluster{Name: "hdd", Host: "mon1", Access: access}, nil, "", never).open(t.Context())
		require.NoError(t, err)
		assert.IsType(t, &cephcli.CLI{}, c.Mon)
		assert.Equal(t, "is reached through the ceph program "+within+" on mon1, as the Spec wants it", c.Note)
	}
}

func TestLibradosWhenAskedFor(t *testing.T) {
	asked, alone := spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}, spec.Cluster{Name: "hdd"}
	const own = "[client.admin]\nkeyring = DIR/own.$cluster.$name\n[global]\nkeyring = DIR/all\n"
	for name, c := range map[string]struct {
		spec  spec.Cluster
		conf  string
		rings []string // that are there
		want  string
	}{
		"asked for":       {asked, "[global]\n", []string{standard, "hdd.keyring"}, standard},
		"without host":    {alone, "[global]\n", []string{standard}, standard},
		"the cluster's":   {alone, "[global]\n", []string{"keyring", "hdd.keyring"}, "hdd.keyring"},
		"the oldest name": {alone, "[global]\n", []string{"keyring.bin"}, "keyring.bin"},
		"keyring said":    {alone, own, []string{"own.hdd.client.admin", "all", standard}, "own.hdd.client.admin"},
		"for all users": {alone, "[global]\nkeyring = DIR/$type-$id\n", []string{"client-admin", standard},
			"client-admin"},
		"first of a list": {alone, "[client]\nkeyring = DIR/none,DIR/b, DIR/c\n", []string{"b", "c", standard}, "b"},
		"last of a list": {alone, "[client]\nkeyring = ,DIR/none , \\; DIR/$cluster.none\\;DIR/c\n",
			[]string{"c", standard}, "c"},
		"key in ceph.conf":  {alone, "[client]\nkey = AQA=\n", nil, ""},
		"file of key alone": {alone, "[client.admin]\nkeyring = DIR/none\nkeyfile = DIR/key\n", []string{standard}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.conf, 1, c.rings...)
			conn := &connection{Cluster: cephtest.New()}
			if c.want != "" {
				c.want = filepath.Join(dir, c.want)
			}
			librados := func(_ context.Context, _, conf, keyring string) (Connection, error) {
				assert.Equal(t, filepath.Join(dir, "hdd.conf"), conf)
				assert.Equal(t, c.want, keyring)
				return conn, nil
			}
			got, closer, err := way(c.spec, nil, dir, librados).open(t.Context())
			require.NoError(t, err)
			assert.Same(t, conn, got.Mon)
			assert.Same(t, conn, closer)
			assert.Empty(t, got.Note)
		})
	}
}

// TestWithoutAKeyring names what was looked for, and asks nobody.
func TestWithoutAKeyring(t *testing.T) {
	s := spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}
	for conf, want := range map[string][]string{
		"[global]\n": {"hdd.client.admin.keyring", "hdd.keyring", "keyring.bin"},
		"[client]\nkeyring = DIR/a,DIR/b\n[global]\nkeyring = DIR/there\n": {"a", "b"},
		"[client]\nkeyring = ,\n": {"the option keyring is empty"},
	} {
		dir := folder(t, conf, 1, "there")
		_, _, err := way(s, remotetest.NewHost("mon1"), dir, never).open(t.Context())
		for _, text := range append(want, "clusters[1]: cluster hdd: no keyring", "name it in "+dir) {
			assert.ErrorContains(t, err, text)
		}
	}
}

// TestLibradosOlderThanTheKey goes through the program, and says so.
func TestLibradosOlderThanTheKey(t *testing.T) {
	old := func(context.Context, string, string, string) (Connection, error) { return nil, ceph.ErrInvalid }
	s := spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}
	for _, conf := range []string{"[global]\n", "[global]\nkeyring = DIR/none,DIR/" + standard + ",DIR/none\n"} {
		dir := folder(t, conf, 2, standard)
		c, closer, err := way(s, remotetest.NewHost("mon1"), dir, old).open(t.Context())
		require.NoError(t, err)
		assert.Nil(t, closer)
		assert.IsType(t, &cephcli.CLI{}, c.Mon)
		assert.Contains(t, c.Note, "is reached through the ceph program on mon1, as the librados of this machine cannot ")
		assert.Contains(t, c.Note, "of type aes256k")

		_, _, err = way(spec.Cluster{Name: "hdd"}, nil, dir, old).open(t.Context())
		require.ErrorIs(t, err, ceph.ErrInvalid)
		require.ErrorContains(t, err, "give the cluster a host on which the ceph program works")
	}
}

func TestLibradosThatFailsForAnotherReason(t *testing.T) {
	s := spec.Cluster{Name: "hdd", Host: "mon1", Access: "librados"}
	host := remotetest.NewHost("mon1")
	for name, c := range map[string]struct {
		kind byte
		err  error
	}{
		"an old key":        {1, ceph.ErrInvalid},
		"a type of its own": {9, ceph.ErrDenied},
		"no monitors":       {2, ceph.ErrUnreachable},
	} {
		fails := func(context.Context, string, string, string) (Connection, error) { return nil, c.err }
		_, _, err := way(s, host, folder(t, "[global]\n", c.kind, standard), fails).open(t.Context())
		assert.ErrorIs(t, err, c.err, name)
		assert.ErrorContains(t, err, "clusters[1]: cluster hdd: ", name)
	}
	_, _, err := way(s, nil, t.TempDir(), never).open(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
}
