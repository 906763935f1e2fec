// Package reference tells what each field of a Spec means: for programs that explain a field,
// for pages, and for editors.
//
// The texts are those of the comments in package integrate/spec. They are copied to fields.json,
// which a test compares with the comments. Each field has an example, of examples.yaml, which is
// part of a Spec that loads.
//
// # Use
//
// To tell somebody who writes a Spec what a field means: see the Example.
//
// Fields lists all fields in the order of the Spec. Lookup finds the field of a path, and Suggest
// tells which paths are like one that there is not. Schema is a JSON Schema of the text of a Spec,
// by which editors complete and check it: it is cloud.schema.json, beside this file. The first line
// of a Spec may name it, by its path or its URL:
//
//	# yaml-language-server: $schema=cloud.schema.json
//
// # Errors
//
// Nothing here fails: Lookup reports whether there is such a field.
//
// # Concurrency and cancellation
//
// All functions are safe for concurrent use. What they return belongs to the caller.
//
// # Testing
//
// A change of a comment in package integrate/spec needs
//
//	go test ./integrate/spec/reference -update
//
// which writes fields.json, the schema, and the page examples/guide/reference/spec.md again.
package reference

import (
	"bytes"
	_ "embed" // of the files below
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// A Field is a field of a Spec, as the text of a Spec has it.
type Field struct {
	Path    string `json:"path"`    // such as cinder.backends[].pool; [] stands for each entry of a list
	Type    string `json:"type"`    // in words, such as text or list of text
	Text    string `json:"text"`    // what the field means: paragraphs, and lists whose lines begin with a dash
	Default string `json:"default"` // what counts where the field is left out; ends with a full stop
	Limits  string `json:"limits"`  // what a Spec may have here; ends with a full stop
	Example string `json:"example"` // part of a Spec, in YAML, with the field in it
}

//go:embed fields.json
var fieldsJSON []byte

//go:embed cloud.schema.json
var schemaJSON []byte

// all are the fields of fields.json.
var all = sync.OnceValue(func() []Field {
	var fields []Field
	if err := json.Unmarshal(fieldsJSON, &fields); err != nil {
		return nil // a test reads the file
	}
	return fields
})

// Fields lists all fields, in the order of the Spec. A field comes before the fields that it has.
func Fields() []Field { return slices.Clone(all()) }

// Schema is the JSON Schema (draft 2020-12) of the text of a Spec, as Load reads it. Load refuses
// more than the schema does: what depends on several fields, such as a host that is not there.
func Schema() []byte { return bytes.Clone(schemaJSON) }

// Lookup finds the field of a path. The path may be as in a message of Load, such as
// hosts[3].disks; without brackets, as in hosts.disks; or the last name alone, where only one field
// has that name. Upper and lower case are the same. A name that the user of a Spec chooses, such as
// that of an option, belongs to the field around it; in a group, it is the field of hosts.
func Lookup(path string) (Field, bool) {
	want := plain(path)
	if rest, ok := strings.CutPrefix(want, "groups."); ok {
		if _, field, ok := strings.Cut(rest, "."); ok {
			want = "hosts." + field
		} else {
			want = "groups"
		}
	}
	var ends []Field
	for _, f := range all() {
		have := plain(f.Path)
		switch inside := strings.HasPrefix(want, have+"."); {
		case have == want, inside && f.hasFreeNames():
			return f, true
		case strings.HasSuffix(have, "."+want):
			ends = append(ends, f)
		}
	}
	if want != "" && len(ends) == 1 {
		return ends[0], true
	}
	return Field{}, false
}

// hasFreeNames reports whether the field is a mapping whose names the user of a Spec chooses.
func (f Field) hasFreeNames() bool { return strings.HasPrefix(f.Type, "mapping of ") }

// plain is a path without brackets, in lower case.
func plain(path string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(path, "[")
		b.WriteString(before)
		if !ok {
			break
		}
		_, path, _ = strings.Cut(rest, "]")
	}
	return strings.ToLower(strings.Trim(b.String(), ". "))
}
