package laws_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The Makefile has two lists of packages that its run with the race detector leaves out, as nothing in them runs beside
// something else. Those in CALM_LIVE have tests against real programs, and run with them, without the detector.
const calm, calmLive = "CALM", "CALM_LIVE"

// makeList gives the packages of a variable of the Makefile, as folders of the module.
func makeList(makefile, variable string) []string {
	found := regexp.MustCompile(`(?m)^` + variable + ` = ((?:.*\\\n)*.*)$`).FindStringSubmatch(makefile)
	if found == nil {
		return nil
	}
	return strings.Fields(strings.ReplaceAll(found[1], "\\\n", " "))
}

// beside tells what in a file runs beside something else, and nil if there is nothing.
func beside(s source) ast.Node {
	var found ast.Node
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.SendStmt, *ast.ChanType:
			found = n
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if ok && slices.Contains([]string{"Go", "AfterFunc", "Parallel", "RunParallel"}, f.Sel.Name) {
				found = n
			}
		}
		return found == nil
	})
	return found
}

// live reports whether a file has tests against real programs: it starts a cluster, or asks the environment variable that
// decides about them.
func live(s source) bool {
	found := slices.ContainsFunc(s.syntax.Imports, func(i *ast.ImportSpec) bool {
		return strings.HasSuffix(i.Path.Value, `/cephlive"`)
	})
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && len(c.Args) == 1 {
			name, isText := c.Args[0].(*ast.BasicLit)
			f, isMethod := c.Fun.(*ast.SelectorExpr)
			found = found || isText && isMethod && strings.HasSuffix(f.Sel.Name, "env") && name.Value == `"CEPHSTACK_LIVE"`
		}
		return true
	})
	return found && s.isTest()
}

// checkCalm looks at the packages of both lists.
func checkCalm(tree []source, makefile string) []violation {
	var all []violation
	known := map[string]bool{}
	for _, s := range tree {
		if known[s.dir()] = true; !s.isGo() {
			continue
		}
		in := slices.Contains(makeList(makefile, calm), s.dir())
		inLive := slices.Contains(makeList(makefile, calmLive), s.dir())
		if n := beside(s); n != nil && (in || inLive) {
			all = append(all, s.at(n, s.dir(), "it runs beside something else: take the package out of "+calm+" or "+
				calmLive+" in the Makefile, so that the race detector sees it"))
		}
		if in && live(s) {
			all = append(all, violation{path: s.path, name: s.dir(),
				problem: "it has live tests, which nothing would run: move the package to " + calmLive + " in the Makefile"})
		}
	}
	for _, variable := range []string{calm, calmLive} {
		for _, dir := range makeList(makefile, variable) {
			if !known[dir] {
				all = append(all, violation{path: "Makefile", name: dir, problem: variable + " has " + dir + ", which is not there"})
			}
		}
	}
	return all
}

// TestWhatTheRaceDetectorDoesNotSee: a package that is left out has nothing to find, and no live test is left out.
func TestWhatTheRaceDetectorDoesNotSee(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	if len(makeList(string(text), calm)) == 0 || len(makeList(string(text), calmLive)) == 0 {
		t.Fatalf("the Makefile has no list %s or %s, or has it in another form now", calm, calmLive)
	}
	for _, v := range checkCalm(readTree(t), string(text)) {
		t.Error(v)
	}
}

// TestCalm is what the check finds.
func TestCalm(t *testing.T) {
	const makefile = "CALM = a \\\n\tb gone\nCALM_LIVE = c\nOTHER = d\n"
	for _, c := range []struct{ path, text, want string }{
		{"a/a.go", "package a\n\nfunc A() { go A() }\n", "a/a.go:3: it runs beside"},
		{"a/a_test.go", "package a\n\nfunc T(t *T) { t.Parallel() }\n", "a/a_test.go:3: it runs beside"},
		{"b/b.go", "package b\n\nfunc B(c chan int) {}\n", "b/b.go:3: it runs beside"},
		{"c/c_test.go", "package c\n\nfunc T() { w.Go(T) }\n", "c/c_test.go:3: it runs beside"},
		{"b/b_test.go", "package b\n\nvar live = os.Getenv(\"CEPHSTACK_LIVE\")\n", "b/b_test.go: it has live tests"},
		{"b/b_test.go", "package b\n\nimport _ \"x/ceph/cephtest/cephlive\"\n", "b/b_test.go: it has live tests"},
		{"c/c_test.go", "package c\n\nvar live = os.Getenv(\"CEPHSTACK_LIVE\")\n", ""},
		{"d/d.go", "package d\n\nfunc D() { go D() }\n", ""},
		{"a/a.go", "package a\n\nfunc A() {}\n", ""},
	} {
		tree := []source{parse(t, c.path, c.text)}
		for _, dir := range []string{"a", "b", "c"} {
			tree = append(tree, parse(t, dir+"/doc.md", ""))
		}
		var got []string
		for _, v := range checkCalm(tree, makefile) {
			got = append(got, v.String())
		}
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "gone, which is not there") }) {
			t.Errorf("%s: a package that is not there is not told: %q", c.path, got)
		}
		found := slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, c.want) })
		if c.want != "" && !found {
			t.Errorf("%s: want %q, got %q", c.path, c.want, got)
		}
		if c.want == "" && len(got) != 1 {
			t.Errorf("%s: want nothing else, got %q", c.path, got)
		}
	}
}
