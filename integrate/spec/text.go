package spec

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cephstack/cephstack/ceph"
)

// Most texts of a Spec are names, paths and values of options. A longer text is a mistake,
// such as the content of a file in the place of its path.
const (
	longestText = 16 << 10
	longestKey  = 1 << 20 // of a repository
)

// texts checks what no text of a Spec may have, wherever it ends: in a file, in a name
// there, in the output of a plan.
func (v *validation) texts() {
	t := textCheck{v, map[string]bool{}}
	for _, err := range v.faults {
		var f *FieldError
		if errors.As(err, &f) {
			t.faulty[f.Path] = true
		}
	}
	t.check("", reflect.ValueOf(v.spec))
}

// A textCheck goes through the texts of a Spec. A field that has a fault gets no other.
type textCheck struct {
	v      *validation
	faulty map[string]bool
}

func (t textCheck) check(path string, value reflect.Value) {
	if s, ok := secret(value); ok {
		value = reflect.ValueOf(s.Reveal())
	}
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			t.check(path, value.Elem())
		}
	case reflect.Struct:
		for i := range value.NumField() {
			t.check(join(path, yamlName(value.Type().Field(i))), value.Field(i))
		}
	case reflect.Slice:
		for i := range value.Len() {
			t.check(fmt.Sprintf("%s[%d]", path, i), value.Index(i))
		}
	case reflect.Map:
		entries := map[string]reflect.Value{}
		for key, entry := range value.Seq2() {
			entries[key.String()] = entry
		}
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if reason := unfitText(name, longestText); reason != "" && !t.faulty[path] && !t.faulty[join(path, name)] {
				t.v.fault(path, "has a name that %s", reason)
			}
			t.check(join(path, name), entries[name])
		}
	case reflect.String:
		text, longest := value.String(), longestText
		if path == "prepare.repository.key" {
			text, longest = strings.ReplaceAll(text, "\n", ""), longestKey
		}
		if reason := unfitText(text, longest); reason != "" && !t.faulty[path] {
			t.v.fault(path, "%s", reason)
		}
	}
}

// unfitText says why a text cannot be part of a Spec.
func unfitText(text string, longest int) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	switch at := strings.IndexFunc(text, odd); {
	case len(text) > longest:
		return fmt.Sprintf("has %d bytes, %d are possible", len(text), longest)
	case !utf8.ValidString(text):
		return "is not UTF-8"
	case at >= 0:
		r, _ := utf8.DecodeRuneInString(text[at:])
		return fmt.Sprintf("has a character that does not print, %U", r)
	}
	return ""
}

// confValue checks a value of an option in ceph.conf.
func (v *validation) confValue(path, section, option, value string) {
	if err := new(ceph.Conf).Set(section, option, value); err != nil && !v.faulty(path) {
		_, reason, _ := strings.Cut(err.Error(), "conf: ")
		v.fault(path, "%s", reason)
	}
}
