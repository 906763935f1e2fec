package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/schema"
	"github.com/cephstack/cephstack/integrate/spec"
)

// compiled compiles a schema. A strict one refuses fields that it does not know, as no reader should.
func compiled(t *testing.T, text []byte, strict bool) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	if strict {
		for _, def := range doc.(node)["$defs"].(node) {
			def.(node)["additionalProperties"] = false
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	require.NoError(t, c.AddResource("x.json", doc))
	s, err := c.Compile("x.json") // validates it with its own schema, too
	require.NoError(t, err)
	return s
}

func validate(s *jsonschema.Schema, text []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// asJSON is what a program writes, as encoding/json does it.
func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// strict are the strict schemas by the names of their files.
func strict(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	all := map[string]*jsonschema.Schema{}
	for name, text := range map[string][]byte{"plan": schema.Plan(), "result": schema.Result(),
		"converge": schema.Converge(), "report": schema.Report(), "drift": schema.Drift(), "trust": schema.Trust(),
		"audit":  schema.Audit(),
		"rights": schema.Rights()} {
		all[name] = compiled(t, text, true)
		compiled(t, text, false)
	}
	return all
}

// TestGoldenFilesAreValid takes the outputs that the tests of package integrate recorded.
func TestGoldenFilesAreValid(t *testing.T) {
	schemas, seen := strict(t), map[string]int{}
	files, err := filepath.Glob("../testdata/golden/*/*.json")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		_, kind, _ := strings.Cut(name, "-")
		if s, ok := schemas[kind]; assert.True(t, ok, "%s has no schema", file) {
			assert.NoError(t, validate(s, text), file)
			seen[kind]++
		}
	}
	for _, kind := range []string{"plan", "result", "report"} {
		assert.Greater(t, seen[kind], 20, kind)
	}
}

// randomSpec is a cloud of random size, release and services.
func randomSpec(r *rand.Rand) spec.Spec {
	releases := []string{"havana", "queens", "train", "zed", "2024.1", "2025.2"}
	s := spec.Spec{Release: releases[r.IntN(len(releases))], Packages: "install", Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts:  []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}}},
		Glance: &spec.Glance{}, Nova: &spec.Nova{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"}}}}
	if s.Release == "havana" {
		s.Layout = "upstart"
	}
	if r.IntN(2) == 0 {
		s.Backup = &spec.Backup{}
	}
	if r.IntN(2) == 0 {
		s.Glance.User, s.Glance.Pool = "glance", "volumes" // shared with Cinder, which is noted
	}
	for n := range 1 + r.IntN(4) {
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("compute%d", n+1), Services: []string{"nova-compute"}})
	}
	return s
}

// TestRandomCloudsAreValid breaks some hosts of some clouds, so that there are problems and changes that fail.
func TestRandomCloudsAreValid(t *testing.T) {
	schemas := strict(t)
	valid := func(seed uint64, kind string, v any) {
		text := asJSON(t, v)
		assert.NoError(t, validate(schemas[kind], text), "seed %d: %s: %s", seed, kind, text)
	}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 0))
		s := randomSpec(r)
		w := integratetest.Open(t, s)
		in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
		require.NoError(t, err, "seed %d", seed)
		if r.IntN(2) == 0 {
			w.Machines[s.Hosts[len(s.Hosts)-1].Name].AddFile("/etc/ceph/ceph.conf", []byte("[global]\nfsid = other\n"), 0o644)
		}
		p, err := in.Plan(t.Context(), integrate.PlanOptions{})
		require.NoError(t, err, "seed %d", seed)
		valid(seed, "plan", p)
		report, _ := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
		valid(seed, "report", report)
		found, err := drift.Look(t.Context(), in, drift.Options{})
		require.NoError(t, err, "seed %d", seed)
		valid(seed, "drift", found)
		if r.IntN(2) == 0 {
			w.Machines["compute1"].AddFile("/etc/nova/nova.conf", []byte("changed since\n"), 0o644)
		}
		if r.IntN(2) == 0 {
			result, _ := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			valid(seed, "result", result)
			continue
		}
		for part := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
			valid(seed, "converge", schema.Line{Stage: part.Stage, Target: part.Target, Result: part.Result, Error: "x"})
		}
	}
}

// TestSchemasLetNewFieldsIn holds the promise that readers rely on, and that a strict copy would not.
func TestSchemasLetNewFieldsIn(t *testing.T) {
	text := []byte(`{"format":1,"spec":"x","clusters":{},"changes":[{"id":"pool/ceph/a","stage":"cluster","kind":"pool",` +
		`"action":"create","target":"ceph","name":"a","reason":"r","colour":"red"}],"digest":"d","since":"2030"}`)
	assert.NoError(t, validate(compiled(t, schema.Plan(), false), text))
	assert.ErrorContains(t, validate(compiled(t, schema.Plan(), true), text), "since")
}

func TestSchemasRefuseWhatTheyMust(t *testing.T) {
	plan, report := compiled(t, schema.Plan(), false), compiled(t, schema.Report(), false)
	line, keys := compiled(t, schema.Converge(), false), compiled(t, schema.Trust(), false)
	check := func(more string) string {
		return `{"format":1,"checks":[{"id":"a","name":"a","evidence":"",` + more + `}]}`
	}
	last := func(changes string) string {
		return `{"format":1,"summary":{"parts":1,"failed":[],"left_alone":0,"changes":` + changes + `}}`
	}
	for name, c := range map[string]struct {
		by   *jsonschema.Schema
		text string
	}{
		"another format":     {plan, `{"format":2,"spec":"x","clusters":{},"changes":[],"digest":"d"}`},
		"no digest":          {plan, `{"format":1,"spec":"x","clusters":{},"changes":[]}`},
		"null for a list":    {plan, `{"format":1,"spec":"x","clusters":{},"changes":null,"digest":"d"}`},
		"no plan":            {plan, `[]`},
		"another status":     {report, check(`"status":"ok","seconds":1`)},
		"time as text":       {report, check(`"status":"pass","seconds":"1s"`)},
		"neither line":       {line, `{"format":1}`},
		"a status in counts": {line, last(`{"done":1}`)},
		"a list of keys":     {keys, `[]`},
	} {
		assert.Error(t, validate(c.by, []byte(c.text)), name)
	}
	assert.NoError(t, validate(report, []byte(check(`"status":"pass","seconds":0.5`))))
	assert.NoError(t, validate(line, []byte(last(`{"applied":1}`))))
	assert.NoError(t, validate(keys, []byte(`{"format":1,"keys":[]}`)))
}

// TestWhatBreaksThePromiseIsSeen holds the guard of -update.
func TestWhatBreaksThePromiseIsSeen(t *testing.T) {
	of := func(properties, required string) string {
		return `{"$defs":{"A":{"properties":{` + properties + `},"required":[` + required + `]}}}`
	}
	const a, b = `"a":{"type":"string"}`, `"b":{"type":"integer"}`
	was := of(`"a":{"type":"string","description":"x"},`+b, `"a"`)
	for now, want := range map[string][]string{
		was:                                nil,
		of(a+`,`+b+`,"c":{}`, `"a","c"`):   nil,
		of(a, `"a"`):                       {"A loses the field b"},
		of(`"a":{"type":"number"},`+b, ``): {"A changes the type of the field a", "A need not have the field a any more"},
		`{"$defs":{}}`: {"A loses the field a", "A loses the field b",
			"A need not have the field a any more"},
	} {
		assert.Equal(t, want, broken(t, []byte(was), []byte(now)), now)
	}
}
