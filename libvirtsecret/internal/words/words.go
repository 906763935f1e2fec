// Package words makes libvirt's words fit for an error.
package words

import (
	"strings"
	"unicode"

	"github.com/cephstack/cephstack"
)

// most is how many bytes of the words an error has.
const most = 400

// Printable makes one line of s, without prefixes, excess, and what is not printable. A secret
// that is not empty is taken out.
func Printable(s, secret string) string {
	s = strings.ToValidUTF8(s, "?")
	if secret != "" {
		s = strings.ReplaceAll(s, secret, "[redacted]")
	}
	s = cephstack.WithoutSecrets(s) // another value, or the value in base64
	var words []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(strings.TrimPrefix(line, "error: ")); line != "" {
			words = append(words, line)
		}
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.Join(words, "; "))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
