//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// A class is a kind of faults.
type class struct {
	name string
	what string // in the line that tells the result
	run  func(context.Context) (tally, error)
}

// A tally counts what came of a class.
type tally struct {
	passed, failed int
	words          []string // of what failed
}

func (t *tally) add(ok bool, format string, args ...any) {
	if ok {
		t.passed++
		return
	}
	t.failed++
	t.words = append(t.words, fmt.Sprintf(format, args...))
}

// maxWords is how many failures of a class are told.
const maxWords = 20

// A suite is one run of some classes.
type suite struct {
	out  io.Writer
	only string
	most int
	seed uint64
}

// run runs the classes one after the other. The last line is the sum.
func (s *suite) run(ctx context.Context) error {
	fmt.Fprintf(s.out, "seed %d\n", s.seed)
	passed, failed := 0, 0
	for _, c := range s.classes() {
		if !strings.HasPrefix(c.name, s.only) {
			continue
		}
		begin := time.Now()
		t, err := c.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		for _, w := range t.words[:min(maxWords, len(t.words))] {
			fmt.Fprintln(s.out, "  ", w)
		}
		fmt.Fprintf(s.out, "%-12s %5d passed, %d failed  %4.0f s  %s\n", c.name, t.passed, t.failed,
			time.Since(begin).Seconds(), c.what)
		passed, failed = passed+t.passed, failed+t.failed
	}
	fmt.Fprintf(s.out, "%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		return fmt.Errorf("%d trials failed, %d passed", failed, passed)
	}
	return nil
}

// classes are all classes, in their order.
func (s *suite) classes() []class {
	host := func(fault string) func(context.Context) (tally, error) {
		return func(ctx context.Context) (tally, error) { return s.host(ctx, fault) }
	}
	return []class{
		{"kill-host", "all processes of the host killed at each system call of a change", host(killTree)},
		{"kill-process", "one process of the host killed at each system call", host(killOne)},
		{"errors", "a system call fails: disk full, broken or read-only, no rights, out of memory", host(failCall)},
		{"short", "a write writes half", host(cutWrite)},
		{"cut-up", "the client is lost after each byte that it sends", host(cutInput)},
		{"cut-down", "the client is lost after each byte of the answer", host(cutReply)},
		{"mutants", "the program with one protection removed, which must be found", s.mutants},
		{"cut-ssh", "a connection with sshd is lost after some bytes, up or down", s.cutSSH},
		{"hostile", "hosts that answer with silence, noise, floods, echoes or a spoilt answer", s.hostiles},
		{"cancel", "a call of the library is cancelled at any moment", s.cancel},
		{"two", "two operators work on one cloud at the same time", s.two},
		{"client", "a client process is killed at each event and at each request", s.client},
		{"apis", "a request to the APIs is refused, lost, cut, slowed, flooded or sent elsewhere", s.apis},
		{"mon", "a real ceph-mon or ceph-osd is stopped, killed and restarted during a plan and an apply", s.mon},
		{"libvirtd", "a real libvirtd is stopped, killed and restarted while a secret is defined", s.libvirtd},
		{"secrets", "keys and passwords are looked for in all that is said, kept and started, under faults too", s.secrets},
	}
}
