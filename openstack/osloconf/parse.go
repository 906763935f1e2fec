package osloconf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parse reads a file by oslo.config's own grammar and refuses what oslo.config
// refuses, with the line number. Errors never quote values.
func Parse(data []byte) (*File, error) {
	text := string(data)
	p := parser{file: &File{}, room: make([]node, 0, strings.Count(text, "\n")+1)}
	valid, next := utf8.ValidString(text), cut
	if !strings.Contains(text, "\r") {
		next = cutUnix
	}
	for text != "" {
		var line string
		line, text = next(text)
		p.line++
		if !valid && !utf8.ValidString(line) {
			return nil, p.fault("not UTF-8")
		}
		if err := p.add(line); err != nil {
			return nil, err
		}
	}
	return p.file, nil
}

// cut splits off the first line with its line end: "\n", "\r\n" or "\r", as
// Python's text files do it.
func cut(text string) (line, rest string) {
	end := strings.IndexAny(text, "\r\n") + 1
	if end == 0 {
		end = len(text)
	} else if strings.HasPrefix(text[end-1:], "\r\n") {
		end++
	}
	return text[:end], text[end:]
}

// cutUnix is cut, four times as fast, for text without "\r".
func cutUnix(text string) (line, rest string) {
	end := strings.IndexByte(text, '\n') + 1
	if end == 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

type parser struct {
	file *File
	line int
	open bool   // whether a continuation line has a value to continue
	room []node // the nodes of all parts in a row, in a single allocation
}

func (p *parser) fault(reason string) error { return &Error{Line: p.line, Reason: reason} }

func (p *parser) add(raw string) error {
	line := raw
	if raw[0] != '#' { // most lines are comments, which need no trimming
		line = trimRight(raw)
	}
	switch {
	case line == "":
		p.open = false
		p.append(node{raw: raw, kind: blank})
	case line[0] == ' ' || line[0] == '\t':
		if !p.open {
			return p.fault("unexpected continuation line (it starts with white space)")
		}
		last := p.last()
		last.raw += raw
	case line[0] == '[':
		p.open = false
		return p.section(raw, line)
	case line[0] == '#' || line[0] == ';':
		p.open = false
		p.append(node{raw: raw, kind: comment})
	default:
		return p.assign(raw, line)
	}
	return nil
}

func (p *parser) section(raw, line string) error {
	if !strings.HasSuffix(line, "]") {
		return p.fault("section header does not end with ]")
	}
	if len(line) <= 2 {
		return p.fault("empty section name")
	}
	name := line[1 : len(line)-1]
	p.file.parts = append(p.file.parts, part{header: raw, name: name, folded: fold(name)})
	return nil
}

func (p *parser) assign(raw, line string) error {
	at := strings.IndexAny(line, ":=")
	if at < 0 {
		if p.line == 1 && strings.HasPrefix(line, "\ufeff") {
			return p.fault("byte order mark")
		}
		return p.fault("no : or = in assignment")
	}
	key := trim(line[:at])
	if key == "" {
		return p.fault("empty option name")
	}
	if len(p.file.parts) == 0 || p.file.parts[len(p.file.parts)-1].header == "" {
		return p.fault("option before the first section")
	}
	p.open = true
	p.append(node{raw: raw, key: key, kind: assignment})
	return nil
}

func (p *parser) append(n node) {
	if len(p.file.parts) == 0 {
		p.file.parts = append(p.file.parts, part{})
	}
	last := &p.file.parts[len(p.file.parts)-1]
	p.room = append(p.room, n)
	at := len(p.room)
	last.nodes = p.room[at-1-len(last.nodes) : at : at]
}

// last gives the node that was added last. There has to be a node.
func (p *parser) last() *node {
	nodes := p.file.parts[len(p.file.parts)-1].nodes
	return &nodes[len(nodes)-1]
}

// value gives an assignment's value as oslo.config reads it.
func (n node) value() string {
	line, rest := cut(n.raw)
	_, value := split(trimRight(line))
	value = unquote(value)
	for rest != "" {
		line, rest = cut(rest)
		value += "\n" + trim(line)
	}
	return value
}

// split parts an assignment's line in front of its value.
func split(line string) (prefix, value string) {
	at := strings.IndexAny(line, ":=") + 1
	value = strings.TrimLeftFunc(line[at:], isSpace)
	return line[:len(line)-len(value)], value
}

func unquote(s string) string {
	if !quoted(s) {
		return s
	}
	return s[1:max(1, len(s)-1)]
}

// quoted reports whether oslo.config would drop quotes. It takes a single
// quote for a pair.
func quoted(s string) bool {
	return s != "" && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0]
}

func trim(s string) string      { return strings.TrimFunc(s, isSpace) }
func trimRight(s string) string { return strings.TrimRightFunc(s, isSpace) }

// isSpace reports what Python's str.strip drops: Go's white space and the
// ASCII separators.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }
