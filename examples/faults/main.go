//go:build linux && amd64

// Command faults pulls plugs. It kills, cuts and fails what cephstack does at every step, and looks
// from outside what is left: a file is the old one or the new one, a temp file is never open to more
// than the final file, the outcome that was reported is true, and the next run finishes.
//
// Every target is a real process on this machine, but for the classes that cancel calls or let operators meet: their
// cloud is in memory. The points of a trial are drawn at random; the seed is printed. It needs root and Linux on amd64,
// and works in namespaces of its own.
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
	"time"
)

func main() {
	if filepath.Base(os.Args[0]) == "sh" {
		os.Exit(shim(os.Args[1:]))
	}
	if exit, ok := standIn(filepath.Base(os.Args[0]), os.Args[1:]); ok {
		os.Exit(exit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dispatch(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// dispatch runs the suite, or a process that it starts.
func dispatch(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) > 0 && args[0] == "worker":
		return work(ctx, os.Stdin, out)
	case len(args) == 2 && args[0] == "sshd":
		return becomeSSHD(args[1])
	case len(args) == 2 && args[0] == "client":
		return beClient(ctx, args[1], out)
	case len(args) == 2 && args[0] == "witness":
		return beWitness(args[1])
	case len(args) == 2 && args[0] == "secrethost":
		return beSecretHost(args[1])
	case len(args) == 3 && args[0] == "embedder":
		return embed(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == "hostile":
		return beHostile(args[1], args[2])
	}
	s := suite{out: out}
	f := flag.NewFlagSet("faults", flag.ContinueOnError)
	f.StringVar(&s.only, "case", "", "only the classes whose name begins so, or parts of a class (hostile/echo)")
	f.IntVar(&s.most, "most", 100_000, "the most points of a scenario in a class")
	f.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "where random points begin")
	f.BoolVar(&s.verbose, "v", false, "tell each run of the class secrets, and how long it took")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if os.Geteuid() != 0 {
		return errors.New("must run as root")
	}
	return s.run(ctx)
}
