package bundle

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/spec"
)

// TestSecretsOfConfigurationFiles: the values of options that hold secrets, and no others.
func TestSecretsOfConfigurationFiles(t *testing.T) {
	for text, want := range map[string][]string{
		"[DEFAULT]\ndebug = True\nhost = compute1\n":                        nil,
		"[DEFAULT]\n# password = old\n;password = older\n":                  nil,
		"[x]\npassword = a b=c\n":                                           {"a b=c"},
		"[x]\npassword: 'quoted'\n":                                         {"quoted", "'quoted'"},
		"transport_url = rabbit://u:p%40ss@h1:5672/\n":                      {"p%40ss"},
		"transport_url=rabbit://u:one@host1:5672,u:tw@o@[::1]:5672/v?x=1":   {"one", "tw@o"},
		"connection = mysql://nova:p@ss,word@db/nova\n":                     {"p@ss,word"},
		"connection = sqlite:////var/lib/nova.db\n":                         nil,
		"[database]\nconnection =\n  mysql://nova:goes-on@db/nova\nx = 1\n": {"goes-on"},
		"[key_manager]\nfixed_key = 0123456789abcdef\n":                     {"0123456789abcdef"},
		"rbd_secret_uuid = 3f0e5a9e-1c1b-4c7e-9d5b-0b7c5b1e2f11\n":          nil,
		"api_keys = first-key,second-key": {"first-key,second-key", "first-key",
			"second-key"},
		"[x]\npassword =\n  [looks-like-a-section]\n  #and-a-comment\n": {"[looks-like-a-section]", "#and-a-comment"},
		"[x]\npassword = pa$$word\n":                                    {"pa$$word", "pa$word"},
		"rabbit = thing\n[x]\npassword = $rabbit":                       {"$rabbit", "thing"},
		"[y]\na = b${z.n}c\n[z]\nn = deep\n[x]\ntransport_url = rabbit://u:${y.a}@h/": {"${y.a}", "b${z.n}c", "bdeepc",
			"deep"},
		"admin_pwd = one\nsan_pw = two\npw_length = 3":               {"one", "two"},
		"connection = mysql://u:one@h/d?ssl=1&passwd=two":            {"one", "two"},
		"<UserName>u</UserName><UserPassword>a&amp;b</UserPassword>": {"a&b"},
		`"password": "in JSON",`:                                     {"in JSON", `"in JSON"`},
		"password = $password":                                       {"$password"},
	} {
		assert.ElementsMatch(t, want, secretsIn(text, true), text)
	}
	keyring := "[client.cinder]\n\tkey = AQBn==\n\tcaps mon = \"profile rbd\"\n"
	assert.Equal(t, []string{"AQBn=="}, secretsIn(keyring, false))
}

// TestAReplicationDeviceHasSecretsOfItsOwn: its value has the options of another backend.
func TestAReplicationDeviceHasSecretsOfItsOwn(t *testing.T) {
	all := secretsIn("replication_device = backend_id:b, san_ip:10.0.0.1, san_password:one, api_token:two", true)
	assert.Subset(t, all, []string{"one", "two"})
	assert.NotContains(t, all, "10.0.0.1")
}

// TestAHostMayNotHaveAnyNumberOfSecrets: each costs time and memory, and a host that lies has as many as it likes.
func TestAHostMayNotHaveAnyNumberOfSecrets(t *testing.T) {
	var many, loop strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "password = secret%d\n", i)
	}
	loop.WriteString("password = $a0\n")
	for i := range 40 {
		fmt.Fprintf(&loop, "a%d = $a%d$a%[2]d$a%[2]d\n", i, (i+1)%40)
	}
	for text, bad := range map[string]bool{many.String(): true, "password = " + strings.Repeat("x", 1<<20): true,
		loop.String(): false} {
		var c config
		c.read(text, true)
		_, err := c.secrets()
		assert.Equal(t, bad, err != nil)
	}
}

// FuzzSecretsIn never fails, and a password is always found.
func FuzzSecretsIn(f *testing.F) {
	f.Add("[a]\nb = c\n", "pw")
	f.Add(" goes on\n[", "'x'")
	f.Fuzz(func(t *testing.T, before, password string) {
		if len(values(password)) == 0 || !isSecret("", "password", password) {
			return // such as "true"
		}
		for _, r := range password {
			if r <= ' ' || r > '~' {
				return
			}
		}
		assert.Contains(t, secretsIn(before+"\n[z]\npassword = "+password+"\n", true), values(password)[0])
	})
}

// TestSecretsOfASpecAreThoseOfItsTexts, and not only as YAML writes them.
func TestSecretsOfASpecAreThoseOfItsTexts(t *testing.T) {
	s := spec.Spec{Cinder: &spec.Cinder{Coordination: spec.NewSecret("redis://:coord-pw@h"), Backends: []spec.Backend{{
		Options: map[string]string{"san_password": "p\u00e4ss\u200bword: x", "san_ip": "10.0.0.1",
			"chap_secret": "one1\ntwo2"}}}}}
	all := secretsOfSpec(reflect.ValueOf(s))
	assert.Subset(t, all, []string{"coord-pw", "p\u00e4ss\u200bword: x", "one1", "two2"})
	assert.NotContains(t, all, "10.0.0.1")
	var text strings.Builder
	for _, f := range (Contents{Spec: s}).files(t.Context(), Options{}.filled()) {
		text.WriteString(f.text)
	}
	for _, secret := range []string{"coord-pw", "word: x", "one1", "two2"} {
		assert.NotContains(t, text.String(), secret)
	}
}
