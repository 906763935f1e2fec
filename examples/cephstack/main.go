// Command cephstack plans, applies and verifies a Spec.
//
//	cephstack trust|plan|apply|converge|verify -f cloud.yaml
//
// trust shows the hosts' SSH keys, and learns those whose fingerprints it is given.
// converge plans and applies in one go, host by host, for fleets.
//
// Exit status: 0 done, nothing to do, or all checks passed; 1 an error, or a
// change, part or check that did not end well; 2 from plan: there is something to
// do, or from trust: a host's key is not known; 3 wrong usage or an invalid Spec.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

const (
	exitDone = iota
	exitFailed
	exitChanges
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	p := program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, open: open}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func open(ctx context.Context, s spec.Spec) (*connect.World, error) {
	return connect.Open(ctx, s, connect.Options{Librados: librados()})
}

// load reads a Spec from a file, by spec.Load or spec.Read.
func load(file string, read func(io.Reader, string) (spec.Spec, error)) (spec.Spec, error) {
	f, err := os.Open(file)
	if err != nil {
		return spec.Spec{}, err
	}
	defer f.Close()
	s, err := read(f, filepath.Dir(file))
	if err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// A program is what the commands have of the outside.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	open           func(context.Context, spec.Spec) (*connect.World, error)
}

// run runs one command, and gives its exit status.
func (p program) run(ctx context.Context, args []string) int {
	o, err := parse(args, p.stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		return exitUsage
	}
	if o.command == "trust" {
		return p.trust(ctx, o)
	}
	s, err := load(o.file, spec.Load)
	if err != nil {
		return p.fail(exitUsage, err)
	}
	w, err := p.open(ctx, s)
	if err != nil {
		return p.fail(statusOf(err), err)
	}
	defer w.Close()
	if s.Release == "" {
		if s.Release, err = p.detect(ctx, integrate.Config{Spec: s, World: w.World, Parallel: o.parallel}); err != nil {
			return p.fail(statusOf(err), err)
		}
	}
	told := newProgress(p.stderr, o.command == "converge")
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Observer: told.event, Parallel: o.parallel})
	if err != nil {
		return p.fail(exitUsage, err)
	}
	c := &command{program: p, options: o, spec: s, in: in, told: told}
	code, err := c.run(ctx)
	told.close()
	if err != nil {
		return p.fail(code, err)
	}
	return code
}

// detect lets the hosts tell the release, and says what they told.
func (p program) detect(ctx context.Context, cfg integrate.Config) (string, error) {
	d, err := integrate.DetectRelease(ctx, cfg)
	if err == nil {
		fmt.Fprintf(p.stderr, "The Spec names no release; the hosts tell:\n%s", d)
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

func (p program) fail(code int, err error) int {
	fmt.Fprintln(p.stderr, "cephstack:", err)
	return code
}

var errDeclined = errors.New("not approved, so nothing was changed")
