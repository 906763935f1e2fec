package cephstack

import (
	"regexp"
)

// What programs print before a text that they could not read: Ceph of a keyring and of a key, oslo.config and Python of
// a line. What is behind it may be a secret, to the end of the line or of the quotes.
var (
	unreadKeyring = regexp.MustCompile(`(?m)(\btype=\S+ val=).*?(: Malformed|$)`)
	unreadKey     = regexp.MustCompile(`(\bdecode key )(?:'[^'\n]*'?|"[^"\n]*"?)`)
	unreadLine    = regexp.MustCompile(`(?m)((?:in assignment|Key cannot be empty|Unexpected continuation line|` +
		`Invalid section \(must end with \]\)|Empty section name|\[line +\d+\]|\bline \d+): *)["'].*$`)
	// Python's, of a file without a section.
	quotedLine = regexp.MustCompile(`(?m)^(?:'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")$`)
)

// Values of what is called a key, a password, a secret and so on. The value of a password goes to the end of the line
// where blanks are around the sign, as in a configuration file.
var (
	quotedValue = regexp.MustCompile(`(?i)((?:` + anyName + `)\\?["']\s*[:=]\s*)` +
		`(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s,}\]]+)`)
	wholeLine = regexp.MustCompile(`(?im)((?:^[ \t]*(?:` + passwordName + `)\s*[:=]|\b(?:` + passwordName +
		`)(?:[ \t]+=|=[ \t]))[ \t]*).+$`)
	oneWord = regexp.MustCompile(`(?i)(\b(?:(?:` + anyName + `)[ \t]*=|(?:` + passwordName + `):)[ \t]*)` +
		`(?:\[redacted\]|"[^"\n]*"?|'[^'\n]*'?|[^\s"']+)`)
	urlForm = regexp.MustCompile(`(//[^\s:/@]*:)\S+@`)
)

const (
	passwordName = `[\w.-]*(?:password|passwd|passphrase|passcode|secret|token)s?\d*`
	anyName      = passwordName + `|(?:[\w.-]*[_.-])?key|val`
)

// WithoutSecrets is a text of another program without what may be a secret: programs repeat what they cannot read, and
// that may be a keyring, or a line with a password. Taken out are
//   - CephX keys, also cut by a few characters, and base64 and base64url of a text with such a key;
//   - long words of letters of both cases that look random, or end as base64 does;
//   - the password of a URL, and the value of what is called key, val, password, secret or token;
//   - the line that a parser quotes in its error.
//
// Names, paths, UUIDs, digests in hexadecimal digits and public keys of SSH stay. A short piece of a key stays, and a
// key in hexadecimal digits.
func WithoutSecrets(text string) string {
	const first = "${1}" + redacted
	text = withoutWords(text) // first, as a word may end like a name of a value
	text = unreadKeyring.ReplaceAllString(text, first+"${2}")
	text = unreadKey.ReplaceAllString(text, first)
	text = unreadLine.ReplaceAllString(text, first)
	text = quotedLine.ReplaceAllString(text, redacted)
	text = quotedValue.ReplaceAllString(text, first)
	text = wholeLine.ReplaceAllString(text, first)
	text = oneWord.ReplaceAllString(text, first)
	return urlForm.ReplaceAllString(text, first+"@")
}
