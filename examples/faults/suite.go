//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// A class is a kind of faults.
type class struct {
	name string
	what string // in the line that tells the result
	run  func(context.Context) (tally, error)
	// parts are the names of those parts of the class that can be run alone.
	parts []string
}

// A tally counts what came of a class.
type tally struct {
	passed, failed int
	words          []string // of what failed
	// told is where failures are told at once, and not at the end; nil for those of the other classes.
	told io.Writer
}

func (t *tally) add(ok bool, format string, args ...any) {
	if ok {
		t.passed++
		return
	}
	t.failed++
	if t.told != nil {
		fmt.Fprintf(t.told, "   "+format+"\n", args...)
		return
	}
	t.words = append(t.words, fmt.Sprintf(format, args...))
}

// tell says what goes on, if it was asked for.
func (s *suite) tell(format string, args ...any) {
	if s.verbose {
		fmt.Fprintf(s.out, "   "+format, args...)
	}
}

// join adds what came of a part of the class.
func (t *tally) join(part tally) {
	t.passed, t.failed, t.words = t.passed+part.passed, t.failed+part.failed, append(t.words, part.words...)
}

// maxWords is how many failures of a class are told.
const maxWords = 20

// A suite is one run of some classes.
type suite struct {
	out  io.Writer
	only string // how the name of a class begins; after a slash, how the names of its parts begin
	part string
	most int
	seed uint64
	// verbose tells each run of the class secrets when it has ended.
	verbose bool
}

// A sum is what came of all classes so far.
type sum struct {
	mu             sync.Mutex
	passed, failed int
}

// run runs the classes that work one after the other, and beside them those that wait. The last line is the sum.
func (s *suite) run(ctx context.Context) error {
	fmt.Fprintf(s.out, "seed %d\n", s.seed)
	name, part, _ := strings.Cut(s.only, "/")
	s.part = part
	left := func(c class) bool {
		return !strings.HasPrefix(c.name, name) || part != "" && !slices.ContainsFunc(c.parts, s.picks)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sum
	var wg sync.WaitGroup
	for _, line := range s.classes() {
		wg.Go(func() {
			if err := s.line(ctx, slices.DeleteFunc(line, left), &all); err != nil {
				stop(err) // the first error counts: the others come of it
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d passed, %d failed\n", all.passed, all.failed)
	if all.failed+all.passed == 0 {
		return fmt.Errorf("no class, or no part of a class, has a name that begins with %q", s.only)
	}
	if all.failed > 0 {
		return fmt.Errorf("%d trials failed, %d passed", all.failed, all.passed)
	}
	return nil
}

// line runs classes one after the other.
func (s *suite) line(ctx context.Context, classes []class, all *sum) error {
	for _, c := range classes {
		begin := time.Now()
		t, err := c.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		var text strings.Builder // of one piece, as another line tells things, too
		for _, w := range t.words[:min(maxWords, len(t.words))] {
			fmt.Fprintln(&text, "  ", w)
		}
		fmt.Fprintf(&text, "%-12s %5d passed, %d failed  %4.0f s  %s\n", c.name, t.passed, t.failed,
			time.Since(begin).Seconds(), c.what)
		all.mu.Lock()
		all.passed, all.failed = all.passed+t.passed, all.failed+t.failed
		fmt.Fprint(s.out, text.String())
		all.mu.Unlock()
	}
	return nil
}

// picks reports whether a part of a class is to be run.
func (s *suite) picks(part string) bool { return strings.HasPrefix(part, s.part) }

// classes are all classes: those that need the processors, and those whose trials mostly wait for a time to pass.
func (s *suite) classes() [2][]class {
	host := func(fault string) func(context.Context) (tally, error) {
		return func(ctx context.Context) (tally, error) { return s.host(ctx, fault) }
	}
	var changes, hosts []string
	for _, c := range scenarios() {
		changes = append(changes, c.name)
	}
	for _, h := range hostiles() {
		hosts = append(hosts, h.name)
	}
	hosts = slices.AppendSeq(hosts, maps.Keys(strangers()))
	return [2][]class{{
		{"kill-host", "all processes of the host killed at each system call of a change", host(killTree), changes},
		{"kill-process", "one process of the host killed at a system call, every fourth", host(killOne), changes},
		{"errors", "a system call fails: disk full, broken or read-only, no rights, out of memory", host(failCall), changes},
		{"short", "a write writes half", host(cutWrite), changes},
		{"cut-up", "the client is lost after each byte that it sends", host(cutInput), changes},
		{"cut-down", "the client is lost after each byte of the answer", host(cutReply), changes},
		{"rivals", "somebody else writes the file at each system call of a change", s.rivals, nil},
		{"cancel", "a call of the library is cancelled at any moment", s.cancel, nil},
		{"client", "a client process is killed at each event and at each request", s.client, nil},
		{"mutants", "the program with one protection removed, which must be found", s.mutants, nil},
		{"cut-ssh", "a connection with sshd is lost after some bytes, up or down", s.cutSSH, nil},
		{"apis", "a request to the APIs is refused, lost, cut, slowed, flooded or sent elsewhere", s.apis, nil},
	}, {
		{"hostile", "hosts that answer with silence, noise, floods, echoes or a spoilt answer", s.hostiles, hosts},
		{"two", "two operators work on one cloud at the same time", s.two, nil},
		{"mon", "a real ceph-mon or ceph-osd is stopped, killed and restarted during a plan and an apply", s.mon, nil},
		{"libvirtd", "a real libvirtd is stopped, killed and restarted while a secret is defined", s.libvirtd, nil},
		{"secrets", "keys and passwords are looked for in all that is said, kept or started", s.secrets, secretStages()},
	}}
}
