package guide_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// A block is a part of a page that the tests act on.
type block struct {
	kind     string // console, file, cloud, world, module, needs or not run
	name     string // of a file; what a comment says
	line     int    // in the page
	text     string
	from, to int // where the text is in the page
	commands []command
}

// A command of a console, with what the page says that it prints.
type command struct {
	line       int
	shown      string // its lines, as they are in the page
	text, want string
}

type page struct {
	path   string
	source []byte
	blocks []block
	faults []string
}

func (p *page) name() string { return strings.TrimSuffix(filepath.Base(p.path), ".md") }

func (p *page) has(kind string) bool {
	return slices.ContainsFunc(p.blocks, func(b block) bool { return b.kind == kind })
}

// readPages reads all pages of a folder.
func readPages(t *testing.T, dir string) []*page {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var pages []*page
	for _, path := range paths {
		path, err = filepath.Abs(path)
		require.NoError(t, err)
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		pages = append(pages, parsePage(path, source))
	}
	return pages
}

func parsePage(path string, source []byte) *page {
	p := &page{path: path, source: source}
	skipped := "" // why the next block is not run
	root := goldmark.DefaultParser().Parse(text.NewReader(source))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.HTMLBlock:
			skipped = p.comment(n)
			continue
		case *ast.FencedCodeBlock:
			p.fenced(n, skipped)
		default:
			p.inner(n)
		}
		skipped = ""
	}
	return p
}

// inner finds code blocks where the tests do not look.
func (p *page) inner(n ast.Node) {
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.(type) {
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			p.fault(n, "the code block is indented: fence it, outside of lists")
		}
		return ast.WalkContinue, nil
	})
}

func (p *page) lineOf(offset int) int { return bytes.Count(p.source[:offset], []byte("\n")) + 1 }

func (p *page) fault(n ast.Node, what string) {
	line := 0
	if n.Lines().Len() > 0 {
		line = p.lineOf(n.Lines().At(0).Start)
	}
	p.faults = append(p.faults, fmt.Sprintf("%s:%d: %s", filepath.Base(p.path), line, what))
}

// block is the text of a node.
func (p *page) block(n ast.Node, kind, name string) block {
	b := block{kind: kind, name: name, text: string(n.Lines().Value(p.source))}
	if lines := n.Lines(); lines.Len() > 0 {
		b.from, b.to = lines.At(0).Start, lines.At(lines.Len()-1).Stop
		b.line = p.lineOf(b.from)
	}
	return b
}

var commentForm = regexp.MustCompile(
	`(?s)\A<!-- (cloud|world|module|needs|not run|file): ([^\n]*?)(?:\n(.*?))?\s*-->\s*\z`)

// comment reads a comment. It gives the reason why the next block is not run.
func (p *page) comment(n *ast.HTMLBlock) (skipped string) {
	all := string(n.Lines().Value(p.source))
	if n.HasClosure() {
		all += string(n.ClosureLine.Value(p.source))
	}
	m := commentForm.FindStringSubmatch(all)
	switch {
	case m == nil || m[2] == "" || m[1] != "file" && m[3] != "":
		p.fault(n, "is not a comment that the tests know (see doc.go): "+strings.TrimSpace(all))
	case m[1] == "not run":
		return m[2]
	default:
		b := p.block(n, m[1], m[2])
		b.text = m[3] + "\n"
		p.blocks = append(p.blocks, b)
	}
	return ""
}

// fenced reads a fenced block.
func (p *page) fenced(n *ast.FencedCodeBlock, skipped string) {
	var info []string
	if n.Info != nil {
		info = strings.Fields(string(n.Info.Value(p.source)))
	}
	b := p.block(n, "", skipped)
	switch {
	case skipped != "":
		b.kind = "not run"
	case len(info) == 1 && info[0] == "console":
		b.kind = "console"
		if b.commands = commandsOf(b.text, b.line); b.commands == nil {
			p.fault(n, "a console begins with a line \"$ command\"")
		}
	case len(info) == 2 && info[0] != "console":
		b.kind, b.name = "file", info[1]
	default:
		p.fault(n, "the block is neither a console, nor a file with a name, nor marked \"not run\"")
	}
	p.blocks = append(p.blocks, b)
}

// commandsOf splits a console. It is nil if the console does not begin with a command.
func commandsOf(text string, line int) (commands []command) {
	more := false // the command goes on
	for l := range strings.Lines(text) {
		first, isFirst := strings.CutPrefix(l, "$ ")
		next, isNext := strings.CutPrefix(l, "> ")
		switch {
		case isFirst:
			commands = append(commands, command{line: line, shown: l, text: first})
		case commands == nil:
			return nil
		case isNext && more:
			commands[len(commands)-1].shown += l
			commands[len(commands)-1].text += next
		default:
			commands[len(commands)-1].want += l
		}
		more = isFirst || isNext && more
		line++
	}
	return commands
}

// updated is the page with other outputs, by the lines of their commands.
func (p *page) updated(outputs map[int]string) []byte {
	source := p.source
	for _, b := range slices.Backward(p.blocks) {
		if b.kind != "console" {
			continue
		}
		var text strings.Builder
		for _, c := range b.commands {
			output, changed := outputs[c.line]
			if !changed {
				output = c.want
			}
			text.WriteString(c.shown + output)
		}
		source = slices.Concat(source[:b.from], []byte(text.String()), source[b.to:])
	}
	return source
}
