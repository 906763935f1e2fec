//go:build linux

// Command bench compares cephstack with what else configures many hosts over
// SSH: Ansible, Ansible with Mitogen, and a script sent out with clush. All of
// them bring the same hosts on this machine into the same state, which is then
// looked up on disk. README.md says how, and how to read the results.
//
// It needs root, Debian's packages (make bench installs them) and Linux: it
// runs in a mount and a network namespace of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dispatch(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// dispatch runs the benchmark, or one of the processes that it starts.
func dispatch(ctx context.Context, args []string, in io.Reader, out *os.File) error {
	if len(args) == 0 {
		return enter(ctx, args)
	}
	switch args[0] {
	case "inside":
		return inside(ctx, args[1:], out)
	case "measure":
		return measure(ctx, args[1:])
	case "sshd":
		return becomeSSHD(args[1])
	case "proxy":
		return proxy(ctx, args[1:], out)
	case "memory":
		return memoryFarm(ctx, args[1], in, out)
	case "drive":
		return drive(ctx, args[1], out)
	}
	return enter(ctx, args)
}
