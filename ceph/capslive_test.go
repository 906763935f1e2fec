package ceph_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
)

// TestCapsAgainstCeph: a monitor takes what ParseCaps takes, and refuses what ParseCaps refuses.
func TestCapsAgainstCeph(t *testing.T) {
	real := cephlive.Start(t, 0)
	real.Ceph("auth", "add", "client.x")
	for _, c := range []struct{ daemon, text string }{
		{"mon", "0', x','"}, {"osd", "0', x','"}, {"mgr", "0', x','"},
		{"osd", "allow r, allow w pool='x"}, {"osd", `allow r pool="a'`}, {"osd", `allow r pool=a'b'`},
		{"osd", "allow r pool='a, b'"}, {"osd", `allow r pool="a;b", allow w`}, {"osd", `allow r pool='a"b'`},
		{"osd", `allow r pool="a\"b"`}, {"osd", "allow r,"}, {"osd", "allow r,,allow w"}, {"osd", ",allow r"},
		{"mon", "allow\tr ,\tallow  w"}, {"mon", "allow\nr"}, {"mon", "allow\vr"}, {"mon", "allow\rr"}, {"mon", "allow\fr"},
		{"mgr", "allow\rr"}, {"mon", "what"}, {"mon", "allow q"},
		{"osd", "allow rw pool=a!b"}, {"osd", "allow rw pool='a!b'"}, {"mgr", "profile rbd! pool=a"},
		{"mon", "allow command foo with network=x"}, {"mon", "allow command foo with a=b network 10.0.0.0/8"},
		{"mon", "allow r network 10.0.0.0/8"}, {"mon", "allow r network fe80::/10"}, {"mon", "allow r network a+b"},
		{"mon", "allow r network=10.0.0.0/8"}, {"osd", "allow r network=10.0.0.0/8"},
		{"mds", "allow rw uid=1 gids=1,2"}, {"mds", "allow rw path=/a:b"}, {"mds", "allow rw path='/a:b'"},
	} {
		out, refused := exec.CommandContext(t.Context(), "ceph", "-c", real.Conf, "--connect-timeout", "30", "auth", "caps",
			"client.x", c.daemon, c.text).CombinedOutput()
		if refused != nil {
			require.Contains(t, string(out), "EINVAL", "%s %q", c.daemon, c.text)
		}
		_, err := ceph.ParseCaps(map[string]string{c.daemon: c.text})
		assert.Equal(t, refused == nil, err == nil, "%s %q: Ceph says %q, we say %v", c.daemon, c.text, out, err)
	}
	// An import takes whatever there is.
	file := filepath.Join(t.TempDir(), "keyring")
	require.NoError(t, os.WriteFile(file, []byte("[client.y]\nkey = AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==\n"+
		"caps osd = \"allow r pool='x, allow r\"\n"), 0o600))
	real.Ceph("auth", "import", "-i", file)
	assert.Contains(t, real.Ceph("auth", "get", "client.y"), "allow r pool='x, allow r")
}
