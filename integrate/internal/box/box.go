// Package box runs programs in containers of a host, whichever of docker and podman has them.
//
// # Use
//
// Enter takes a program into the first container that runs of some, and what it gives runs on a remote.Host:
//
//	results, err := host.Do(ctx, box.Enter(remote.Run{Argv: []string{"nova-manage", "--version"}}, "nova_conductor"))
//
// The program runs as the user of the container. Its standard input is a pipe of that user, so that it can open
// /dev/stdin, too: a pipe of the engine may belong to root.
//
// # Errors
//
// Where none of the containers runs, the exit status is that of docker and podman for such a failure, 125, and the last
// line of standard error says so, with the last words of the engine.
//
// # Concurrency and cancellation
//
// All is pure.
//
// # Testing
//
// Answer stands for the host, in tests.
package box

import (
	_ "embed" // for enter.sh
	"slices"
	"strings"

	"github.com/cephstack/cephstack/remote"
)

//go:embed enter.sh
var script string

// Enter makes a program run in the first of some containers that runs.
func Enter(op remote.Run, names ...string) remote.Run {
	op.Argv = slices.Concat([]string{"sh", "-c", script, "cephstack-box", strings.Join(names, " ")}, op.Argv)
	return op
}

// Answer tells, in tests, which program is to run in which containers. It is not ok for another program.
func Answer(op remote.Run) (inner remote.Run, names []string, ok bool) {
	if len(op.Argv) < 6 || !slices.Equal(op.Argv[:4], []string{"sh", "-c", script, "cephstack-box"}) {
		return op, nil, false
	}
	names = strings.Fields(op.Argv[4])
	op.Argv = op.Argv[5:]
	return op, names, true
}
