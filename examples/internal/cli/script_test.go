package cli

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

var update = flag.Bool("update", false, "write what the program prints into the scripts")

// TestScripts runs the scripts of testdata/script: the program, in a cloud in memory that lives as long as the script.
// Besides the commands of testscript, a script has those of stage.
func TestScripts(t *testing.T) {
	testscript.RunT(inTurn{t}, testscript.Params{
		Dir:                "testdata/script",
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			s := &stage{t: t}
			env.Values[stageKey{}] = s
			env.Setenv("HOME", env.WorkDir)
			env.Defer(s.close)
			return os.WriteFile(filepath.Join(env.WorkDir, "image.raw"), disk(t), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"cephstack": func(ts *testscript.TestScript, neg bool, args []string) { of(ts).cephstack(ts, neg, args) },
			"status":    func(ts *testscript.TestScript, _ bool, args []string) { of(ts).status(ts, args) },
			"input":     func(ts *testscript.TestScript, _ bool, args []string) { of(ts).input(ts, args) },
			"spoil":     func(ts *testscript.TestScript, _ bool, args []string) { of(ts).spoil(ts, args) },
			"lock":      func(ts *testscript.TestScript, _ bool, args []string) { of(ts).lock(ts, args) },
			"degrade":   func(ts *testscript.TestScript, _ bool, _ []string) { of(ts).degrade(ts) },
			"plant":     func(ts *testscript.TestScript, _ bool, args []string) { of(ts).plant(ts, args) },
			"guests":    func(ts *testscript.TestScript, _ bool, _ []string) { of(ts).guests(ts) },
			"strangers": func(ts *testscript.TestScript, _ bool, _ []string) { of(ts).strangers(ts) },
		},
	})
}

// inTurn runs scripts one after the other, as each changes the folder and the environment of this process.
type inTurn struct{ *testing.T }

// Parallel implements testscript.T.
func (t inTurn) Parallel() {}

// Run implements testscript.T.
func (t inTurn) Run(name string, f func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { f(inTurn{t}) })
}

// Verbose implements testscript.T.
func (t inTurn) Verbose() bool { return testing.Verbose() }

// A stage is what a script works on.
type stage struct {
	t     *testing.T
	world *integratetest.World
	typed string // what standard input has for the next command
	code  int    // exit status of the last command
}

type stageKey struct{}

func of(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func (s *stage) close() {
	if s.world != nil {
		assert.NoError(s.t, s.world.Close())
	}
}

// open makes the world of the first Spec that is opened, which lives as long as the script.
func (s *stage) open(_ context.Context, sp spec.Spec) (*connect.World, error) {
	if s.world == nil {
		w, err := integratetest.New(sp)
		if err != nil {
			return nil, err
		}
		s.world = w
	}
	return &connect.World{World: s.world.World}, nil
}

// passed are the variables of a script that the program sees.
var passed = []string{fileVariable, "HOME", "NO_COLOR", "SUDO_USER", "TERM"}

// took is a time that something took.
var took = regexp.MustCompile(`(\d+\.\d+(e-\d+)?s\b|"seconds": ?[\d.e-]+)`)

// digest is the digest of a key in a plan. Each run has keys of its own.
var digest = regexp.MustCompile(`\b(key|value): sha256:[0-9a-f]{8}\b`)

// cephstack runs the program. Times that something took, and digests of keys, are 0 in its output.
func (s *stage) cephstack(ts *testscript.TestScript, neg bool, args []string) {
	here, err := os.Getwd()
	ts.Check(err)
	ts.Check(os.Chdir(ts.MkAbs(".")))
	defer func() { ts.Check(os.Chdir(here)) }()
	for _, name := range passed {
		before, was := os.LookupEnv(name)
		ts.Check(os.Setenv(name, ts.Getenv(name)))
		defer func() {
			if _ = os.Unsetenv(name); was {
				_ = os.Setenv(name, before)
			}
		}()
	}
	var stdout, stderr bytes.Buffer
	p := Program{Stdin: strings.NewReader(s.typed), Stdout: &stdout, Stderr: &stderr, Open: s.open, Poll: 1}
	s.typed, s.code = "", p.Run(context.Background(), args)
	without := func(b bytes.Buffer) string {
		text := digest.ReplaceAllStringFunc(b.String(), func(is string) string {
			what, _, _ := strings.Cut(is, ":")
			return what + ": sha256:00000000"
		})
		return took.ReplaceAllStringFunc(text, func(is string) string {
			if strings.HasPrefix(is, `"`) {
				return `"seconds": 0`
			}
			return "0.0s"
		})
	}
	_, err = ts.Stdout().Write([]byte(without(stdout)))
	ts.Check(err)
	_, err = ts.Stderr().Write([]byte(without(stderr)))
	ts.Check(err)
	if neg == (s.code == exitDone) {
		ts.Fatalf("exit status %d\n%s%s", s.code, stdout.String(), stderr.String())
	}
}

// status N: the exit status of the last command was N.
func (s *stage) status(ts *testscript.TestScript, args []string) {
	if len(args) != 1 || args[0] != strconv.Itoa(s.code) {
		ts.Fatalf("exit status %d, not %q", s.code, args)
	}
}

// input FILE: the next command has the file as its standard input.
func (s *stage) input(ts *testscript.TestScript, args []string) { s.typed = ts.ReadFile(args[0]) }

// spoil HOST PATH [open]: somebody edits a file of a host.
func (s *stage) spoil(_ *testscript.TestScript, args []string) {
	data := []byte("# by hand\n")
	if len(args) > 2 {
		data, _ = s.world.Machines[args[0]].Contents(args[1])
	}
	s.world.Machines[args[0]].AddFile(args[1], data, 0o644)
}

// lock OWNER HOST: somebody else has the operator lock.
func (s *stage) lock(ts *testscript.TestScript, args []string) {
	ts.Check(ceph.New(s.world.Ceph["ceph"]).TakeLock(context.Background(), ceph.Lock{Pool: "cephstack",
		Object: "operator-lock", ID: "x", Owner: args[0], Host: args[1], Purpose: "apply", Term: 90 * time.Second}))
}

// degrade: a host with disks of the cluster is down.
func (s *stage) degrade(*testscript.TestScript) {
	s.world.Ceph["ceph"].Ail(cephtest.Ailments{DownOSDs: []int{0, 1}})
}

// plant POOL IMAGE: somebody makes an RBD image.
func (s *stage) plant(ts *testscript.TestScript, args []string) {
	ts.Check(s.world.Ceph["ceph"].AddImage(ceph.Image{Pool: args[0], Name: args[1], Size: 1 << 30}))
}

// strangers: real servers of SSH stand for host0 and host1 of cloud.yaml, which is written. PRINT0 and ADDRESS0 are
// the fingerprint and the address of host0.
func (s *stage) strangers(ts *testscript.TestScript) {
	got := newStrange(s.t, ts.MkAbs("."))
	for i := range got.prints {
		ts.Setenv("PRINT"+strconv.Itoa(i), got.prints[i])
		ts.Setenv("ADDRESS"+strconv.Itoa(i), got.address[i])
	}
}

// TestEveryCommandAndFlagHasAScript in which it occurs.
func TestEveryCommandAndFlagHasAScript(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var calls [][]string // the words of each call of the program
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		script, _, _ := strings.Cut(string(text), "\n-- ")
		for line := range strings.Lines(script) {
			words := strings.Fields(strings.TrimPrefix(line, "! "))
			if len(words) > 0 && words[0] == "cephstack" {
				calls = append(calls, words)
			}
		}
	}
	occurs := func(path []string, flags ...string) bool {
		return slices.ContainsFunc(calls, func(words []string) bool {
			if len(words) < len(path) || !slices.Equal(words[:len(path)], path) {
				return false
			}
			flags = slices.DeleteFunc(flags, func(name string) bool { return name == "-" })
			return len(flags) == 0 || slices.ContainsFunc(words[len(path):], func(w string) bool {
				name, _, _ := strings.Cut(w, "=")
				return slices.Contains(flags, name)
			})
		})
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())
		assert.True(t, occurs(path), "no script runs %s", cmd.CommandPath())
		cmd.InitDefaultHelpFlag()
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if cmd.Runnable() {
				assert.True(t, occurs(path, "--"+f.Name, "-"+f.Shorthand), "no script runs %s --%s", cmd.CommandPath(), f.Name)
			}
			if _, completes := cmd.GetFlagCompletionFunc(f.Name); f.NoOptDefVal == "" && f.Value.Type() != "bool" {
				assert.True(t, completes, "%s --%s completes anything", cmd.CommandPath(), f.Name)
			}
		})
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(Commands())
}

// guests boots the guests of boot.
func (s *stage) guests(ts *testscript.TestScript) { ts.Check(boot(context.Background(), s.world)) }

// boot makes a guest with a root disk and a volume, and a guest on a volume alone.
func boot(ctx context.Context, w *integratetest.World) error {
	image, err := w.Cloud.UploadImage(ctx, api.ImageRequest{Name: "cirros", DiskFormat: "raw"},
		strings.NewReader("a disk"))
	if err != nil {
		return err
	}
	data, err := w.Cloud.CreateVolume(ctx, api.VolumeRequest{Name: "data", SizeGiB: 1, Type: "ceph"})
	if err != nil {
		return err
	}
	root, err := w.Cloud.CreateVolume(ctx, api.VolumeRequest{Name: "data", SizeGiB: 1, Type: "ceph", ImageID: image.ID})
	if err != nil {
		return err
	}
	web, err := w.Cloud.CreateServer(ctx, api.ServerRequest{Name: "web", ImageID: image.ID, Flavor: "tiny",
		Host: "compute1"})
	if err != nil {
		return err
	}
	if err := w.Cloud.Attach(ctx, web.ID, data.ID); err != nil {
		return err
	}
	_, err = w.Cloud.CreateServer(ctx, api.ServerRequest{Name: "db", VolumeID: root.ID, Flavor: "tiny", Host: "compute2"})
	return err
}
