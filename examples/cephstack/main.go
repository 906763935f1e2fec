// Command cephstack plans, applies and verifies a Spec.
//
//	cephstack plan|apply|verify -f cloud.yaml
//
// Exit status: 0 done, nothing to do, or all checks passed; 1 an error, or a
// check that did not pass; 2 from plan: there is something to do; 3 wrong
// usage or an invalid Spec.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/cephstack/cephstack/examples/internal/wiring"
	"github.com/cephstack/cephstack/integrate"
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
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags of all commands; each command has those that it uses.
type options struct {
	command  string
	file     string
	json     bool
	yes      bool
	planFile string
	static   bool
	image    string
	flavor   string
	limits   integrate.ApplyOptions
	parallel int
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	const usage = "usage: cephstack plan|apply|verify -f cloud.yaml [flags]; cephstack COMMAND -h tells the flags"
	if len(args) == 0 {
		fmt.Fprintln(stderr, usage)
		return o, errUsage
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		fmt.Fprintln(stderr, usage)
		return o, flag.ErrHelp
	}
	o.command = args[0]
	fs := flag.NewFlagSet("cephstack "+o.command, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.file, "f", "cloud.yaml", "the Spec `file`")
	fs.BoolVar(&o.json, "json", false, "print JSON on standard output")
	fs.IntVar(&o.parallel, "parallel", 32, "work on at most this many hosts at once")
	switch o.command {
	case "plan":
	case "apply":
		fs.BoolVar(&o.yes, "yes", false, "do not ask")
		fs.StringVar(&o.planFile, "plan", "", "apply this plan `file` (from plan --json) and nothing else")
		fs.IntVar(&o.limits.Canaries, "canaries", 0, "apply to this many computes first")
		fs.IntVar(&o.limits.MaxFailed, "max-failed", 0, "stop once this many computes failed; 0 never")
	case "verify":
		fs.BoolVar(&o.static, "static", false, "read only: no probes, no journey")
		fs.StringVar(&o.image, "image", "", "raw bootable image `file` for the journey's guests")
		fs.StringVar(&o.flavor, "flavor", "", "flavor of the guests; a small one is made when empty")
	default:
		fmt.Fprintf(stderr, "cephstack: unknown command %q; the commands are plan, apply and verify\n", o.command)
		return o, errUsage
	}
	if err := fs.Parse(args[1:]); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "cephstack: unexpected argument %q\n", fs.Arg(0))
		return o, errUsage
	}
	if o.parallel < 1 || o.limits.Canaries < 0 || o.limits.MaxFailed < 0 {
		fmt.Fprintln(stderr, "cephstack: --parallel must be positive, --canaries and --max-failed not negative")
		return o, errUsage
	}
	if o.command == "apply" && o.json && !o.yes {
		fmt.Fprintln(stderr, "cephstack: apply --json needs --yes: it shows no plan to approve")
		return o, errUsage
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		return exitUsage
	}
	fail := func(code int, err error) int {
		fmt.Fprintln(stderr, "cephstack:", err)
		return code
	}
	spec, err := wiring.Load(o.file)
	if err != nil {
		return fail(exitUsage, err)
	}
	world, closeAll, err := wiring.Open(ctx, spec, librados())
	defer closeAll()
	if err != nil {
		return fail(exitFailed, err)
	}
	p := newProgress(stderr)
	in, err := integrate.New(integrate.Config{Spec: spec, World: world, Observer: p.event, Parallel: o.parallel})
	if err != nil {
		return fail(exitUsage, err)
	}
	c := &command{options: o, in: in, stdin: stdin, stdout: stdout, stderr: stderr}
	code, err := c.run(ctx)
	p.end()
	if err != nil {
		return fail(code, err)
	}
	return code
}

var (
	errDeclined = errors.New("not applied")
	errUsage    = errors.New("wrong usage")
)
