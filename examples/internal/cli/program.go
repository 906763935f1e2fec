// Package cli is the program cephstack: its commands, flags, questions and output. The command of examples/cephstack
// runs it; tests run it with a cloud in memory.
package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/detect"
	"github.com/cephstack/cephstack/integrate/spec"
)

const (
	exitDone = iota
	exitFailed
	exitChanges
	exitUsage
)

// Main runs the program as the process that it is, and gives its exit status.
func Main(librados connect.Librados) int {
	return start(opener(librados))
}

// opener opens what a Spec names.
func opener(librados connect.Librados) func(context.Context, spec.Spec) (*connect.World, error) {
	return func(ctx context.Context, s spec.Spec) (*connect.World, error) {
		return connect.Open(ctx, s, connect.Options{Librados: librados})
	}
}

func start(open func(context.Context, spec.Spec) (*connect.World, error)) int {
	ctx := untilInterrupted()
	if err := dumpless(); err != nil {
		fmt.Fprintln(os.Stderr, "cephstack:", err)
		return exitFailed
	}
	return Program{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Open: open}.Run(ctx, os.Args[1:])
}

// maxInput is how many bytes a file may have that a flag names: a Spec (which has a limit of its own) or a plan.
const maxInput = 512 << 20

// A text is what a file has; it knows the name of the file.
type text struct {
	*bytes.Reader
	name string
}

func (t text) Name() string { return t.name }

// load reads a Spec from a file, or from a pipe such as that of <(…), by spec.Load or spec.Read.
func load(ctx context.Context, file string, read func(io.Reader, string) (spec.Spec, error)) (spec.Spec, error) {
	data, _, err := cephstack.ReadInput(ctx, file, maxInput)
	if err != nil {
		return spec.Spec{}, fmt.Errorf("the Spec cannot be read: %w; -f names its file", err)
	}
	s, err := read(text{bytes.NewReader(data), file}, filepath.Dir(file))
	if fault := new(spec.FieldError); err == nil || errors.As(err, &fault) { // faults name the file, each with its line
		return s, err
	}
	return s, fmt.Errorf("%s: %w", file, err)
}

// A Program is what the commands have of the outside.
type Program struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Open           func(context.Context, spec.Spec) (*connect.World, error)
	Poll           time.Duration // see integrate.Config
}

// Run runs one command, and gives its exit status.
func (p Program) Run(ctx context.Context, args []string) int {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stdout, stderr := &output{w: p.Stdout, stop: stop}, &output{w: p.Stderr, stop: stop}
	p.Stdout, p.Stderr = stdout, stderr
	code := p.do(ctx, args)
	if err := cmp.Or(stdout.lost(), stderr.lost()); err != nil && (code == exitDone || code == exitChanges) {
		return p.fail(exitFailed, fmt.Errorf("a part of the output was lost: %w", err))
	}
	return code
}

func (p Program) do(ctx context.Context, args []string) (code int) {
	o, err := parse(args, p.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		return exitUsage
	}
	if o.command == "trust" {
		return p.trust(ctx, o)
	}
	s, err := load(ctx, o.file, spec.Load)
	if err != nil {
		return p.fail(exitUsage, err)
	}
	if err := o.unknown(s); err != nil {
		return p.fail(exitUsage, err)
	}
	var how integrate.VerifyOptions
	if o.command == "verify" {
		var closed func()
		if how, closed, code, err = o.verification(s); err != nil {
			return p.fail(code, err)
		}
		defer closed()
	}
	w, err := p.Open(ctx, s)
	if err != nil {
		return p.fail(statusOf(err), err)
	}
	defer w.Close()
	if s.Release == "" {
		if s.Release, err = p.detect(ctx, integrate.Config{Spec: s, World: w.World, Parallel: o.parallel}); err != nil {
			return p.fail(statusOf(err), err)
		}
	}
	told := newProgress(p.Stderr, progressOptions{byParts: o.command == "converge"})
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Observer: told.event, Parallel: o.parallel,
		Poll: p.Poll, Owner: os.Getenv("SUDO_USER")}) // that root has the lock tells nobody whom to ask
	if err != nil {
		return p.fail(exitUsage, err)
	}
	c := &command{Program: p, options: o, spec: s, in: in, told: told, how: how}
	code, err = c.run(ctx)
	told.close()
	if err != nil {
		return p.fail(code, err)
	}
	return code
}

// detect lets the hosts tell the release, and says what they told.
func (p Program) detect(ctx context.Context, cfg integrate.Config) (string, error) {
	d, err := detect.Release(ctx, cfg)
	if err == nil {
		fmt.Fprintf(p.Stderr, "The Spec names no release; the hosts tell:\n%s", printable(d.String()))
	}
	return d.Release, err
}

// statusOf tells a Spec's fault from what went wrong outside.
func statusOf(err error) int {
	var fault *spec.FieldError
	if errors.As(err, &fault) {
		return exitUsage
	}
	return exitFailed
}

func (p Program) fail(code int, err error) int {
	fmt.Fprintln(p.Stderr, "cephstack:", printable(err.Error()))
	return code
}

var (
	errDeclined = errors.New("not approved, so nothing was changed")
	errNotShown = errors.New("the plan could not be shown, so nothing was changed")
)
