package remote_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/hostkeys"
)

// withKeys makes further host keys, and gives the lines that configure them.
func withKeys(t *testing.T, dir string, types ...string) (lines []string) {
	t.Helper()
	for _, kind := range types {
		name := filepath.Join(dir, kind)
		out, err := exec.Command("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", name).CombinedOutput()
		require.NoError(t, err, "%s", out)
		lines = append(lines, "HostKey "+name)
	}
	return lines
}

func TestScannedKeysAreThoseOfTheHost(t *testing.T) {
	needRoot(t, "/usr/sbin/sshd")
	s := startSSHD(t, withKeys(t, t.TempDir(), "rsa", "ecdsa")...)
	host, port, err := net.SplitHostPort(s.address)
	require.NoError(t, err)
	keys, err := remote.Config{Address: s.address}.ScanHostKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 3)

	out, err := exec.Command("ssh-keyscan", "-p", port, host).Output()
	require.NoError(t, err)
	var theirs, ours []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			theirs = append(theirs, strings.TrimSpace(line))
		}
	}
	for _, k := range keys {
		ours = append(ours, k.Line)
		print := exec.Command("ssh-keygen", "-l", "-f", "-")
		print.Stdin = strings.NewReader(k.Line + "\n")
		out, err := print.Output()
		require.NoError(t, err)
		assert.Equal(t, strings.Fields(string(out))[1], k.Fingerprint)
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	assert.Equal(t, theirs, ours)

	file := filepath.Join(t.TempDir(), "known_hosts")
	cfg := s.config(t, "root", s.address)
	cfg.KnownHosts = []string{file}
	n, err := hostkeys.Trust(file, keys, keys[0].Fingerprint)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	_, err = open(t, cfg).Do(t.Context())
	require.NoError(t, err)
	found, err := exec.Command("ssh-keygen", "-F", "["+host+"]:"+port, "-f", file).Output()
	require.NoError(t, err)
	require.Contains(t, string(found), keys[0].Line)
}

func TestScanThroughAJumpHost(t *testing.T) {
	jump, target := startSSHD(t), startSSHD(t)
	via := jump.config(t, "root", jump.address)
	keys, err := remote.Config{Address: target.address, Jump: &via}.ScanHostKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 1)
	via.KnownHosts = []string{writeKnown(t, "")}
	_, err = remote.Config{Address: target.address, Jump: &via}.ScanHostKeys(t.Context())
	require.ErrorIs(t, err, remote.ErrHostKey)
}

func TestScanOfNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	nobody := remote.Config{Address: l.Addr().String(), Timeouts: remote.Timeouts{Handshake: 50 * time.Millisecond}}
	_, err = nobody.ScanHostKeys(t.Context())
	require.ErrorIs(t, err, remote.ErrUnreachable)
	_, err = remote.Config{Address: "a:b:c]"}.ScanHostKeys(t.Context())
	require.Error(t, err)
}
