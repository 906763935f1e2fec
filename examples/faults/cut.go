//go:build linux && amd64

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// cut runs the shell, and loses the connection after some bytes. The shell goes on alone,
// as it does on a host.
func (i *injector) cut(argv []string) int {
	cmd := exec.Command(realShell)
	cmd.Args = argv
	in, err := cmd.StdinPipe()
	if err != nil {
		return 125
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 125
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
		return 125
	}
	i.Shell = cmd.Process.Pid
	lost := make(chan bool, 2)
	var up, down counter
	go func() { lost <- up.copy(in, os.Stdin, i.limit(cutInput)) }()
	go func() { lost <- down.copy(os.Stdout, out, i.limit(cutReply)) }()
	i.Fired = <-lost
	if !i.Fired {
		i.Fired = <-lost
	}
	down.mu.Lock() // nothing else comes to the client
	i.Asked, i.Answered = heard(down.data)
	i.Calls = up.n
	if i.Fault == cutReply {
		i.Calls = down.n
	}
	if err := i.write(); err != nil {
		return 125
	}
	if i.Fired {
		os.Exit(255) // both pipes close
	}
	if cmd.Wait() != nil {
		return 1
	}
	return 0
}

// limit is how many bytes may pass in a direction; negative for all.
func (i *injector) limit(direction string) int {
	if i.Fault != direction || i.At == 0 {
		return -1
	}
	return i.At
}

// A counter counts and keeps bytes that were handed on.
type counter struct {
	mu   sync.Mutex
	n    int
	data []byte
}

// copy hands bytes on until the input ends or the limit is reached. lost reports the limit.
func (c *counter) copy(w io.WriteCloser, r io.Reader, limit int) (lost bool) {
	defer func() {
		if !lost {
			w.Close()
		}
	}()
	b := make([]byte, 32<<10)
	for {
		n, err := r.Read(b)
		c.mu.Lock()
		if limit >= 0 && c.n+n >= limit {
			n, lost = limit-c.n, true
		}
		c.n, c.data = c.n+n, append(c.data, b[:n]...)
		_, werr := w.Write(b[:n])
		c.mu.Unlock()
		if werr != nil || lost || err != nil {
			return lost
		}
	}
}
