package bundle

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
	} {
		assert.ElementsMatch(t, want, secretsIn(text, true), text)
	}
	keyring := "[client.cinder]\n\tkey = AQBn==\n\tcaps mon = \"profile rbd\"\n"
	assert.Equal(t, []string{"AQBn=="}, secretsIn(keyring, false))
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
