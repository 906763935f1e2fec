package words_test

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
)

const key = "AQBSKTlnAAAAABAAmYJxJJ8S8CUXVxfLNbHQXw=="

func TestWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"key = " + key + " is not good":     "key = [redacted] is not good",
		"[client.x]\n\tkey = " + key + "\n": "[client.x]\n\tkey = [redacted]\n",
		`{"key":"` + key + `"}`:             `{"key":[redacted]}`,
		"bad " + base64.StdEncoding.EncodeToString([]byte(key)):  "bad [redacted]",
		"bad AQBAemVoFsKKMRAAMimusAUfifA+LPxjFlrRWw==, no digit": "bad [redacted], no digit",
		"/etc/x/" + key + " x": "[redacted] x",
		// Parsers quote what they cannot read.
		"auth: error parsing file kr: error setting modifier for [client.cinder] type=key val=AQBS KTln: Malformed input"://
		"auth: error parsing file kr: error setting modifier for [client.cinder] type=key val=[redacted]: Malformed input",
		"failed to decode key 'AQBSK'": "failed to decode key [redacted]",
		"val=AQBSK: Malformed":         "val=[redacted] Malformed",
		"key = AQBSKTln!":              "key = [redacted]",
		"No ':' or '=' found in assignment: 'password hunter2 x'": "No ':' or '=' found in assignment: [redacted]",
		"at c.conf:3, Key cannot be empty: \"= it's\"":            "at c.conf:3, Key cannot be empty: [redacted]",
		"Unexpected continuation line: '  hunter2'":               "Unexpected continuation line: [redacted]",
		"file: '/x', line: 1\n'password = hunter2\\n'":            "file: '/x', line: 1\n[redacted]",
		"errors: '/x'\n\t[line  2]: 'hunter2\\n'":                 "errors: '/x'\n\t[line  2]: [redacted]",
		// What is called a secret.
		"password = hunter 2\nx":                                "password = [redacted]\nx",
		"got admin_password=hunter2 from h":                     "got admin_password=[redacted] from h",
		"  rabbit_password: hunter 2":                           "  rabbit_password: [redacted]",
		"bad: 'memcache_secret_key=hunter2' is no option":       "bad: 'memcache_secret_key=[redacted]' is no option",
		`{"password": "hunter \" 2", "user": "x"}`:              `{"password": [redacted], "user": "x"}`,
		"{'auth_token': 'hunter2', 'user': 'x'}":                "{'auth_token': [redacted], 'user': 'x'}",
		"to rabbit://openstack:pa$s/w@rd@10.0.0.1:5672/ failed": "to rabbit://openstack:[redacted]@10.0.0.1:5672/ failed",
		"SomeService says Zm9vYmFyQmF6UXV4MTIzNA==":             "SomeService says [redacted]",
		"token gAAAAABlx0mZ3yq8RkUv7Tn4Wb2Cd9Xe1Lh6Js5Pf-Qg_a0": "token [redacted]",
		// Only of a token or a secret by itself is something said.
		"password: expired":                        "password: [redacted]",
		"the password: expired, passwd: missing":   "the password: [redacted] passwd: [redacted]",
		"auth_token: expired":                      "auth_token: [redacted]",
		"x: admin_token: expired, x-token: valid":  "x: admin_token: [redacted] x-token: [redacted]",
		"a token=expired, secret=missing":          "a token=[redacted] secret=[redacted]",
		"a secret: token: hunter2":                 "a secret: token: [redacted]",
		`{"token": "expired"}`:                     `{"token": [redacted]}`,
		"a token:expired":                          "a token:[redacted]",
		"token: expired hunter2":                   "token: [redacted]",
		"a token: expired-hunter2":                 "a token: [redacted]",
		"a token: expired,hunter2":                 "a token: [redacted]",
		"a token: not hunter2":                     "a token: [redacted] hunter2",
		"a token: hunter2 expired":                 "a token: [redacted] expired",
		"token: hunter\nsecret: expired\ntoken: x": "token: [redacted]\nsecret: expired\ntoken: [redacted]",
	} {
		assert.Equal(t, want, cephstack.WithoutSecrets(text))
	}
}

func TestWhatIsNotSecretStays(t *testing.T) {
	for _, text := range []string{
		"no secret 457eb676-33da-42ec-9a8c-9293d545c337", "Secret not found: no secret with matching uuid",
		"error opening /var/run/libvirt/libvirt-sock/of/daemon", "pool 'images' already exists",
		"cephstack-probe-1a2b3c4d-20261127T113244Z", "cephstack-verify-1a2b3c4d-20261127T113244Z-volume-Fast",
		"/var/lib/docker/volumes/Kolla_1/_data/x/y", "openstack_Production_Cinder_Volumes_01",
		"/etc/ceph/CLUSTER1/keyrings/nova/openstack/keyring", "/var/lib/nova/Instances/457eb676-33da-42ec-9a8c-9293d545c337",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", strings.Repeat("0aF", 43),
		"457EB676-33DA-42EC-9A8C-9293D545C337", strings.Repeat("A", 40),
		"rbd_secret_uuid = 457eb676-33da-42ec-9a8c-9293d545c337",
		"SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8 is not known",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
		"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDl1x2Yb3Zk9QmVn4Rr7Tt0Ww5Hs8Ff6Jj",
		"/usr/lib/python3/dist-packages/oslo_config/cfg.py", "http://h:80/x", "a // b: c@d", "client.cinder-backup",
		"failed to find client.x in keyring", "'volumes' is no pool of 'ceph'",
		"token: expired", "  Token: has expired.\nmore", "HTTP 401: token: expired (log in again)", "secret: not found",
		"keystone: token: is no longer valid; log in", "jwt: token: signature is invalid", "tokens: revoked",
		"SOME_LONG_OPTION_OF_A_PROGRAM=7", "keyring = /etc/ceph/ceph.client.x.keyring",
		"/tmp/TestAnApplyThatIsKilledComesBackWhole1234567/001/x", "No ':' or '=' found in assignment",
	} {
		assert.Equal(t, text, cephstack.WithoutSecrets(text))
	}
}

// TestNoKeyStays makes keys of both sizes, and cuts and encodes them.
func TestNoKeyStays(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	through := map[string]int{}
	for n := range texts() {
		raw := cephx(random, 16+16*(n%2))
		key := base64.StdEncoding.EncodeToString(raw)
		from, to := n/2%3, n/6%3
		form, text := "key", key
		switch n / 2 % 8 {
		case 1, 2, 3:
			form, text = "cut", key[from:len(key)-to]
		case 4:
			form, text = "url", base64.URLEncoding.EncodeToString(raw)[from:]
		case 5:
			form, text = "bare", base64.RawURLEncoding.EncodeToString(raw)[from:]
		case 6:
			form, text = "base64", base64.StdEncoding.EncodeToString([]byte(key))[from:]
		case 7:
			inner := base64.StdEncoding.EncodeToString([]byte("key = " + key))
			form, text = "twice", base64.RawURLEncoding.EncodeToString([]byte(inner))[from:]
		}
		if have := cephstack.WithoutSecrets("a " + text + ", b"); have != "a [redacted], b" {
			if through[form]++; through[form] == 1 {
				t.Errorf("%s of %d: %s", form, len(raw), have)
			}
		}
	}
	require.Empty(t, through)
}

// TestNoTokenStays makes tokens as generators and people do: none is taken for what a program says of a token.
func TestNoTokenStays(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := range texts() {
		alphabet := []string{"abcdefghijklmnopqrstuvwxyz", "0123456789abcdef", "aeinrstdxp",
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"}[n%4]
		token := make([]byte, 4+random.IntN(40))
		for i := range token {
			token[i] = alphabet[random.IntN(len(alphabet))]
		}
		before := []string{"", "a ", "a, auth_", "the secret: "}[n/4%4] + []string{"token: ", "secret: "}[n/16%2]
		have := cephstack.WithoutSecrets(before + string(token) + ", b")
		require.NotContains(t, have, string(token)+",", "%d", n)
	}
}

// texts is how many texts a random test makes.
func texts() int {
	if testing.Short() {
		return 10_000
	}
	return 200_000
}

// cephx is a CephX key with a random time and a random secret of n bytes.
func cephx(random *rand.Rand, n int) []byte {
	raw := make([]byte, 12+n)
	for i := range raw {
		raw[i] = byte(random.Uint32())
	}
	raw[0], raw[1] = byte(n/16), 0
	binary.LittleEndian.PutUint16(raw[10:], uint16(n))
	return raw
}
