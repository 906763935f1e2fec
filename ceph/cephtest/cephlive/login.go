package cephlive

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cephstack/cephstack/ceph"
)

// Root names a folder with the root file system of a machine that has Ceph 20.2.4 or later.
const Root = "CEPHSTACK_CEPH_ROOT"

// StartNewer starts a cluster of the Ceph in another root. Without such a root the test is skipped.
func StartNewer(t testing.TB, osds int) *Cluster {
	t.Helper()
	Need(t, "chroot")
	root := os.Getenv(Root)
	switch {
	case root == "":
		t.Skipf("live test: %s does not name the root of a machine with Ceph 20.2.4 (make newer-ceph)", Root)
	case os.Getuid() != 0:
		t.Skip("live test: only root can run the programs of another root")
	}
	inside, err := os.MkdirTemp(filepath.Join(root, "tmp"), "cephlive")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(inside) })
	// The folder has the same name inside and outside.
	dir := "/tmp/" + filepath.Base(inside)
	if err := os.Symlink(inside, dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	return start(t, root, dir, osds)
}

// client logs in with the key on its standard input, says so, and stays until its standard input ends.
const client = `
import ctypes, sys
conf, entity = sys.argv[1:]
lib, cluster = ctypes.CDLL("librados.so.2"), ctypes.c_void_p()
assert lib.rados_create2(ctypes.byref(cluster), b"ceph", entity.encode(), ctypes.c_uint64(0)) == 0
assert lib.rados_conf_read_file(cluster, conf.encode()) == 0
for name, value in {"keyring": "", "key": sys.stdin.readline().strip(), "client_mount_timeout": "20"}.items():
    assert lib.rados_conf_set(cluster, name.encode(), value.encode()) == 0
print("errno", -lib.rados_connect(cluster), flush=True)
sys.stdin.read()
`

// Login starts a client that stays logged in until stop is called. With an image, such as vms/disk, it has the image
// open for writing. A key that the cluster refuses is ceph.ErrDenied.
func (c *Cluster) Login(user ceph.User, image string) (stop func(), err error) {
	if image != "" {
		name := user.Entity + ".keyring"
		c.write(name, string(ceph.Keyring{Users: []ceph.User{user}}.Render()))
		return c.watch(user.Entity, filepath.Join(c.Dir, name), image)
	}
	said, stop, err := c.keep(user.Key.Reveal()+"\n", "python3", "-I", "-c", client, c.Conf, user.Entity)
	switch {
	case err != nil:
		return nil, err
	case said == "errno 0":
		return stop, nil
	}
	stop()
	if said == "errno 13" {
		return nil, fmt.Errorf("%w: %s", ceph.ErrDenied, said)
	}
	return nil, fmt.Errorf("the client of %s said %q", user.Entity, said)
}

// watch opens an image for writing.
func (c *Cluster) watch(entity, keyring, image string) (stop func(), err error) {
	said, stop, err := c.keep("", "rbd", "-c", c.Conf, "--name", entity, "--keyring", keyring, "watch", image)
	if err == nil && !strings.Contains(said, "press enter to exit") {
		stop()
		err = fmt.Errorf("rbd watch %s as %s: %q", image, entity, said)
	}
	return stop, err
}

// keep starts a program that goes on until its standard input ends, and gives the first line that it says.
func (c *Cluster) keep(stdin, program string, args ...string) (said string, stop func(), err error) {
	argv := c.Argv(program, args...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	started, done := make(chan error), make(chan struct{})
	lines := make(chan string, 1)
	go func() {
		runtime.LockOSThread() // Pdeathsig is about the thread that started the process
		defer close(done)
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_, _ = in.Write([]byte(stdin))
		r := bufio.NewReader(out)
		line, _ := r.ReadString('\n')
		lines <- strings.TrimSpace(line)
		for err = nil; err == nil; {
			_, err = r.ReadString('\n')
		}
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	}
	c.t.Cleanup(stop)
	return <-lines, stop, nil
}
