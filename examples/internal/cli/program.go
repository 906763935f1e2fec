// Package cli is the program cephstack: its commands, flags, questions and output. The command of examples/cephstack
// runs it; tests run it with a cloud in memory.
//
// Each command has a file of its own, with a method of invocation that gives it, and a line in commands.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

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
	if code == exitUsage && stdout.lost() != nil { // of help or --version: the flags were right
		return exitFailed
	}
	if onlyTells(args) && errors.Is(stdout.lost(), syscall.EPIPE) { // as after head
		return max(code, exitFailed)
	}
	if err := cmp.Or(stdout.lost(), stderr.lost()); err != nil && (code == exitDone || code == exitChanges) {
		return p.fail(exitFailed, fmt.Errorf("a part of the output was lost: %w", err))
	}
	return code
}

func (p Program) do(ctx context.Context, args []string) int {
	root := p.commands()
	root.SetArgs(append([]string{}, args...)) // nil would be the arguments of this process
	cmd, err := find(root, args)
	if err == nil {
		cmd, err = root.ExecuteContextC(ctx)
	}
	var e *ended
	switch {
	case err == nil:
		return exitDone
	case !errors.As(err, &e):
		p.fail(exitUsage, err)
		fmt.Fprintf(p.Stderr, "Run '%s --help' to see what is possible.\n", cmd.CommandPath())
		return exitUsage
	case e.err != nil:
		return p.fail(e.status, e.err)
	}
	return e.status
}

// An ended is how a command ended, where it is not simply done. Any other error of a command is wrong usage.
type ended struct {
	status int
	err    error // nil where the command has said all
}

// Error implements error.
func (e *ended) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

// Unwrap gives the cause.
func (e *ended) Unwrap() error { return e.err }

// endWith is the error of a command that ended with a status.
func endWith(status int, err error) error {
	if status == exitDone && err == nil {
		return nil
	}
	return &ended{status, err}
}

// An action is what a command does in the world of a Spec. It gives the exit status.
type action func(*command, context.Context) (int, error)

// run opens the world of the Spec, and runs a command in it.
func (i *invocation) run(ctx context.Context, name string, do action) (int, error) {
	s, err := i.load(ctx)
	if err != nil {
		return exitUsage, err
	}
	s.Retire = s.Retire || name == retireName
	c := &command{invocation: i, name: name, spec: s}
	if name == "verify" {
		how, closed, code, err := i.verification(s)
		if err != nil {
			return code, err
		}
		defer closed()
		c.how = how
	}
	if err := i.checkBundle(); err != nil {
		return exitUsage, err
	}
	w, err := i.Open(ctx, s)
	if err != nil {
		return c.bundled(ctx, statusOf(err), err)
	}
	defer w.Close()
	c.kept.World, c.kept.Secrets = w.World, w.Known()
	i.reached(w, c)
	if s.Release == "" {
		if s.Release, err = i.detect(ctx, integrate.Config{Spec: s, World: w.World, Parallel: i.parallel}); err != nil {
			return c.bundled(ctx, statusOf(err), err)
		}
	}
	c.told = i.progress(name)
	i.share(c.told)
	c.cfg = integrate.Config{Spec: s, World: w.World, Observer: c.observer(), Parallel: i.parallel,
		Poll: i.Poll, Owner: os.Getenv("SUDO_USER")} // that root has the lock tells nobody whom to ask
	c.in, err = integrate.New(c.cfg)
	if err != nil {
		return exitUsage, err
	}
	code, err := do(c, ctx)
	c.told.close()
	return c.bundled(ctx, code, err)
}

// detect lets the hosts tell the release, and says what they told.
func (i *invocation) detect(ctx context.Context, cfg integrate.Config) (string, error) {
	d, err := detect.Release(ctx, cfg)
	if err == nil && !i.quiet {
		fmt.Fprintf(i.Stderr, "The Spec names no release; the hosts tell:\n%s", printable(d.String()))
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
