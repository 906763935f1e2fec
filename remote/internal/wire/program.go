package wire

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed program/*.sh
var source embed.FS

// parts are the files of the program, in their order: the first one sets up what
// all need, and the last one begins to serve.
func parts() []string {
	return []string{"input", "file", "read", "write", "attr", "unit", "package", "run", "serve"}
}

// Program is the text that /bin/sh runs, on one line.
func Program() string { return program() }

var program = sync.OnceValue(join)

// lines gives the lines of all parts.
func lines(yield func(string) bool) {
	for _, part := range parts() {
		text, err := source.ReadFile("program/" + part + ".sh")
		if err != nil { // it is not built in, which a test would show
			return
		}
		for line := range strings.Lines(string(text)) {
			if !yield(line) {
				return
			}
		}
	}
}

// join puts the program on one line, without comments.
func join() string {
	var b strings.Builder
	sep := ""
	for line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		line, goesOn := strings.CutSuffix(line, " \\")
		b.WriteString(sep)
		b.WriteString(line)
		sep = "; "
		if goesOn || open(line) {
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
// with an empty environment, through sudo when asked to. A first request may
// go along, as Inline gives it.
func Command(sudo bool, inline string) string {
	run := "/bin/sh -c '" + Program() + "' sh '" + inline + "'"
	if sudo {
		return "exec /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sudo -n -- " + run
	}
	return "exec /usr/bin/env -i " + run
}

// maxInline keeps the command line below the kernel's limit for an argument,
// and below the size that every SSH packet can have.
const maxInline = 5376

// Inline writes a request without data as an argument of the program: in the
// escapes of printf %b, and without any character that a login shell would
// change. ok is false when the argument would be too long: then the request has
// to go to standard input.
func Inline(request []byte) (text string, ok bool) {
	if len(request) > maxInline {
		return "", false
	}
	var b strings.Builder
	for _, c := range request {
		if c == ' ' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "\\0%03o", c)
		}
	}
	return b.String(), b.Len() <= maxInline
}

const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=,+@%-"

// Uninline is the reverse of Inline. ok is false for a text that Inline does not
// make.
func Uninline(text string) (request []byte, ok bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\\' {
			request = append(request, c)
			continue
		}
		if len(text)-i < 5 || text[i+1] != '0' {
			return nil, false
		}
		n, err := strconv.ParseUint(text[i+2:i+5], 8, 8)
		if err != nil {
			return nil, false
		}
		request = append(request, byte(n))
		i += 4
	}
	return request, true
}

// Commanded gives the first request of a command line. ok is false for a command
// line that Command does not make.
func Commanded(command string) (inline string, ok bool) {
	for _, sudo := range []bool{false, true} {
		before, after, _ := strings.Cut(Command(sudo, "\x00"), "\x00")
		rest, found := strings.CutPrefix(command, before)
		inline, ended := strings.CutSuffix(rest, after)
		if found && ended {
			return inline, true
		}
	}
	return "", false
}
