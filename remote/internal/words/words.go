// Package words makes other people's words fit for an error.
package words

import (
	"strings"
	"unicode"
)

// Printable makes one line of s without control characters and without what
// looks like a secret, and keeps its end when it is longer than limit: what went
// wrong is said last.
func Printable(s string, limit int) string {
	var lines []string
	for line := range strings.Lines(Masked(s)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.Join(lines, " | "))
	if r := []rune(s); len(r) > limit {
		return "…" + string(r[len(r)-limit:])
	}
	return s
}
