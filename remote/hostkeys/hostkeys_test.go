package hostkeys_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/hostkeys"
)

func scannedKey(t *testing.T, address string) hostkeys.Key {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	key, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	pub := filepath.Join(t.TempDir(), "pub")
	require.NoError(t, os.WriteFile(pub, []byte(line+"\n"), 0o600))
	out, err := exec.Command("ssh-keygen", "-l", "-f", pub).Output()
	require.NoError(t, err)
	return hostkeys.Key{
		Address: address, Type: "ssh-ed25519", Fingerprint: strings.Fields(string(out))[1], Line: address + " " + line,
	}
}

func writeKnown(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestOnlyConfirmedKeysAreTrusted(t *testing.T) {
	a, again, b := scannedKey(t, "c1"), scannedKey(t, "c1"), scannedKey(t, "c2")
	file := writeKnown(t, "# mine, without a line end")
	n, err := hostkeys.Trust(file, []hostkeys.Key{a, b})
	require.NoError(t, err)
	require.Zero(t, n, "without a fingerprint nothing is trusted")
	_, err = hostkeys.Trust(file, []hostkeys.Key{a}, a.Fingerprint, b.Fingerprint)
	require.ErrorIs(t, err, remote.ErrHostKey)
	for _, want := range []int{2, 0} {
		n, err = hostkeys.Trust(file, []hostkeys.Key{a, b}, b.Fingerprint, a.Fingerprint, a.Fingerprint)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "# mine, without a line end\n"+b.Line+"\n"+a.Line+"\n", string(before))

	_, err = hostkeys.Trust(file, []hostkeys.Key{again}, again.Fingerprint)
	require.ErrorIs(t, err, remote.ErrHostKey, "the host's key changed")
	revoked := writeKnown(t, "@revoked * "+strings.TrimPrefix(a.Line, "c1 ")+"\n")
	_, err = hostkeys.Trust(revoked, []hostkeys.Key{a}, a.Fingerprint)
	require.ErrorIs(t, err, remote.ErrHostKey)
	forged := a
	forged.Line = again.Line
	_, err = hostkeys.Trust(file, []hostkeys.Key{forged}, forged.Fingerprint)
	require.Error(t, err)
	forged = b
	forged.Address = "c3"
	_, err = hostkeys.Trust(file, []hostkeys.Key{forged}, forged.Fingerprint)
	require.Error(t, err)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestScannedKeysAreCompared(t *testing.T) {
	a, again, b := scannedKey(t, "c1"), scannedKey(t, "c1"), scannedKey(t, "c2")
	file, none := writeKnown(t, a.Line+"\n"), filepath.Join(t.TempDir(), "none")
	known, unknown, err := hostkeys.Check([]string{none, file}, []hostkeys.Key{b, a})
	require.NoError(t, err)
	assert.Equal(t, []hostkeys.Key{a}, known)
	assert.Equal(t, []hostkeys.Key{b}, unknown)
	known, unknown, err = hostkeys.Check([]string{file}, []hostkeys.Key{again, b})
	require.ErrorIs(t, err, remote.ErrHostKey)
	require.ErrorContains(t, err, "c1: ")
	require.ErrorContains(t, err, "CHANGED: it shows ssh-ed25519 "+again.Fingerprint)
	assert.Empty(t, known)
	assert.Equal(t, []hostkeys.Key{b}, unknown)
	revoked := writeKnown(t, "@revoked * "+strings.TrimPrefix(a.Line, "c1 ")+"\n")
	_, _, err = hostkeys.Check([]string{revoked}, []hostkeys.Key{a})
	require.ErrorContains(t, err, "is revoked in ")
	_, _, err = hostkeys.Check([]string{t.TempDir()}, []hostkeys.Key{a})
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
			known, unknown, err := hostkeys.Check([]string{file}, []hostkeys.Key{plain, other})
			require.NoError(t, err)
			assert.Equal(t, []hostkeys.Key{plain}, known)
			assert.Equal(t, []hostkeys.Key{other}, unknown)
			n, err := hostkeys.Trust(file, []hostkeys.Key{other}, other.Fingerprint)
			require.NoError(t, err)
			assert.Equal(t, 1, n)
			hash()
			known, _, err = hostkeys.Check([]string{file}, []hostkeys.Key{plain, other, again})
			require.ErrorContains(t, err, "CHANGED: it shows ssh-ed25519 "+again.Fingerprint)
			assert.Equal(t, []hostkeys.Key{plain, other}, known)
			revoked := writeKnown(t, "@revoked "+host+strings.TrimPrefix(other.Line, other.Address)+"\n")
			_, _, err = hostkeys.Check([]string{revoked}, []hostkeys.Key{other})
			require.ErrorContains(t, err, "is revoked in ")
		}
	}
}

func Example() {
	keys := []hostkeys.Key{ // as remote.Config.ScanHostKeys returns them
		{
			Address: "c1", Type: "ssh-ed25519", Fingerprint: "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
			Line: "c1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
		},
	}
	dir, err := os.MkdirTemp("", "hostkeys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "known_hosts")
	confirmed := keys[0].Fingerprint // as read on the host's console
	fmt.Println(hostkeys.Trust(file, keys, confirmed))
	known, unknown, err := hostkeys.Check([]string{file}, keys)
	fmt.Println(len(known), len(unknown), err)
	// Output:
	// 1 <nil>
	// 1 0 <nil>
}
