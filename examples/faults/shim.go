//go:build linux && amd64

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// Where things are in the namespace of a worker: a file system in memory that nobody
// else sees.
const (
	room       = "/mnt"
	realShell  = room + "/dash"
	trialFile  = room + "/trial"
	reportFile = room + "/report"
	targets    = room + "/targets"
)

// A trial is one fault that a shell is to meet.
type trial struct {
	Fault string // see the constants; empty for none
	At    int    // which of the fitting system calls, from 1
	Errno syscall.Errno
	Final uint32 // the mode that the file has at the end: no temp file may be wider
	Path  string // what the scenario is about
	// Steps are how the names of the system calls begin that change what is at the path.
	Steps []string
	// Locks says that somebody else keeps to the lock of the folder.
	Locks bool
	// Doubts says that the client calls each result unknown: a mutant.
	Doubts bool
	// From is text of the program, and To is what stands there instead: a mutant.
	From, To string
}

const (
	killTree = "kill all"  // all processes at once, as a crash of the host
	killOne  = "kill one"  // the process that makes the system call
	failCall = "error"     // the system call fails with Errno
	cutWrite = "short"     // a write writes only half
	cutInput = "cut input" // the connection is lost after At bytes to the host
	cutReply = "cut reply" // the connection is lost after At bytes from the host
	rival    = "rival"     // somebody else puts another file in the place of the file
	scribble = "scribble"  // somebody else writes into the file
	unseen   = "unseen"    // none, and nobody looks
)

// A report is what the tracer saw.
type report struct {
	Calls  int      // fitting system calls, or bytes
	Shell  int      // process of the shell that was left alone
	Fired  bool     // the fault happened
	Late   bool     // somebody else came after the last look at the file
	Stuck  bool     // the exchange did not end by itself
	Name   string   // of the system call at which it happened
	By     string   // the program that made that system call
	Ready  int      // fitting system calls before the client could send its request
	Wider  []string // temp files that are open to more than they should be, and contents in arguments
	Seen   []string // what was at the path of the scenario, each time that it changed
	Events []string // what happened to files of the folder, in order
	// Asked and Answered are about the moment of the fault: the client had heard that the host is ready, and may have
	// sent its request; and the client could read the answer to its request.
	Asked, Answered bool
	// Whole says that the whole answer came, without a cut of the connection, and Tried that a step was tried.
	Whole, Tried bool
}

// shim stands where the host has its shell. It runs the real shell, traced, with the
// fault of the trial that is due.
func shim(args []string) int {
	var t trial
	data, err := os.ReadFile(trialFile)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	argv := append([]string{"sh"}, args...)
	if err != nil || traced() || len(args) < 2 || !strings.Contains(args[1], "cephstack 2") {
		err = syscall.Exec(realShell, argv, os.Environ())
		fmt.Fprintln(os.Stderr, "shim:", err)
		return 125
	}
	if t.From != "" {
		if !strings.Contains(argv[2], t.From) {
			fmt.Fprintln(os.Stderr, "shim: the program does not have:", t.From)
			return 125
		}
		argv[2] = strings.ReplaceAll(argv[2], t.From, t.To)
	}
	i := &injector{trial: t, names: names(), out: link(os.Getpid(), 1)}
	if t.Fault == cutInput || t.Fault == cutReply || t.Fault == unseen {
		return i.cut(argv)
	}
	exit, err := (&tracer{see: i.see}).run(realShell, argv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
		return 125
	}
	_, i.Whole = heard(i.down)
	i.Late = !i.Locks && i.read > 0 && i.came > i.read
	if err := i.write(); err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
		return 125
	}
	return exit
}

// traced reports whether another process traces this one.
func traced() bool {
	data, err := os.ReadFile("/proc/self/status")
	return err == nil && !strings.Contains(string(data), "TracerPid:\t0\n")
}

// An injector watches the files of a folder, and makes the fault happen.
type injector struct {
	trial
	report
	names map[uint64]string
	fail  int    // the process whose system call is to fail at its exit
	out   string // what standard output is
	down  []byte // what was written there
	// read and came are numbers of system calls: of the last that read the file, and of that before which somebody else
	// changed the file.
	read, came int
}

// link is what a file descriptor of a process is.
func link(pid int, fd uint64) string {
	at, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
	return at
}

var (
	byeForm  = regexp.MustCompile(`(?m)^[0-9a-f]{32} bye\n`)
	doneForm = regexp.MustCompile(`(?m)^[0-9a-f]{32} done 0\n`)
)

// heard says what the client knows by what the host has written: that the host is ready, after which the client sends
// its request, and how the request ended.
func heard(down []byte) (asked, answered bool) { return byeForm.Match(down), doneForm.Match(down) }

func (i *injector) write() error {
	data, err := json.Marshal(i.report)
	if err != nil {
		return err
	}
	if err := os.WriteFile(reportFile+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(reportFile+".new", reportFile)
}

func (i *injector) see(t *tracer, c call) error {
	if !c.entry {
		if i.fail == c.pid {
			i.fail = 0
			return t.answer(c.pid, i.Errno)
		}
		i.look(c)
		return i.listen(c)
	}
	name := i.names[c.number]
	i.Tried = i.Tried || slices.ContainsFunc(i.Steps, func(s string) bool { return strings.HasPrefix(name, s) })
	if !i.fits(c) {
		return nil
	}
	i.Calls++
	if i.Fault == "" || i.Fired || i.Calls < i.At || i.At == 0 {
		return nil
	}
	by, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", c.pid))
	i.Fired, i.Name, i.By = true, name, strings.TrimSpace(string(by))
	i.Asked, i.Answered = heard(i.down)
	switch i.Fault {
	case rival, scribble:
		return i.interfere()
	case killTree:
		if err := i.write(); err != nil {
			return err
		}
		os.Exit(0) // the kernel kills all that is traced
	case killOne:
		return syscall.Kill(c.pid, syscall.SIGKILL)
	case failCall:
		i.fail = c.pid
		return t.skip(c.pid)
	case cutWrite:
		return t.shorten(c.pid)
	}
	return nil
}

// listen keeps what is written to standard output.
func (i *injector) listen(c call) error {
	name := i.names[c.number]
	if name == "read" && c.result > 0 && strings.TrimSuffix(link(c.pid, c.args[0]), " (deleted)") == i.Path {
		i.read = i.Calls
	}
	if name != "write" || c.result <= 0 || link(c.pid, c.args[0]) != i.out {
		return nil
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", c.pid))
	if err != nil {
		return nil // it was killed meanwhile
	}
	defer memory.Close()
	text := make([]byte, c.result)
	n, _ := memory.ReadAt(text, int64(c.args[1]))
	i.down = append(i.down, text[:n]...)
	if asked, _ := heard(i.down); asked && i.Ready == 0 {
		i.Ready = i.Calls
	}
	return nil
}

// names has the system calls that can change something or that faults make sense for.
func names() map[uint64]string {
	return map[uint64]string{
		syscall.SYS_READ: "read", syscall.SYS_WRITE: "write", syscall.SYS_OPENAT: "openat", syscall.SYS_OPEN: "open",
		syscall.SYS_STAT: "stat", syscall.SYS_LSTAT: "lstat", 262: "newfstatat", 332: "statx",
		syscall.SYS_CLONE: "clone", syscall.SYS_FORK: "fork", syscall.SYS_VFORK: "vfork", syscall.SYS_EXECVE: "execve",
		syscall.SYS_PIPE: "pipe", syscall.SYS_PIPE2: "pipe2", syscall.SYS_DUP2: "dup2",
		syscall.SYS_FCHMOD: "fchmod", syscall.SYS_FCHMODAT: "fchmodat", syscall.SYS_CHMOD: "chmod",
		syscall.SYS_FCHOWN: "fchown", syscall.SYS_FCHOWNAT: "fchownat", syscall.SYS_CHOWN: "chown",
		syscall.SYS_LCHOWN: "lchown", syscall.SYS_FSYNC: "fsync", syscall.SYS_FDATASYNC: "fdatasync",
		syscall.SYS_RENAME: "rename", syscall.SYS_RENAMEAT: "renameat", 316: "renameat2", syscall.SYS_LINK: "link",
		syscall.SYS_LINKAT: "linkat", syscall.SYS_UNLINK: "unlink", syscall.SYS_UNLINKAT: "unlinkat",
		syscall.SYS_MKDIR: "mkdir", syscall.SYS_MKDIRAT: "mkdirat", syscall.SYS_RMDIR: "rmdir",
		syscall.SYS_FLOCK: "flock", syscall.SYS_FTRUNCATE: "ftruncate", 326: "copy_file_range",
		syscall.SYS_FSETXATTR: "fsetxattr", syscall.SYS_SETXATTR: "setxattr", syscall.SYS_REMOVEXATTR: "removexattr",
		syscall.SYS_FREMOVEXATTR: "fremovexattr", syscall.SYS_CHDIR: "chdir", syscall.SYS_FCHDIR: "fchdir",
	}
}

// fits reports whether the fault can happen at a system call.
func (i *injector) fits(c call) bool {
	name, known := i.names[c.number]
	switch i.Fault {
	case cutWrite:
		return name == "write" && c.args[2] > 1
	case failCall:
		return known && name != "read" && name != "dup2"
	}
	return known
}

// look notes what a system call did to the files of the folder, whether a temp file is open to more
// than the final file will be, and whether a program was started with the content of a file.
func (i *injector) look(c call) {
	name := i.names[c.number]
	switch name {
	case "execve":
		i.program(c)
		return
	case "", "read", "stat", "lstat", "newfstatat", "statx", "clone", "fork", "vfork", "pipe", "pipe2", "dup2":
		return
	}
	i.modes(name)
	i.glance()
	if c.result != 0 && name != "write" || c.result < 0 {
		return
	}
	switch name {
	case "write", "fsync", "fdatasync", "fchmod", "fchown", "fsetxattr", "fremovexattr":
		if at, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", c.pid, c.args[0])); err == nil {
			i.event(name, at)
		}
	case "rename", "renameat", "renameat2", "unlinkat", "unlink":
		i.event(name, targets+"/")
	}
}

// glance notes what is at the path.
func (i *injector) glance() {
	if s, err := stateOf(i.Path); err == nil && (len(i.Seen) == 0 || i.Seen[len(i.Seen)-1] != s.String()) {
		i.Seen = append(i.Seen, s.String())
	}
}

// program looks whether the arguments or the environment of a program hold what a file holds: both
// may be seen by others on the host.
func (i *injector) program(c call) {
	for _, file := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", c.pid, file))
		if err != nil {
			continue // it has ended
		}
		for _, secret := range secrets() {
			if strings.Contains(string(text), secret) {
				i.Wider = append(i.Wider, fmt.Sprintf("the %s of a program holds the content of a file: %q", file, text))
			}
		}
	}
}

// modes looks whether a temp file is open to more than the final file will be.
func (i *injector) modes(after string) {
	entries, err := os.ReadDir(targets)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), ".cephstack.") {
			continue
		}
		if over := uint32(info.Mode().Perm()) &^ i.Final; over != 0 {
			i.Wider = append(i.Wider, fmt.Sprintf("after %s a temp file has mode %04o, and its final mode is %04o", after,
				info.Mode().Perm(), i.Final))
		}
	}
}

// event notes what happened in the folder of the targets.
func (i *injector) event(name, at string) {
	if at == targets || strings.HasPrefix(at, targets+"/") {
		i.Events = append(i.Events, name+" "+filepath.Base(at))
	}
}
