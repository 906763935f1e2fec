package cephstack

import (
	"regexp"
	"strings"
	"unicode"
)

var shellWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellQuote is a text as one word of a command that a person may paste into a POSIX shell: in single quotes, unless
// it needs none. A shell expands nothing in it. A character that does not print, such as the end of a line, is shown as
// a question mark.
func ShellQuote(text string) string {
	if shellWord.MatchString(text) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
