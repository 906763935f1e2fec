//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// A sample is one run of a tool; err is the tool's fault.
type sample struct {
	usage
	changed, goroutines int
	trips               float64 // if they were counted
	err                 string
}

// measured runs a tool once, in a process that adds up what it takes.
func (b *bench) measured(ctx context.Context, t task) (sample, error) {
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return sample{}, err
	}
	how, err := t.invoke(b.farm)
	if err != nil {
		return sample{}, err
	}
	report, output := filepath.Join(t.dir, "usage.json"), filepath.Join(t.dir, "output")
	args := append([]string{"measure", report, fmt.Sprint(2 * b.limit.Seconds())}, how.argv...)
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, how.env...)
	err = redirected(cmd, how.stdin, output)
	if ctx.Err() != nil {
		return sample{}, context.Cause(ctx)
	}
	said := tail(output)
	if err != nil {
		return sample{}, fmt.Errorf("measuring %s: %w: %s", t.tool, err, said)
	}
	var s sample
	if err := readJSON(report, &s.usage); err != nil {
		return s, err
	}
	switch {
	case s.TimedOut:
		s.err = fmt.Sprintf("ended after %.0f s", s.Wall)
	case s.Exit != 0:
		s.err = fmt.Sprintf("exit status %d: %s", s.Exit, said)
	}
	var d driven
	if json.Unmarshal([]byte(said), &d) == nil { // a tool of ours
		s.goroutines = d.Goroutines
	}
	return s, os.RemoveAll(t.dir)
}

// redirected runs a command with its input, if any, and output in files.
func redirected(cmd *exec.Cmd, stdin, output string) error {
	out, err := os.Create(output)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if stdin != "" {
		in, err := os.Open(stdin)
		if err != nil {
			return err
		}
		defer in.Close()
		cmd.Stdin = in
	}
	return cmd.Run()
}

// tail is the end of what a tool said.
func tail(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return errors.Unwrap(err).Error()
	}
	text := strings.Join(strings.Fields(string(data)), " ")
	return text[max(0, len(text)-600):]
}
