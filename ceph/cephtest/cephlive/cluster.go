// Package cephlive starts real Ceph clusters for tests: one monitor and as
// many OSDs as asked for, in a folder of the test, on the loopback interface.
// Without Ceph's programs a test is skipped, unless CEPHSTACK_LIVE=1.
package cephlive

import (
	"bytes"
	"fmt"
	"net"
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

// Need skips the test when a program is not installed; with CEPHSTACK_LIVE=1
// that is a failure. CEPHSTACK_LIVE=0 skips all live tests.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	if os.Getenv("CEPHSTACK_LIVE") == "0" {
		t.Skip("live test: CEPHSTACK_LIVE=0")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatalf("%s is not installed, and CEPHSTACK_LIVE=1: make deps installs it", p)
		}
		t.Skipf("live test: %s is not installed", p)
	}
}

// A Cluster is a running cluster. Its methods are a cephtest.Seeder.
type Cluster struct {
	Dir     string
	Conf    string // path of ceph.conf
	Keyring string // path of client.admin's keyring
	FSID    string
	Mon     *os.Process
	Root    string // where its programs are, if that is not this machine's own root

	t     testing.TB
	ended chan struct{} // closed once Mon has ended
}

// Start starts a cluster that ends with the test.
func Start(t testing.TB, osds int) *Cluster {
	t.Helper()
	Need(t, "ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool", "rbd", "rados")
	return start(t, "", t.TempDir(), osds)
}

// start starts a cluster whose programs are below root, and whose files are in dir, as they see it.
func start(t testing.TB, root, dir string, osds int) *Cluster {
	t.Helper()
	start := time.Now()
	c := &Cluster{Dir: dir, Conf: filepath.Join(dir, "ceph.conf"), Keyring: filepath.Join(dir, "keyring"),
		FSID: uuid(t), Root: root, t: t}
	addr := fmt.Sprintf("[v2:127.0.0.1:%d/0,v1:127.0.0.1:%d/0]", port(t), port(t))
	c.write("ceph.conf", fmt.Sprintf(conf, c.FSID, addr, dir))
	c.run("", "ceph-authtool", "-C", c.Keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
	c.run("", "ceph-authtool", c.Keyring, "--gen-key", "-n", "client.admin",
		"--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *", "--cap", "mds", "allow *")
	monmap := filepath.Join(dir, "monmap")
	c.run("", "monmaptool", "--create", "--fsid", c.FSID, "--addv", "a", addr, monmap)
	c.mkdir("mon.a")
	c.run("", "ceph-mon", "--mkfs", "-i", "a", "-c", c.Conf, "--monmap", monmap, "--keyring", c.Keyring)
	c.Mon, c.ended = c.daemon("ceph-mon", "a")
	c.Ceph("status")
	for i := range osds {
		c.osd(i)
	}
	t.Logf("ceph cluster with %d OSDs up after %s", osds, time.Since(start).Round(time.Millisecond))
	return c
}

const conf = `[global]
fsid = %[1]s
mon_host = %[2]s
keyring = %[3]s/keyring
run_dir = %[3]s
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
admin_socket =
log_file = %[3]s/$name.log
public_addr = 127.0.0.1
osd_crush_chooseleaf_type = 0
osd_pool_default_pg_num = 4
osd_pool_default_size = 1
osd_pool_default_pg_autoscale_mode = off
paxos_propose_interval = 0.05
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_data_avail_warn = 2
mon_data_avail_crit = 1
mon_max_pg_per_osd = 5000
auth_allow_insecure_global_id_reclaim = false
[mon]
admin_socket = %[3]s/$name.asok
mon_data = %[3]s/$name
[osd]
osd_data = %[3]s/$name
keyring = %[3]s/$name/keyring
bluestore_block_size = 4294967296
bluestore_block_create = true
bluestore_cache_autotune = false
bluestore_cache_size = 33554432
`

func (c *Cluster) osd(id int) {
	c.t.Helper()
	name, key, osd := fmt.Sprintf("osd.%d", id), strings.TrimSpace(c.run("", "ceph-authtool",
		"--gen-print-key")), uuid(c.t)
	c.mkdir(name)
	c.run(`{"cephx_secret":"`+key+`"}`, "ceph", "-c", c.Conf, "osd", "new", osd, fmt.Sprint(id), "-i", "-")
	c.write(name+"/keyring", "["+name+"]\n\tkey = "+key+"\n")
	c.run("", "ceph-osd", "-i", fmt.Sprint(id), "-c", c.Conf, "--mkfs", "--osd-uuid", osd)
	_, _ = c.daemon("ceph-osd", fmt.Sprint(id))
	for end := time.Now().Add(time.Minute); !strings.Contains(c.Ceph("osd", "stat"),
		fmt.Sprintf(" %d up", id+1)); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s does not come up", name)
		}
	}
}

// daemon starts a program that ends with the test, and with it alone.
func (c *Cluster) daemon(program, id string) (*os.Process, chan struct{}) {
	c.t.Helper()
	argv := c.Argv(program, "-i", id, "-c", c.Conf, "-f")
	cmd := exec.Command(argv[0], argv[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	done := make(chan struct{})
	go func() {
		// Pdeathsig is about the thread that started the process.
		runtime.LockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		_ = cmd.Process.Kill()
		<-done
		if c.t.Failed() {
			c.t.Logf("%s %s: %s", program, id, out.String())
		}
	})
	return cmd.Process, done
}

// RestartMon starts the monitor anew: all clients log in again.
func (c *Cluster) RestartMon() {
	c.t.Helper()
	_ = c.Mon.Kill()
	<-c.ended
	c.Mon, c.ended = c.daemon("ceph-mon", "a")
	c.Ceph("status")
}

// Argv are a program and its arguments, to be run where the programs of the cluster are.
func (c *Cluster) Argv(program string, args ...string) []string {
	argv := append([]string{program}, args...)
	if c.Root != "" {
		argv = append([]string{"chroot", c.Root}, argv...)
	}
	return argv
}

// Ceph runs the ceph program and gives its output.
func (c *Cluster) Ceph(args ...string) string {
	c.t.Helper()
	return c.run("", "ceph", append([]string{"-c", c.Conf, "--connect-timeout", "30"}, args...)...)
}

func (c *Cluster) run(stdin, program string, args ...string) string {
	c.t.Helper()
	out, err := c.try(stdin, program, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *Cluster) try(stdin, program string, args ...string) (string, error) {
	argv := c.Argv(program, args...)
	cmd := exec.CommandContext(c.t.Context(), argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

func (c *Cluster) write(name, text string) {
	if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Cluster) mkdir(name string) {
	if err := os.Mkdir(filepath.Join(c.Dir, name), 0o700); err != nil {
		c.t.Fatal(err)
	}
}

func port(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func uuid(t testing.TB) string {
	text, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// AddPool implements cephtest.Seeder. Pools are of size 1 and not scaled.
func (c *Cluster) AddPool(p ceph.Pool) error {
	for _, args := range [][]string{
		{"osd", "pool", "create", p.Name, fmt.Sprint(p.PGNum)},
		{"osd", "pool", "application", "enable", p.Name, p.Application},
	} {
		if _, err := c.try("", "ceph", append([]string{"-c", c.Conf}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// AddImage implements cephtest.Seeder.
func (c *Cluster) AddImage(img ceph.Image) error {
	args := []string{"create", "--size", fmt.Sprintf("%dB", img.Size), img.Pool + "/" + img.Name}
	if img.DataPool != "" {
		args = append(args, "--data-pool", img.DataPool)
	}
	return c.rbd(args...)
}

// AddSnapshot implements cephtest.Seeder.
func (c *Cluster) AddSnapshot(pool, image, snapshot string, protect bool) error {
	spec := pool + "/" + image + "@" + snapshot
	if err := c.rbd("snap", "create", "--no-progress", spec); err != nil || !protect {
		return err
	}
	return c.rbd("snap", "protect", spec)
}

// Clone implements cephtest.Seeder.
func (c *Cluster) Clone(from ceph.Parent, pool, name string) error {
	return c.rbd("clone", from.Pool+"/"+from.Image+"@"+from.Snapshot, pool+"/"+name)
}

// MoveToTrash implements cephtest.Seeder.
func (c *Cluster) MoveToTrash(pool, name string) error {
	return c.rbd("trash", "mv", pool+"/"+name)
}

// Watch implements cephtest.Seeder.
func (c *Cluster) Watch(pool, image string) (stop func(), err error) {
	return c.watch("client.admin", c.Keyring, pool+"/"+image)
}

func (c *Cluster) rbd(args ...string) error {
	_, err := c.try("", "rbd", append([]string{"-c", c.Conf}, args...)...)
	return err
}
