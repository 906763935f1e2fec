package ceph_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
)

func TestParseKeyring(t *testing.T) {
	k, err := ceph.ParseKeyring([]byte("# mine\n[global]\nx = y\n[client.glance]\n\tkey = " + secret +
		"\n\tauid = 5\n\tpending key = QUJD\n" +
		"\tcaps mon = \"allow command \\\"osd blacklist\\\", allow r\"\n\tcaps_osd = allow rwx pool=images\n[mon.]\n" +
		"key=QUJD\n[client.none]\n"))
	require.NoError(t, err)
	require.Len(t, k.Users, 3)
	u, ok := k.Lookup("client.glance")
	require.True(t, ok)
	assert.Equal(t, secret, u.Key.Reveal())
	assert.Equal(t, ceph.Caps{"mon": `allow command "osd blacklist", allow r`, "osd": "allow rwx pool=images"}, u.Caps)
	none, ok := k.Lookup("client.none")
	assert.True(t, ok && none.Key.IsZero())
	_, ok = k.Lookup("client.cinder")
	assert.False(t, ok)
	assert.Equal(t, "[client.glance]\n\tkey = "+secret+"\n[mon.]\n\tkey = QUJD\n[client.none]\n", string(k.Render()))
}

func TestKeyringErrorsQuoteNoKey(t *testing.T) {
	for _, text := range []string{
		secret[:20],
		"[client.a]\nkey = x" + secret + "\n", "[client.a]\nkey " + secret + "\n", "[client.a]\n" + secret + " = 1\n",
		"[" + secret + "]\nkey = 1\n", "[client.a]\nkey = \"" + secret + "\n", "[client.a]\nkey = \n",
	} {
		_, err := ceph.ParseKeyring([]byte(text))
		require.ErrorIs(t, err, ceph.ErrInvalid, text)
		assert.NotContains(t, err.Error(), secret[:8])
	}
}

func TestKeyringRefusesNamesThatItCannotWrite(t *testing.T) {
	for _, id := range []string{"a\x7f", "\x7f", "a\x01", "a b", "über", "a\xff", "a]", "a#"} {
		_, err := ceph.ParseKeyring([]byte("[client." + id + "]\n\tkey = " + secret + "\n"))
		assert.ErrorIs(t, err, ceph.ErrInvalid, "%q", id)
	}
}

func TestKeyringOracle(t *testing.T) {
	cephlive.Need(t, "ceph-authtool")
	path := filepath.Join(t.TempDir(), "keyring")
	tool := func(args ...string) string {
		out, err := exec.Command("ceph-authtool", append([]string{path}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	tool("-C", "--gen-key", "-n", "client.a", "--cap", "mon", "profile rbd", "--cap", "osd",
		`allow command "osd blacklist", allow r pool='b c'`)
	tool("--gen-key", "-n", "client.b")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	theirs, err := ceph.ParseKeyring(data)
	require.NoError(t, err)
	require.Len(t, theirs.Users, 2)
	assert.Equal(t, ceph.Caps{"mon": "profile rbd", "osd": `allow command "osd blacklist", allow r pool='b c'`},
		theirs.Users[0].Caps)
	for _, u := range theirs.Users {
		assert.Equal(t, u.Key.Reveal(), strings.TrimSpace(tool("-n", u.Entity, "--print-key")))
	}
	// What we write, they read as we meant it, and write alike.
	ours := theirs.Render()
	require.NoError(t, os.WriteFile(path, ours, 0o600))
	assert.Equal(t, string(ours), tool("-l"))
}

func FuzzKeyring(f *testing.F) {
	f.Add([]byte("[client.a]\n\tkey = " + secret + "\n\tcaps mon = \"allow r\"\n[client.b]\n"))
	f.Add([]byte("[client.\x7f]\nkey = QUJD\n"))
	f.Add([]byte("[client.a]\npending key = QUJD\nauid = 1\n[client.a]\nkey=QUJD"))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ceph.ParseKeyring(data)
		if err != nil {
			return
		}
		again, err := ceph.ParseKeyring(k.Render())
		if err != nil || len(again.Users) != len(k.Users) {
			t.Fatalf("%v: %q", err, data)
		}
		for i, u := range k.Users {
			if again.Users[i].Entity != u.Entity || !again.Users[i].Key.Equal(u.Key) {
				t.Fatalf("user %d changed: %q", i, data)
			}
		}
	})
}
