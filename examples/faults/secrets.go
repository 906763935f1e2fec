//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// secretFaults is how many runs are cut, and how many have a process of the host killed. The first of each are runs of
// the program. The others are runs of a program that uses the library: its units are watched for less long after a
// restart, and it writes down all that it gets.
const secretFaults = 12

// secretStages are the parts of the class, which run side by side: a host with a first entry by a password, one with a
// first entry by a key, and one for the faults.
func secretStages() []string { return []string{"deploy", "keeper", "faults"} }

// secrets runs the real program against a real sshd, sudo and libvirtd, and looks for keys and passwords in all that is
// said, kept and started: see lawfuls for the places where they may be.
func (s *suite) secrets(ctx context.Context) (t tally, err error) {
	dir, err := os.MkdirTemp("", "cephstack-program-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "cephstack")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/cephstack/cephstack/examples/cephstack")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return t, fmt.Errorf("the program cannot be built: %w: %s", err, text)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, stage := range secretStages() {
		if !s.picks(stage) {
			continue
		}
		wg.Go(func() {
			part := tally{told: s.out}
			failed := s.secretsOf(ctx, program, stage, &part)
			mu.Lock()
			defer mu.Unlock()
			t.join(part)
			if failed != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", stage, failed))
			}
		})
	}
	wg.Wait()
	return t, errors.Join(err, ctx.Err())
}

// secretsOf makes all runs of a stage.
func (s *suite) secretsOf(ctx context.Context, program, stage string, t *tally) (err error) {
	entry := stage
	if stage == "faults" {
		entry = "deploy"
	}
	st, err := newSecretStage(ctx, program, entry)
	if err != nil {
		return err
	}
	defer func() {
		if closing := st.close(); err == nil {
			err = closing
		}
	}()
	do := func(r secretRun) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		begin := time.Now()
		wrong, err := st.run(r)
		s.tell("%-6s %5.1f s  %s\n", stage, time.Since(begin).Seconds(), r.name)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		t.add(len(wrong) == 0, "%s, %s: %s", stage, r.name, strings.Join(wrong, "\n      "))
		return nil
	}
	for _, r := range secretRuns(stage) {
		if err := do(r); err != nil {
			return err
		}
	}
	if stage == "faults" {
		if err := s.secretFaults(st, do); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "   %s: %d secrets in %d forms, searched in %d texts and files of %d MiB; "+
		"%d are in their places\n", stage, len(st.canaries), len(st.forms), st.texts, st.bytes>>20, st.lawful)
	t.add(st.lawful > 0, "%s: no secret was found where it has to be", stage)
	missed, err := st.blind()
	t.add(len(missed) == 0, "%s: leaks that the search does not see: %q", stage, missed)
	return err
}

// secretFaults cuts the connection and kills processes of the host while keys are written. A run without a fault ends
// them.
func (s *suite) secretFaults(st *secretStage, do func(secretRun) error) error {
	r := rand.New(rand.NewPCG(s.seed, 0))
	for _, mode := range []string{"", "log"} {
		st.cut.set(-1, -1)
		begin := time.Now()
		whole := secretRun{name: "apply of new keys", argv: applying(), embed: mode, before: (*secretStage).rotate}
		if err := do(whole); err != nil {
			return err
		}
		within, up, down := time.Since(begin), st.cut.up.Load(), st.cut.down.Load()
		rounds := 1
		if mode != "" {
			rounds = min(secretFaults, s.most)/2 - 1
		}
		for range rounds {
			for _, fault := range []secretRun{cutAt(r.Int64N(up), -1), cutAt(-1, r.Int64N(down)), killAt(r, within),
				killAt(r, within)} {
				fault.embed = mode
				if err := do(fault); err != nil {
					return err
				}
			}
		}
	}
	return do(logging(secretRun{name: "apply after the faults"}))
}
