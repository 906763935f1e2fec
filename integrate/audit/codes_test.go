package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEachCodeIsInTheDocumentation compares the list in the documentation of Finding with the codes in the source: the
// first argument of what makes findings, and what is assigned to Code. The codes of the part Hosts have a test of
// their own.
func TestEachCodeIsInTheDocumentation(t *testing.T) {
	used, comment := codesInSource(t)
	data, _, _ := strings.Cut(comment, "Of the hosts:")
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^  - ([a-z-]+): `).FindAllStringSubmatch(data, -1) {
		listed = append(listed, m[1])
	}
	var all []string
	for code := range used {
		all = append(all, code)
	}
	assert.ElementsMatch(t, listed, all)
	require.Greater(t, len(all), 25)
	planted := map[string]bool{"image-location-hidden": true, "image-not-in-cluster": true} // have tests of their own
	for _, f := range faults() {
		planted[f.code] = true
	}
	for code := range used {
		assert.True(t, planted[code], "no fault is planted for %s: see faults", code)
	}
}

// codesInSource are the codes of the part Data, and the documentation of Finding.
func codesInSource(t *testing.T) (used map[string]bool, comment string) {
	t.Helper()
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	used = map[string]bool{}
	take := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && form.MatchString(text) {
				used[text] = true
			}
		}
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "host") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				called := ""
				switch f := n.Fun.(type) {
				case *ast.Ident:
					called = f.Name
				case *ast.SelectorExpr:
					called = f.Sel.Name
				}
				if regexp.MustCompile(`^(about|gone|unfit|found)$`).MatchString(called) && len(n.Args) > 0 {
					take(n.Args[0])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
					take(n.Value)
				}
			case *ast.AssignStmt:
				if to, ok := n.Lhs[0].(*ast.SelectorExpr); ok && to.Sel.Name == "Code" {
					take(n.Rhs[0])
				}
			case *ast.GenDecl:
				if s, ok := n.Specs[0].(*ast.TypeSpec); ok && s.Name.Name == "Finding" {
					comment = n.Doc.Text()
				}
			}
			return true
		})
	}
	return used, comment
}
