// Package words makes the words of Ceph and of its programs fit for an error.
package words

import (
	"strings"
	"unicode"

	"github.com/cephstack/cephstack"
)

const (
	// longest is how many bytes of a text are looked at. It is far more than any limit.
	longest = 64 << 10
	// mostSaid is how many characters of the words of a cluster are kept, and mostLine of a line.
	mostSaid, mostLine = 2000, 300
)

// Said is what a cluster says, without what looks like a secret: the beginning of a long text.
func Said(text string) string {
	if len(text) > longest {
		text = text[:longest]
		if end := strings.LastIndexAny(text, " \n"); end >= 0 {
			text = text[:end] // without half a word, which may be half a secret
		}
	}
	return cut(cephstack.WithoutSecrets(text), mostSaid)
}

// LastLine is the last line of what a program said, without what looks like a secret and without what a terminal would
// take for a command.
func LastLine(text string) string {
	if len(text) > longest {
		text = text[len(text)-longest:]
		text = text[strings.IndexAny(text, " \n")+1:]
	}
	text = cephstack.WithoutSecrets(text)
	return cut(printable(text[strings.LastIndexByte(text, '\n')+1:]), mostLine)
}

// Line joins the lines of somebody else's words, and leaves out what does not print: the beginning of a long text.
func Line(text string) string {
	var lines []string
	for line := range strings.Lines(cut(text, mostSaid)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return printable(strings.Join(lines, " | "))
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// cut is the beginning of a text.
func cut(text string, most int) string {
	count := 0
	for at := range text {
		if count++; count > most {
			return text[:at] + "…"
		}
	}
	return text
}
