// Package words makes other people's words fit for an error.
package words

import (
	"strings"
	"unicode"

	"github.com/cephstack/cephstack"
)

// longest is how many bytes of a text are looked at. It is far more than any limit.
const longest = 64 << 10

// unseen are characters that count as letters or marks, and show nothing.
func unseen() []*unicode.RangeTable {
	return []*unicode.RangeTable{
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Bidi_Control,
		{R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}}}, // a blank of braille
	}
}

// Printable makes one line of s. It is without control characters, without characters that
// are not seen or turn the direction of the text, and without what looks like a secret. If
// it is longer than limit, it keeps its end: what went wrong is said last.
//
// Of a very long text only the end is looked at, so that the work stays small.
func Printable(s string, limit int) string {
	if len(s) > longest {
		s = s[len(s)-longest:]
		s = s[strings.IndexAny(s, " \n")+1:] // without half a word, which may be half a secret
	}
	var lines []string
	for line := range strings.Lines(cephstack.WithoutSecrets(s)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && !unicode.In(r, unseen()...) {
			return r
		}
		return '?'
	}, strings.Join(lines, " | "))
	if r := []rune(s); len(r) > limit {
		return "…" + string(r[len(r)-limit:])
	}
	return s
}
