package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilInterrupted gives a context that ends when somebody ends the program, or when its terminal
// is gone. The program then begins nothing more, and tells how what it began has ended. A second
// interrupt ends the program at once.
func untilInterrupted() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	// A write to a pipe that nobody reads is an error then, and does not kill the program: see output.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if signal.Ignored(syscall.SIGHUP) { // by nohup
		return ctx
	}
	// Nothing takes this back: the kernel, the shell and sshd each tell of a terminal that is gone, and a
	// system that shuts down sends SIGTERM besides.
	ctx, _ = signal.NotifyContext(ctx, syscall.SIGHUP)
	return ctx
}
