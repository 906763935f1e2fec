package words

import (
	"regexp"
	"strings"

	"github.com/cephstack/cephstack"
)

// secretOption is the name of an option that holds a secret. Names of files, such as keyring or ssl_key_file, and
// options that are about passwords, such as password_length, are not.
var secretOption = regexp.MustCompile(`(?i)(?:password|passwd|passphrase|passcode|secret|token|` +
	`(?:^|[^a-z])(?:pass|key|keys|jwt)|(?:access|api|private)key)s?[_ -]?\d*$`)

// secretRegistered are options that OpenStack registers as secret, and whose names do not say so. Most are URLs.
var secretRegistered = regexp.MustCompile(`(?i)^(?:transport_url|(?:slave_|sql_)?connection|connection_string|` +
	`backend_url|replication_device|approle_role_id|root_token_id|approle_secret_id)$`)

var uuidForm = regexp.MustCompile(`(?i)^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$`)

// plainForm is a value that is never a secret: of options such as inject_password.
var plainForm = regexp.MustCompile(`(?i)^(?:true|false|yes|no|on|off)?$`)

// Value is the value of a field as a plan keeps it, which a text shows as Shown gives it. A value that may be a secret
// is not there itself: of a key, there is the digest; of all else, which people may have chosen, what Hidden gives.
// The name of the field says that a value may be a secret, such as "[ceph] san_password", or the value has what
// WithoutSecrets of package cephstack takes out. A UUID of a libvirt secret is no secret. Of a text of several lines in
// the field content or rules, each line is looked at by itself.
func Value(field, value string) string {
	option := field[strings.LastIndex(field, "]")+1:]
	option = strings.TrimSpace(option)
	switch {
	case plainForm.MatchString(value):
		return value
	case field == "key" || field == "value": // digests and fingerprints, made by the kinds of resources
	case strings.HasSuffix(strings.ToLower(option), "secret_uuid"):
		if !uuidForm.MatchString(value) {
			return Hidden(value)
		}
		return value
	case secretRegistered.MatchString(option):
		if shown, ok := hiddenURL(value); ok {
			return shown
		}
		return Hidden(value)
	case secretOption.MatchString(option):
		return Hidden(value)
	}
	if field != "content" && field != "rules" {
		return shownUnlessSecret(value)
	}
	lines := strings.Split(value, "\n")
	for i, line := range lines {
		lines[i] = shownUnlessSecret(line)
	}
	return strings.Join(lines, "\n")
}

// shownUnlessSecret is a text, or what a plan keeps of it if something in it may be a secret.
func shownUnlessSecret(text string) string {
	told := strings.ReplaceAll(text, "NOPASSWD:", "") // a word of sudo, not the name of a password
	without := cephstack.WithoutSecrets
	if !strings.ContainsAny(told, `=:'"`) {
		without = cephstack.WithoutKeys // the same for a text without names of values and quotes, and much faster
	}
	if without(told) == told {
		return text
	}
	if random := strings.ReplaceAll(text, "@", " "); cephstack.WithoutKeys(random) != random {
		return Digest(text) // with a key in it, nobody guesses the text; without an @, it is not the password of a URL
	}
	if shown, ok := hiddenURL(text); ok {
		return shown
	}
	return Hidden(text)
}
