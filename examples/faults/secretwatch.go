//go:build linux && amd64

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// A watcher keeps what can be seen of the processes of a host, each time that a program starts there: all arguments
// and environments, and files with a key that are open to more than they will be.
type watcher struct {
	processes, modes *os.File
	seen             map[[32]byte]bool
}

// beSecretHost is the process that becomes a host: the first one of its namespace, which traces sshd and all that
// sshd starts.
func beSecretHost(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "setup.json"))
	if err != nil {
		return err
	}
	var setup hostSetup
	if err := json.Unmarshal(data, &setup); err != nil {
		return err
	}
	if err := setup.prepare(); err != nil {
		return err
	}
	w := &watcher{seen: map[[32]byte]bool{}}
	for name, file := range map[string]**os.File{"processes": &w.processes, "modes": &w.modes} {
		if *file, err = os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return err
		}
	}
	if err := syscall.Chroot(setup.overlaid("root")); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	os.Clearenv()
	exit, err := (&tracer{see: w.see, execs: true}).run("/usr/sbin/sshd", []string{"/usr/sbin/sshd", "-D", "-e"})
	if err == nil {
		err = fmt.Errorf("sshd ended with status %d", exit)
	}
	return err
}

// see is called when a program has started.
func (w *watcher) see(*tracer, call) error {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, p := range all {
		for _, name := range []string{"/cmdline", "/environ"} {
			text, err := os.ReadFile(p + name)
			sum := sha256.Sum256(text)
			if err != nil || w.seen[sum] {
				continue // it has ended, or nothing is new
			}
			w.seen[sum] = true
			if _, err := fmt.Fprintf(w.processes, "%s %s\n", p+name, text); err != nil {
				return err
			}
		}
	}
	return w.look()
}

// look notes files with a key, temp files included, that others may read.
func (w *watcher) look() error {
	for _, pattern := range []string{"/etc/ceph/*", "/etc/ceph/.c*", "/etc/*/.cephstack.*", "/tmp/*", "/run/cephstack/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range files {
			info, err := os.Lstat(file)
			if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&^0o640 == 0 {
				continue
			}
			if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte("key = ")) {
				if _, err := fmt.Fprintf(w.modes, "%s %04o\n", file, info.Mode().Perm()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
