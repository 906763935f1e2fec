package laws_test

import (
	"fmt"
	"slices"
	"testing"
)

// A violation is a place where a law is broken. The name is what is at fault:
// an import, a function, a variable.
type violation struct {
	path    string
	line    int // 0 if it is the whole file's or package's
	name    string
	problem string
}

func (v violation) String() string {
	if v.line == 0 {
		return fmt.Sprintf("%s: %s", v.path, v.problem)
	}
	return fmt.Sprintf("%s:%d: %s", v.path, v.line, v.problem)
}

// A law is a check of the whole tree, and what to do where it fails.
type law struct {
	name  string
	check func(tree []source) []violation
	todo  string
}

func allLaws() []law {
	return []law{
		{"imports", checkImports, "turn the dependency round: declare an interface where it is used, or move the code"},
		{"libraries", checkLibraries, "go through the package that wraps the library"},
		{"init", checkInit, "do it in a constructor"},
		{"state", checkState, "hold it in a value that New returns, or make it a constant or a function"},
		{"logger", checkLogger, "take a *slog.Logger or an observer as an option, or return an error"},
		{"panic", checkPanic, "return an error"},
		{"exports", checkExports, "unexport names, or split the package by noun"},
		{"file", checkFileLength, "split the file by noun"},
		{"function", checkFunctionLength, "split the function"},
		{"parameters", checkParameters, "put what belongs together into a struct, or make the function a method"},
		{"columns", checkColumns, "wrap the line"},
		{"prose", checkProse, "wrap the line; code fences, tables and the targets of links may be longer"},
		{"examples", checkExamples, "say in the section Use what the package is for, and write an Example with Output"},
		{"top", checkTop, "move it into a room, or into examples"},
		{"proofs", checkProofs, "name the package and the test as they are called now"},
	}
}

// TestLaws holds the module to every law.
func TestLaws(t *testing.T) {
	tree := readTree(t)
	if len(tree) < 100 {
		t.Fatalf("found %d files: is this the whole module?", len(tree))
	}
	for _, l := range allLaws() {
		t.Run(l.name, func(t *testing.T) {
			for _, v := range l.check(tree) {
				t.Errorf("%v; %s", v, l.todo)
			}
		})
	}
}

// A trial is a tree of small sources, and the names of the violations that a
// law finds in it.
type trial struct {
	name  string
	files []string // path and text in turn
	want  []string
}

// try proves that a check finds what it should, and no more.
func try(t *testing.T, check func([]source) []violation, trials []trial) {
	t.Helper()
	if !slices.ContainsFunc(trials, func(c trial) bool { return len(c.want) > 0 }) {
		t.Fatal("no trial breaks the law")
	}
	for _, c := range trials {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, v := range check(files(t, c.files...)) {
				got = append(got, v.name)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
