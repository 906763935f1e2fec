package words

import (
	"regexp"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

const (
	redacted = "[redacted]"
	// differs is said of two values that look the same where a text shows them.
	differs = " (what is redacted differs)"
)

// hiddenForm is what Hidden gives.
var hiddenForm = regexp.MustCompile(`\[redacted sha256:[0-9a-f]{8}\]`)

// urlParts are the parts of a URL: scheme, user, host with port, path, query. A password may have any character. So the
// form is strict: what may be a part of a password is in no part that is shown.
var urlParts = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://)([^\s/?#@]*@)?` +
	`((?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)?(/[A-Za-z0-9/_.-]*)?(\?[^\s#@]*)?$`)

// Hidden is what a plan keeps of a secret that somebody may have chosen, such as a password: that there is one, and its
// digest, so that a stored plan notices another one. Whoever has the digest can try guesses. So only the stored plan
// has it, and no text; see Shown. A key of Ceph is not guessed, and is its digest alone.
func Hidden(secret string) string {
	if _, err := ceph.ParseKey(secret); err == nil || secret == "" {
		return Digest(secret)
	}
	return strings.TrimSuffix(redacted, "]") + " " + Digest(secret) + "]"
}

// hiddenURL is Hidden for a URL, of which scheme, host, port and path stay. ok is false where it is not surely a URL.
func hiddenURL(text string) (shown string, ok bool) {
	p := urlParts.FindStringSubmatch(text)
	if p == nil || p[2] != "" && p[3] == "" {
		return "", false
	}
	scheme, user, host, path, query := p[1], p[2], p[3], p[4], p[5]
	if bare := scheme + host + path; cephstack.WithoutSecrets(bare) != bare {
		return "", false
	}
	if user != "" {
		user = Hidden(text) + "@"
	}
	switch {
	case query != "" && user != "":
		query = "?" + redacted
	case query != "":
		query = "?" + Hidden(text)
	}
	return scheme + user + host + path + query, true
}

// Shown is a value that a plan keeps as a text shows it.
func Shown(value string) string { return hiddenForm.ReplaceAllString(value, redacted) }

// ShownPair is Shown for the values of a difference. Where they look the same, the second one says that they are not.
func ShownPair(observed, desired string) (have, want string) {
	have, want = Shown(observed), Shown(desired)
	if have == want && observed != desired {
		want += differs
	}
	return have, want
}
