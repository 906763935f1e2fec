package wire

import (
	_ "embed"
	"strings"
)

//go:embed program.sh
var source string

// Program is the text that /bin/sh runs, on one line.
func Program() string {
	var b strings.Builder
	sep := ""
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		b.WriteString(sep)
		b.WriteString(line)
		sep = "; "
		if open(line) {
			sep = " "
		}
	}
	return b.String()
}

// open reports whether a command goes on after the line.
func open(line string) bool {
	for _, end := range []string{"{", "then", "do", "else", " in", ";;", "|", "&&", "||", " &"} {
		if strings.HasSuffix(line, end) {
			return true
		}
	}
	return false
}

// Command is the command line that runs the program from any login shell,
// with an empty environment, through sudo when asked to.
func Command(sudo bool) string {
	if sudo {
		return "exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sudo -n -- /bin/sh -c '" + Program() + "'"
	}
	return "exec /usr/bin/env -i /bin/sh -c '" + Program() + "'"
}
