package knownhosts

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func edKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s, err := ssh.NewSignerFromKey(priv)
	require.NoError(t, err)
	return s
}

func lineOf(names string, s ssh.Signer) string {
	return names + " " + string(ssh.MarshalAuthorizedKey(s.PublicKey()))
}

func parsed(t testing.TB, lines string) *Hosts {
	t.Helper()
	k := New([]string{"known_hosts"})
	require.NoError(t, k.parse("known_hosts", strings.NewReader(lines)))
	return k
}

// hostCert is a certificate for a key of the host called name, valid for an hour.
func hostCert(t *testing.T, ca, key ssh.Signer, name string) *ssh.Certificate {
	t.Helper()
	c := &ssh.Certificate{
		Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{name},
		ValidAfter:  uint64(time.Now().Add(-time.Hour).Unix()),
		ValidBefore: uint64(time.Now().Add(time.Hour).Unix()),
	}
	require.NoError(t, c.SignCert(rand.Reader, ca))
	return c
}

func TestHostKeyMatrix(t *testing.T) {
	key, other, ca, rogue := edKey(t), edKey(t), edKey(t), edKey(t)
	cert := hostCert(t, ca, key, "c1")
	expired := hostCert(t, ca, key, "c1")
	expired.ValidBefore = uint64(time.Now().Add(-time.Minute).Unix())
	require.NoError(t, expired.SignCert(rand.Reader, ca))
	authority := "@cert-authority " + lineOf("c*", ca)
	tests := []struct {
		name, lines string
		key         ssh.PublicKey
		refuses     string // empty: trusted
	}{
		{"known", lineOf("c1", key), key.PublicKey(), ""},
		{"second line", lineOf("c1", other) + lineOf("c1", key), key.PublicKey(), ""},
		{"wildcard", lineOf("*,!c2", key), key.PublicKey(), ""},
		{"negated", lineOf("*,!c1", key), key.PublicKey(), "is unknown"},
		{"other host", lineOf("c2", key), key.PublicKey(), "ssh-keyscan c1"},
		{"empty", "", key.PublicKey(), ssh.FingerprintSHA256(key.PublicKey())},
		{"changed", lineOf("c1", other), key.PublicKey(), "CHANGED"},
		{"revoked", lineOf("c1", key) + "@revoked " + lineOf("*", key), key.PublicKey(), "is revoked in known_hosts:2"},
		{"revoked elsewhere", lineOf("c1", key) + "@revoked " + lineOf("c2", key), key.PublicKey(), ""},
		{"certificate", authority, cert, ""},
		{"certificate for another host", authority, hostCert(t, ca, key, "c2"), "not valid"},
		{"expired certificate", authority, expired, "not valid"},
		{"expired certificate of a known key", authority + lineOf("c1", key), expired, ""},
		{"unknown authority", authority, hostCert(t, rogue, key, "c1"), "no @cert-authority line"},
		{"revoked authority", authority + "@revoked " + lineOf("c1", ca), cert, "is revoked"},
		{"revoked key in a certificate", authority + "@revoked " + lineOf("c1", key), cert, "is revoked"},
		{"authority's own key", authority, ca.PublicKey(), "is unknown"},
	}
	many := manyHashed(t)
	for _, test := range tests {
		for form, lines := range map[string]string{
			"": test.lines, " among many hashed": test.lines + many,
			" and hashed": hashNames(test.lines), " and hashed among many": hashNames(test.lines) + many,
		} {
			t.Run(test.name+form, func(t *testing.T) {
				err := parsed(t, lines).Policy("c1", 22).Check(test.key)
				if test.refuses == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, ErrUntrusted)
				require.ErrorContains(t, err, test.refuses)
			})
		}
	}
}

// manyHashed are lines of other hosts, more than are tried one by one.
func manyHashed(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for i := range fewHashed + 1 {
		b.WriteString(lineOf(knownhosts.HashHostname(fmt.Sprintf("other%d", i)), edKey(t)))
	}
	return b.String()
}

var plainName = regexp.MustCompile(`(?m)^((@\S+ )?)(c[0-9]) `)

// hashNames hashes the names of lines whose name is not a pattern.
func hashNames(lines string) string {
	return plainName.ReplaceAllStringFunc(lines, func(m string) string {
		parts := plainName.FindStringSubmatch(m)
		return parts[1] + knownhosts.HashHostname(parts[3]) + " "
	})
}

func TestAHashedLineWithThePortIsStrongerThanOneWithout(t *testing.T) {
	key, other := edKey(t), edKey(t)
	lines := lineOf(knownhosts.HashHostname("c1"), key) +
		lineOf(knownhosts.HashHostname("[c1]:2222"), other) + manyHashed(t)
	require.ErrorContains(t, parsed(t, lines).Policy("c1", 2222).Check(key.PublicKey()), "CHANGED")
	require.NoError(t, parsed(t, lines).Policy("c1", 2222).Check(other.PublicKey()))
	require.NoError(t, parsed(t, lines).Policy("c1", 2223).Check(key.PublicKey()), "no line with this port")
}

func TestCompleteFindsTheAlgorithmsOfHashedLines(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	rsaSigner, err := ssh.NewSignerFromKey(rsaKey)
	require.NoError(t, err)
	p := parsed(t, lineOf(knownhosts.HashHostname("c1"), rsaSigner)+manyHashed(t)).Policy("c1", 22)
	require.Equal(t, []string{ssh.KeyAlgoED25519, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}, p.Algorithms())
	require.Equal(t, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}, p.Complete().Algorithms())
}

// BenchmarkHashedKnownHosts looks 5,000 hosts up that have a hashed line each.
func BenchmarkHashedKnownHosts(b *testing.B) {
	var text strings.Builder
	var keys []ssh.PublicKey
	for i := range 5000 {
		s := edKey(b)
		keys = append(keys, s.PublicKey())
		text.WriteString(lineOf(knownhosts.HashHostname(fmt.Sprintf("host%d", i)), s))
	}
	for b.Loop() {
		k := parsed(b, text.String())
		for i, key := range keys {
			p := k.Policy(fmt.Sprintf("host%d", i), 22)
			p.Algorithms()
			require.NoError(b, p.Check(key))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(keys)), "us/host")
}

func TestHostKeyAlgorithmsAreTheHostsOwn(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rsaSigner, err := ssh.NewSignerFromKey(rsaKey)
	require.NoError(t, err)
	ecSigner, err := ssh.NewSignerFromKey(ecKey)
	require.NoError(t, err)
	lines := lineOf("r", rsaSigner) + lineOf("e", ecSigner) + lineOf("b", ecSigner) + lineOf("b", edKey(t)) +
		"@cert-authority " + lineOf("c,b", edKey(t))
	algorithms := func(host string) []string { return parsed(t, lines).Policy(host, 22).Algorithms() }
	require.Equal(t, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}, algorithms("r"))
	require.Equal(t, []string{ssh.KeyAlgoECDSA256}, algorithms("e"))
	require.Equal(t, append(certAlgorithms(), ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256), algorithms("b"))
	require.Equal(t, append(certAlgorithms(), plainAlgorithms()...), algorithms("c"))
	for _, a := range algorithms("nobody") {
		require.NotContains(t, []string{ssh.KeyAlgoRSA, "ssh-dss"}, a)
	}
}

// TestKnownHostsAsSSHKeygenReadsThem asks ssh-keygen -F which lines are a host's.
func TestKnownHostsAsSSHKeygenReadsThem(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal("ssh-keygen is not installed: make deps installs it")
		}
		t.Skip("ssh-keygen is not installed")
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	names := []string{"c1", "c1.example.com,10.0.0.1", "[c1]:2222", "[c2]:2222,c2", "UPPER", "::1", "[::1]:2222", "c3"}
	var plain strings.Builder
	for _, n := range names {
		plain.WriteString(lineOf(n, edKey(t)))
	}
	require.NoError(t, os.WriteFile(file, []byte(plain.String()), 0o600))
	out, err := exec.Command("ssh-keygen", "-H", "-f", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	hashed, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(hashed), "|1|")
	lines := string(hashed) + "# comment\n\nnonsense\n"
	for _, n := range []string{"*.example.com", "c?", "*,!c1", "c1,c2", "[*]:2222", "[c?.example.com]:2222", "10.*"} {
		lines += lineOf(n, edKey(t))
	}
	lines += "@cert-authority " + lineOf("*.example.com,c3", edKey(t)) + "@revoked " + lineOf("c1", edKey(t))
	require.NoError(t, os.WriteFile(file, []byte(lines), 0o600))
	known, err := Load([]string{file})
	require.NoError(t, err)
	lineNumber := regexp.MustCompile(`found: line (\d+)`)
	for _, host := range []string{
		"c1", "c2", "c3", "c33", "[c1]:2222", "[c2]:2222", "[c9]:2222", "c1.example.com", "x.example.com",
		"[c1.example.com]:2222", "10.0.0.1", "10.1.1.1", "upper", "::1", "[::1]:2222", "nobody.test",
	} {
		out, _ := exec.Command("ssh-keygen", "-F", host, "-f", file).Output()
		var want, got []string
		for _, m := range lineNumber.FindAllStringSubmatch(string(out), -1) {
			want = append(want, file+":"+m[1])
		}
		for _, l := range known.match(strings.ToLower(host), known.hashed) {
			got = append(got, l.where)
		}
		slices.Sort(want)
		slices.Sort(got)
		require.Equal(t, want, got, host)
	}
}

// TestKnownHostsAsXCryptoReadsThem compares verdicts with another parser,
// but for patterns and ports, where that one is not like OpenSSH.
func TestKnownHostsAsXCryptoReadsThem(t *testing.T) {
	key, other := edKey(t), edKey(t)
	files := []string{
		lineOf("c1", key), lineOf("c1", other), lineOf("c2", key), lineOf("c1,c2", key) + lineOf("c1", other),
		lineOf(knownhosts.HashHostname("c1"), key), lineOf(knownhosts.HashHostname("[c1]:2222"), key),
		lineOf("[c1]:2222", key), "@revoked " + lineOf("c1", key) + lineOf("c1", key),
	}
	for _, text := range files {
		name := filepath.Join(t.TempDir(), "known_hosts")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		oracle, err := knownhosts.New(name)
		require.NoError(t, err)
		for _, port := range []int{22, 2222} {
			ours, err := Load([]string{name})
			require.NoError(t, err)
			want := oracle(fmt.Sprintf("c1:%d", port), &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: port}, key.PublicKey())
			policy := ours.Policy("c1", port)
			policy.lines = ours.match(map[int]string{22: "c1", 2222: "[c1]:2222"}[port], ours.hashed)
			require.Equal(t, want == nil, policy.Check(key.PublicKey()) == nil, "%d %s", port, text)
		}
	}
}

func TestARevocationThatCannotBeReadIsAnError(t *testing.T) {
	k := New(nil)
	require.ErrorContains(t, k.parse("known_hosts", strings.NewReader("\n@revoked * ssh-ed25519 AAAA\n")), "known_hosts:2")
	for _, mark := range []string{"@Revoked", "@revoke", "@revoked,", "@REVOKED", "@", "@cert-authorit"} {
		key := edKey(t)
		err := New(nil).parse("known_hosts", strings.NewReader(lineOf("c1", key)+"  "+mark+" "+lineOf("c1", key)))
		require.ErrorContains(t, err, "known_hosts:2: not a known_hosts line", mark)
	}
}

func FuzzKnownHosts(f *testing.F) {
	f.Add(lineOf("c1,*.x,!c2", edKey(f)), "c1")
	f.Add("@cert-authority "+lineOf(knownhosts.HashHostname("c1"), edKey(f)), "c1")
	f.Add("@revoked * ssh-rsa AAAA", "")
	f.Fuzz(func(_ *testing.T, text, host string) {
		k := New(nil)
		if k.parse("f", strings.NewReader(text)) != nil {
			return
		}
		p := k.Policy(host, 22)
		p.Algorithms()
		for _, l := range p.lines {
			if l.mark == "" {
				_ = p.Check(l.key)
			}
		}
	})
}

// TestAddresses: no name of a host has a space, a user or a path.
func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{"c1": "c1 22", "c1:2222": "c1 2222", "2001:db8::1": "2001:db8::1 22",
		"[2001:db8::1]:2222": "2001:db8::1 2222", "fe80::1%eth0": "fe80::1%eth0 22"} {
		host, port, err := SplitAddress(address)
		require.NoError(t, err, address)
		require.Equal(t, want, fmt.Sprint(host, " ", port))
	}
	for _, address := range []string{"a b", " a", "a\n", "root@c1", "ssh://c1", "c1/", "c1:port", "c1:0", "c1:65536",
		":22", "a\x00"} {
		_, _, err := SplitAddress(address)
		require.EqualError(t, err, "neither host nor host:port", "%q", address)
	}
}
