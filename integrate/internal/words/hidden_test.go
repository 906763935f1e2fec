package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/words"
)

// TestAURLTellsWhereItLeads: and not its user part, nor its query.
func TestAURLTellsWhereItLeads(t *testing.T) {
	for url, shown := range map[string]string{
		"redis://:hunter2@10.0.0.1:6379":                     "redis://[redacted]@10.0.0.1:6379",
		"redis://hunter2@[2001:db8::1]:6379/0":               "redis://[redacted]@[2001:db8::1]:6379/0",
		"etcd3+http://u:hunter%40@c1.example.org:2379/locks": "etcd3+http://[redacted]@c1.example.org:2379/locks",
		"mysql+pymysql://cinder:hunter2@db/cinder?a=hunter":  "mysql+pymysql://[redacted]@db/cinder?[redacted]",
		"redis://10.0.0.1:6379?password=hunter2":             "redis://10.0.0.1:6379?[redacted]",
		"etcd3+http://203.0.113.5:2379":                      "etcd3+http://203.0.113.5:2379",
		"file:///var/lib/cinder":                             "file:///var/lib/cinder",
		"redis://u:hunter2@c1:6379?ssl":                      "redis://[redacted]@c1:6379?[redacted]",
	} {
		kept := words.Value("[coordination] backend_url", url)
		assert.Equal(t, shown, words.Shown(kept), url)
		assert.NotContains(t, kept, "hunter2")
		if strings.Contains(shown, "redacted") {
			other := strings.Replace(url, "hunter", "hunted", 1)
			assert.NotEqual(t, kept, words.Value("[coordination] backend_url", other), url)
		}
	}
}

// TestWhatIsNotSurelyAURLIsNotShown: a password may have any character.
func TestWhatIsNotSurelyAURLIsNotShown(t *testing.T) {
	for _, text := range []string{"hunter2", "redis://:hunt/er2@c1", "redis://u:12/er2@c1", "redis://u:12?er2@c1",
		"redis://u:hunter@2@c1", "redis://u:hunter#2@c1", "redis://u:12#er2@c1", "redis://u:hunter 2@c1:6379",
		"//u:hunter2@c1",
		"redis://u:hunter2@", "rabbit://u:hunter2@c1:5672,u:hunter2@c2:5672/", "redis://c1:6379/a hunter2",
		"redis://u:hunter2@c1:6379\nx", "redis://u:hunter2@c1:port", "redis://hunter2é", "redis:u:hunter2@c1"} {
		for _, field := range []string{"[coordination] backend_url", "[DEFAULT] transport_url"} {
			assert.Equal(t, "[redacted]", words.Shown(words.Value(field, text)), text)
		}
	}
}

// TestAPairThatLooksTheSame says that its values differ.
func TestAPairThatLooksTheSame(t *testing.T) {
	const field = "[coordination] backend_url"
	pair := func(a, b string) []string {
		have, want := words.ShownPair(words.Value(field, a), words.Value(field, b))
		return []string{have, want}
	}
	assert.Equal(t, []string{"redis://[redacted]@c1", "redis://[redacted]@c1 (what is redacted differs)"},
		pair("redis://:a@c1", "redis://:b@c1"))
	assert.Equal(t, []string{"redis://[redacted]@c1", "redis://[redacted]@c2"}, pair("redis://:a@c1", "redis://:b@c2"))
	assert.Equal(t, []string{"[redacted]", "[redacted] (what is redacted differs)"}, pair("a b", "a c"))
	assert.Equal(t, []string{"", "redis://c1"}, pair("", "redis://c1"))
}
