package laws_test

import (
	"go/ast"
	"path"
	"slices"
	"testing"
)

// checkLogger finds uses of package log and of slog's default logger. Tests
// and example programs may use them.
func checkLogger(tree []source) []violation {
	return calls(tree, func(s source) bool { return !s.isTest() && room(s.dir()) != "examples" },
		func(s source, call *ast.CallExpr) (string, bool) {
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return "", false
			}
			x, ok := selector.X.(*ast.Ident)
			if !ok || x.Obj != nil {
				return "", false
			}
			name := called(call)
			switch imported(s, x.Name) {
			case "log":
				return name, true
			case "log/slog":
				return name, slices.Contains([]string{"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log",
					"DebugContext", "InfoContext", "WarnContext", "ErrorContext", "With"}, selector.Sel.Name)
			}
			return "", false
		})
}

// imported gives the path of the package that a file calls by a name.
func imported(s source, name string) string {
	for _, i := range s.syntax.Imports {
		full := importPath(i)
		if i.Name != nil && i.Name.Name == name || i.Name == nil && path.Base(full) == name {
			return full
		}
	}
	return ""
}

// checkPanic finds panics outside tests. panic(http.ErrAbortHandler) is
// allowed: net/http defines it as the way to break off an answer.
func checkPanic(tree []source) []violation {
	return calls(tree, product, func(_ source, call *ast.CallExpr) (string, bool) {
		if called(call) != "panic" {
			return "", false
		}
		why, ok := call.Args[0].(*ast.SelectorExpr)
		return "panic", !ok || why.Sel.Name != "ErrAbortHandler"
	})
}

// calls finds the calls of a tree that bad tells by name.
func calls(tree []source, keep func(source) bool, bad func(source, *ast.CallExpr) (string, bool)) []violation {
	var found []violation
	for _, s := range goFiles(tree, keep) {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if name, is := bad(s, call); is {
					found = append(found, s.at(call, name, "calls "+name))
				}
			}
			return true
		})
	}
	return found
}

func calling(file, imports, call string) []string {
	return []string{file, "package a\n\nimport (" + imports + ")\n\nfunc f() { " + call + " }\n"}
}

func TestLogger(t *testing.T) {
	try(t, checkLogger, []trial{
		{"log", calling("a/a.go", `"log"`, `log.Print("x")`), []string{"log.Print"}},
		{"log by another name", calling("a/a.go", `l "log"`, `l.Print("x")`), []string{"l.Print"}},
		{"slog.Info", calling("a/a.go", `"log/slog"`, `slog.Info("x")`), []string{"slog.Info"}},
		{"slog.Default", calling("a/a.go", `"log/slog"`, `slog.Default().Info("x")`), []string{"slog.Default"}},
		{"a value", calling("a/a.go", `"log/slog"`, `slog.StringValue("x")`), nil},
		{"a variable", calling("a/a.go", "", `log := open(); log.Print("x")`), nil},
		{"a test", calling("a/a_test.go", `"log"`, `log.Fatal("x")`), nil},
		{"an example", calling("examples/a/a.go", `"log"`, `log.Fatal("x")`), nil},
	})
}

func TestPanic(t *testing.T) {
	try(t, checkPanic, []trial{
		{"panic", calling("a/a.go", "", `panic("x")`), []string{"panic"}},
		{"net/http's", calling("a/a.go", `"net/http"`, `panic(http.ErrAbortHandler)`), nil},
		{"a method", calling("a/a.go", "", `x.panic("x")`), nil},
		{"a test", calling("a/a_test.go", "", `panic("x")`), nil},
	})
}
