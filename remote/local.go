package remote

import (
	"context"
	"os"
	"os/exec"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// A Local is the machine that this process runs on. Ops have root's rights: if
// the process does not have them, sudo -n gives them.
type Local struct{}

const localName = "localhost"

// Do implements Host.
func (l Local) Do(ctx context.Context, ops ...Op) ([]Result, error) {
	sudo := os.Geteuid() != 0
	x := newExchange(localName, ops)
	if ctx.Err() != nil {
		err := x.fail("start", &startError{context.Cause(ctx), ""})
		return x.results(err), err
	}
	p, err := startLocal(wire.Program(), sudo)
	if err != nil {
		err = x.fail("start", &startError{nil, err.Error()})
		return x.results(err), err
	}
	defer p.end()
	sh := newShell(p, sudo, question{})
	if x.effectful() {
		first := newExchange(localName, nil)
		first.inline = "" // it goes to standard input
		if err := greet(ctx, sh, first, Timeouts{}.withDefaults()); err != nil {
			return x.results(err), err
		}
	}
	return x.run(ctx, sh, false, Timeouts{}.withDefaults())
}

// startLocal starts the program as a child. A child that is given up is not
// killed: it finds its pipes closed between two ops, and ends by itself. So it
// leaves nothing half done.
func startLocal(program string, sudo bool) (process, error) {
	cmd := exec.Command("/bin/sh", "-c", program)
	if sudo {
		cmd = exec.Command("sudo", "-n", "--", "/bin/sh", "-c", program)
	}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.Dir = "/"
	var files []*os.File
	pipe := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		if err == nil {
			files = append(files, r, w)
		}
		return r, w
	}
	inR, inW := pipe()
	outR, outW := pipe()
	errR, errW := pipe()
	closeAll := func() {
		for _, f := range files {
			f.Close()
		}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, errW
	if len(files) != 6 {
		closeAll()
		return process{}, os.ErrInvalid
	}
	if err := cmd.Start(); err != nil {
		closeAll()
		return process{}, err
	}
	inR.Close()
	outW.Close()
	errW.Close()
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit status is in ProcessState
		close(gone)
	}()
	return process{
		stdin: inW, stdout: outR, stderr: errR,
		wait: func() (int, bool) {
			select {
			case <-gone:
				return cmd.ProcessState.ExitCode(), true
			case <-time.After(2 * time.Second):
				return 0, false
			}
		},
		end: closeAll,
	}, nil
}
