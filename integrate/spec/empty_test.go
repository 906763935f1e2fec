package spec_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	emptyMapping = "is empty: write {} for the defaults, or take the line out"
	emptyList    = "is empty: write a list, or take the line out"
	emptyEntry   = "is empty: write what belongs there, or take the entry out"
)

// hasFault wants an error to have a fault of a field, with its line.
func hasFault(t *testing.T, err error, want spec.FieldError) {
	t.Helper()
	var all interface{ Unwrap() []error }
	require.ErrorAs(t, err, &all)
	for _, err := range all.Unwrap() {
		var f *spec.FieldError
		if errors.As(err, &f) && f.Path == want.Path && f.Line == want.Line && f.Message == want.Message {
			return
		}
	}
	t.Errorf("%v: not in\n%v", &want, err)
}

// TestEmptySections: what has nothing behind its name is a fault with its line, wherever a Spec has a mapping or a
// list. Taken as if it were not there, it would leave a service out of plan, apply and verify.
func TestEmptySections(t *testing.T) {
	const rest = "release: zed\n"
	seen := 0
	var walk func(typ reflect.Type, path, before string, depth int)
	walk = func(typ reflect.Type, path, before string, depth int) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			at, inner := strings.TrimPrefix(path+"."+name, "."), f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			list := inner.Kind() == reflect.Slice
			if inner == reflect.TypeFor[spec.Secret]() {
				continue // a text
			}
			if !list && inner.Kind() != reflect.Struct && inner.Kind() != reflect.Map {
				continue
			}
			head := before + strings.Repeat(" ", depth) + name + ":"
			line := strings.Count(head, "\n") + 1
			for _, value := range []string{"", " ~", " null", " # nothing"} {
				_, err := load(head + value + "\n" + rest)
				want := emptyMapping
				if list {
					want = emptyList
				}
				hasFault(t, err, spec.FieldError{Path: at, Line: line, Message: want})
				seen++
			}
			switch {
			case inner.Kind() == reflect.Struct:
				walk(inner, at, head+"\n", depth+1)
			case list && inner.Elem().Kind() == reflect.Struct:
				_, err := load(head + " [~]\n" + rest)
				hasFault(t, err, spec.FieldError{Path: at + "[0]", Line: line, Message: emptyEntry})
				walk(inner.Elem(), at+"[0]", head+"\n"+strings.Repeat(" ", depth)+"-\n", depth+1)
			}
		}
	}
	walk(reflect.TypeFor[spec.Spec](), "", "", 0)
	assert.Greater(t, seen, 100)
	_, err := load(strings.Replace(small, "nova: {}", "nova: {}\nglance:", 1))
	hasFault(t, err, spec.FieldError{Path: "glance", Line: 7, Message: emptyMapping})
	_, err = load(`{"release": "zed", "glance": null}`)
	hasFault(t, err, spec.FieldError{Path: "glance", Line: 1, Message: emptyMapping})
}

// TestEmptyPaths in the lists of files for SSH would be read as no file at all.
func TestEmptyPaths(t *testing.T) {
	for _, empty := range []string{"''", "~"} {
		_, err := load(small + "ssh:\n  known_hosts: [a, " + empty + "]\n  key_files: [" + empty + "]\n" +
			"  entry: {key_files: [" + empty + "]}\n")
		hasFault(t, err, spec.FieldError{Path: "ssh.known_hosts[1]", Line: 8, Message: emptyEntry})
		hasFault(t, err, spec.FieldError{Path: "ssh.key_files[0]", Line: 9, Message: emptyEntry})
		hasFault(t, err, spec.FieldError{Path: "ssh.entry.key_files[0]", Line: 10, Message: emptyEntry})
	}
}
