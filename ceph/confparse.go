package ceph

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// An option is one line (with its continuations) of a conf file, by offsets
// into the file's bytes.
type option struct {
	section    string
	name       string // normal form
	value      string
	indent     string
	start, end int // the raw value, with quotes, without trailing comment
	next       int // first byte after the line
}

// A heading is a section line.
type heading struct {
	name string
	last int // first byte after the section's last line that is not blank
}

// A confParser walks a conf file as ceph's own grammar does (Octopus and
// later), with the leniency of earlier releases where nothing can be
// misread: indented headings, blank lines anywhere, no line end at the end.
type confParser struct {
	data     []byte
	pos      int
	line     int
	options  []option
	headings []heading
}

func (p *confParser) parse() error {
	if !utf8.Valid(p.data) {
		return fmt.Errorf("%w: conf: not UTF-8", ErrInvalid)
	}
	for p.line = 1; p.pos < len(p.data); p.line++ {
		start := p.pos
		p.blanks()
		var err error
		switch {
		case p.atEnd() || p.atEOL():
			p.eol()
			continue
		case p.atComment():
			p.skipLine()
			continue
		case p.data[p.pos] == '[':
			err = p.heading()
		default:
			err = p.option(string(p.data[start:p.pos]))
		}
		if err != nil {
			return fmt.Errorf("%w: conf: line %d: %w", ErrInvalid, p.line, err)
		}
		p.headings[len(p.headings)-1].last = p.pos
	}
	return nil
}

func (p *confParser) heading() error {
	p.pos++
	name, err := p.text("]", true)
	if err != nil {
		return err
	}
	if p.atEnd() || p.data[p.pos] != ']' || name == "" {
		return errorString("section heading is not closed")
	}
	p.pos++
	p.headings = append(p.headings, heading{name: name})
	return p.lineEnd("section heading")
}

func (p *confParser) option(indent string) error {
	if len(p.headings) == 0 {
		return errorString("option before any section")
	}
	start := p.pos
	for !p.atEnd() && !p.atEOL() && !p.atComment() && !strings.ContainsRune("=[\\", rune(p.data[p.pos])) {
		p.pos++
	}
	if p.atEnd() || p.data[p.pos] != '=' {
		return errorString("no option = value")
	}
	o := option{section: p.headings[len(p.headings)-1].name, indent: indent, name: normalName(string(p.data[start:p.pos]))}
	if o.name == "" {
		return errorString("option without a name")
	}
	p.pos++
	p.blanks()
	if err := p.value(&o); err != nil {
		return err
	}
	if p.atEnd() && eolLen(p.data[len(p.data)-1:]) > 0 {
		return errorString("the file ends in a line that continues")
	}
	if err := p.lineEnd("quoted value"); err != nil {
		return err
	}
	o.next = p.pos
	p.options = append(p.options, o)
	return nil
}

func (p *confParser) value(o *option) (err error) {
	p.continuations()
	o.start = p.pos
	if !p.atEnd() && (p.data[p.pos] == '"' || p.data[p.pos] == '\'') {
		quote := p.data[p.pos]
		p.pos++
		if o.value, err = p.text(string(quote), true); err != nil {
			return err
		}
		if p.atEnd() || p.data[p.pos] != quote {
			return errorString("quote is not closed (a comment sign in quotes needs a backslash)")
		}
		p.pos++
		o.end = p.pos
	} else {
		if o.value, err = p.text("", false); err != nil {
			return err
		}
		o.end = o.start + len(bytes.TrimRight(p.data[o.start:p.pos], spaces))
	}
	o.value = strings.Trim(o.value, spaces)
	return nil
}

// text reads up to an unescaped stop byte, comment or line end, and undoes
// the backslashes. Inside quotes and headings a line does not continue.
func (p *confParser) text(stop string, oneLine bool) (string, error) {
	var b strings.Builder
	for !p.atEnd() && !p.atEOL() && !p.atComment() {
		c := p.data[p.pos]
		if stop != "" && strings.IndexByte(stop, c) >= 0 {
			break
		}
		if c == '\\' {
			if n := eolLen(p.data[p.pos+1:]); n > 0 {
				if oneLine {
					return "", errorString("quoted text or heading runs over the line")
				}
				p.continuations()
				continue
			}
			p.pos++
			if p.atEnd() {
				return "", errorString("backslash at the end")
			}
			c = p.data[p.pos]
		}
		b.WriteByte(c)
		p.pos++
	}
	return b.String(), nil
}

func (p *confParser) continuations() {
	for !p.atEnd() && p.data[p.pos] == '\\' {
		n := eolLen(p.data[p.pos+1:])
		if n == 0 {
			return
		}
		p.pos += 1 + n
		p.line++
	}
}

func (p *confParser) lineEnd(what string) error {
	p.blanks()
	if p.atComment() {
		p.skipLine()
		return nil
	}
	if !p.atEnd() && !p.atEOL() {
		return errorString("text after the " + what)
	}
	p.eol()
	return nil
}

func (p *confParser) atEnd() bool { return p.pos >= len(p.data) }
func (p *confParser) atEOL() bool { return eolLen(p.data[p.pos:]) > 0 }
func (p *confParser) eol()        { p.pos += eolLen(p.data[p.pos:]) }

func (p *confParser) atComment() bool {
	return !p.atEnd() && (p.data[p.pos] == '#' || p.data[p.pos] == ';')
}

func (p *confParser) blanks() {
	for !p.atEnd() && (p.data[p.pos] == ' ' || p.data[p.pos] == '\t') {
		p.pos++
	}
}

func (p *confParser) skipLine() {
	for !p.atEnd() && !p.atEOL() {
		p.pos++
	}
	p.eol()
}

const spaces = " \t\n\v\f\r"

// eolLen is the length of the line end that b begins with.
func eolLen(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	case len(b) > 0 && (b[0] == '\n' || b[0] == '\r'):
		return 1
	}
	return 0
}

// normalName is the form in which ceph compares option names: no outer white
// space, each run of inner white space one underscore.
func normalName(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(spaces, r) }), "_")
}

// An errorString is a cause without a sentinel of its own.
type errorString string

func (e errorString) Error() string { return string(e) }
