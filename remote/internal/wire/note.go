package wire

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
)

// A Note says what a run of a unit read when it started.
type Note struct {
	Run  string            // which run of the unit
	Read map[string]string // path to digest, or to "absent"
}

// MaxNote is how many bytes a note may have.
const MaxNote = 64 << 10

const noteHead = "cephstack 1 "

// Render is the note as it is on the host.
func (n Note) Render() []byte {
	b := []byte(noteHead + n.Run + "\n")
	for _, p := range slices.Sorted(maps.Keys(n.Read)) {
		b = append(b, n.Read[p]+" "+p+"\n"...)
	}
	return b
}

// isSum reports whether a note may give this for a file: its digest, or that it is absent.
func isSum(text string) bool {
	return text == "absent" || len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// ParseNote reads a note. ok is false for what is not a note as a whole.
func ParseNote(b []byte) (n Note, ok bool) {
	control := func(r rune) bool { return (r < ' ' && r != '\n') || r == 0x7f }
	text, whole := strings.CutSuffix(string(b), "\n")
	if !whole || len(b) > MaxNote || bytes.ContainsFunc(b, control) {
		return Note{}, false
	}
	lines := strings.Split(text, "\n")
	n.Run, ok = strings.CutPrefix(lines[0], noteHead)
	if !ok || n.Run == "" || strings.Contains(n.Run, " ") {
		return Note{}, false
	}
	n.Read = map[string]string{}
	for _, line := range lines[1:] {
		sum, file, _ := strings.Cut(line, " ")
		if !isSum(sum) || !path.IsAbs(file) || path.Clean(file) != file || n.Read[file] != "" {
			return Note{}, false
		}
		n.Read[file] = sum
	}
	return n, true
}
