package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// A call is one system call of a traced process, at its entry or at its exit.
type call struct {
	pid    int
	entry  bool
	number uint64
	args   [6]uint64
	result int64
}

// A tracer runs a program and stops it, and all that it starts, at the entry and
// at the exit of each system call.
type tracer struct {
	// see is called at each stop. It may change the process by the tracer's methods.
	see func(*tracer, call) error
	// execs stops only where a program has started. The call then has the process alone.
	execs bool
	// calls has the system call that each process is in.
	calls map[int]call
}

const (
	traceOptions = syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK |
		syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEEXEC | optionExitKill
	optionExitKill     = 1 << 20 // when the tracer ends, all that it traces is killed
	requestSyscallInfo = 0x420e
	waitAll            = 0x40000000 // __WALL
)

// run runs a program until it has ended, and gives its exit status.
func (t *tracer) run(path string, argv []string) (int, error) {
	runtime.LockOSThread() // all requests must come from the thread that started the program
	process, err := os.StartProcess(path, argv, &os.ProcAttr{Env: os.Environ(), Dir: ".",
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		return 0, err
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(process.Pid, &status, waitAll, nil); err != nil {
		return 0, err
	}
	if err := syscall.PtraceSetOptions(process.Pid, traceOptions); err != nil {
		return 0, err
	}
	if err := t.goOn(process.Pid, 0); err != nil {
		return 0, err
	}
	t.calls = map[int]call{}
	for {
		pid, err := syscall.Wait4(-1, &status, waitAll, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return 0, err
		case status.Exited() && pid == process.Pid:
			return status.ExitStatus(), nil
		case status.Signaled() && pid == process.Pid:
			return 128 + int(status.Signal()), nil
		case !status.Stopped():
			continue
		}
		signal, err := t.stopped(pid, status)
		if err != nil {
			return 0, err
		}
		if err := t.goOn(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return 0, err
		}
	}
}

// goOn lets a process go on to its next stop.
func (t *tracer) goOn(pid, signal int) error {
	if t.execs {
		return syscall.PtraceCont(pid, signal)
	}
	return syscall.PtraceSyscall(pid, signal)
}

// stopped handles a stop, and gives the signal that the process is to get.
func (t *tracer) stopped(pid int, status syscall.WaitStatus) (signal int, err error) {
	switch s := status.StopSignal(); {
	case s == syscall.SIGTRAP|0x80:
		c, err := t.info(pid)
		if errors.Is(err, syscall.ESRCH) {
			return 0, nil // it was killed meanwhile
		}
		if err != nil {
			return 0, err
		}
		return 0, t.see(t, c)
	case s == syscall.SIGTRAP && t.execs && status.TrapCause() == syscall.PTRACE_EVENT_EXEC:
		return 0, t.see(t, call{pid: pid})
	case s == syscall.SIGTRAP:
		return 0, nil // a process was started, or a program was loaded
	case s == syscall.SIGSTOP:
		return 0, nil // a new process stops so
	default:
		return int(s), nil
	}
}

// syscallInfo is struct ptrace_syscall_info.
type syscallInfo struct {
	op          uint8
	_           [3]uint8
	arch        uint32
	instruction uint64
	stack       uint64
	values      [7]uint64
}

// info reads the system call at which a process has stopped.
func (t *tracer) info(pid int) (call, error) {
	var i syscallInfo
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, requestSyscallInfo, uintptr(pid), unsafe.Sizeof(i),
		uintptr(unsafe.Pointer(&i)), 0, 0)
	if errno != 0 {
		return call{}, errno
	}
	if i.op == 1 { // entry
		c := call{pid: pid, entry: true, number: i.values[0]}
		copy(c.args[:], i.values[1:])
		t.calls[pid] = c
		return c, nil
	}
	c := t.calls[pid]
	c.pid, c.entry, c.result = pid, false, int64(i.values[0])
	return c, nil
}

// skip makes a process pass over the system call that it enters. What the call
// returned is set at its exit, by answer.
func (t *tracer) skip(pid int) error {
	return t.registers(pid, func(r *syscall.PtraceRegs) { r.Orig_rax = ^uint64(0) })
}

// answer sets what a system call returns, at its exit.
func (t *tracer) answer(pid int, errno syscall.Errno) error {
	return t.registers(pid, func(r *syscall.PtraceRegs) { r.Rax = uint64(-int64(errno)) })
}

// shorten makes a write write half of its bytes.
func (t *tracer) shorten(pid int) error {
	return t.registers(pid, func(r *syscall.PtraceRegs) { r.Rdx = (r.Rdx + 1) / 2 })
}

func (t *tracer) registers(pid int, change func(*syscall.PtraceRegs)) error {
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(pid, &r); err != nil {
		return err
	}
	change(&r)
	return syscall.PtraceSetRegs(pid, &r)
}
