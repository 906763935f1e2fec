//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// enter runs the benchmark in a mount namespace, where its mounts go away
// with it, and a network namespace, where nothing but loopback exists.
func enter(ctx context.Context, args []string) error {
	if _, err := parseOptions(args); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("root is needed: for chroots, mounts and an sshd")
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append([]string{"inside"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("in its namespaces: %w", err)
	}
	return nil
}

// inside is the benchmark, in its namespaces.
func inside(ctx context.Context, args []string, out *os.File) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
		return errors.Join(fmt.Errorf("tmpfs: %w", err), os.Remove(dir))
	}
	err = run(ctx, o, dir, out)
	return errors.Join(err, syscall.Unmount(dir, syscall.MNT_DETACH), os.Remove(dir))
}

// loopbackUp sets lo up, as ip link set lo up does.
func loopbackUp() error {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(s)
	var request struct { // struct ifreq
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = syscall.IFF_UP | syscall.IFF_RUNNING
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(s), syscall.SIOCSIFFLAGS,
		uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	return nil
}
