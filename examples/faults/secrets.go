//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// secretFaults is how many runs are cut, and how many have a process of the host killed.
const secretFaults = 24

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
	for _, entry := range []string{"deploy", "keeper"} {
		if err := s.secretsOf(ctx, program, entry, &t); err != nil {
			return t, fmt.Errorf("entry %s: %w", entry, err)
		}
	}
	return t, ctx.Err()
}

// secretsOf makes all runs with one kind of first entry.
func (s *suite) secretsOf(ctx context.Context, program, entry string, t *tally) (err error) {
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
		wrong, err := st.run(r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		t.add(len(wrong) == 0, "%s, %s: %s", entry, r.name, strings.Join(wrong, "\n      "))
		return nil
	}
	for _, r := range secretRuns() {
		if err := do(r); err != nil {
			return err
		}
	}
	if entry == "deploy" {
		if err := s.secretFaults(st, do); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "   first entry %s: %d secrets in %d forms, searched in %d texts and files of %d MiB; "+
		"%d are in their places\n", entry, len(st.canaries), len(st.forms), st.texts, st.bytes>>20, st.lawful)
	if st.lawful == 0 {
		t.add(false, "no secret was found where it has to be: the search does not see anything")
	}
	return nil
}

// secretFaults cuts the connection and kills processes of the host while keys are written. Each such run is followed by
// one without a fault.
func (s *suite) secretFaults(st *secretStage, do func(secretRun) error) error {
	st.cut.set(-1, -1)
	begin := time.Now()
	whole := secretRun{name: "apply of new keys", argv: applying(), before: (*secretStage).rotate}
	if err := do(whole); err != nil {
		return err
	}
	within, up, down := time.Since(begin), st.cut.up.Load(), st.cut.down.Load()
	r := rand.New(rand.NewPCG(s.seed, 0))
	for range min(secretFaults, s.most) / 2 {
		for _, fault := range []secretRun{cutAt(r.Int64N(up), -1), cutAt(-1, r.Int64N(down)), killAt(r, within),
			killAt(r, within)} {
			if err := do(fault); err != nil {
				return err
			}
		}
	}
	return do(secretRun{name: "apply after the faults", argv: applying()})
}
