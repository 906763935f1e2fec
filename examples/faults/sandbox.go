//go:build linux && amd64

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// enterRoom makes the room of a worker, which runs in namespaces of its own: a file system in
// memory, its own /proc, and the shim in the place of the shell.
func enterRoom() error {
	mounts := []struct {
		from, to, kind string
		flags          uintptr
	}{
		{"", "/", "", syscall.MS_REC | syscall.MS_PRIVATE},
		{"proc", "/proc", "proc", 0},
		{"tmpfs", room, "tmpfs", 0},
	}
	for _, m := range mounts {
		if err := syscall.Mount(m.from, m.to, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.to, err)
		}
	}
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		return err
	}
	if err := copyFile(realShell, shell); err != nil {
		return err
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	if err := syscall.Mount(self, shell, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", shell, err)
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
