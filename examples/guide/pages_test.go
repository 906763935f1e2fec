package guide_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/integratetest"
)

var update = flag.Bool("update", false, "write the outputs in the pages anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cephstack": client})
}

// TestPages runs each page.
func TestPages(t *testing.T) {
	for _, p := range readPages(t, ".") {
		t.Run(p.name(), func(t *testing.T) {
			assert.Empty(t, p.faults)
			p.wants(t)
			runPage(t, p)
		})
	}
}

// wants skips a page, or fails it with CEPHSTACK_LIVE=1, if a program is missing that its commands use.
func (p *page) wants(t *testing.T) {
	t.Helper()
	programs := []string{"bash"}
	for _, b := range p.blocks {
		if b.kind == "needs" {
			programs = append(programs, strings.Fields(b.name)...)
		}
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "%s is not installed: make deps installs it", program)
			t.Skipf("%s is not installed", program)
		}
	}
}

// A session is one run of a page.
type session struct {
	t      *testing.T
	page   *page
	dir    string // the page's folder
	status int    // of the last command
	got    map[int]string
	cloud  *cloud
	names  *names
}

// A serial test runs its scripts one after the other: the program reads folder and variables of the process.
type serial struct{ *testing.T }

func (s serial) Parallel()     {}
func (s serial) Verbose() bool { return testing.Verbose() }
func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}

func runPage(t *testing.T, p *page) {
	t.Helper()
	s := &session{t: t, page: p, got: map[int]string{}, names: &names{}}
	file := filepath.Join(t.TempDir(), "page.txtar")
	require.NoError(t, os.WriteFile(file, []byte(p.script()), 0o600))
	defer s.close()
	socket := s.serve(t)
	testscript.RunT(serial{t}, testscript.Params{
		Files: []string{file},
		Setup: func(env *testscript.Env) error {
			s.dir = filepath.Join(env.WorkDir, "page")
			env.Cd = s.dir
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("SUDO_USER", "anna") // who has the operator lock
			env.Setenv(socketVariable, socket)
			if p.has("module") {
				for _, v := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
					env.Setenv(v, goEnv(v))
				}
			}
			env.Vars = append(env.Vars, "GOFLAGS=-mod=mod", "GOPROXY=off", "CGO_ENABLED=0", "NO_COLOR=1", "LC_ALL=C.UTF-8")
			var image bytes.Buffer
			_, err := integratetest.Image().WriteTo(&image)
			return cmp.Or(err, os.MkdirAll(filepath.Join(env.WorkDir, "home"), 0o700), os.MkdirAll(s.dir, 0o700),
				os.WriteFile(filepath.Join(s.dir, "cirros.raw"), image.Bytes(), 0o600))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"console": s.console, "world": s.world, "module": s.module, "vet": s.vet,
		},
	})
	if *update && len(s.got) > 0 {
		require.NoError(t, os.WriteFile(p.path, p.updated(s.got), 0o644)) //nolint:gosec // a document
	}
}

func goEnv(name string) string {
	out, _ := exec.Command("go", "env", name).Output()
	return strings.TrimSpace(string(out))
}

// script is the page as a testscript.
func (p *page) script() string {
	var script, files strings.Builder
	for i, b := range p.blocks {
		fmt.Fprintf(&script, "# %s.md:%d\n", p.name(), b.line)
		switch b.kind {
		case "console":
			for _, c := range b.commands {
				fmt.Fprintf(&script, "console %d $WORK/%[1]d.sh $WORK/%[1]d.out\n", c.line)
				fmt.Fprintf(&files, "-- %d.sh --\n%s-- %[1]d.out --\n%[3]s", c.line, c.text, c.want)
			}
		case "file":
			fmt.Fprintf(&script, "mkdir %s\ncp $WORK/%d.file %s\n", filepath.Dir(b.name), i, b.name)
			fmt.Fprintf(&files, "-- %d.file --\n%s", i, b.text)
		case "cloud", "world":
			fmt.Fprintf(&script, "world %s '%s'\n", b.kind, b.name)
		case "module":
			fmt.Fprintf(&script, "module %s\n", b.name)
		}
	}
	if p.has("module") {
		script.WriteString("vet\n")
	}
	return script.String() + files.String()
}

var questionForm = regexp.MustCompile(`\[y/N\] (\S+)\n`)

// console runs a command of a page, and compares its output.
func (s *session) console(ts *testscript.TestScript, _ bool, args []string) {
	text, want := ts.ReadFile(args[1]), ts.ReadFile(args[2])
	cmd := exec.Command("bash", "-c", fmt.Sprintf("(exit %d)\n%s", s.status, text))
	cmd.Dir = s.dir
	for _, v := range []string{"PATH", "HOME", "SUDO_USER", "TMPDIR", socketVariable, "GOCACHE", "GOMODCACHE", "GOPATH",
		"GOFLAGS", "GOPROXY", "CGO_ENABLED", "NO_COLOR", "LC_ALL"} {
		cmd.Env = append(cmd.Env, v+"="+ts.Getenv(v))
	}
	answer := questionForm.FindStringSubmatch(want)
	if answer != nil {
		cmd.Stdin = strings.NewReader(answer[1] + "\n")
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		ts.Fatalf("bash cannot be run: %v", err)
	}
	s.status = cmd.ProcessState.ExitCode()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() { // as a shell counts it
		s.status = 128 + int(status.Signal())
	}
	got := strings.ReplaceAll(string(out), s.dir, "/home/ops")
	if answer != nil { // a terminal shows what is typed
		got = strings.Replace(got, "[y/N] ", "[y/N] "+answer[1]+"\n", 1)
	}
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	line := 0
	_, _ = fmt.Sscan(args[0], &line)
	switch {
	case same(want, got):
		if got == "" && s.status != 0 && !s.asksStatus(line) {
			ts.Fatalf("%s.md:%d: the status is %d, which nobody sees: add `$ echo $?`", s.page.name(), line, s.status)
		}
	case *update:
		s.got[line] = shortened(want, got)
	default:
		ts.Fatalf("%s.md:%d: $ %s: the output is another one (status %d; -update writes it into the page)\n%s",
			s.page.name(), line, strings.TrimSpace(text), s.status, difference(want, got))
	}
}

// asksStatus reports whether the command behind that of a line is `echo $?`.
func (s *session) asksStatus(line int) bool {
	for _, b := range s.page.blocks {
		i := slices.IndexFunc(b.commands, func(c command) bool { return c.line == line })
		if i >= 0 {
			return i+1 < len(b.commands) && b.commands[i+1].text == "echo $?\n"
		}
	}
	return false
}

// module makes go.mod of a module that requires this checkout.
func (s *session) module(ts *testscript.TestScript, _ bool, args []string) {
	root, err := filepath.Abs("../..")
	if dir := filepath.Dir(s.page.path); err == nil {
		root = filepath.Dir(filepath.Dir(dir))
	}
	ts.Check(err)
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	ts.Check(err)
	_, requires, _ := strings.Cut(string(mod), "\n") // the same versions, so that nothing is looked up
	text := "module " + args[0] + "\n" + requires +
		"\nrequire github.com/cephstack/cephstack v0.0.0\n\nreplace github.com/cephstack/cephstack => " + root + "\n"
	ts.Check(os.WriteFile(filepath.Join(s.dir, "go.mod"), []byte(text), 0o600))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(s.dir, "go.sum"), sum, 0o600))
}

// vet compiles the Go files of a page.
func (s *session) vet(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Exec("go", "vet", "./..."))
}

// TestGoFiles are formatted, and the page has a module for them.
func TestGoFiles(t *testing.T) {
	for _, p := range readPages(t, ".") {
		module := p.has("module")
		for _, b := range p.blocks {
			if b.kind != "file" || filepath.Ext(b.name) != ".go" {
				continue
			}
			assert.True(t, module, "%s.md:%d: the page needs a comment <!-- module: NAME -->", p.name(), b.line)
			text, err := format.Source([]byte(b.text))
			require.NoError(t, err, "%s.md:%d", p.name(), b.line)
			assert.Equal(t, string(text), b.text, "%s.md:%d is not formatted", p.name(), b.line)
		}
	}
}

// TestWhatIsNotRun: testdata/not-run.txt lists the blocks that are not run, with the reasons.
func TestWhatIsNotRun(t *testing.T) {
	var list strings.Builder
	run := 0
	for _, p := range readPages(t, ".") {
		for _, b := range p.blocks {
			run += len(b.commands)
			if b.kind == "not run" {
				first, _, _ := strings.Cut(strings.TrimPrefix(b.text, "$ "), "\n")
				fmt.Fprintf(&list, "%s.md: %s (%s)\n", p.name(), first, b.name)
			}
		}
	}
	t.Logf("%d commands are run, %d blocks are not", run, strings.Count(list.String(), "\n"))
	const golden = "testdata/not-run.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(list.String()), 0o644)) //nolint:gosec // a document
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), list.String(), "run the test with -update, and read the diff")
}
