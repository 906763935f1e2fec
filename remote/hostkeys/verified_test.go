package hostkeys_test

import (
	"crypto/ed25519"
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

func publicOf(t testing.TB, seed byte) (text, print string) {
	t.Helper()
	key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(append(make([]byte, 31), seed)).Public())
	require.NoError(t, err)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), ssh.FingerprintSHA256(key)
}

func TestParseVerified(t *testing.T) {
	key, print := publicOf(t, 1)
	is := func(hosts ...string) (all []hostkeys.Verified) {
		for _, h := range hosts {
			all = append(all, hostkeys.Verified{Host: h, Type: "ED25519", Fingerprint: print})
		}
		return all
	}
	for text, want := range map[string][]hostkeys.Verified{
		"# c1:22 SSH-2.0-OpenSSH_9.2\nc1 " + key + "\n":                    is("c1"),
		"c1,10.0.0.1 " + key + " root@build\r\n":                           is("c1", "10.0.0.1"),
		"[10.0.0.1]:2222 " + key:                                           is("[10.0.0.1]:2222"),
		"256 " + print + " root@c1.example.com (ED25519)\n":                is("c1.example.com"),
		"256 " + print + " c1 (ED25519)\n":                                 is("c1"),
		"<14>Nov 28 10:00:00 cloud-init: 256 " + print + " r@c1 (ED25519)": is("c1"),
		"[   12.345] ec2: " + key + " root@c1\n":                           is("c1"),
		"ec2: " + key + " root@c1\n":                                       is("c1"),
		"ec2: -----BEGIN SSH HOST KEY KEYS-----\n" + key + " root@c1\n":    is("c1"),
		"login: \x00\xff\n\nc1 " + key + "\n256 " + print + " c2 (ED25519)": append(is("c1"),
			is("c2")...),
		"256 " + print + " root@c1\n": {{Host: "c1", Fingerprint: print}},
	} {
		got, err := hostkeys.ParseVerified([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"":                                   "no line has a host and its key",
		key + "\n":                           "no line has a host",
		"256 " + print + "\n":                "no line has a host",
		"c* " + key:                          "no line has a host",
		"c1 ssh-ed25519 AAAA\n":              "no line has a host",
		"c1 ssh-rsa " + key[12:]:             "no line has a host", // another type than the key itself has
		"256 SHA256:abc c1 (ED25519)\n":      "no line has a host",
		"a\n@revoked c1 " + key:              "line 2: it begins with @revoked",
		"@cert-authority * " + key:           "line 1: it begins with @cert-authority",
		"|1|x|y " + key:                      "ssh-keyscan without -H",
		"256 MD5:00:11 root@c1 (ED25519)\nx": "no line has a host",
	} {
		_, err := hostkeys.ParseVerified([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

// TestVerifiedIsWhatSSHKeygenPrints of keys of each type, and of a known_hosts file.
func TestVerifiedIsWhatSSHKeygenPrints(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); os.Getenv("CEPHSTACK_LIVE") == "0" || err != nil &&
		os.Getenv("CEPHSTACK_LIVE") == "" {
		t.Skip("ssh-keygen is not asked")
	}
	dir := t.TempDir()
	for kind, want := range map[string]string{"ed25519": "ED25519", "ecdsa": "ECDSA", "rsa": "RSA"} {
		file := filepath.Join(dir, kind)
		out, err := exec.Command("ssh-keygen", "-q", "-N", "", "-t", kind, "-C", "root@c1", "-f", file).CombinedOutput()
		require.NoError(t, err, "%s", out)
		public, err := os.ReadFile(file + ".pub")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file+".known", append([]byte("c1 "), public...), 0o600))
		var all [][]hostkeys.Verified
		for _, name := range []string{".pub", ".known"} {
			out, err = exec.Command("ssh-keygen", "-l", "-f", file+name).Output()
			require.NoError(t, err)
			text, err := os.ReadFile(file + name)
			require.NoError(t, err)
			for _, text := range [][]byte{out, text} {
				got, err := hostkeys.ParseVerified(text)
				require.NoError(t, err, "%s", text)
				all = append(all, got)
			}
		}
		for _, one := range all {
			assert.Equal(t, all[0], one)
		}
		assert.Len(t, all[0], 1)
		assert.Equal(t, "c1", all[0][0].Host)
		assert.Equal(t, want, all[0][0].Type)
	}
}

func TestAgreed(t *testing.T) {
	_, one := publicOf(t, 1)
	_, two := publicOf(t, 2)
	rsa, ed := hostkeys.Key{Type: "ssh-rsa", Fingerprint: two}, hostkeys.Key{Type: "ssh-ed25519", Fingerprint: one}
	verified := func(kind string, prints ...string) (all []hostkeys.Verified) {
		for _, p := range prints {
			all = append(all, hostkeys.Verified{Host: "c1", Type: kind, Fingerprint: p})
		}
		return all
	}
	for _, c := range []struct {
		shown []hostkeys.Key
		knows []hostkeys.Verified
		want  []string // none is an error
	}{
		{[]hostkeys.Key{ed, rsa}, verified("ED25519", one), []string{one}},
		{[]hostkeys.Key{ed}, verified("ED25519", one, one), []string{one}}, // the console is of several boots
		{[]hostkeys.Key{ed}, verified("ED25519", two, one), nil},           // one of them may be that of an attacker
		{[]hostkeys.Key{ed}, verified("RSA", two, one+"x"), nil},
		{[]hostkeys.Key{ed}, verified("", one), []string{one}},
		{[]hostkeys.Key{ed}, verified("ED25519", two), nil},
		{[]hostkeys.Key{ed}, verified("", two), nil},
		{[]hostkeys.Key{ed}, verified("RSA", two), nil}, // it does not show this key
		{[]hostkeys.Key{ed, rsa}, append(verified("ED25519", one), verified("RSA", one+"x")...), nil},
	} {
		got, err := hostkeys.Agreed(c.shown, c.knows)
		assert.Equal(t, c.want, got)
		assert.Equal(t, c.want == nil, err != nil)
		if c.want == nil {
			require.ErrorIs(t, err, remote.ErrHostKey)
		}
	}
}

// FuzzParseVerified: whatever a console has, each host has a name and a fingerprint.
func FuzzParseVerified(f *testing.F) {
	key, print := publicOf(f, 1)
	for _, text := range []string{"", "c1 " + key, "256 " + print + " root@c1 (ED25519)", "ec2: " + key + " a@b,c",
		"@revoked c1 " + key, "|1|a|b " + key, key, "\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := hostkeys.ParseVerified(text)
		if (err == nil) != (len(all) > 0) {
			t.Fatalf("%d, %v", len(all), err)
		}
		for _, v := range all {
			if v.Host == "" || len(v.Fingerprint) != len(print) || strings.ContainsAny(v.Host, " *?!,\n") {
				t.Fatalf("%q", v)
			}
		}
	})
}
