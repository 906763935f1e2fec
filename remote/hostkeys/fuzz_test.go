package hostkeys_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote/hostkeys"
)

// FuzzTrust: whatever a known_hosts file says, it keeps every byte when a key is added, and has the key afterwards.
func FuzzTrust(f *testing.F) {
	public, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	require.NoError(f, err)
	line := "c1 " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
	key := hostkeys.Key{Address: "c1", Type: "ssh-ed25519", Fingerprint: ssh.FingerprintSHA256(public), Line: line}
	for _, text := range []string{"", "# mine", line, line + "\n", "@revoked " + line, "@cert-authority * " + line[3:],
		"|1|a|b ssh-ed25519 AAAA\n", "c1,!c1 ssh-rsa AAAA\r\n", "\x00\xff\n", "[c1]:22 " + line[3:], "* " + line[3:]} {
		f.Add([]byte(text))
	}
	file := filepath.Join(f.TempDir(), "known_hosts")
	f.Fuzz(func(t *testing.T, text []byte) {
		require.NoError(t, os.WriteFile(file, text, 0o600))
		n, err := hostkeys.Trust(file, []hostkeys.Key{key}, key.Fingerprint)
		after, fault := os.ReadFile(file)
		require.NoError(t, fault)
		if !strings.HasPrefix(string(after), string(text)) || (err != nil || n == 0) && len(after) != len(text) {
			t.Fatalf("%q became %q, %d, %v", text, after, n, err)
		}
		if err != nil {
			return
		}
		known, unknown, err := hostkeys.Check([]string{file}, []hostkeys.Key{key})
		if err != nil || len(known) != 1 || len(unknown) != 0 {
			t.Fatalf("%q: %v, %v, %v", after, known, unknown, err)
		}
		again, err := hostkeys.Trust(file, []hostkeys.Key{key}, key.Fingerprint)
		if err != nil || again != 0 {
			t.Fatalf("%q: %d, %v", after, again, err)
		}
	})
}
