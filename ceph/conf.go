package ceph

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Conf is a ceph.conf that keeps every byte it was not asked to change, but for
// those that Ceph cannot read: comments, order, indentation and line ends. The
// zero Conf is an empty file. It is not safe for concurrent use while Set is called.
type Conf struct {
	data     []byte
	options  []option
	headings []heading
	repairs  []string
	foreign  int // offset of a character with which clients abort, plus 1
}

// ParseConf reads a ceph.conf as librados does. Spaces and underscores in
// option names are the same; sections repeat and merge; the last value of an
// option counts. What Ceph would refuse, and can be read in one way only, such
// as a last line without a line end, is repaired: Repairs tells. Another file
// that Ceph would refuse is ErrInvalid, with its line. The error holds nothing
// of the file.
//
// Similar To: ceph-conf -c <file> --list-all-sections
func ParseConf(data []byte) (*Conf, error) {
	p, err := parseConf(bytes.Clone(data))
	if err != nil {
		return nil, err
	}
	c := &Conf{repairs: p.faults}
	c.take(p)
	return c, nil
}

func (c *Conf) take(p *confParser) {
	c.data, c.options, c.headings, c.foreign = p.data, p.options, p.headings, p.foreign
}

// Repairs tells what Ceph refuses in the text that was parsed, with the lines;
// Render gives a text without. It is empty for a text that Ceph reads.
func (c *Conf) Repairs() []string { return slices.Clone(c.repairs) }

// Fault is why Ceph cannot read what Render gives, with the line, or nil. It is
// ErrInvalid: the file has a character beyond ASCII outside comments and quotes.
// Ceph 16.2 of Debian aborts on it. To Set the option anew takes it away.
func (c *Conf) Fault() error {
	if c.foreign == 0 {
		return nil
	}
	return fmt.Errorf("%w: conf: line %d: a character beyond ASCII outside comments and quotes, with which clients of "+
		"Ceph abort", ErrInvalid, 1+lines(c.data[:c.foreign-1]))
}

// Format writes the length, for every verb: some values of a ceph.conf are secrets.
// In an unexported field of a struct, fmt does not ask Format, and may write the bytes.
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

// Effective is an option's value as a client sees it, and the section that it is
// from: that of the client itself, such as client.cinder, is before [client], and
// that is before [global]. An empty value counts.
//
// Similar To: ceph-conf -c <file> --name <client> --lookup <option>
func (c *Conf) Effective(client, option string) (value, section string, ok bool) {
	kind, _, _ := strings.Cut(client, ".")
	for _, section = range []string{client, kind, "global"} {
		if value, ok = c.Lookup(section, option); ok {
			return value, section, true
		}
	}
	return "", "", false
}

// Sections lists the names of the sections, in order of first appearance.
//
// Similar To: ceph-conf -c <file> --list-all-sections
func (c *Conf) Sections() []string {
	var names []string
	seen := map[string]bool{}
	for _, h := range c.headings {
		if !seen[h.name] {
			seen[h.name] = true
			names = append(names, h.name)
		}
	}
	return names
}

// Set sets an option, in place where it stands (of several lines, the one
// that counts), else at the section's end, making the section when needed.
// Comment signs, quotes and backslashes in the value are escaped.
//
// What Ceph would not read back as it was asked for is ErrInvalid, and no
// byte changes: a value with white space around it, with a control character,
// with a character beyond ASCII, which makes every client of Ceph abort, or
// with a "${" that names no variable, which drops what follows; a section or
// an option whose name cannot be that of one. The error does not hold the
// value.
//
// Similar To: crudini --set /etc/ceph/ceph.conf <section> <option> <value>
func (c *Conf) Set(section, option, value string) error {
	name := normalName(option)
	for _, reason := range []string{unfitSection(section), unfitName(option), unfitValue(value)} {
		if reason != "" {
			return fmt.Errorf("%w: conf: the %s", ErrInvalid, reason)
		}
	}
	was := *c
	err := c.put(section, name, value)
	if got, ok := c.Lookup(section, name); err == nil && (!ok || got != value) {
		err = fmt.Errorf("%w: conf: the option cannot be set where it stands", ErrInvalid)
	}
	if err != nil {
		*c = was
	}
	return err
}

func (c *Conf) put(section, name, value string) error {
	if o := c.find(section, name); o != nil {
		if o.value == value {
			return nil
		}
		return c.splice(o.start, o.end, escapeValue(value))
	}
	if len(c.headings) == 0 && len(c.options) > 0 { // an option alone
		if err := c.splice(0, 0, "[global]"+lineEndOf(c.data)); err != nil {
			return err
		}
	}
	line := name + " = " + escapeValue(value) + lineEndOf(c.data)
	for i := len(c.headings) - 1; i >= 0; i-- {
		if c.headings[i].name == section {
			return c.insert(c.headings[i].last, c.indent(section)+line)
		}
	}
	head := "[" + escape(section, "]#;\\") + "]" + lineEndOf(c.data)
	if len(bytes.TrimSpace(c.data)) > 0 {
		head = lineEndOf(c.data) + head
	}
	return c.insert(len(c.data), head+line)
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

// insert puts whole lines at an offset where a line begins or the file ends.
func (c *Conf) insert(at int, lines string) error {
	if at > 0 && c.data[at-1] != '\n' && c.data[at-1] != '\r' {
		lines = lineEndOf(c.data) + lines
	}
	return c.splice(at, at, lines)
}

func (c *Conf) splice(start, end int, text string) error {
	p, err := parseConf(slices.Concat(c.data[:start], []byte(text), c.data[end:]))
	if err == nil {
		c.take(p)
	}
	return err
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

// unfitSection says why a name cannot be that of a section.
func unfitSection(name string) string {
	switch {
	case name == "":
		return "name of the section is missing"
	case strings.IndexFunc(name, unprintable) >= 0:
		return "name of the section has a control character, or a character beyond ASCII"
	}
	return ""
}

// unfitName says why a name cannot be that of an option.
func unfitName(name string) string {
	name = strings.ReplaceAll(name, "\t", " ")
	switch {
	case strings.TrimSpace(name) == "":
		return "name of the option is missing"
	case strings.IndexFunc(name, unprintable) >= 0 || strings.ContainsAny(name, "=[#;\\"):
		return "name of the option has one of = [ # ; \\, a control character, or a character beyond ASCII"
	}
	return ""
}

// unfitValue says why Ceph would not read a value back.
func unfitValue(value string) string {
	notASCII := func(r rune) bool { return r >= utf8.RuneSelf }
	switch {
	case strings.IndexFunc(value, notASCII) >= 0:
		return "value has a character beyond ASCII, with which every client of Ceph aborts"
	case strings.IndexFunc(value, unprintable) >= 0:
		return "value has a control character, such as a tab or a line end"
	case strings.TrimSpace(value) != value:
		return "value has white space around it, which Ceph drops"
	case strings.Contains(variable.ReplaceAllString(value, ""), "${"):
		return "value has a ${ that is not of a variable such as ${cluster}, and Ceph drops what follows"
	}
	return ""
}

var variable = regexp.MustCompile(`\$\{[a-z_]+\}`)

// unprintable reports what is not a printable character of ASCII.
func unprintable(r rune) bool { return r < ' ' || r >= 0x7f }
