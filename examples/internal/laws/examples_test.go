package laws_test

import (
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// withoutExample are public packages that need no Example, with the reason.
func withoutExample() map[string]string {
	return map[string]string{
		".":                      "its folder has doc.go alone; what it has is shown in integrate/internal/words",
		"ceph/cephtest/cephlive": "it starts a real Ceph, which an Example cannot have everywhere",
	}
}

// cannotRun are public packages whose Example has no output, with the reason.
func cannotRun() map[string]string {
	return map[string]string{
		"ceph/radosconn":            "it needs a C library and a cluster",
		"libvirtsecret/libvirtconn": "it needs a C library and a libvirtd",
	}
}

var namesExample = regexp.MustCompile(`(?s)\n# Use\n.*\bExamples?\b`)

// checkExamples finds public packages whose documentation does not name a task and an Example, or that have no Example
// that runs.
func checkExamples(tree []source) []violation {
	docs, shown, run := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, s := range goFiles(tree, always) {
		dir := s.dir()
		if room(dir) == "examples" || slices.Contains(strings.Split(dir, "/"), "internal") {
			continue
		}
		if !s.isTest() {
			docs[dir] += "\n" + s.syntax.Doc.Text()
			continue
		}
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Example") {
				shown[dir] = true
				run[dir] = run[dir] || hasOutput(s.syntax, f)
			}
		}
	}
	var found []violation
	for _, dir := range slices.Sorted(maps.Keys(docs)) {
		_, excused := withoutExample()[dir]
		_, still := cannotRun()[dir]
		problem := ""
		switch {
		case excused:
		case !namesExample.MatchString(docs[dir]):
			problem = "the section Use of its documentation does not name a task and an Example"
		case !shown[dir]:
			problem = "has no Example"
		case !run[dir] && !still:
			problem = "has no Example with an output, so that none of them runs"
		}
		if problem != "" {
			found = append(found, violation{path: dir, name: dir, problem: problem})
		}
	}
	return found
}

// hasOutput reports whether a comment in a function says what the function prints.
func hasOutput(file *ast.File, f *ast.FuncDecl) bool {
	return slices.ContainsFunc(file.Comments, func(c *ast.CommentGroup) bool {
		text := strings.TrimPrefix(strings.ToLower(c.Text()), "unordered ")
		return f.Pos() < c.Pos() && c.End() < f.End() && strings.HasPrefix(text, "output:")
	})
}

func TestExamples(t *testing.T) {
	const doc = "// Package a is.\n//\n// # Use\n//\n// To do: see the Example.\npackage a\n"
	const example = "package a_test\nfunc Example() {\n"
	try(t, checkExamples, []trial{
		{"an example that runs", []string{"a/a.go", doc, "a/a_test.go", example + "\t// Output: x\n}\n"}, nil},
		{"in any order", []string{"a/a.go", doc, "a/a_test.go", example + "\t// Unordered output: x\n}\n"}, nil},
		{"without output", []string{"a/a.go", doc, "a/a_test.go", example + "\t// x\n}\n"}, []string{"a"}},
		{"output of another function", []string{"a/a.go", doc, "a/a_test.go", example + "}\nfunc f() {\n// Output: x\n}\n"},
			[]string{"a"}},
		{"no example", []string{"a/a.go", doc}, []string{"a"}},
		{"no task", []string{"a/a.go", "package a\n", "a/a_test.go", example + "\t// Output: x\n}\n"}, []string{"a"}},
		{"a package that cannot run", []string{"ceph/radosconn/a.go", doc, "ceph/radosconn/a_test.go", example + "}\n"}, nil},
		{"not public", []string{"a/internal/b/b.go", "package b\n", "examples/c/c.go", "package main\n"}, nil},
	})
}
