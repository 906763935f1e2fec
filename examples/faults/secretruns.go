//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/ceph"
)

// A secretRun is one run of a program of the operator, and what makes it special.
type secretRun struct {
	name   string
	argv   []string // after the program
	embed  string   // the mode of an embedder that runs instead
	before func(*secretStage) error
	during func(*secretStage, *child) error
	after  func(*secretStage) error
	// code is the exit status that the run must have; anyCode for each.
	code int
}

const anyCode = -100

// run makes a run and searches everything. It gives what is wrong.
func (s *secretStage) run(r secretRun) (wrong []string, err error) {
	if r.before != nil {
		if err := r.before(s); err != nil {
			return nil, err
		}
	}
	argv := append([]string{s.program}, r.argv...)
	if r.embed != "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		argv = []string{self, "embedder", r.embed, "cloud.yaml"}
	}
	c, err := s.start(argv...)
	if err != nil {
		return nil, err
	}
	if r.during != nil {
		err = r.during(s, c)
	}
	code, err2 := c.wait()
	s.settle()
	if r.after != nil {
		err = errors.Join(err, r.after(s))
	}
	if err := errors.Join(err, err2, s.look(r.name, c)); err != nil {
		return nil, err
	}
	wrong = s.take()
	if r.code != anyCode && code != r.code {
		wrong = append(wrong, fmt.Sprintf("the exit status is %d: %s %s", code, tailOf(c.out.String()),
			tailOf(c.err.String())))
	}
	return wrong, nil
}

func tailOf(text string) string { return text[max(0, len(text)-1500):] }

// look searches all places, after the keys and tokens that there are now were learnt.
func (s *secretStage) look(name string, c *child) error {
	users, err := usersOf(s.fakes.cluster)
	if err != nil {
		return err
	}
	for _, u := range users {
		s.add("key", u.Entity, u.Key)
	}
	for _, token := range s.front.tokensSoFar() {
		s.add("token", "the APIs", token)
	}
	s.text(name+": standard output", c.out.Bytes())
	s.text(name+": standard error", c.err.Bytes())
	for _, log := range []string{"processes", "sshd", "modes"} {
		text, err := s.more(s.host.log(log))
		if err != nil {
			return err
		}
		s.text(name+": "+log, text)
		if log == "modes" && len(text) > 0 {
			s.hits = append(s.hits, fmt.Sprintf("%s: a file was open to more than it may be: %s", name, text))
		}
	}
	programs := []string{"systemctl", "python-of-ceph", "rados", "rbd", "virsh.real"}
	pass := func(within string) bool {
		return strings.HasPrefix(within, "host:/usr/bin/") && slices.Contains(programs, filepath.Base(within))
	}
	none := func(within string) bool {
		if strings.HasPrefix(filepath.Base(within), "core") {
			s.hits = append(s.hits, name+": there is a core file: "+within)
		}
		return false
	}
	return errors.Join(s.tree("host", s.host.file("/changes"), pass), s.tree("libvirt", s.host.virt.dir, none),
		s.tree("operator", s.operator(""), none))
}

// more gives what came to a log since it was read.
func (s *secretStage) more(log string) ([]byte, error) {
	f, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(s.read[log], io.SeekStart); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	s.read[log] += int64(len(text))
	return text, err
}

// processes are those of the host, but for its first one, the sshd that listens, and what waits for the next sign of
// life of a program that has ended.
func (s *secretStage) processes() []int {
	space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", s.host.cmd.Process.Pid))
	if err != nil {
		return nil
	}
	all, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, p := range all {
		at, err := os.Readlink(p + "/ns/pid")
		if err != nil || at != space {
			continue
		}
		var pid int
		_, err = fmt.Sscanf(filepath.Base(p), "%d", &pid)
		if err != nil || pid == s.host.cmd.Process.Pid || pid == s.host.listener {
			continue
		}
		if name, err := os.ReadFile(p + "/comm"); err != nil || string(name) == "sleep\n" {
			continue
		}
		found = append(found, pid)
	}
	return found
}

// settle waits until the programs of a client that has gone have ended.
func (s *secretStage) settle() {
	for range 50 {
		if len(s.processes()) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// rotate gives all users of the cluster new keys, so that keyrings and secrets have to be written.
func (s *secretStage) rotate() error {
	users, err := usersOf(s.fakes.cluster)
	if err != nil {
		return err
	}
	for _, u := range users {
		s.add("key", u.Entity, u.Key) // the old one is not to be seen either
		if u.Entity != "client.admin" {
			s.fakes.cluster.AddUser(ceph.User{Entity: u.Entity, Caps: u.Caps})
		}
	}
	return nil
}

// script puts a script in the place of a program of the host.
func (s *secretStage) script(program, text string) error {
	at := s.host.file(program)
	if _, err := os.Stat(at + ".was"); errors.Is(err, os.ErrNotExist) {
		if err := os.Rename(at, at+".was"); err != nil {
			return err
		}
	}
	return errors.Join(os.WriteFile(at, []byte("#!/bin/sh\n"+text), 0o755), os.Chmod(at, 0o755))
}

// unscript puts a program back.
func (s *secretStage) unscript(program string) error {
	return os.Rename(s.host.file(program)+".was", s.host.file(program))
}

// cutAt is a run whose connection is lost after some bytes, up or down.
func cutAt(up, down int64) secretRun {
	return secretRun{name: fmt.Sprintf("cut after %d bytes up, %d down", up, down), argv: applying(), code: anyCode,
		before: func(s *secretStage) error { s.cut.set(up, down); return s.rotate() },
		after:  func(s *secretStage) error { s.cut.set(-1, -1); s.fakes.unlock(); return nil }}
}

// killAt is a run during which a process of the host gets a signal.
func killAt(r *rand.Rand, within time.Duration) secretRun {
	signals := []syscall.Signal{syscall.SIGKILL, syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGTERM}
	signal, wait, number := signals[r.IntN(len(signals))], time.Duration(r.Int64N(int64(within))), r.IntN(1000)
	return secretRun{name: fmt.Sprintf("%v after %v", signal, wait), argv: applying(), code: anyCode,
		before: (*secretStage).rotate,
		during: func(s *secretStage, _ *child) error {
			time.Sleep(wait)
			if all := s.processes(); len(all) > 0 {
				_ = syscall.Kill(all[number%len(all)], signal) // it may have ended
			}
			return nil
		},
		after: func(s *secretStage) error { s.fakes.unlock(); return nil }}
}

func applying() []string { return []string{"apply", "--yes", "-f", "cloud.yaml"} }
