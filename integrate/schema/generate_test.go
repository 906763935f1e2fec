package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/schema"
)

// The schemas are written by `go test ./integrate/schema -update`.
var update = flag.Bool("update", false, "write the schemas anew")

// node is a schema, or a part of it.
type node = map[string]any

// An output is a JSON output: the types of its documents.
type output struct {
	file, title, about string
	types              []reflect.Type
}

func outputs() []output {
	return []output{
		{"plan", "Plan of cephstack", "What cephstack plan --output json prints, and cephstack apply --plan reads.",
			[]reflect.Type{reflect.TypeFor[integrate.Plan]()}},
		{"result", "Result of cephstack apply", "What cephstack apply --output json prints.",
			[]reflect.Type{reflect.TypeFor[integrate.Result]()}},
		{"converge", "Line of cephstack converge", "A line of what cephstack converge --output json prints: one for " +
			"each part, and a last one for the whole.",
			[]reflect.Type{reflect.TypeFor[schema.Line](), reflect.TypeFor[schema.Last]()}},
		{"report", "Report of cephstack verify", "What cephstack verify --output json prints.",
			[]reflect.Type{reflect.TypeFor[integrate.Report]()}},
		{"drift", "Report of cephstack drift", "What cephstack drift --output json prints.",
			[]reflect.Type{reflect.TypeFor[drift.Report]()}},
		{"audit", "Report of cephstack audit", "What cephstack audit --output json prints.",
			[]reflect.Type{reflect.TypeFor[audit.Report]()}},
		{"trust", "Host keys of cephstack trust", "What cephstack trust --output json prints.",
			[]reflect.Type{reflect.TypeFor[schema.HostKeys]()}},
		{"rights", "Rights of cephstack rights", "What cephstack rights --output json prints.",
			[]reflect.Type{reflect.TypeFor[schema.OperatorRights]()}},
		{"rotation", "Report of cephstack rotate", "What cephstack rotate --output json prints.",
			[]reflect.Type{reflect.TypeFor[rotate.Report]()}},
	}
}

const promise = " The field format is the version of this form: 1. As long as it is 1, no field goes away, is " +
	"renamed, or changes its type or meaning. New fields may come, and new kinds, IDs of checks, codes and causes: " +
	"accept those that you do not know. Texts for people may change: name, reason, why, message, evidence, next and error."

func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	for _, o := range outputs() {
		t.Run(o.file, func(t *testing.T) {
			g := &generator{comments: commentsOf(t), defs: node{}}
			text := g.document(t, o)
			at := o.file + ".schema.json"
			have, err := os.ReadFile(at)
			if *update {
				if err == nil {
					keepsPromise(t, have, text)
				}
				require.NoError(t, os.WriteFile(at, text, 0o644))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, string(text), string(have), "write it anew: go test ./integrate/schema -update")
		})
	}
}

// keepsPromise refuses a schema that takes away what the one before it promised.
func keepsPromise(t *testing.T, before, after []byte) {
	t.Helper()
	for _, fault := range broken(t, before, after) {
		t.Errorf("%s: raise the number of the format, and say so in CHANGELOG.md and in doc.go", fault)
	}
	if t.Failed() {
		t.FailNow()
	}
}

// broken lists what a schema does not keep of the one before it.
func broken(t *testing.T, before, after []byte) (faults []string) {
	t.Helper()
	var old, new node
	require.NoError(t, json.Unmarshal(before, &old))
	require.NoError(t, json.Unmarshal(after, &new))
	defs, now := old["$defs"].(node), new["$defs"].(node)
	for name := range defs {
		was, is := defs[name].(node), node{}
		if d, ok := now[name].(node); ok {
			is = d
		}
		properties, _ := is["properties"].(node)
		for field, p := range was["properties"].(node) {
			if q, ok := properties[field]; !ok {
				faults = append(faults, name+" loses the field "+field)
			} else if !reflect.DeepEqual(bare(p), bare(q)) {
				faults = append(faults, name+" changes the type of the field "+field)
			}
		}
		for _, field := range was["required"].([]any) {
			if required, _ := is["required"].([]any); !slices.Contains(required, field) {
				faults = append(faults, name+" need not have the field "+field.(string)+" any more")
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// bare is a schema without its descriptions.
func bare(v any) any {
	n, ok := v.(node)
	if !ok {
		return v
	}
	out := node{}
	for k, v := range n {
		if k != "description" {
			out[k] = bare(v)
		}
	}
	return out
}

// A generator makes schemas of types.
type generator struct {
	comments comments
	defs     node
}

func (g *generator) document(t *testing.T, o output) []byte {
	t.Helper()
	var refs []any
	for _, of := range o.types {
		refs = append(refs, g.ref(of))
	}
	doc := node{"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":   "https://github.com/cephstack/cephstack/integrate/schema/" + o.file + ".schema.json",
		"title": o.title, "description": o.about + promise, "$defs": g.defs}
	if len(refs) == 1 {
		doc["$ref"] = refs[0].(node)["$ref"]
	} else {
		doc["oneOf"] = refs
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(doc))
	return b.Bytes()
}

// ref defines a struct, and refers to it.
func (g *generator) ref(of reflect.Type) node {
	name := of.Name()
	if _, ok := g.defs[name]; !ok {
		def := node{"type": "object", "description": g.comments[of.String()].text}
		g.defs[name] = def
		properties, required := node{}, []string{}
		g.fields(of, properties, &required)
		def["properties"], def["required"] = properties, required
	}
	return node{"$ref": "#/$defs/" + name}
}

func (g *generator) fields(of reflect.Type, properties node, required *[]string) {
	for i := range of.NumField() {
		f := of.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			g.fields(f.Type.Elem(), properties, required)
			continue
		case !f.IsExported() || name == "-":
			continue
		}
		p := g.typed(f.Type)
		if text := g.comments[of.String()].fields[f.Name]; text != "" {
			p["description"] = text
		}
		switch name {
		case "format":
			p["const"] = schema.Format
		case "seconds":
			p["minimum"] = 0
		}
		properties[name] = p
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}

func (g *generator) typed(of reflect.Type) node {
	switch of.Kind() {
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int:
		return node{"type": "integer"}
	case reflect.Float64:
		return node{"type": "number"}
	case reflect.String:
		n := node{"type": "string"}
		if some := values()[of.String()]; len(some) > 0 {
			n["enum"] = some
		}
		return n
	case reflect.Slice:
		return node{"type": "array", "items": g.typed(of.Elem())}
	case reflect.Map:
		n := node{"type": "object", "additionalProperties": g.typed(of.Elem())}
		if some := values()[of.Key().String()]; len(some) > 0 {
			n["propertyNames"] = node{"enum": some}
		}
		return n
	case reflect.Struct:
		return g.ref(of)
	}
	panic("a type that this test cannot describe: " + of.String())
}

// values are those that a text may have, by its type.
func values() map[string][]string {
	return map[string][]string{
		"integrate.Stage":       {"cluster", "computes", "controllers", "cloud"},
		"integrate.Action":      texts(integrate.Create, integrate.Update, integrate.Restart, integrate.Remove),
		"integrate.CheckStatus": texts(integrate.Pass, integrate.Fail, integrate.Unable),
		"integrate.Status": texts(integrate.Applied, integrate.Unchanged, integrate.Failed, integrate.Unknown,
			integrate.Skipped, integrate.Cancelled),
		"drift.Status":    texts(drift.None, drift.Found, drift.Unknown),
		"schema.KeyState": texts(schema.KeyKnown, schema.KeyUnknown, schema.KeyChanged, schema.KeyAdded),
		"audit.Severity":  texts(audit.Danger, audit.Broken, audit.Waste),
	}
}

func texts[T ~string](values ...T) (texts []string) {
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return texts
}

// A comment is what the source says of a type, and of its fields.
type comment struct {
	text   string
	fields map[string]string
}

// comments are those of types, such as integrate.Plan.
type comments map[string]comment

// commentsOf reads the sources of the types.
func commentsOf(t *testing.T) comments {
	t.Helper()
	all := comments{}
	for _, dir := range []string{"..", ".", "../drift", "../audit", "../rotate"} {
		names, err := filepath.Glob(dir + "/*.go")
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			require.NoError(t, err)
			for _, d := range file.Decls {
				decl, ok := d.(*ast.GenDecl)
				if !ok || len(decl.Specs) != 1 {
					continue
				}
				if s, ok := decl.Specs[0].(*ast.TypeSpec); ok {
					all[file.Name.Name+"."+s.Name.Name] = comment{flat(decl.Doc.Text()), fieldTexts(s)}
				}
			}
		}
	}
	return all
}

func fieldTexts(s *ast.TypeSpec) map[string]string {
	texts := map[string]string{}
	if of, ok := s.Type.(*ast.StructType); ok {
		for _, f := range of.Fields.List {
			for _, name := range f.Names {
				texts[name.Name] = flat(f.Doc.Text() + f.Comment.Text())
			}
		}
	}
	return texts
}

// flat is a comment in a line. Of a long one, only the first paragraph counts.
func flat(text string) string {
	first, _, _ := strings.Cut(text, "\n\n")
	return strings.Join(strings.Fields(first), " ")
}
