package troubleshooting_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A sentence is a text of the code that a user can meet, as a page shows it: what
// is filled in when the program runs is "…".
type sentence struct {
	text string
	// at is the file and line of the code, from the root of the module.
	at string
	// code is the code of the finding whose text it is; empty for others.
	code string
}

// rooms are the folders whose sentences a user can meet.
var rooms = []string{"ceph", "remote", "libvirtsecret", "openstack", "integrate", "examples/internal/cli"}

// documents are packages and files whose texts are the documentation itself, or the comments of a new Spec.
var documents = []string{"integrate/explain", "integrate/schema", "integrate/htmlreport", "integrate/spec/reference",
	"integrate/spec/draft/text.go"}

var (
	// forTests are packages for those who write tests: fakes and conformance suites.
	forTests = regexp.MustCompile(`(test|live|/libvirtd)$`)
	verb     = regexp.MustCompile(`%[-+# 0]*(?:\[\d+\])?[\d.*]*[a-zA-Z]`)
	quoted   = regexp.MustCompile(`%(?:\[\d+\])?q`)
	word     = regexp.MustCompile(`^[("'\x60]*[A-Za-z][A-Za-z'’()/-]*[.,;:?!)"'\x60]*$`)
	// notProse is a program for the shell, a template, a line of a file, and a text of several paragraphs, which is
	// a command's help.
	notProse = regexp.MustCompile(`\$\(|"\$|\bexec |\n\s*\n|(\n[^\n]+){4}|^\s*#|\{\{|CEPHSTACK|<#|` +
		`^\s*-----|^(echo|umask) `)
	// commands are a command or a right of Ceph, and a command of OpenStack.
	commands = regexp.MustCompile(`^(allow|profile) |^(osd|mon|auth|config|rbd|rados|openstack|cephstack) ` +
		`[A-Za-z0-9_=%. -]+$`)
	// said is what a program for the shell tells a user.
	said = regexp.MustCompile(`(?:printf|echo|said=) ?'([^'<$]*)'`)
	// looked are functions that look for a text, or describe a flag.
	looked = regexp.MustCompile(`^(strings\.(Contains|HasPrefix|HasSuffix|TrimPrefix|TrimSuffix|Cut|Index)|` +
		`regexp\.\w+|has|(\w+\.)*(fs|Flags|PersistentFlags)(\(\))?\.\w+|\w+\.Skip)$`)
	// tells are the functions and fields whose texts are for a user, however short.
	tells = regexp.MustCompile(`(^|\.)(Errorf|New|errorString|fault|repeated|refuse|Refuse|Problem|Note|note|stop|` +
		`unable|wrong|failed|when|Message|Detail|Status|Reason|return)$`)
	// help are the fields of a command that its help shows.
	help = []string{"Use", "Short", "Long", "Example"}
)

// sentences are all sentences of the module's code, sorted by where they are.
func sentences(t *testing.T, root string) []sentence {
	t.Helper()
	all := ofPackage(t, root, ".")
	for _, room := range rooms {
		err := filepath.WalkDir(filepath.Join(root, room), func(at string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(root, at)
			name = filepath.ToSlash(name)
			if e.IsDir() && (e.Name() == "testdata" || forTests.MatchString(name) || slices.Contains(documents, name)) {
				return fs.SkipDir
			}
			if e.IsDir() {
				all = append(all, ofPackage(t, root, name)...)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// ofPackage are the sentences of the package in a folder.
func ofPackage(t *testing.T, root, dir string) []sentence {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, dir))
	if err != nil {
		t.Fatal(err)
	}
	set, files := token.NewFileSet(), map[string]*ast.File{}
	w := &walker{set: set, constants: map[string]ast.Expr{}}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || slices.Contains(documents, name) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if files[name], err = parser.ParseFile(set, name, text, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
		w.declared(files[name])
	}
	for _, f := range files {
		ast.Walk(visitor{walker: w}, f)
	}
	slices.SortFunc(w.found, func(a, b sentence) int { return strings.Compare(a.at+a.text, b.at+b.text) })
	return w.found
}

// A walker goes through the files of a package.
type walker struct {
	set       *token.FileSet
	constants map[string]ast.Expr
	found     []sentence
}

// declared notes the package's constants, which are parts of other texts.
func (w *walker) declared(f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, name := range v.Names {
				if i < len(v.Values) {
					w.constants[name.Name] = v.Values[i]
				}
			}
		}
	}
}

// A visitor knows in what it is: the function that is called, or the field that is set, and the code of the finding
// that is made there.
type visitor struct {
	*walker
	in, code string
}

// codeForm is the form of the code of a finding.
var codeForm = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)

// codeOf is the code among values that come before a text; the code around them where they have none.
func (v visitor) codeOf(values []ast.Expr) string {
	for _, e := range values {
		if text, ok := v.text(e, true); ok && codeForm.MatchString(text) {
			return text
		}
	}
	return v.code
}

// Visit implements ast.Visitor.
func (v visitor) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case nil, *ast.ImportSpec, *ast.CaseClause:
		if c, ok := n.(*ast.CaseClause); ok { // what a text is compared with is no sentence
			for _, s := range c.Body {
				ast.Walk(v, s)
			}
		}
		return nil
	case *ast.Field:
		return nil
	case *ast.CallExpr:
		name := called(n.Fun)
		if looked.MatchString(name) {
			return nil
		}
		return visitor{v.walker, name, v.codeOf(n.Args)}
	case *ast.ReturnStmt:
		return visitor{v.walker, "return", v.codeOf(n.Results)}
	case *ast.FuncLit, *ast.AssignStmt, *ast.ValueSpec, *ast.CompositeLit:
		return visitor{walker: v.walker}
	case *ast.KeyValueExpr:
		key, _ := n.Key.(*ast.Ident)
		if key != nil && slices.Contains(help, key.Name) {
			return nil
		}
		if key != nil {
			ast.Walk(visitor{v.walker, key.Name, v.code}, n.Value)
			return nil
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return nil
		}
	}
	if e, ok := n.(ast.Expr); ok {
		if text, ok := v.text(e, false); ok {
			v.keep(e, text)
			return nil
		}
	}
	return v
}

// keep notes a text that is a sentence, and the sentences of a program for the shell.
func (v visitor) keep(e ast.Expr, text string) {
	at := v.set.Position(e.Pos())
	note := func(text string) {
		v.found = append(v.found, sentence{shown(text), at.Filename + ":" + strconv.Itoa(at.Line), v.code})
	}
	if notProse.MatchString(text) {
		for _, m := range said.FindAllStringSubmatch(text, -1) {
			if wordsOf(m[1]) > 2 {
				note(m[1])
			}
		}
		return
	}
	told := tells.MatchString(v.in)
	if n := wordsOf(text); n > 2 && (told || !commands.MatchString(text)) || n == 2 && told {
		note(text)
	}
}

// wordsOf counts the words of a text.
func wordsOf(text string) int {
	words := 0
	for _, w := range strings.Fields(verb.ReplaceAllString(text, "…")) {
		if word.MatchString(w) {
			words++
		}
	}
	return words
}

// shown is a text as a page shows it.
func shown(text string) string {
	text = verb.ReplaceAllString(quoted.ReplaceAllString(text, `"…"`), "…")
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "%%", "%")), " ")
}

// text is the text of an expression. What is not a constant of the package is "%s".
// A name alone is none: the constant itself is met where it is declared.
func (w *walker) text(e ast.Expr, inside bool) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.ParenExpr:
		return w.text(e.X, inside)
	case *ast.Ident:
		if c := w.constants[e.Name]; c != nil && inside {
			return w.text(c, true)
		}
	case *ast.BinaryExpr:
		a, okA := w.text(e.X, true)
		b, okB := w.text(e.Y, true)
		if e.Op != token.ADD || !okA && !okB {
			return "", false
		}
		if !okA {
			a = "%s"
		}
		if !okB {
			b = "%s"
		}
		return a + b, true
	}
	return "", false
}

// called is the name of a function as it is called.
func called(f ast.Expr) string {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return called(f.X) + "." + f.Sel.Name
	case *ast.CallExpr:
		return called(f.Fun) + "()"
	}
	return "?"
}
