package osloconf

import "strings"

// A File is an oslo.config INI file that keeps every byte it was not asked to
// change: comments, order, indentation, blank lines and line ends. The zero
// File is an empty file.
type File struct {
	parts []part
}

// A part is a section header with the lines below it. The first part has no header
// when the file does not start with a header.
type part struct {
	header string // the whole line with its line end; empty in the first part
	name   string // as written
	folded string // as compared
	nodes  []node
}

// A node is a blank line, a comment line, or an assignment with all of its
// continuation lines.
type node struct {
	raw  string // with line ends
	key  string // empty unless an assignment
	kind kind
}

type kind uint8

const (
	blank kind = iota
	comment
	assignment
)

// fold gives the form in which oslo.config compares section names.
func fold(section string) string {
	if section == "DEFAULT" {
		return section
	}
	return strings.ToLower(section)
}

// key gives the name that oslo.config looks for in a file.
func key(option string) string { return strings.ReplaceAll(option, "-", "_") }

// Lookup returns the effective value of an option (the last one that
// oslo.config would take), as written, without interpolation. The lines of a
// value of several lines are joined by "\n".
func (f *File) Lookup(section, option string) (string, bool) {
	p, n := f.find(fold(section), key(option))
	if p < 0 {
		return "", false
	}
	return f.parts[p].nodes[n].value(), true
}

// find gives the place of the assignment that counts, or -1.
func (f *File) find(folded, key string) (p, n int) {
	for p := len(f.parts) - 1; p >= 0; p-- {
		if f.parts[p].header == "" || f.parts[p].folded != folded {
			continue
		}
		nodes := f.parts[p].nodes
		for n := len(nodes) - 1; n >= 0; n-- {
			if nodes[n].kind == assignment && nodes[n].key == key {
				return p, n
			}
		}
	}
	return -1, -1
}

// Options lists the options that a section sets, in file order, each once
// and as written.
func (f *File) Options(section string) []string {
	var names []string
	seen := map[string]bool{}
	folded := fold(section)
	for _, p := range f.parts {
		if p.header == "" || p.folded != folded {
			continue
		}
		for _, n := range p.nodes {
			if n.kind == assignment && !seen[n.key] {
				seen[n.key] = true
				names = append(names, n.key)
			}
		}
	}
	return names
}

// Sections lists the section names in file order, each once and in its first
// spelling.
func (f *File) Sections() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range f.parts {
		if p.header != "" && !seen[p.folded] {
			seen[p.folded] = true
			names = append(names, p.name)
		}
	}
	return names
}

// Bytes gives the file.
func (f *File) Bytes() []byte {
	size := 0
	for _, p := range f.parts {
		size += len(p.header)
		for _, n := range p.nodes {
			size += len(n.raw)
		}
	}
	b := make([]byte, 0, size)
	for _, p := range f.parts {
		b = append(b, p.header...)
		for _, n := range p.nodes {
			b = append(b, n.raw...)
		}
	}
	return b
}

// Files are the files that one service reads, in the order in which it reads
// them.
type Files []*File

// Lookup returns the effective value of an option: that of the last file
// that sets it.
func (f Files) Lookup(section, option string) (string, bool) {
	for i := len(f) - 1; i >= 0; i-- {
		if f[i] == nil {
			continue
		}
		if v, ok := f[i].Lookup(section, option); ok {
			return v, true
		}
	}
	return "", false
}
