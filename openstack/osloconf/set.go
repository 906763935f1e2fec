package osloconf

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Set makes option effective with value. It rewrites the line that counts. When no
// line sets the option, it adds a line behind a commented-out default of that name, or
// else at the section's end, and makes the section when there is none. A value that
// would not read back as itself (line breaks, surrounding quotes or white space) is
// refused. When the value is in effect already, no byte changes. A "$" is written as
// it is.
func (f *File) Set(section, option, value string) error {
	k := key(option)
	if reason := refuse(section, k); reason != "" {
		return &Error{Section: section, Option: option, Reason: reason}
	}
	p, n := f.find(fold(section), k)
	if p >= 0 && f.parts[p].nodes[n].value() == value {
		return nil
	}
	if reason := refuseValue(value); reason != "" {
		return &Error{Section: section, Option: option, Reason: reason}
	}
	if p >= 0 {
		f.parts[p].nodes[n].rewrite(value)
		return nil
	}
	text := strings.TrimRight(k+" = "+value, " ")
	if p, n = f.place(section, k); p < 0 {
		p, n = f.grow(section), 0
	}
	f.insert(p, n, node{raw: text, key: k, kind: assignment})
	return nil
}

// Unset removes every line that sets option.
func (f *File) Unset(section, option string) {
	folded, k := fold(section), key(option)
	for i := range f.parts {
		if p := &f.parts[i]; p.header != "" && p.folded == folded {
			p.nodes = slices.DeleteFunc(p.nodes, func(n node) bool {
				return n.kind == assignment && n.key == k
			})
		}
	}
}

// DropEmpty removes the headers of a section that has nothing but blank lines, and reports whether there was one. At
// the end of the file, the blank line above the header goes, too, which Set puts there.
func (f *File) DropEmpty(section string) bool {
	folded, dropped := fold(section), false
	for i := len(f.parts) - 1; i >= 0; i-- {
		p := f.parts[i]
		if p.header == "" || p.folded != folded ||
			slices.ContainsFunc(p.nodes, func(n node) bool { return n.kind != blank }) {
			continue
		}
		last := i == len(f.parts)-1
		f.parts, dropped = slices.Delete(f.parts, i, i+1), true
		if i == 0 || !last {
			continue
		}
		above := &f.parts[i-1]
		if n := len(above.nodes); n > 0 && above.nodes[n-1].kind == blank {
			above.nodes = above.nodes[:n-1]
		}
	}
	return dropped
}

// refuse says why a file cannot hold an option of that name.
func refuse(section, key string) string {
	switch {
	case section == "":
		return "empty section name"
	case strings.ContainsAny(section, "\r\n") || !utf8.ValidString(section):
		return "section name has a line break or is not UTF-8"
	case key == "":
		return "empty option name"
	case strings.ContainsAny(key, "\r\n:=") || !utf8.ValidString(key):
		return "option name has a line break, : or =, or is not UTF-8"
	case strings.ContainsAny(key[:1], "[#;") || trim(key) != key:
		return "option name starts or ends with a character that means something else"
	}
	return ""
}

// refuseValue says why a line cannot hold the value.
func refuseValue(value string) string {
	switch {
	case strings.ContainsAny(value, "\r\n"):
		return "value has a line break"
	case !utf8.ValidString(value):
		return "value is not UTF-8"
	case trim(value) != value:
		return "value starts or ends with white space"
	case quoted(value):
		return "value has quotes around it, which oslo.config drops"
	}
	return ""
}

// rewrite changes the value of an assignment. It keeps the text in front of the value
// and the line end.
func (n *node) rewrite(value string) {
	line, _ := cut(n.raw)
	prefix, old := split(trimRight(line))
	if old == "" && strings.HasSuffix(prefix[:len(prefix)-1], " ") {
		prefix += " " // "option =" goes on as it began
	}
	if value == "" {
		prefix = trimRight(prefix)
	}
	n.raw = prefix + value + lineEnd(n.raw)
}

// place gives the place for a new line: behind the commented-out default, or else at
// the end of the section. It gives -1 when the file does not have the section.
func (f *File) place(section, key string) (part, node int) {
	part = -1
	strict := false
	folded, found := fold(section), false
	for p := range f.parts {
		if f.parts[p].header == "" || f.parts[p].folded != folded {
			continue
		}
		for n, c := range f.parts[p].nodes {
			if c.kind != comment {
				continue
			}
			if match, exact := isDefault(c.raw, key); match && (exact || !strict) {
				part, node, strict, found = p, n+1, exact, true
			}
		}
		if !found && (part < 0 || f.parts[p].name == section || f.parts[part].name != section) {
			part, node = p, f.end(p)
		}
	}
	return part, node
}

// isDefault reports whether a comment line is "#key = …" or "# key = …". It is exact
// without the space, as oslo-config-generator writes defaults; prose has the space.
func isDefault(line, key string) (match, exact bool) {
	body := line[1:]
	exact = !strings.HasPrefix(body, " ")
	body, ok := strings.CutPrefix(strings.TrimPrefix(body, " "), key)
	return ok && strings.HasPrefix(strings.TrimLeft(body, " \t"), "="), exact
}

// end gives the place behind the last line that belongs to a part. Blank lines at the
// end do not belong to it, nor do comment lines right above the next header.
func (f *File) end(p int) int {
	nodes := f.parts[p].nodes
	n := len(nodes)
	if p+1 < len(f.parts) {
		for n > 0 && nodes[n-1].kind == comment && !looksDefault(nodes[n-1].raw) {
			n--
		}
	}
	if n == 0 {
		n = len(nodes) // all are comments right below the header of the part
	}
	for n > 0 && nodes[n-1].kind == blank {
		n--
	}
	return n
}

// looksDefault reports whether a comment is a commented-out assignment.
func looksDefault(line string) bool {
	at := strings.IndexByte(line, '=')
	return at > 1 && line[1] != ' ' && !strings.ContainsAny(strings.TrimRight(line[1:at], " \t"), " \t#;")
}

// grow adds a section at the file's end and gives its part.
func (f *File) grow(section string) int {
	end := f.lineEnd()
	if p := len(f.parts) - 1; p >= 0 {
		f.insert(p, len(f.parts[p].nodes), node{kind: blank})
		if nodes := f.parts[p].nodes; len(nodes) > 1 && nodes[len(nodes)-2].kind == blank {
			f.parts[p].nodes = nodes[:len(nodes)-1]
		}
	}
	f.parts = append(f.parts, part{header: "[" + section + "]" + end, name: section, folded: fold(section)})
	return len(f.parts) - 1
}

// insert adds a node as number n of a part. The raw text of the node has no line end
// yet. When the line above is the last of the file and has no line end, insert adds it.
func (f *File) insert(p, n int, add node) {
	to := &f.parts[p]
	above := &to.header
	if n > 0 {
		above = &to.nodes[n-1].raw
	}
	end := lineEnd(*above)
	if end == "" {
		end = f.lineEnd()
		if *above != "" {
			*above += end
		}
	}
	add.raw += end
	to.nodes = slices.Insert(to.nodes, n, add)
}

// lineEnd gives the line end of the first line of the file, or "\n".
func (f *File) lineEnd() string {
	for _, p := range f.parts {
		if end := lineEnd(p.header); end != "" {
			return end
		}
		for _, n := range p.nodes {
			line, _ := cut(n.raw)
			if end := lineEnd(line); end != "" {
				return end
			}
		}
	}
	return "\n"
}

// lineEnd gives the line end of a line. It is empty when the line has no line end.
func lineEnd(line string) string {
	switch {
	case strings.HasSuffix(line, "\r\n"):
		return "\r\n"
	case strings.HasSuffix(line, "\n"):
		return "\n"
	case strings.HasSuffix(line, "\r"):
		return "\r"
	}
	return ""
}
