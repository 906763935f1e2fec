package osloconf

import (
	"regexp"
	"strings"
	"sync"
)

// Values are the values of options as a service gets them: files that are read in order, with
// references to other options replaced.
//
// A reference is $name or ${name}, where name is an option of the same section, or else of
// [DEFAULT], or section.option. $$ and \$ are a dollar. An option that a file sets is taken for an
// option of the service.
//
// A value stays as it is written, references and dollars included, where it has a reference whose
// value the files do not tell: no file sets the option, so that a default of the service counts,
// or the service would fail. See Open.
type Values struct {
	Files Files
	// Own reports whether the service has an option of that name in a section other than
	// [DEFAULT], whether a file sets it or not: a reference from there never means the option of
	// [DEFAULT] then. Without Own, only what the files set is known.
	Own func(section, option string) bool
}

// The bounds of what a value may become, which keep a file from making a text without end.
const (
	maxReferences = 1000
	maxValue      = 64 << 10
)

// Lookup gives the value that a service gets for an option.
func (v Values) Lookup(section, option string) (string, bool) {
	text, ok := v.Files.Lookup(section, option)
	if !ok {
		return "", false
	}
	return v.Expand(section, text), true
}

// Text gives the value of an option as the files have it.
func (v Values) Text(section, option string) (string, bool) { return v.Files.Lookup(section, option) }

// Expand gives what a service would get if a text was the value of an option of a section.
func (v Values) Expand(section, text string) string {
	e := expansion{values: v}
	if out := e.replace(section, text); !e.failed {
		return out
	}
	return text
}

// Open reports whether the value of an option stays as it is written, because the files do not tell
// what it refers to.
func (v Values) Open(section, option string) bool {
	text, _ := v.Files.Lookup(section, option)
	e := expansion{values: v}
	e.replace(section, text)
	return e.failed
}

// An expansion replaces the references of one value.
type expansion struct {
	values Values
	open   []string // the options whose values are being made, by which a circle is seen
	count  int
	failed bool
}

// reference is what Python's string.Template looks for, with the names of oslo.config. Python
// takes four more letters for letters between a and z when case does not matter; Go has two of them
// by itself.
var reference = sync.OnceValue(func() *regexp.Regexp {
	const name = `[_a-z\x{130}\x{131}][._a-z\x{130}\x{131}0-9]*`
	return regexp.MustCompile(`(?i)\$(?:\$|(` + name + `)|\{(` + name + `)\})`)
})

// replace gives a text without references. After a failure what it gives means nothing.
func (e *expansion) replace(section, text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	text = strings.ReplaceAll(text, `\$`, "$$")
	var out strings.Builder
	end := 0
	for _, at := range reference().FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[end:at[0]])
		end = at[1]
		switch {
		case at[2] >= 0:
			out.WriteString(e.value(section, text[at[2]:at[3]]))
		case at[4] >= 0:
			out.WriteString(e.value(section, text[at[4]:at[5]]))
		default:
			out.WriteByte('$')
		}
		if e.failed = e.failed || out.Len() > maxValue; e.failed {
			return ""
		}
	}
	out.WriteString(text[end:])
	return out.String()
}

// value gives what a reference in a section stands for.
func (e *expansion) value(section, name string) string {
	section, option, ok := e.values.find(section, name)
	e.count++
	at := section + "." + option
	for _, other := range e.open {
		ok = ok && other != at
	}
	if !ok || e.count > maxReferences {
		e.failed = true
		return ""
	}
	text, _ := e.values.Files.exact(section, option)
	e.open = append(e.open, at)
	out := e.replace(section, text)
	e.open = e.open[:len(e.open)-1]
	return out
}

// find gives the option that a reference in a section means. It is not ok where no file sets
// that option.
func (v Values) find(section, name string) (at, option string, ok bool) {
	group, option, dotted := strings.Cut(name, ".")
	if !dotted {
		if section != "DEFAULT" {
			if _, ok = v.Files.exact(section, name); ok || v.Own != nil && v.Own(section, name) {
				return fold(section), name, ok
			}
		}
		_, ok = v.Files.exact("DEFAULT", name)
		return "DEFAULT", name, ok && !v.Files.section(name) // the name of a section comes first
	}
	// oslo.config compares the name of a section that is referred to with case.
	if !v.Files.section(group) || group == "DEFAULT" {
		return "", "", false
	}
	_, ok = v.Files.exact(group, option)
	return fold(group), option, ok
}

// exact is Lookup for an option by its name in a program: there - is not _, which no name begins with.
func (f Files) exact(section, option string) (string, bool) {
	if strings.Contains(option, "-") || strings.HasPrefix(option, "_") {
		return "", false
	}
	return f.Lookup(section, option)
}

// section reports whether a file has a section whose header is spelled like that.
func (f Files) section(name string) bool {
	for _, file := range f {
		if file == nil {
			continue
		}
		for _, p := range file.parts {
			if p.header != "" && p.name == name {
				return true
			}
		}
	}
	return false
}
