//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A usage is what a run of a tool took: from start to the end of its first
// process, and with all that it left behind, such as ControlPersist masters.
type usage struct {
	Wall     float64 // seconds
	CPU      float64 // seconds, user and system, of the tool's processes on the controller
	MaxRSS   float64 // MiB, of the largest process
	Exit     int
	TimedOut bool
}

// measure runs a program and writes the usage to a file: args are that file,
// a limit in seconds and the program with its arguments. It is a process of
// its own, the reaper of all that the program starts, so that what the kernel
// adds up for its children is the tool's.
func measure(ctx context.Context, args []string) error {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER
	if len(args) < 3 {
		return errors.New("measure: a file, a limit and a program are needed")
	}
	limit, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return err
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return fmt.Errorf("reaper: %w", errno)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(limit*float64(time.Second)))
	defer cancel()
	cmd := exec.CommandContext(ctx, args[2], args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	began := time.Now()
	err = cmd.Run()
	u := usage{Wall: time.Since(began).Seconds(), TimedOut: errors.Is(ctx.Err(), context.DeadlineExceeded)}
	if cmd.ProcessState == nil {
		return err
	}
	u.Exit = cmd.ProcessState.ExitCode()
	if err := endChildren(); err != nil {
		return err
	}
	var all syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &all); err != nil {
		return err
	}
	u.CPU = time.Duration(all.Utime.Nano() + all.Stime.Nano()).Seconds()
	u.MaxRSS = float64(all.Maxrss) / 1024
	return writeJSON(args[0], u)
}

// endChildren ends what the program left behind, and waits for it.
func endChildren() error {
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		pids, err := children(os.Getpid())
		if err != nil || len(pids) == 0 {
			return err
		}
		signal := syscall.SIGTERM
		if time.Since(began) > 3*time.Second {
			signal = syscall.SIGKILL
		}
		if time.Since(began) > 30*time.Second {
			return fmt.Errorf("%d processes do not end", len(pids))
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, signal) // it may be gone already
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
	}
}

// children lists the processes whose parent is pid.
func children(pid int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range stats {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it is gone
		}
		text := string(data)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(strings.Fields(text)[0])
			if err != nil {
				return nil, err
			}
			pids = append(pids, child)
		}
	}
	return pids, nil
}
