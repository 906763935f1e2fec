package cli

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// colors tells whether a text has colors.
type colors bool

// The values of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// colorsOf tells whether what goes to a stream has colors: always, never, or where the stream is a terminal that shows
// them, and nobody has said NO_COLOR (https://no-color.org).
func colorsOf(when string, stream any) (colors, error) {
	switch when {
	case colorAlways:
		return true, nil
	case colorNever:
		return false, nil
	case colorAuto:
		_, shows := terminal(stream)
		return colors(shows && os.Getenv("NO_COLOR") == ""), nil
	}
	return false, fmt.Errorf("--color: %q is none of auto, always and never", when)
}

// A marked line begins with a sign of a plan, or with a word that says how something went. The signs are where a plan
// has them, so that a line of a file in a plan has no color.
var marked = regexp.MustCompile(`(?m)^(?:(  |    )([+~!-])( .*)|(PROBLEM|note|begins|ends|planned|` +
	`applied|unchanged|(?i:done|failed|fail|pass|unable|unknown|skipped|cancelled|waits|goes on|added|not known|` +
	`changed))` +
	`((?:[: ].*)?))$`)

const (
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
	cyan    = "36"
)

// colorOf is the color of a sign or of a word; empty for none.
func colorOf(word string) string {
	switch strings.ToLower(word) {
	case "+", "applied", "done", "pass", "added", "goes on", "ends":
		return green
	case "~", "waits", "skipped", "cancelled", "not known", "unchanged":
		return yellow
	case "-", "failed", "fail", "unable", "unknown", "problem", "changed":
		return red
	case "!":
		return magenta
	case "note":
		return cyan
	}
	return ""
}

// text is a printable text with colors.
func (c colors) text(text string) string {
	if !c {
		return text
	}
	return marked.ReplaceAllStringFunc(text, func(line string) string {
		m := marked.FindStringSubmatch(line)
		before, word, after := m[1], m[2]+m[4], m[3]+m[5]
		color := colorOf(word)
		if color == "" {
			return line
		}
		return before + "\x1b[" + color + "m" + word + "\x1b[0m" + after
	})
}
