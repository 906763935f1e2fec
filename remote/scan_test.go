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
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote"
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
	keys, err := remote.ScanHostKeys(t.Context(), remote.Config{Address: s.address})
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
	n, err := remote.TrustHostKeys(file, keys, keys[0].Fingerprint)
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
	keys, err := remote.ScanHostKeys(t.Context(), remote.Config{Address: target.address, Jump: &via})
	require.NoError(t, err)
	require.Len(t, keys, 1)
	via.KnownHosts = []string{writeKnown(t, "")}
	_, err = remote.ScanHostKeys(t.Context(), remote.Config{Address: target.address, Jump: &via})
	require.ErrorIs(t, err, remote.ErrHostKey)
}

func TestScanOfNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, err = remote.ScanHostKeys(t.Context(), remote.Config{Address: l.Addr().String(), Timeouts: remote.Timeouts{Handshake: 50 * time.Millisecond}})
	require.ErrorIs(t, err, remote.ErrUnreachable)
	_, err = remote.ScanHostKeys(t.Context(), remote.Config{Address: "a:b:c]"})
	require.Error(t, err)
}

func scannedKey(t *testing.T, address string) remote.HostKey {
	t.Helper()
	_, signer := newKey(t)
	pub := filepath.Join(t.TempDir(), "pub")
	require.NoError(t, os.WriteFile(pub, marshal(signer), 0o600))
	out, err := exec.Command("ssh-keygen", "-l", "-f", pub).Output()
	require.NoError(t, err)
	return remote.HostKey{Address: address, Type: "ssh-ed25519", Fingerprint: strings.Fields(string(out))[1],
		Line: address + " " + strings.TrimSpace(string(marshal(signer)))}
}

func TestOnlyConfirmedKeysAreTrusted(t *testing.T) {
	a, again, b := scannedKey(t, "c1"), scannedKey(t, "c1"), scannedKey(t, "c2")
	file := writeKnown(t, "# mine, without a line end")
	n, err := remote.TrustHostKeys(file, []remote.HostKey{a, b})
	require.NoError(t, err)
	require.Zero(t, n, "without a fingerprint nothing is trusted")
	_, err = remote.TrustHostKeys(file, []remote.HostKey{a}, a.Fingerprint, b.Fingerprint)
	require.ErrorIs(t, err, remote.ErrHostKey)
	for _, want := range []int{2, 0} {
		n, err = remote.TrustHostKeys(file, []remote.HostKey{a, b}, b.Fingerprint, a.Fingerprint, a.Fingerprint)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "# mine, without a line end\n"+b.Line+"\n"+a.Line+"\n", string(before))

	_, err = remote.TrustHostKeys(file, []remote.HostKey{again}, again.Fingerprint)
	require.ErrorIs(t, err, remote.ErrHostKey, "the host's key changed")
	revoked := writeKnown(t, "@revoked * "+strings.TrimPrefix(a.Line, "c1 ")+"\n")
	_, err = remote.TrustHostKeys(revoked, []remote.HostKey{a}, a.Fingerprint)
	require.ErrorIs(t, err, remote.ErrHostKey)
	forged := a
	forged.Line = again.Line
	_, err = remote.TrustHostKeys(file, []remote.HostKey{forged}, forged.Fingerprint)
	require.Error(t, err)
	forged = b
	forged.Address = "c3"
	_, err = remote.TrustHostKeys(file, []remote.HostKey{forged}, forged.Fingerprint)
	require.Error(t, err)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestScannedKeysAreCompared(t *testing.T) {
	a, again, b := scannedKey(t, "c1"), scannedKey(t, "c1"), scannedKey(t, "c2")
	file, none := writeKnown(t, a.Line+"\n"), filepath.Join(t.TempDir(), "none")
	known, unknown, err := remote.CheckHostKeys([]string{none, file}, []remote.HostKey{b, a})
	require.NoError(t, err)
	assert.Equal(t, []remote.HostKey{a}, known)
	assert.Equal(t, []remote.HostKey{b}, unknown)
	known, unknown, err = remote.CheckHostKeys([]string{file}, []remote.HostKey{again, b})
	require.ErrorIs(t, err, remote.ErrHostKey)
	require.ErrorContains(t, err, "c1: ")
	require.ErrorContains(t, err, "CHANGED: it shows ssh-ed25519 "+again.Fingerprint)
	assert.Empty(t, known)
	assert.Equal(t, []remote.HostKey{b}, unknown)
	_, _, err = remote.CheckHostKeys([]string{writeKnown(t, "@revoked * "+strings.TrimPrefix(a.Line, "c1 ")+"\n")}, []remote.HostKey{a})
	require.ErrorContains(t, err, "is revoked in ")
	_, _, err = remote.CheckHostKeys([]string{t.TempDir()}, []remote.HostKey{a})
	require.Error(t, err)
	_, err = os.Stat(none)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Servers at other ports of an address have keys of their own, as behind one
// router, with names as they are or hashed.
func TestKeysOfOtherPortsAreOthers(t *testing.T) {
	for _, host := range []string{"192.0.2.1", "2001:db8::1"} {
		for _, hashed := range []bool{false, true} {
			plain, other, again := scannedKey(t, host), scannedKey(t, "["+host+"]:2222"), scannedKey(t, "["+host+"]:2222")
			file := writeKnown(t, plain.Line+"\n")
			hash := func() {
				if hashed {
					out, err := exec.Command("ssh-keygen", "-H", "-f", file).CombinedOutput()
					require.NoError(t, err, "%s", out)
				}
			}
			hash()
			known, unknown, err := remote.CheckHostKeys([]string{file}, []remote.HostKey{plain, other})
			require.NoError(t, err)
			assert.Equal(t, []remote.HostKey{plain}, known)
			assert.Equal(t, []remote.HostKey{other}, unknown)
			n, err := remote.TrustHostKeys(file, []remote.HostKey{other}, other.Fingerprint)
			require.NoError(t, err)
			assert.Equal(t, 1, n)
			hash()
			known, _, err = remote.CheckHostKeys([]string{file}, []remote.HostKey{plain, other, again})
			require.ErrorContains(t, err, "CHANGED: it shows ssh-ed25519 "+again.Fingerprint)
			assert.Equal(t, []remote.HostKey{plain, other}, known)
			revoked := writeKnown(t, "@revoked "+host+strings.TrimPrefix(other.Line, other.Address)+"\n")
			_, _, err = remote.CheckHostKeys([]string{revoked}, []remote.HostKey{other})
			require.ErrorContains(t, err, "is revoked in ")
		}
	}
}

func marshal(s ssh.Signer) []byte { return ssh.MarshalAuthorizedKey(s.PublicKey()) }
