package reference_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/reference"
)

var update = flag.Bool("update", false, "write the files that are made of the comments of package spec")

// readExamples are the examples by their fields.
func readExamples(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("examples.yaml")
	require.NoError(t, err)
	var all map[string]string
	require.NoError(t, yaml.Unmarshal(text, &all))
	return all
}

// generated compares a file with what it should be, or writes it.
func generated(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, want, 0o644))
	}
	have, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "%s is not what the comments say; write it again with -update", name)
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(v))
	return b.Bytes()
}

func TestFieldsAreWhatTheCommentsSay(t *testing.T) {
	examples := readExamples(t)
	var fields []reference.Field
	for _, n := range readSource(t).fields(examples) {
		fields = append(fields, n.Field)
		assert.NotEmpty(t, n.Example, "%s has no example in examples.yaml", n.Path)
		delete(examples, n.Path)
	}
	assert.Empty(t, examples, "these are not fields")
	generated(t, "fields.json", encode(t, fields))
	if !*update {
		require.Equal(t, fields, reference.Fields())
	}
}

// base is a Spec that examples are put into.
const base = `
release: zed
clusters: [{name: ceph, host: ceph01}]
hosts:
  - {name: ceph01}
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, services: [nova-compute]}
ssh: {user: stack, sudo: true}
glance: {}
cinder: {backends: [{name: ceph}]}
backup: {}
nova: {}
`

// merge puts what a document has into another one. Lists are taken as a whole.
func merge(into, from map[string]any) {
	for name, value := range from {
		inner, ok := value.(map[string]any)
		if outer, both := into[name].(map[string]any); ok && both {
			merge(outer, inner)
			continue
		}
		into[name] = value
	}
}

// document reads YAML.
func document(t testing.TB, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc), text)
	return doc
}

func render(t testing.TB, doc map[string]any) string {
	t.Helper()
	text, err := yaml.Marshal(doc)
	require.NoError(t, err)
	return string(text)
}

func TestExamplesLoad(t *testing.T) {
	for _, f := range reference.Fields() {
		doc, example := document(t, base), document(t, f.Example)
		merge(doc, example)
		_, err := spec.Load(strings.NewReader(render(t, doc)), "/etc/cephstack")
		require.NoError(t, err, "the example of %s:\n%s", f.Path, f.Example)
		assert.True(t, has(example, strings.Split(strings.ReplaceAll(f.Path, "[]", ".[]"), ".")),
			"the example of %s has the field:\n%s", f.Path, f.Example)
		assert.True(t, strings.HasSuffix(f.Example, "\n") && !strings.Contains(f.Example, "\n\n"), f.Path)
		for line := range strings.Lines(f.Example) {
			assert.LessOrEqual(t, len(line), 110, "%s: %s", f.Path, line)
		}
	}
}

// has reports whether a document has a field.
func has(v any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	if list, ok := v.([]any); ok && path[0] == "[]" {
		for _, one := range list {
			if has(one, path[1:]) {
				return true
			}
		}
		return false
	}
	inner, ok := v.(map[string]any)[path[0]]
	return ok && has(inner, path[1:])
}
