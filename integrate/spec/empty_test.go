package spec_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
			at, inner, list := strings.TrimPrefix(path+"."+name, "."), f.Type, false
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if list = inner.Kind() == reflect.Slice; !list && inner.Kind() != reflect.Struct && inner.Kind() != reflect.Map {
				continue
			}
			head := before + strings.Repeat(" ", depth) + name + ":"
			line := strings.Count(head, "\n") + 1
			for _, value := range []string{"", " ~", " null", " # nothing"} {
				_, err := load(head + value + "\n" + rest)
				want := fmt.Sprintf("spec: line %d: %s: is empty: write {} for the defaults, or take the line out", line, at)
				if list {
					want = fmt.Sprintf("spec: line %d: %s: is empty: write a list, or take the line out", line, at)
				}
				require.ErrorContains(t, err, want, "%q", head+value)
				seen++
			}
			switch {
			case inner.Kind() == reflect.Struct:
				walk(inner, at, head+"\n", depth+1)
			case list && inner.Elem().Kind() == reflect.Struct:
				_, err := load(head + " [~]\n" + rest)
				require.ErrorContains(t, err, at+"[0]: is empty: write what belongs there, or take the entry out")
				walk(inner.Elem(), at+"[0]", head+"\n"+strings.Repeat(" ", depth)+"-\n", depth+1)
			}
		}
	}
	walk(reflect.TypeFor[spec.Spec](), "", "", 0)
	assert.Greater(t, seen, 100)
	_, err := load(strings.Replace(small, "nova: {}", "nova: {}\nglance:", 1))
	assert.Equal(t, []string{"line 7: glance: is empty: write {} for the defaults, or take the line out"},
		faultsOf(t, err))
	_, err = load(`{"release": "zed", "glance": null}`)
	require.ErrorContains(t, err, "glance: is empty")
}

// TestEmptyPaths in the lists of files for SSH would be read as no file at all.
func TestEmptyPaths(t *testing.T) {
	for _, empty := range []string{"''", "~"} {
		_, err := load(small + "ssh:\n  known_hosts: [a, " + empty + "]\n  key_files: [" + empty + "]\n" +
			"  entry: {key_files: [" + empty + "]}\n")
		for _, want := range []string{"line 8: ssh.known_hosts[1]", "line 9: ssh.key_files[0]",
			"line 10: ssh.entry.key_files[0]"} {
			assert.ErrorContains(t, err, want+": is empty: write what belongs there, or take the entry out", empty)
		}
	}
}
