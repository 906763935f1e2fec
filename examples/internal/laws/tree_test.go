package laws_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cephstack/cephstack"

// A source is a Go file or a document. Its path is relative to the module's
// root and has slashes.
type source struct {
	path   string
	text   string
	syntax *ast.File // nil for a document
	set    *token.FileSet
}

func (s source) isGo() bool   { return s.syntax != nil }
func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }
func (s source) dir() string  { return path.Dir(s.path) }

func (s source) line(at ast.Node) int { return s.set.Position(at.Pos()).Line }

// at makes a violation in s. The name tells it from others in the same file.
func (s source) at(node ast.Node, name, problem string) violation {
	return violation{path: s.path, line: s.line(node), name: name, problem: problem}
}

// readTree reads the module that the test is in.
func readTree(t *testing.T) []source {
	t.Helper()
	root := moduleRoot(t)
	var tree []source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if entry.IsDir() {
			if skipped(relative) {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := path.Ext(relative); ext != ".go" && ext != ".md" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		tree = append(tree, parse(t, relative, string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// skipped reports whether a folder is not read: hidden folders (except
// .github) and those that are modules of their own.
func skipped(dir string) bool {
	return dir != "." && dir != ".github" && strings.HasPrefix(path.Base(dir), ".")
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}

func parse(t *testing.T, name, text string) source {
	t.Helper()
	s := source{path: name, text: text, set: token.NewFileSet()}
	if path.Ext(name) != ".go" {
		return s
	}
	var err error
	if s.syntax, err = parser.ParseFile(s.set, name, text, parser.ParseComments); err != nil {
		t.Fatal(err)
	}
	return s
}

// files makes a tree of small sources: paths and texts in turn.
func files(t *testing.T, pairs ...string) []source {
	t.Helper()
	var tree []source
	for pair := range slices.Chunk(pairs, 2) {
		tree = append(tree, parse(t, pair[0], pair[1]))
	}
	return tree
}

// goFiles gives the Go files of a tree that keep accepts.
func goFiles(tree []source, keep func(source) bool) []source {
	var kept []source
	for _, s := range tree {
		if s.isGo() && keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func always(source) bool       { return true }
func product(s source) bool    { return !s.isTest() }
func under(s, dir string) bool { return s == dir || strings.HasPrefix(s, dir+"/") }

// packages groups Go files by folder. Test files are left out.
func packages(tree []source) map[string][]source {
	all := map[string][]source{}
	for _, s := range goFiles(tree, product) {
		all[s.dir()] = append(all[s.dir()], s)
	}
	return all
}
