// Package libvirtd starts a libvirt daemon that tests have for themselves: a
// session daemon with its own folders, which leaves the machine's alone.
package libvirtd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// nobody runs the daemon when the test runs as root: as root it would be the
// system's daemon, with the system's folders.
const nobody = 65534

// A Daemon is a running libvirtd.
type Daemon struct {
	URI string
	dir string
	cmd *exec.Cmd
	end chan error
}

// Start starts a daemon, which ends with the test. Without libvirtd the test
// is skipped, and fails where the environment says CEPHSTACK_LIVE=1.
func Start(t testing.TB) *Daemon {
	t.Helper()
	program := find(t, "libvirtd")
	dir, err := os.MkdirTemp("", "libvirtd") // t.TempDir's names can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &Daemon{dir: dir, URI: "qemu:///session?socket=" + filepath.Join(dir, "libvirt", "libvirt-sock")}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.start(program); err != nil {
		t.Fatalf("libvirtd: %v\n%s", err, d.log())
	}
	t.Cleanup(d.Stop)
	return d
}

// find gives a program's path, of those that are in no user's PATH too.
func find(t testing.TB, name string) string {
	t.Helper()
	if os.Getenv("CEPHSTACK_LIVE") == "0" {
		t.Skip("live test: CEPHSTACK_LIVE=0")
	}
	for _, try := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(try); err == nil {
			return path
		}
	}
	reason := name + " is not installed"
	if os.Getenv("CEPHSTACK_LIVE") == "1" {
		t.Fatal(reason + ": make deps installs it")
	}
	t.Skip(reason)
	return ""
}

func (d *Daemon) start(program string) error {
	log, err := os.Create(filepath.Join(d.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	d.cmd = exec.Command(program, "--timeout", "600") // ends by itself if the test is killed
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = d.dir, log, log
	d.cmd.Env = []string{"HOME=" + d.dir, "XDG_RUNTIME_DIR=" + d.dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"XDG_CONFIG_HOME=" + d.dir + "/config", "XDG_CACHE_HOME=" + d.dir + "/cache", "XDG_DATA_HOME=" + d.dir + "/data"}
	if os.Geteuid() == 0 {
		d.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.end = make(chan error, 1)
	go func() { d.end <- d.cmd.Wait() }()
	return d.await()
}

// await returns once the daemon takes connections. Its socket is there before that.
func (d *Daemon) await() error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		select {
		case err := <-d.end:
			d.end <- err
			return fmt.Errorf("ended: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
		if c, err := net.Dial("unix", filepath.Join(d.dir, "libvirt", "libvirt-sock")); err == nil {
			return c.Close()
		}
	}
	d.Stop()
	return errors.New("no socket after 30 s")
}

// Stop ends the daemon. A second Stop does nothing.
func (d *Daemon) Stop() {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.end:
	case <-time.After(5 * time.Second):
		_ = d.cmd.Process.Kill()
		<-d.end
	}
	d.cmd = nil
}

// Restart ends the daemon and starts it anew in the same folders.
func (d *Daemon) Restart(t testing.TB) {
	t.Helper()
	d.Stop()
	_ = os.Remove(filepath.Join(d.dir, "libvirt", "libvirt-sock"))
	if err := d.start(find(t, "libvirtd")); err != nil {
		t.Fatalf("libvirtd: %v\n%s", err, d.log())
	}
}

// Pause stops the daemon's process so that it does not answer, until the
// function that is returned is called.
func (d *Daemon) Pause(t testing.TB) (resume func()) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return func() { _ = d.cmd.Process.Signal(syscall.SIGCONT) }
}

func (d *Daemon) log() string {
	text, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	return string(text)
}
