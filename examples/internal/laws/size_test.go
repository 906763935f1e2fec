package laws_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// When a number breaks, split by noun; do not raise the number.
const (
	maxExports    = 45
	maxFile       = 450
	maxFunction   = 60
	maxParameters = 4
	maxColumns    = 120
)

// checkExports counts a package's exported names of its top level.
func checkExports(tree []source) []violation {
	var found []violation
	for dir, sources := range packages(tree) {
		count := 0
		for _, s := range sources {
			for _, d := range s.syntax.Decls {
				count += exported(d)
			}
		}
		if count > maxExports {
			found = append(found, violation{path: dir, name: "exports",
				problem: fmt.Sprintf("exports %d names, more than %d", count, maxExports)})
		}
	}
	return sorted(found)
}

func exported(d ast.Decl) int {
	count := 0
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() {
			count++
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					count++
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.IsExported() {
						count++
					}
				}
			}
		}
	}
	return count
}

// checkFileLength counts the lines of Go files.
func checkFileLength(tree []source) []violation {
	var found []violation
	for _, s := range goFiles(tree, always) {
		if n := strings.Count(s.text, "\n"); n > maxFile {
			found = append(found, violation{path: s.path, name: "lines",
				problem: fmt.Sprintf("has %d lines, more than %d", n, maxFile)})
		}
	}
	return found
}

// checkFunctionLength counts the lines of functions, from func to the brace.
func checkFunctionLength(tree []source) []violation {
	return functions(tree, func(s source, f *ast.FuncDecl) string {
		lines := s.set.Position(f.End()).Line - s.line(f) + 1
		if lines <= maxFunction {
			return ""
		}
		return fmt.Sprintf("%s has %d lines, more than %d", f.Name.Name, lines, maxFunction)
	})
}

// functions finds the functions and methods of a tree that a check faults.
func functions(tree []source, fault func(source, *ast.FuncDecl) string) []violation {
	var found []violation
	for _, s := range goFiles(tree, always) {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				if problem := fault(s, f); problem != "" {
					found = append(found, s.at(f, funcName(f), problem))
				}
			}
		}
	}
	return found
}

// funcName gives a function's name, with the type that it is a method of.
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	if id := receiver(f.Recv.List[0].Type); id != nil {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

func receiver(e ast.Expr) *ast.Ident {
	if generic, ok := e.(*ast.IndexListExpr); ok {
		e = generic.X
	}
	return root(e)
}

// checkParameters counts the parameters of functions, and of the methods of
// interfaces. A receiver is not counted.
func checkParameters(tree []source) []violation {
	found := functions(tree, func(_ source, f *ast.FuncDecl) string { return tooMany(f.Name.Name, f.Type) })
	for _, s := range goFiles(tree, always) {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			i, ok := n.(*ast.InterfaceType)
			if !ok {
				return true
			}
			for _, m := range i.Methods.List {
				if t, ok := m.Type.(*ast.FuncType); ok {
					if problem := tooMany(m.Names[0].Name, t); problem != "" {
						found = append(found, s.at(m, m.Names[0].Name, problem))
					}
				}
			}
			return true
		})
	}
	return found
}

func tooMany(name string, f *ast.FuncType) string {
	if n := f.Params.NumFields(); n > maxParameters {
		return fmt.Sprintf("%s takes %d parameters, more than %d", name, n, maxParameters)
	}
	return ""
}

// checkColumns finds lines of Go files that are too long. A tab counts as one
// column.
func checkColumns(tree []source) []violation {
	var found []violation
	for _, s := range goFiles(tree, always) {
		found = append(found, longLines(s, utf8.RuneCountInString)...)
	}
	return found
}

// checkProse finds lines of documents that are too long.
func checkProse(tree []source) []violation {
	target := regexp.MustCompile(`\]\([^)]*\)|<?https?://\S+`)
	var found []violation
	for _, s := range tree {
		if s.isGo() {
			continue
		}
		fenced := false
		found = append(found, longLines(s, func(line string) int {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
			}
			if fenced || strings.HasPrefix(line, "|") {
				return 0
			}
			return utf8.RuneCountInString(target.ReplaceAllString(line, "]"))
		})...)
	}
	return found
}

// longLines finds the lines of s that are too long by some measure. Their name
// is their number.
func longLines(s source, measure func(line string) int) []violation {
	var found []violation
	number := 0
	for line := range strings.Lines(s.text) {
		number++
		if n := measure(strings.TrimRight(line, "\r\n")); n > maxColumns {
			found = append(found, violation{path: s.path, line: number,
				problem: fmt.Sprintf("the line has %d columns, more than %d", n, maxColumns)})
		}
	}
	for i := range found {
		found[i].name = strconv.Itoa(len(found))
	}
	return found
}

// sorted puts violations in the order of files and lines.
func sorted(found []violation) []violation {
	slices.SortFunc(found, func(a, b violation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.line, b.line), cmp.Compare(a.name, b.name))
	})
	return found
}

func TestExports(t *testing.T) {
	names := strings.Repeat("func F() {}\nconst A, B = 1, 2\ntype T int\nvar E = errors.New(\"\")\n", 9)
	const hidden = "func f() {}\nfunc (t) M() {}\n"
	try(t, checkExports, []trial{
		{"45 names", []string{"a/a.go", "package a\n" + names + hidden}, nil},
		{"46 names", []string{"a/a.go", "package a\n" + names, "a/b.go", "package a\nconst C = 1\n"}, []string{"exports"}},
		{"in two packages", []string{"a/a.go", "package a\n" + names, "b/b.go", "package b\n" + names}, nil},
		{"in a test", []string{"a/a.go", "package a\n" + names, "a/b_test.go", "package a\n" + names}, nil},
	})
}

func TestFileLength(t *testing.T) {
	try(t, checkFileLength, []trial{
		{"450", []string{"a/a.go", "package a\n" + strings.Repeat("\n", 449)}, nil},
		{"451", []string{"a/a_test.go", "package a\n" + strings.Repeat("\n", 450)}, []string{"lines"}},
	})
}

func TestFunctionLength(t *testing.T) {
	try(t, checkFunctionLength, []trial{
		{"60", []string{"a/a.go", "package a\nfunc f() {\n" + strings.Repeat("\n", 58) + "}\n"}, nil},
		{"61", []string{"a/a.go", "package a\nfunc f() {\n" + strings.Repeat("\n", 59) + "}\n"}, []string{"f"}},
		{"a method", []string{"a/a_test.go", "package a\nfunc (t *T[K]) f() {\n" + strings.Repeat("\n", 59) + "}\n"},
			[]string{"T.f"}},
	})
}

func TestParameters(t *testing.T) {
	try(t, checkParameters, []trial{
		{"4", []string{"a/a.go", "package a\nfunc (t T) f(a, b int, c string, d ...any) {}\n"}, nil},
		{"5", []string{"a/a.go", "package a\nfunc (t T) f(a, b int, c, d string, e int) {}\n"}, []string{"T.f"}},
		{"in an interface", []string{"a/a.go", "package a\ntype I interface { fmt.Stringer; F(a, b, c, d, e int) }\n"},
			[]string{"F"}},
	})
}

func TestColumns(t *testing.T) {
	line := "// " + strings.Repeat("é", 117)
	try(t, checkColumns, []trial{
		{"120", []string{"a/a.go", "package a\n" + line + "\n"}, nil},
		{"121", []string{"a/a_test.go", "package a\n" + line + "e\n" + line + "e\n"}, []string{"2", "2"}},
		{"a document", []string{"a.md", line + "e\n"}, nil},
	})
}

func TestProse(t *testing.T) {
	long := strings.Repeat("a", 121)
	try(t, checkProse, []trial{
		{"120", []string{"a.md", long[1:] + "\n"}, nil},
		{"121", []string{"a.md", long + "\n"}, []string{"1"}},
		{"a table", []string{"a.md", "| " + long + " |\n"}, nil},
		{"a fence", []string{"a.md", "```\n" + long + "\n```\n"}, nil},
		{"after a fence", []string{"a.md", "```\nx\n```\n" + long + "\n"}, []string{"1"}},
		{"the target of a link", []string{"a.md", "See [this](" + long + ").\n"}, nil},
		{"the text of a link", []string{"a.md", "See [" + long + "](x).\n"}, []string{"1"}},
		{"a bare link", []string{"a.md", "See https://" + long + " too.\n"}, nil},
		{"Go", []string{"a/a.go", "package a\n// " + long + "\n"}, nil},
	})
}
