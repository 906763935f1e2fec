// Package words makes libvirt's words fit for an error.
package words

import (
	"strings"
	"unicode"

	"github.com/cephstack/cephstack"
)

const (
	// longest is how many bytes of a text are looked at. It is far more than an error has.
	longest = 64 << 10
	// most is how many bytes of the words an error has.
	most = 400
)

// Printable makes one line of s, without prefixes, excess, and what is not printable. A secret
// that is not empty is taken out.
func Printable(s, secret string) string {
	s = strings.ToValidUTF8(s, "?")
	if secret != "" {
		s = strings.ReplaceAll(s, secret, "[redacted]")
	}
	if len(s) > longest {
		s = s[:longest]
		if end := strings.LastIndexAny(s, " \n"); end >= 0 {
			s = s[:end] // without half a word, which may be half a secret
		}
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
