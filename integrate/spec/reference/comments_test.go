package reference_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec/reference"
)

// A source is the types of package spec, as their files have them.
type source struct {
	t     *testing.T
	types map[string]*ast.StructType
	docs  map[string]string
}

func readSource(t *testing.T) *source {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	s := &source{t: t, types: map[string]*ast.StructType{}, docs: map[string]string{}}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, one := range decl.Specs {
				if typ, ok := one.(*ast.TypeSpec); ok {
					if structure, ok := typ.Type.(*ast.StructType); ok {
						s.types[typ.Name.Name], s.docs[typ.Name.Name] = structure, decl.Doc.Text()
					}
				}
			}
		}
	}
	require.Contains(t, s.types, "Spec")
	return s
}

// A node is a field and its type in Go.
type node struct {
	reference.Field
	expr ast.Expr
}

// fields are all fields of the text of a Spec, in its order, with examples.
func (s *source) fields(examples map[string]string) []node {
	var all []node
	for _, n := range s.of("Spec", "") {
		if n.Path == "hosts" { // the text has groups, too
			all = append(all, s.named("form", "groups", ""))
		}
		all = append(all, n)
		if n.Path == "hosts[].name" {
			all = append(all, s.named("member", "group", "hosts[]."))
		}
	}
	for i := range all {
		all[i].Example = examples[all[i].Path]
	}
	return all
}

// of are the fields of a type, each followed by its own.
func (s *source) of(typ, path string) []node {
	var all []node
	for _, f := range s.types[typ].Fields.List {
		n, ok := s.field(f, path)
		if !ok {
			continue
		}
		all = append(all, n)
		if inner := structIn(f.Type); s.types[inner] != nil && inner != "Secret" {
			under := n.Path + "."
			if _, list := f.Type.(*ast.ArrayType); list {
				under = n.Path + "[]."
			}
			all = append(all, s.of(inner, under)...)
		}
	}
	return all
}

func (s *source) named(typ, name, path string) node {
	for _, f := range s.types[typ].Fields.List {
		if n, ok := s.field(f, path); ok && n.Name() == name {
			return n
		}
	}
	s.t.Fatalf("%s has no field %s", typ, name)
	return node{}
}

func (s *source) field(f *ast.Field, path string) (node, bool) {
	require.Len(s.t, f.Names, 1, "each field of a Spec has a line of its own")
	name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml"), ",")
	n := node{Field: reference.Field{Path: path + name, Type: words(f.Type, "")}, expr: f.Type}
	if name == "hosts" && f.Doc == nil { // of form, whose hosts are those of the Spec
		return node{}, false
	}
	doc := f.Doc.Text()
	first, rest, _ := strings.Cut(doc, " ")
	require.Equal(s.t, f.Names[0].Name, first, "the comment of %s begins with the name of the field", n.Path)
	text, limits, ok := strings.Cut(name+" "+rest, "\nLimits: ")
	require.True(s.t, ok, "the comment of %s has no line with Limits", n.Path)
	text, standard, ok := strings.Cut(text, "\nDefault: ")
	require.True(s.t, ok, "the comment of %s has no line with Default, before that of Limits", n.Path)
	n.Text, n.Default, n.Limits = paragraphs(text), paragraphs(standard), paragraphs(limits)
	if more := s.more(structIn(f.Type)); more != "" {
		n.Text += "\n\n" + more
	}
	for what, text := range map[string]string{"text": n.Text, "default": n.Default, "limits": n.Limits} {
		require.True(s.t, strings.HasSuffix(text, "."), "the %s of %s ends with a full stop: %s", what, n.Path, text)
	}
	return n, true
}

// more is what the comment of a type says after its first sentence, which the field says.
func (s *source) more(typ string) string {
	doc := strings.TrimSpace(s.docs[typ])
	if typ == "Secret" || typ == "group" || doc == "" {
		return ""
	}
	_, rest, _ := strings.Cut(paragraphs(doc)+" ", ". ")
	if _, behind, ok := strings.Cut(paragraphs(doc), ".\n\n"); ok && !strings.Contains(rest, behind) {
		rest = behind
	}
	return strings.TrimSpace(rest)
}

// paragraphs joins the lines of each paragraph, and of each entry of a list.
func paragraphs(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.TrimRight(line, " ")
		entry := strings.TrimLeft(line, " ")
		switch isEntry := strings.HasPrefix(entry, "- ") && entry != line; {
		case line == "":
			b.WriteString("\n\n")
		case isEntry && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n"):
			b.WriteString("\n" + entry)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "\n"):
			b.WriteString(" " + entry)
		default:
			b.WriteString(entry)
		}
	}
	return strings.TrimSpace(b.String())
}

// structIn is the name of the type that an expression is made of.
func structIn(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return structIn(e.X)
	case *ast.ArrayType:
		return structIn(e.Elt)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// words is a type as users call it; plural is its ending.
func words(e ast.Expr, plural string) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return words(e.X, plural)
	case *ast.ArrayType:
		return "list" + plural + " of " + words(e.Elt, "s")
	case *ast.MapType:
		return "mapping" + plural + " of names to " + words(e.Value, "s")
	case *ast.Ident:
		switch e.Name {
		case "string", "Secret":
			return "text"
		case "int", "int64":
			return "whole number" + plural
		case "bool":
			return "true or false"
		}
		return "mapping" + plural
	}
	return fmt.Sprintf("%T", e)
}
