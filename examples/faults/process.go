//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A process is a program of somebody else, which is stopped, killed and started again.
type process struct {
	make  func() *exec.Cmd
	ready func() bool // asked until it says yes
	cmd   *exec.Cmd
	gone  chan bool
}

// start starts the program, and waits until it is ready.
func (d *process) start() error {
	d.cmd, d.gone = d.make(), make(chan bool)
	if d.cmd.SysProcAttr == nil {
		d.cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	d.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	go func() {
		// Pdeathsig is about the thread that started the process. A thread ends with a goroutine that has not unlocked
		// it, and may have started processes of others before.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := d.cmd.Start()
		started <- err
		if err == nil {
			_ = d.cmd.Wait()
		}
		close(d.gone)
	}()
	if err := <-started; err != nil {
		return err
	}
	for range 600 {
		if d.ready() {
			return nil
		}
		select {
		case <-d.gone:
			return fmt.Errorf("%s has ended", d.cmd.Path)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.Join(fmt.Errorf("%s is not ready after 30 s", d.cmd.Path), d.kill())
}

func (d *process) signal(s syscall.Signal) error { return d.cmd.Process.Signal(s) }

// kill ends the program at once.
func (d *process) kill() error { return d.end(syscall.SIGKILL) }

func (d *process) end(s syscall.Signal) error {
	err := d.signal(s)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-d.gone:
	case <-time.After(10 * time.Second):
		_ = d.signal(syscall.SIGKILL)
		<-d.gone
	}
	return err
}

// A blow is what happens to a daemon. It ends with the daemon well.
type blow struct {
	name   string
	strike func(*process) error
	// heal is called after some time, or when the call has ended.
	heal func(*process) error
}

func blows() []blow {
	return []blow{
		{"stopped", func(d *process) error { return d.signal(syscall.SIGSTOP) },
			func(d *process) error { return d.signal(syscall.SIGCONT) }},
		{"killed", (*process).kill, (*process).start},
		{"ended", func(d *process) error { return d.end(syscall.SIGTERM) }, (*process).start},
	}
}

// A blowAt is a blow at a moment of a call, for some time. Without a time, it lasts until the call has ended.
type blowAt struct {
	blow
	after, lasts time.Duration
}

func (b blowAt) String() string { return fmt.Sprintf("%s after %v for %v", b.name, b.after, b.lasts) }

func randomBlow(r *rand.Rand, within time.Duration, lasts ...time.Duration) blowAt {
	all := blows()
	return blowAt{all[r.IntN(len(all))], time.Duration(r.Int64N(int64(within))), lasts[r.IntN(len(lasts))]}
}

// during strikes while a function runs. When it returns, the daemon is well.
func (b blowAt) during(d *process, f func()) error {
	done := make(chan bool)
	failed := make(chan error, 1)
	go func() {
		time.Sleep(b.after)
		err := b.strike(d)
		if b.lasts > 0 {
			time.Sleep(b.lasts)
		} else {
			<-done
		}
		failed <- errors.Join(err, b.heal(d))
	}()
	f()
	close(done)
	return <-failed
}

// freePort is a port of loopback that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// said runs a program and gives what it said.
func said(stdin string, argv ...string) (string, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), err
}

// working reports whether a process has a text in its command line.
func working(text string, but int) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, p := range all {
		line, _ := os.ReadFile(p)
		if strings.Contains(string(line), text) && !strings.HasPrefix(p, fmt.Sprintf("/proc/%d/", but)) {
			return true
		}
	}
	return false
}
