package ceph

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A Conf is a ceph.conf that keeps every byte it was not asked to change:
// comments, order, indentation and line ends. The zero Conf is an empty file.
// It is not safe for concurrent use while Set is called.
type Conf struct {
	data     []byte
	options  []option
	headings []heading
}

// ParseConf reads a ceph.conf. Spaces and underscores in option names are
// the same; sections repeat and merge; the last value of an option counts.
// A file that Ceph would not read alike is ErrInvalid, with its line. The
// error holds nothing of the file.
//
// Similar To: ceph-conf -c <file> --list-all-sections
func ParseConf(data []byte) (*Conf, error) {
	p := confParser{data: bytes.Clone(data)}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return &Conf{data: p.data, options: p.options, headings: p.headings}, nil
}

// Format writes the length, for every verb: some values of a ceph.conf are secrets.
func (c *Conf) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "ceph.conf of %d bytes", len(c.data)) }

// Lookup returns an option's value as Ceph would see it in exactly that
// section: there is no fallback to [client] or [global], and metavariables
// such as $cluster stay.
//
// Similar To: ceph-conf -c <file> -s <section> --lookup <option>
func (c *Conf) Lookup(section, option string) (string, bool) {
	if o := c.find(section, normalName(option)); o != nil {
		return o.value, true
	}
	return "", false
}

// Sections lists the names of the sections, in order of first appearance.
//
// Similar To: ceph-conf -c <file> --list-all-sections
func (c *Conf) Sections() []string {
	var names []string
	for _, h := range c.headings {
		if !slices.Contains(names, h.name) {
			names = append(names, h.name)
		}
	}
	return names
}

// Set sets an option, in place where it stands (of several lines, the one
// that counts), else at the section's end, making the section when needed.
// Comment signs, quotes and backslashes in the value are escaped. White space
// around a value, and control characters anywhere, cannot be in a ceph.conf:
// the first is dropped, the second become spaces. A file whose last line has
// no line end gets one, since Octopus and later refuse it otherwise.
//
// Similar To: crudini --set /etc/ceph/ceph.conf <section> <option> <value>
func (c *Conf) Set(section, option, value string) {
	section, value = printable(section), strings.TrimSpace(printable(value))
	name := normalName(strings.Map(optionRune, option))
	if section == "" || name == "" {
		return
	}
	if o := c.find(section, name); o != nil {
		if o.value != value {
			c.splice(o.start, o.end, escapeValue(value))
		}
		return
	}
	line := name + " = " + escapeValue(value) + c.lineEnd()
	for i := len(c.headings) - 1; i >= 0; i-- {
		if c.headings[i].name == section {
			c.insert(c.headings[i].last, c.indent(section)+line)
			return
		}
	}
	head := "[" + escape(section, "]#;\\") + "]" + c.lineEnd()
	if len(bytes.TrimSpace(c.data)) > 0 {
		head = c.lineEnd() + head
	}
	c.insert(len(c.data), head+line)
}

// Render gives the file's bytes.
func (c *Conf) Render() []byte { return bytes.Clone(c.data) }

func (c *Conf) find(section, name string) *option {
	for i := len(c.options) - 1; i >= 0; i-- {
		if o := &c.options[i]; o.section == section && o.name == name {
			return o
		}
	}
	return nil
}

// indent is the indentation of the section's last option.
func (c *Conf) indent(section string) string {
	for i := len(c.options) - 1; i >= 0; i-- {
		if c.options[i].section == section {
			return c.options[i].indent
		}
	}
	return ""
}

// lineEnd is the file's own line end.
func (c *Conf) lineEnd() string {
	if i := bytes.IndexAny(c.data, "\r\n"); i >= 0 {
		return string(c.data[i : i+eolLen(c.data[i:])])
	}
	return "\n"
}

// insert puts whole lines at an offset where a line begins or the file ends.
func (c *Conf) insert(at int, lines string) {
	if at > 0 && c.data[at-1] != '\n' && c.data[at-1] != '\r' {
		lines = c.lineEnd() + lines
	}
	c.splice(at, at, lines)
}

func (c *Conf) splice(start, end int, text string) {
	data := slices.Concat(c.data[:start], []byte(text), c.data[end:])
	if n := len(data); data[n-1] != '\n' && data[n-1] != '\r' {
		data = append(data, c.lineEnd()...) // Octopus and later refuse a file without
	}
	p := confParser{data: data}
	if p.parse() == nil {
		c.data, c.options, c.headings = data, p.options, p.headings
	}
}

func escapeValue(v string) string {
	v = escape(v, "#;\\")
	if v != "" && (v[0] == '"' || v[0] == '\'') {
		v = "\\" + v
	}
	return v
}

func escape(s, special string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// printable turns what a line cannot hold into spaces.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
}

// optionRune drops what an option's name cannot hold.
func optionRune(r rune) rune {
	if strings.ContainsRune("=[#;\\", r) || r < ' ' && r != '\t' {
		return -1
	}
	return r
}
