package laws_test

import (
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// proofs are the documents with a table of promises or faults, whose last column, of this name, says what holds each.
func proofs() map[string]string {
	return map[string]string{"examples/guide/promises.md": "held by",
		".github/SECURITY.md": "what holds it now"}
}

var proofToken = regexp.MustCompile("`([a-z][a-z0-9]*(?:/[a-z0-9]+)*)`|\\b((?:Test|Fuzz)[A-Z]\\w*)(…?)|;")

// checkProofs finds what a table names as the proof of a promise, and is not there: packages, and tests in them. Tests
// belong to the packages that are named before them; without a package a test may be anywhere. A semicolon ends that.
func checkProofs(tree []source) []violation {
	tests := testsByPackage(tree)
	var found []violation
	for _, s := range tree {
		column, ok := proofs()[s.path]
		if !ok {
			continue
		}
		inTable, seen := false, false
		for n, line := range strings.Split(s.text, "\n") {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			last := strings.TrimSpace(cells[len(cells)-1])
			switch {
			case !strings.HasPrefix(line, "|"):
				inTable = false
			case last == column:
				inTable, seen = true, true
			case inTable:
				for name, problem := range missing(last, tests) {
					found = append(found, violation{s.path, n + 1, name, problem})
				}
			}
		}
		if !seen {
			found = append(found, violation{s.path, 0, column, "there is no table with a column " + column})
		}
	}
	slices.SortFunc(found, func(a, b violation) int { return strings.Compare(a.name, b.name) })
	return found
}

// missing gives what a cell names that is not there, and why.
func missing(cell string, tests map[string][]string) map[string]string {
	found := map[string]string{}
	var packages []string
	named := false // a test was named since the last package
	for _, m := range proofToken.FindAllStringSubmatch(cell, -1) {
		dir, test, open := m[1], m[2], m[3] != ""
		switch {
		case m[0] == ";":
			packages = nil
		case dir != "":
			if _, ok := tests[dir]; !ok {
				found[dir] = "there is no package " + dir
				continue
			}
			if named {
				packages = nil
			}
			packages, named = append(packages, dir), false
		default:
			named = true
			for _, where := range packages {
				if !hasTest(tests[where], test, open) {
					found[test] = "package " + where + " has no test " + test
				}
			}
			if len(packages) == 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(tests)), func(where string) bool {
				return hasTest(tests[where], test, open)
			}) {
				found[test] = "no package has a test " + test
			}
		}
	}
	return found
}

// hasTest reports whether a test is among others, by its name or, if the name is open, by the beginning.
func hasTest(tests []string, name string, open bool) bool {
	return slices.ContainsFunc(tests, func(t string) bool { return t == name || open && strings.HasPrefix(t, name) })
}

// testsByPackage has the tests of each folder with Go files.
func testsByPackage(tree []source) map[string][]string {
	tests := map[string][]string{}
	for _, s := range goFiles(tree, always) {
		dir := path.Dir(s.path)
		tests[dir] = append(tests[dir], "")
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.isTest() && f.Recv == nil {
				tests[dir] = append(tests[dir], f.Name.Name)
			}
		}
	}
	return tests
}

func TestProofs(t *testing.T) {
	table := func(cell string) []string {
		return []string{"examples/guide/promises.md",
			"x\n\n| promise | held by |\n|---|---|\n| `no` | " + cell + " |\n\n`no` TestNo\n",
			"a/b/a_test.go", "package b\nfunc TestX(){}\nfunc FuzzX(){}\n", "c/c_test.go", "package c\nfunc TestX(){}\n",
			"c/c.go", "package c\nfunc TestY(){}\n"}
	}
	try(t, checkProofs, []trial{
		{"all there", table("`make x CASE=no`, `a/b` TestX, FuzzX, `c` TestX; FuzzX, `c`, `CASE=no`"), nil},
		{"a package that is not there", table("`a` tests"), []string{"a"}},
		{"a test that is not there", table("`c` TestX, FuzzX"), []string{"FuzzX"}},
		{"in one of two packages", table("`a/b` and `c` FuzzX"), []string{"FuzzX"}},
		{"in two packages", table("`a/b` and `c` TestX"), nil},
		{"nowhere", table("TestZ"), []string{"TestZ"}},
		{"not a test", table("`c` TestY"), []string{"TestY"}},
		{"a beginning", table("`a/b` Test…, Fuz, FuzzX…"), nil},
		{"a beginning of no test", table("`a/b` TestXY…"), []string{"TestXY"}},
		{"no table", []string{".github/SECURITY.md", "x\n"}, []string{"what holds it now"}},
		{"another document", []string{"a.md", "| x | held by |\n| x | TestZ |\n"}, nil},
	})
}
