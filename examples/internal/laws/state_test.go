package laws_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// checkInit finds init functions.
func checkInit(tree []source) []violation {
	var found []violation
	for _, s := range goFiles(tree, always) {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				found = append(found, s.at(f, "init", "has an init function"))
			}
		}
	}
	return found
}

// checkState finds package-level variables that may change. A variable is
// allowed when no code of its package assigns to it or takes its address, and
// when it is made by errors.New, regexp.MustCompile or sync.OnceValue(s), is
// another package's error, is an embedded file, or is an unexported array, slice
// or map that is written down as a whole. Tests may have what they like.
func checkState(tree []source) []violation {
	var found []violation
	for _, sources := range packages(tree) {
		vars := variables(sources)
		for _, s := range sources {
			for name, v := range vars {
				if v.file.path == s.path && v.fault != "" {
					found = append(found, s.at(v.spec, name, "package-level variable "+name+" "+v.fault))
				}
			}
			ast.Inspect(s.syntax, func(n ast.Node) bool {
				for _, target := range written(n) {
					v, ok := vars[target.Name]
					if ok && (target.Obj == nil || target.Obj.Decl == v.spec) {
						found = append(found, s.at(n, target.Name, "package-level variable "+target.Name+" is written to"))
					}
				}
				return true
			})
		}
	}
	return sorted(found)
}

type variable struct {
	file  source
	spec  *ast.ValueSpec
	fault string // why a variable made like this is state
}

// variables gives the package-level variables of a package, except "_".
func variables(sources []source) map[string]variable {
	vars := map[string]variable{}
	for _, s := range sources {
		for _, d := range s.syntax.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				spec := spec.(*ast.ValueSpec)
				for i, name := range spec.Names {
					if name.Name != "_" {
						vars[name.Name] = variable{s, spec, fault(g, spec, i)}
					}
				}
			}
		}
	}
	return vars
}

// fault says why the i-th variable of a declaration is state, or nothing.
func fault(g *ast.GenDecl, spec *ast.ValueSpec, i int) string {
	if embedded(g.Doc) || embedded(spec.Doc) {
		return ""
	}
	if i >= len(spec.Values) {
		return "has no value of its own"
	}
	switch value := ast.Unparen(spec.Values[i]).(type) {
	case *ast.CallExpr:
		switch called(value) {
		case "errors.New", "regexp.MustCompile", "sync.OnceValue", "sync.OnceValues":
			return ""
		}
	case *ast.SelectorExpr:
		if strings.HasPrefix(value.Sel.Name, "Err") && strings.HasPrefix(spec.Names[i].Name, "Err") {
			return ""
		}
	case *ast.CompositeLit:
		if spec.Names[i].IsExported() {
			return "can be changed by importers"
		}
		switch value.Type.(type) {
		case *ast.ArrayType, *ast.MapType:
			return ""
		}
	}
	return "may hold state"
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool {
		return strings.HasPrefix(c.Text, "//go:embed ")
	})
}

// called gives the name of the function in a call, such as errors.New.
func called(call *ast.CallExpr) string {
	fun := call.Fun
	if generic, ok := fun.(*ast.IndexExpr); ok {
		fun = generic.X
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

// written gives the variables that a node changes, or whose address it takes.
func written(n ast.Node) []*ast.Ident {
	var targets []ast.Expr
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			targets = n.Lhs
		}
	case *ast.IncDecStmt:
		targets = []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			targets = []ast.Expr{n.Key, n.Value}
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			targets = []ast.Expr{n.X}
		}
	case *ast.CallExpr:
		switch called(n) {
		case "delete", "clear", "copy":
			targets = n.Args[:1]
		}
	}
	var roots []*ast.Ident
	for _, target := range targets {
		if id := root(target); id != nil {
			roots = append(roots, id)
		}
	}
	return roots
}

// root gives the variable at the left of an expression such as x.f[i].
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		default:
			return nil
		}
	}
}

func TestInit(t *testing.T) {
	try(t, checkInit, []trial{
		{"init", []string{"a/a.go", "package a\n\nfunc init() {}\n"}, []string{"init"}},
		{"init in a test", []string{"a/a_test.go", "package a\n\nfunc init() {}\n"}, []string{"init"}},
		{"a method", []string{"a/a.go", "package a\n\ntype t int\n\nfunc (t) init() {}\n"}, nil},
	})
}

// TestState tries what a variable may be made by, and every way to write to it.
func TestState(t *testing.T) {
	const table = "var x = map[string]int{\"a\": 1}\n"
	var trials []trial
	for text, bad := range map[string]bool{
		"var x = errors.New(\"x\")":                          false,
		"var x = regexp.MustCompile(\"x\")":                  false,
		"var x = sync.OnceValue(f)":                          false,
		"var x = sync.OnceValue[int](f)":                     false,
		"//go:embed x.txt\nvar x []byte":                     false,
		"var (\n\t//go:embed x.txt\n\tx string\n)":           false,
		"var _ I = T{}":                                      false,
		"const x = 1":                                        false,
		table:                                                false,
		"var x = []int{1}":                                   false,
		"var x int":                                          true,
		"var x = 1":                                          true,
		"var x = T{}":                                        true,
		"var x = &T{}":                                       true,
		"var x = f()":                                        true,
		"var x sync.Mutex":                                   true,
		table + "func f() { x[\"b\"] = 2 }":                  true,
		table + "func f() { x = nil }":                       true,
		table + "func f() { delete(x, \"a\") }":              true,
		table + "func f() { g(&x) }":                         true,
		table + "func f() { x[\"a\"]++ }":                    true,
		table + "func f() { for x[\"a\"] = range 3 {} }":     true,
		table + "func f() { var x int; x = 2; _ = x }":       false,
		table + "func f() int { return x[\"a\"] }":           false,
		"var x = errors.New(\"x\")\nfunc f() { x = nil }":    true,
		"var x = []int{1}\nfunc f(x []int) { x[0] = 2 }":     false,
		"var x = [2]int{1}\nfunc f() { y := x; y[0] = 2 }":   false,
		"var x = []int{1}\nfunc f() { copy(x, []int{2}) }":   true,
		"var x = []int{1}\nfunc f() { copy(x[1:], y[2:]) }":  true,
		"var x = []*T{{}}\nfunc f() { x[0].field.deep = 3 }": true,
	} {
		c := trial{name: text, files: []string{"a/a.go", "package a\n\n" + text + "\n"}}
		if bad {
			c.want = []string{"x"}
		}
		trials = append(trials, c)
	}
	try(t, checkState, append(trials,
		trial{"an error", []string{"a/a.go", "package a\n\nvar ErrX = b.ErrX\n"}, nil},
		trial{"not an error", []string{"a/a.go", "package a\n\nvar X = b.X\n"}, []string{"X"}},
		trial{"exported table", []string{"a/a.go", "package a\n\nvar X = []int{1}\n"}, []string{"X"}},
		trial{"written in another file", []string{"a/a.go", "package a\n\n" + table,
			"a/b.go", "package a\n\nfunc f() { x = nil }\n"}, []string{"x"}},
		trial{"written in another package", []string{"a/a.go", "package a\n\n" + table,
			"b/b.go", "package b\n\nfunc f(x int) { x = 3 }\n"}, nil},
		trial{"in a test", []string{"a/a_test.go", "package a\n\nvar x int\n"}, nil},
	))
}
