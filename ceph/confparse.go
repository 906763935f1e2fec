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
}

// A heading is a section line.
type heading struct {
	name string
	last int // first byte after the section's last line that is not blank
}

// An edit puts a text in place of some bytes that Ceph refuses.
type edit struct {
	start, end int
	text       string
	fault      string // what Ceph refuses
}

// A confParser reads a conf file as Ceph's own grammar does (Octopus and
// later): between any two characters of a name or of a value, a comment and a
// backslash at the end of a line are passed over. Where Ceph would refuse what
// can be read in one way only, there is an edit that Ceph reads, with a fault.
type confParser struct {
	data     []byte
	pos      int
	options  []option
	headings []heading
	ended    int // the first byte after the last line that was read
	edits    []edit
	faults   []string // of the edits that were made
	foreign  int      // offset of a character beyond ASCII with which 16.2 aborts, plus 1
}

// parseConf reads a file. What it gives is of the text with the edits made; the
// faults tell why they are needed.
func parseConf(data []byte) (*confParser, error) {
	p := &confParser{data: data}
	if err := p.parse(); err != nil {
		return nil, err
	}
	if len(p.edits) == 0 {
		return p, nil
	}
	var mended []byte
	again := &confParser{}
	at, line := 0, 1
	for _, e := range p.edits {
		mended = append(append(mended, data[at:e.start]...), e.text...)
		line += lines(data[at:e.start])
		again.faults = append(again.faults, fmt.Sprintf("line %d: %s", line, e.fault))
		at = e.end
	}
	again.data = append(mended, data[at:]...)
	err := again.parse()
	if err == nil && len(again.edits) > 0 {
		err = fmt.Errorf("%w: conf: %s", ErrInvalid, again.edits[0].fault)
	}
	return again, err
}

func (p *confParser) parse() error {
	if !utf8.Valid(p.data) {
		return fmt.Errorf("%w: conf: not UTF-8", ErrInvalid)
	}
	if bytes.HasPrefix(p.data, []byte("\ufeff")) {
		p.edits = append(p.edits, edit{end: len("\ufeff"), fault: "a byte order mark"})
		p.pos = len("\ufeff")
	}
	if err := p.file(); err != nil {
		return fmt.Errorf("%w: conf: line %d: %w", ErrInvalid, 1+lines(p.data[:p.pos]), err)
	}
	return nil
}

// file reads sections, or a single option that belongs to [global].
func (p *confParser) file() error {
	ok, err := p.option("global")
	if err != nil {
		return err
	}
	for p.eols(); !ok && err == nil; {
		if p.blankLine() {
			continue
		}
		var more bool
		if more, err = p.section(); !more {
			break
		}
	}
	if err != nil {
		return err
	}
	if p.skip(); p.atEnd() {
		return nil
	}
	switch {
	case ok || len(p.headings) == 0:
		return errorString("option before any section")
	case p.data[p.pos] == '[':
		return errorString("section heading is not closed")
	}
	return errorString("no option = value")
}

// blankLine passes over white space that Ceph takes for the start of a line: before the
// first section, at the end of the file, and before a section line.
func (p *confParser) blankLine() bool {
	start := p.pos
	p.skip()
	at := p.pos
	p.blanks()
	what := ""
	switch {
	case p.pos == at:
	case p.atEnd():
		what = "white space behind the last line"
	case p.data[p.pos] == '[':
		what = "a section line is indented"
	case p.atEOL():
		what = "white space in a blank line before the first section"
	}
	if what == "" {
		p.pos = start
		return false
	}
	p.edits = append(p.edits, edit{start: at, end: p.pos, fault: what})
	p.eols()
	return true
}

// section reads a section line and what belongs to it.
func (p *confParser) section() (bool, error) {
	p.skip()
	if p.atEnd() || p.data[p.pos] != '[' {
		return false, nil
	}
	p.pos++
	var name []byte
	for c, ok := p.char("]", true); ok; c, ok = p.char("]", true) {
		name = append(name, c)
	}
	p.skip()
	if p.atEnd() || p.data[p.pos] != ']' || len(name) == 0 {
		return false, errorString("section heading is not closed")
	}
	p.pos++
	p.headings = append(p.headings, heading{name: string(name)})
	if err := p.lineEnd("section heading"); err != nil {
		return false, err
	}
	for {
		p.headings[len(p.headings)-1].last = p.ended
		if p.skip(); !p.atEnd() && p.data[p.pos] == '[' {
			return true, nil
		}
		if ok, err := p.option(string(name)); !ok || err != nil {
			p.eols()
			return err == nil, err
		}
	}
}

func (p *confParser) option(section string) (bool, error) {
	start := p.pos
	p.skip()
	at := p.pos
	p.blanks()
	o := option{section: section, indent: string(p.data[at:p.pos])}
	key, ok := p.key()
	p.blanks()
	p.skip()
	if !ok || p.atEnd() || p.data[p.pos] != '=' {
		p.pos = start
		return false, nil
	}
	p.pos++
	o.name = normalName(key)
	o.start = p.pos
	for o.start < len(p.data) && isBlank(p.data[o.start]) {
		o.start++
	}
	p.blanks()
	if err := p.value(&o); err != nil {
		return false, err
	}
	o.end = o.start + len(bytes.TrimRight(p.data[o.start:p.pos], spaces))
	p.options = append(p.options, o)
	return true, p.lineEnd("value")
}

// key reads the name of an option, as it is written.
func (p *confParser) key() (string, bool) {
	p.skip()
	start := p.pos
	if !p.word() {
		return "", false
	}
	for end := p.pos; ; end = p.pos {
		blanks := 0
		for p.skip(); !p.atEnd() && p.blank(); p.skip() {
			p.pos++
			blanks++
		}
		if blanks == 0 || !p.word() {
			p.pos = end
			return string(p.data[start:end]), true
		}
	}
}

// word reads a part of a name.
func (p *confParser) word() bool {
	n := 0
	for _, ok := p.char("=[ ", true); ok; _, ok = p.char("=[ ", true) {
		n++
	}
	return n > 0
}

// value reads a value and leaves off behind its last character.
func (p *confParser) value(o *option) error {
	var b []byte
	p.skip()
	if !p.atEnd() && (p.data[p.pos] == '"' || p.data[p.pos] == '\'') {
		o.start = p.pos
		quote := p.data[p.pos : p.pos+1]
		p.pos++
		for c, ok := p.char(string(quote), false); ok; c, ok = p.char(string(quote), false) {
			b = append(b, c)
		}
		if p.atEnd() || p.data[p.pos] != quote[0] {
			return errorString("quote is not closed (a comment sign in quotes needs a backslash)")
		}
		p.pos++
	} else {
		end := o.start
		for c, ok := p.char("", true); ok; c, ok = p.char("", true) {
			b, end = append(b, c), p.pos
		}
		p.pos = end
	}
	o.value = strings.Trim(string(b), spaces)
	return nil
}

// char reads a character of a name or a value, and undoes its backslash.
func (p *confParser) char(stop string, skip bool) (byte, bool) {
	start := p.pos
	if skip {
		p.skip()
	}
	if p.atEnd() || p.atEOL() || strings.IndexByte(stop, p.data[p.pos]) >= 0 || isComment(p.data[p.pos]) {
		p.pos = start
		return 0, false
	}
	if p.data[p.pos] == '\\' && p.pos+1 < len(p.data) && eolLen(p.data[p.pos+1:]) == 0 {
		p.pos++
	}
	p.pos++
	return p.data[p.pos-1], true
}

// skip passes over comments, and over line ends behind a backslash.
func (p *confParser) skip() {
	for {
		if !p.atEnd() && p.data[p.pos] == '\\' && eolLen(p.data[p.pos+1:]) > 0 {
			p.pos += 1 + eolLen(p.data[p.pos+1:])
			continue
		}
		start := p.pos
		p.passBlanks()
		if p.atEnd() || !isComment(p.data[p.pos]) {
			p.pos = start
			return
		}
		for !p.atEnd() && !p.atEOL() {
			p.pos++
		}
	}
}

// blanks passes over comments, and over white space behind them.
func (p *confParser) blanks() {
	p.skip()
	p.passBlanks()
}

func (p *confParser) passBlanks() {
	for !p.atEnd() && p.blank() {
		p.pos++
	}
}

// blank reports whether a space or a tab is next. With a character beyond ASCII, this is the
// question that 16.2 aborts on.
func (p *confParser) blank() bool {
	if c := p.data[p.pos]; c >= utf8.RuneSelf && p.foreign == 0 {
		p.foreign = p.pos + 1
	}
	return isBlank(p.data[p.pos])
}

// lineEnd reads the end of a line, and blank lines behind it.
func (p *confParser) lineEnd(what string) error {
	for n := 0; ; n++ {
		start := p.pos
		p.blanks()
		if p.atEnd() && n == 0 && !bytes.HasSuffix(p.data, []byte(`\`)) {
			p.edits = append(p.edits, edit{p.pos, p.pos, lineEndOf(p.data), "the last line has no line end"})
			p.ended = p.pos
			return nil
		}
		if p.atEnd() || !p.atEOL() {
			p.pos = start
			if n == 0 {
				return errorString("text after the " + what)
			}
			return nil
		}
		if p.eol(); n == 0 {
			p.ended = p.pos
		}
	}
}

func (p *confParser) eols() {
	for p.skip(); !p.atEnd() && p.atEOL(); p.skip() {
		p.eol()
	}
}

func (p *confParser) atEnd() bool { return p.pos >= len(p.data) }
func (p *confParser) atEOL() bool { return eolLen(p.data[p.pos:]) > 0 }
func (p *confParser) eol()        { p.pos += eolLen(p.data[p.pos:]) }

func isBlank(c byte) bool   { return c == ' ' || c == '\t' }
func isComment(c byte) bool { return c == '#' || c == ';' }

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

// lines is the number of line ends in a text.
func lines(data []byte) int {
	n := 0
	for i := 0; i < len(data); i++ {
		if l := eolLen(data[i:]); l > 0 {
			n, i = n+1, i+l-1
		}
	}
	return n
}

// lineEndOf is the line end that a text uses.
func lineEndOf(data []byte) string {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return string(data[i : i+eolLen(data[i:])])
	}
	return "\n"
}

// normalName is the form in which ceph compares option names: no outer white
// space, each run of inner white space one underscore.
func normalName(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(spaces, r) }), "_")
}

// An errorString is a cause without a sentinel of its own.
type errorString string

func (e errorString) Error() string { return string(e) }
