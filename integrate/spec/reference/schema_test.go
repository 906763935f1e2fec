package reference_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/spec/reference"
)

// compiled is the schema, as a library of others reads it, which checks the schema, too.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(reference.Schema())))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	require.NoError(t, c.AddResource("cloud.schema.json", doc))
	s, err := c.Compile("cloud.schema.json")
	require.NoError(t, err)
	return s
}

// value is what an editor makes of YAML: JSON.
func value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, one := range v {
			v[key] = value(one)
		}
		return v
	case map[any]any:
		all := map[string]any{}
		for key, one := range v {
			all[fmt.Sprint(key)] = value(one)
		}
		return all
	case []any:
		for i, one := range v {
			v[i] = value(one)
		}
		return v
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return v
}

// both are the errors of Load and of the schema.
func both(s *jsonschema.Schema, text string) (load, schema error) {
	_, load = spec.Load(strings.NewReader(text), "/etc/cephstack")
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return load, err
	}
	return load, s.Validate(value(doc))
}

// texts are all texts of the module that may be Specs: files, and literals of Go.
func texts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		corpus := strings.Contains(path, "/spec/testdata/fuzz/")
		if ext := filepath.Ext(path); !corpus && ext != ".yaml" && ext != ".yml" && ext != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if corpus {
			for i, line := range strings.Split(string(text), "\n") {
				inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(line, "[]byte("), "string("), ")")
				if one, err := strconv.Unquote(inner); err == nil {
					all[fmt.Sprint(path, i)] = one
				}
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			all[path] = string(text)
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && strings.Contains(lit.Value, ": ") {
				if one, err := strconv.Unquote(lit.Value); err == nil {
					all[fset.Position(lit.Pos()).String()] = one
				}
			}
			return true
		})
		return nil
	}))
	return all
}

func TestSpecsOfTheModuleAreOfTheSchema(t *testing.T) {
	s, n := compiled(t), 0
	files := map[string]bool{}
	for at, text := range texts(t) {
		whole, part := document(t, base), map[string]any{}
		if yaml.Unmarshal([]byte(text), &part) != nil || len(part) == 0 {
			continue
		}
		merge(whole, part) // it may be a part of a Spec
		for _, text := range []string{text, render(t, whole)} {
			if load, schema := both(s, text); load == nil {
				n++
				files[filepath.Base(at)] = true
				assert.NoError(t, schema, "%s:\n%s", at, text)
			}
		}
	}
	assert.Greater(t, n, 100)
	assert.True(t, files["cloud.yaml"])
	t.Logf("%d Specs", n)
	for _, f := range reference.Fields() {
		doc := document(t, base)
		merge(doc, document(t, f.Example))
		assert.NoError(t, s.Validate(value(doc)), "the example of %s", f.Path)
	}
}

// faults are parts of Specs, one a line, of which each makes a Spec faulty.
const faults = `
clusters: []
clusters: [{host: ceph01}]
clusters: ceph
cluster: []
hosts: [{name: a, service: [nova-compute]}]
groups: {computes: {name: a}}
release: zedd
layout: suse
packages: upgrade
gate: healthy
clusters: [{name: ceph, host: ceph01, access: docker}]
clusters: [{name: ceph, host: ceph01, access: container}]
hosts: [{name: a, services: [nova-computes]}]
hosts: [{name: a, services: nova-compute}]
hosts: [{name: a, services: [nova-compute, nova-compute]}]
hosts: [{name: a, services: [nova-compute], standby: [nova-compute]}]
hosts: [{name: a, disks: local}]
hosts: [{services: [nova-compute]}]
hosts: [{name: a b}]
clusters: [{name: a/b}]
glance: {pool: a b}
glance: {pool: cephstack}
glance: {user: client.glance}
nova: {user: admin}
cinder: {backends: []}
clusters: [{name: ceph, pools: [{name: images, pg_num: -1}]}]
clusters: [{name: ceph, pools: [{name: images, pg_num: 1.5}]}]
clusters: [{name: ceph, pools: [{name: images, pg_num: many}]}]
clusters: [{name: ceph, pools: [{name: images, pg_autoscale_mode: yes}]}]
clusters: [{name: ceph, erasure_profiles: [{name: a, k: 1, m: 1}]}]
clusters: [{name: ceph, erasure_profiles: [{name: a, k: 2, m: 0}]}]
clusters: [{name: ceph, erasure_profiles: [{name: a, m: 1}]}]
clusters: [{name: ceph, caps: old}]
clusters: [{name: ceph, min_client: pacific}]
clusters: [{name: ceph, conf: {client: rbd_cache}}]
ssh: {sudo: maybe}
ssh: {sudo: }
ssh: {timeouts: {connect: 10}}
ssh: {timeouts: {idle: soon}}
glance: 
ssh: {key_files: }
ssh: {key_files: [ ]} ¶ hosts: [ , ]
hosts: [null]
prepare: {sudo: {}} ¶ ssh: {entry: {user: debian}}
prepare: {sudo: {}} ¶ ssh: {entry: {user: a b, agent: /a}}
nova: {secret_uuid: 6D1F0C3E-58B4-4F7A-9A51-0C2B7E4D9F10}
cloud: {apis: all}
cloud: {apis: none, name: lab}
cloud: lab
cinder: {backends: [{name: a, volume_type: a, extra_specs: {"a b": c}}]}
cinder: {backends: [{name: a, volume_type: a, extra_specs: {a: ""}}]}
prepare: {authorize: {keys: [id_ed25519.pub]}}
prepare: {authorize: {}}
prepare: {authorize: {home: stack, keys: []}}
prepare: {sudo: {narrow: true, helper: true}}
prepare: {repository: {key: a}}
prepare: {repository: {apt: ftp://a, key: a}}
prepare: {guests: {account: qemu}}
prepare: {guests: {options: [a]}}
`

// TestFaultySpecs are refused by Load and by the schema.
func TestFaultySpecs(t *testing.T) {
	s := compiled(t)
	for part := range strings.Lines(strings.TrimSpace(faults)) {
		doc, faulty := document(t, base), map[string]any{}
		if yaml.Unmarshal([]byte(strings.ReplaceAll(part, " ¶ ", "\n")), &faulty) != nil {
			faulty = map[string]any{"hosts": []any{nil}}
		}
		merge(doc, faulty)
		load, schema := both(s, render(t, doc))
		assert.Error(t, load, "Load takes %s", part)
		assert.Error(t, schema, "the schema takes %s", part)
	}
	for _, empty := range []string{"", "null", "[]", "text", "{}"} {
		load, schema := both(s, empty)
		assert.Error(t, load, empty)
		assert.Error(t, schema, empty)
	}
}

// TestWhatLoadTakesTheSchemaTakes puts random examples together, and random values into random fields.
func TestWhatLoadTakesTheSchemaTakes(t *testing.T) {
	s, random := compiled(t), rand.New(rand.NewPCG(16, 2020))
	fields := reference.Fields()
	taken, refused, told := 0, 0, 0
	for range 2000 {
		doc := document(t, base)
		for range random.IntN(4) {
			merge(doc, document(t, fields[random.IntN(len(fields))].Example))
		}
		for range random.IntN(3) {
			f := fields[random.IntN(len(fields))]
			set(random, doc, strings.Split(strings.ReplaceAll(f.Path, "[]", ".[]"), "."))
		}
		text := render(t, doc)
		switch load, schema := both(s, text); {
		case load == nil:
			taken++
			require.NoError(t, schema, "%s", text)
		case schema != nil:
			told++
			fallthrough
		default:
			refused++
		}
	}
	t.Logf("Load took %d, and refused %d, of which the schema refuses %d", taken, refused, told)
	assert.Greater(t, taken, 400)
	assert.Greater(t, refused, 400)
	assert.Greater(t, told, refused/2)
}

// set gives a field of a document a random value, where there is the mapping around it.
func set(random *rand.Rand, v any, path []string) {
	if list, ok := v.([]any); ok && path[0] == "[]" && len(list) > 0 {
		if i := random.IntN(len(list)); len(path) == 1 {
			list[i] = scalar(random)
		} else {
			set(random, list[i], path[1:])
		}
		return
	}
	inner, ok := v.(map[string]any)
	switch {
	case !ok || path[0] == "[]":
	case len(path) == 1:
		inner[path[0]] = scalar(random)
	default:
		if inner[path[0]] == nil {
			inner[path[0]] = map[string]any{}
		}
		set(random, inner[path[0]], path[1:])
	}
}

func scalar(random *rand.Rand) any {
	all := []any{
		"", nil, 0, 1, 3, 16, 2.5, 2023.1, 1e9, true, false, "yes", "off", "a", "A.b-c_d", "a b", "ceph",
		"none", "ceph01", "images", "/etc/a", "10s", "1h30m", "1.5m", "zed", "Zed", "2024.1", "antelope",
		" zed ", "16.2.11", "container mon", "image quay.io/ceph/ceph:v19", "cephadm", "librados", "auto",
		"keep", "debian", "rdo", "kolla", "classic", "install", "health", "on", "warn", "compute[1-3]",
		"[1-3]", "r[1,3]n[01-02]", "10.0.0.[1-3]", ".example", "ä", "*", "$a",
		"6d1f0c3e-58b4-4f7a-9a51-0c2b7e4d9f10", "qemu:qemu", "admin", "client.a", "cephstack", "DEFAULT",
		"operator@bastion:22", "https://a.example", "etcd3+http://192.0.2.5:2379",
		time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), []any{}, []any{"a"}, []any{1, "b"}, []any{nil},
		map[string]any{}, map[string]any{"a": "b", "c": 1},
		map[string]any{"client": map[string]any{"rbd cache": true, "x": nil}}, []any{"nova-compute"},
		[]any{"main", "test"},
	}
	return all[random.IntN(len(all))]
}

func TestYAMLOfTheModuleNamesTheSchema(t *testing.T) {
	var named []string
	for at, text := range texts(t) {
		first, _, _ := strings.Cut(text, "\n")
		if path, ok := strings.CutPrefix(first, "# yaml-language-server: $schema="); ok && !strings.Contains(at, ".go:") {
			_, err := os.Stat(filepath.Join(filepath.Dir(at), path))
			require.NoError(t, err, at)
			named = append(named, filepath.ToSlash(strings.TrimPrefix(at, "../../../")))
		}
	}
	slices.Sort(named)
	assert.Equal(t, []string{"examples/havana/cloud.yaml", "examples/lab/cloud.yaml",
		"examples/quickstart/cloud.yaml"}, named)
}
