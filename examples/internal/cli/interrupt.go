package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilInterrupted gives a context that ends when somebody ends the program, or when its terminal
// is gone. The program then begins nothing more, and tells how what it began has ended. A second
// interrupt ends the program at once. An interrupt or a hangup that is ignored at the start stays
// ignored: a shell asks for that in the background, and so does nohup.
func untilInterrupted() context.Context {
	heeded := []os.Signal{syscall.SIGTERM}
	if !signal.Ignored(os.Interrupt) {
		heeded = append(heeded, os.Interrupt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), heeded...)
	context.AfterFunc(ctx, stop)
	// A write to a pipe that nobody reads is an error then, and does not kill the program: see output.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if signal.Ignored(syscall.SIGHUP) {
		return ctx
	}
	// Nothing takes this back: the kernel, the shell and sshd each tell of a terminal that is gone, and a
	// system that shuts down sends SIGTERM besides.
	ctx, _ = signal.NotifyContext(ctx, syscall.SIGHUP)
	return ctx
}
