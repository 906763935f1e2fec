package integrate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
)

// TestFieldsOfJSONAreDocumented compares the list of fields in the package's document
// with the fields of the types.
func TestFieldsOfJSONAreDocumented(t *testing.T) {
	document, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, v := range []any{integrate.Plan{}, integrate.Change{}, integrate.FieldDiff{}, integrate.Finding{},
		integrate.Result{}, integrate.Outcome{}, integrate.Report{}, integrate.Check{}} {
		of := reflect.TypeOf(v)
		var names []string
		for _, f := range reflect.VisibleFields(of) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				names = append(names, name)
			}
		}
		assert.Regexp(t, `(?m)^//\t`+of.Name()+` +`+strings.Join(names, ", ")+`$`, string(document))
	}
}

// TestCodesAreDocumented holds the list of codes in the documentation of Finding
// against the codes that this package and the kinds of resources use.
func TestCodesAreDocumented(t *testing.T) {
	used := map[string]bool{}
	for _, dir := range []string{".", "internal/kind/cluster", "internal/kind/host", "internal/kind/cloud",
		"internal/engine"} {
		maps.Copy(used, codesIn(t, dir))
	}
	require.Greater(t, len(used), 50)
	source, err := os.ReadFile("finding.go")
	require.NoError(t, err)
	comment, _, found := strings.Cut(string(source), "\ntype Finding struct")
	require.True(t, found)
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^//   - ([a-z0-9-]+):`).FindAllStringSubmatch(comment, -1) {
		listed = append(listed, m[1])
	}
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(listed))), len(listed), "a code is listed twice")
	assert.ElementsMatch(t, slices.Collect(maps.Keys(used)), listed)
}

// TestCausesAreDocumented holds the names of causes against the field that has them.
func TestCausesAreDocumented(t *testing.T) {
	sources, err := filepath.Glob("internal/*/*.go")
	require.NoError(t, err)
	var conditions []byte
	for _, name := range sources {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		if strings.Contains(string(text), "\nfunc conditions() []condition {\n") {
			conditions = text
		}
	}
	source, err := os.ReadFile("finding.go")
	require.NoError(t, err)
	_, comment, _ := strings.Cut(string(source), "// Cause names the condition")
	comment, _, _ = strings.Cut(comment, "Cause string")
	names := regexp.MustCompile(`\{"([a-z-]+)", `).FindAllStringSubmatch(string(conditions), -1)
	require.NotEmpty(t, names)
	for _, m := range names {
		assert.Regexp(t, `[ \t]`+m[1]+`[,. ]`, comment)
	}
}

// codesIn collects the codes of findings in a package.
func codesIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.go")
	require.NoError(t, err)
	set := token.NewFileSet()
	s := codeSearch{t: t, set: set, constants: map[string]string{}, used: map[string]bool{}}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		require.NoError(t, err)
		files = append(files, file)
	}
	require.NotEmpty(t, files)
	s.readFile("internal/step/delta.go")
	for _, file := range files {
		s.readConstants(file)
	}
	for _, file := range files {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				s.function(f)
			}
		}
	}
	return s.used
}

// A codeSearch looks for the codes of a package.
type codeSearch struct {
	t         *testing.T
	set       *token.FileSet
	constants map[string]string
	used      map[string]bool
}

// readFile reads the constants of a file of package step.
func (s codeSearch) readFile(name string) {
	file, err := parser.ParseFile(s.set, name, nil, 0)
	require.NoError(s.t, err)
	s.readConstants(file)
}

func (s codeSearch) readConstants(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				if i < len(v.Values) {
					if text, ok := literal(v.Values[i]); ok {
						s.constants[name.Name] = text
					}
				}
			}
		}
		return true
	})
}

// function finds the codes in a function: arguments and fields that are codes, and
// results that are called code.
func (s codeSearch) function(f *ast.FuncDecl) {
	parameters := namesOf(f.Type.Params)
	if f.Type.Results != nil && slices.Contains(namesOf(f.Type.Results), "code") {
		s.results(f)
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if i, ok := codeArgument(n); ok && i < len(n.Args) {
				s.take(f, n.Args[i], parameters)
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
				s.take(f, n.Value, parameters)
			}
		}
		return true
	})
}

// codeArgument says which argument of a call is a code.
func codeArgument(call *ast.CallExpr) (int, bool) {
	name := ""
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		name = fun.Name
	case *ast.SelectorExpr:
		name = fun.Sel.Name
	}
	switch name {
	case "Refuse", "refuse", "Problem", "Note":
		return 0, true
	case "left":
		return 3, true
	}
	return 0, false
}

// results takes the first result of each return of a function that returns a code.
func (s codeSearch) results(f *ast.FuncDecl) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		r, ok := n.(*ast.ReturnStmt)
		if !ok || len(r.Results) < 2 {
			return true
		}
		if text, ok := literal(r.Results[0]); ok && text != "" {
			s.used[text] = true
		} else if name, ok := r.Results[0].(*ast.Ident); ok && s.constants[name.Name] != "" {
			s.used[s.constants[name.Name]] = true
		}
		return true
	})
}

// take takes the code that an expression stands for. What a parameter stands for is
// found at the calls, and what a function returns in that function.
func (s codeSearch) take(f *ast.FuncDecl, e ast.Expr, parameters []string) {
	s.t.Helper()
	if text, ok := literal(e); ok {
		s.used[text] = true
		return
	}
	name := ""
	switch e := e.(type) {
	case *ast.Ident:
		name = e.Name
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); !ok || pkg.Name != "step" {
			return // a finding that is handed on
		}
		name = e.Sel.Name
	}
	require.NotEmpty(s.t, name, "%s: a code that this test cannot tell", s.set.Position(e.Pos()))
	if text, ok := s.constants[name]; ok {
		s.used[text] = true
		return
	}
	if !slices.Contains(parameters, name) {
		for _, text := range assigned(f, name) {
			s.used[text] = true
		}
	}
}

// assigned are the texts that a function assigns to a variable.
func assigned(f *ast.FuncDecl, name string) (texts []string) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			return true
		}
		for i, left := range a.Lhs {
			if id, ok := left.(*ast.Ident); ok && id.Name == name {
				if text, ok := literal(a.Rhs[i]); ok {
					texts = append(texts, text)
				}
			}
		}
		return true
	})
	return texts
}

func namesOf(list *ast.FieldList) (names []string) {
	for _, field := range list.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// TestIDsAreDocumented looks up the IDs of changes and checks in the tables of the
// package's document. The IDs are those in the golden files. A name that is a kind and a
// check passes if one of the two tables has it.
func TestIDsAreDocumented(t *testing.T) {
	document, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	files, err := filepath.Glob(goldenDir + "/*/*.json")
	require.NoError(t, err)
	beginnings := map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`"id": "([a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
			beginnings[m[1]] = true
		}
	}
	require.Greater(t, len(beginnings), 20)
	for beginning := range beginnings {
		assert.Regexp(t, `(?m)^//\t`+beginning+`[ /]`, string(document))
	}
}
