//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A secretHost is one machine with all services: a copy of this machine's file system on which each change shows, a
// real sshd, sudo and virsh with a real libvirtd, and programs of this one in the place of Ceph's and systemd's.
type secretHost struct {
	dir   string // with what is the host's and not the operator's
	port  string
	cmd   *exec.Cmd
	virt  *libvirtd
	setup hostSetup
	// listener is the process of the sshd that listens.
	listener int
}

// A hostSetup is what a host is made of, for the process that becomes it.
type hostSetup struct {
	Dir       string
	Fakes     string            // address of the fakes of Ceph
	Libvirt   string            // folder of libvirtd
	Files     map[string]string // by path
	Modes     map[string]uint32 // of files; 0644 without
	Passwords map[string]string // by account
}

// Accounts of a secret host. deploy is let in with a password, keeper with a key, and both must give sudo their
// password. ops is let in once cephstack has prepared the host.
const (
	secretUsers = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
ops:x:4001:4001::/home/ops:/bin/bash
deploy:x:4002:4002::/home/deploy:/bin/bash
keeper:x:4003:4003::/home/keeper:/bin/sh
glance:x:4010:4010::/var/lib/glance:/usr/sbin/nologin
cinder:x:4011:4011::/var/lib/cinder:/usr/sbin/nologin
nova:x:4012:4012::/var/lib/nova:/usr/sbin/nologin
libvirt-qemu:x:4013:4013::/var/lib/libvirt:/usr/sbin/nologin
sshd:x:4014:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`
	secretGroups = "root:x:0:\ndaemon:x:1:\nops:x:4001:\ndeploy:x:4002:\nkeeper:x:4003:\nglance:x:4010:\n" +
		"cinder:x:4011:\nnova:x:4012:\nkvm:x:4013:\nnogroup:x:65534:\n"
	secretSudoers = "Defaults env_reset, logfile=/var/log/sudo.log\nroot ALL=(ALL:ALL) ALL\ndeploy ALL=(ALL:ALL) ALL\n" +
		"keeper ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"
	secretSSHD = `Port PORT
ListenAddress 127.0.0.1
HostKey /etc/ssh/faults
AuthorizedKeysFile .ssh/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication yes
KbdInteractiveAuthentication no
PidFile none
LogLevel DEBUG3
PrintMotd no
PrintLastLog no
UseDNS no
MaxStartups 1000
`
	secretVirsh = "#!/bin/sh\n[ \"$1 $2 $3\" = \"-q -c qemu:///system\" ] || exit 9\nshift 3\n" +
		"exec /usr/bin/virsh.real -q -c \"URI\" \"$@\"\n"
)

// overlaid is where the process that becomes a host has its file system in memory.
func (h hostSetup) overlaid(name string) string { return filepath.Join(h.Dir, "room", name) }

// prepare makes the file system of a host, in the namespaces of the host.
func (h hostSetup) prepare() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := os.MkdirAll(h.overlaid(""), 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", h.overlaid(""), "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("tmpfs: %w", err)
	}
	for _, name := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(h.overlaid(name), 0o755); err != nil {
			return err
		}
	}
	if err := h.empty(); err != nil {
		return err
	}
	root := h.overlaid("root")
	options := "lowerdir=/,upperdir=" + h.overlaid("upper") + ",workdir=" + h.overlaid("work")
	if err := syscall.Mount("overlay", root, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay over /: %w", err)
	}
	if err := h.furnish(root); err != nil {
		return err
	}
	for _, m := range [][2]string{{"/dev", "dev"}, {h.overlaid("upper"), "changes"}, {h.Libvirt, h.Libvirt}} {
		to := filepath.Join(root, m[1])
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m[0], to, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return fmt.Errorf("mount %s: %w", to, err)
		}
	}
	return syscall.Mount("proc", filepath.Join(root, "proc"), "proc", 0, "")
}

// empty makes the folders of which the host has nothing of this machine.
func (h hostSetup) empty() error {
	for _, path := range []string{"etc/ceph", "etc/sudoers.d", "var/lib/glance", "home", "root", "run", "var/log",
		"var/tmp", "tmp", "var/lib/dpkg/updates"} {
		at := filepath.Join(h.overlaid("upper"), path)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		if err := syscall.Setxattr(at, "trusted.overlay.opaque", []byte("y"), 0); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return errors.Join(os.Chmod(filepath.Join(h.overlaid("upper"), "tmp"), 0o777|os.ModeSticky),
		os.Chmod(filepath.Join(h.overlaid("upper"), "root"), 0o700))
}

// furnish writes the files of a host.
func (h hostSetup) furnish(root string) error {
	var shadow strings.Builder
	for line := range strings.Lines(secretUsers) {
		f := strings.Split(strings.TrimSpace(line), ":")
		hash := "*"
		if password, ok := h.Passwords[f[0]]; ok {
			var err error
			if hash, err = said(password, "openssl", "passwd", "-6", "-stdin"); err != nil {
				return err
			}
		}
		fmt.Fprintf(&shadow, "%s:%s:19000:0:99999:7:::\n", f[0], hash)
		if !strings.HasPrefix(f[5], "/home/") {
			continue
		}
		var id int
		if _, err := fmt.Sscan(f[2], &id); err != nil {
			return err
		}
		home := filepath.Join(root, f[5])
		if err := errors.Join(os.Mkdir(home, 0o755), os.Chown(home, id, id)); err != nil {
			return err
		}
	}
	h.Files["/etc/shadow"] = shadow.String()
	for path, text := range h.Files {
		at := filepath.Join(root, path)
		mode, ok := h.Modes[path]
		if !ok {
			mode = 0o644
		}
		err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.RemoveAll(at),
			os.WriteFile(at, []byte(text), os.FileMode(mode)), os.Chmod(at, os.FileMode(mode)))
		if err != nil {
			return err
		}
	}
	if err := copyFile(filepath.Join(root, "usr/bin/virsh.real"), "/usr/bin/virsh"); err != nil {
		return err
	}
	for _, name := range []string{"systemctl", "python-of-ceph", "rados", "rbd"} {
		at := filepath.Join(root, "usr/bin", name)
		if err := os.RemoveAll(at); err != nil {
			return err
		}
		if err := copyFile(at, "/proc/self/exe"); err != nil {
			return err
		}
	}
	return os.Mkdir(filepath.Join(root, "run/sshd"), 0o755)
}

// startSecretHost starts a host, and waits until it listens.
func startSecretHost(dir string, setup hostSetup) (*secretHost, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	h := &secretHost{dir: dir, port: fmt.Sprint(port), setup: setup}
	if h.virt, err = startLibvirtd(); err != nil {
		return nil, err
	}
	h.setup.Dir, h.setup.Libvirt = dir, h.virt.dir
	h.setup.Files["/etc/ssh/sshd_config"] = strings.ReplaceAll(secretSSHD, "PORT", h.port)
	h.setup.Files["/usr/bin/virsh"] = strings.ReplaceAll(secretVirsh, "URI", h.virt.uri)
	h.setup.Files["/etc/faults.fakes"] = setup.Fakes
	if err := writeJSON(filepath.Join(dir, "setup.json"), h.setup); err != nil {
		return nil, errors.Join(err, h.virt.close())
	}
	h.cmd = exec.Command("/proc/self/exe", "secrethost", dir)
	log, err := os.OpenFile(h.log("sshd"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errors.Join(err, h.virt.close())
	}
	defer log.Close()
	h.cmd.Stdout, h.cmd.Stderr = log, log
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig: syscall.SIGKILL}
	if err := h.cmd.Start(); err != nil {
		return nil, errors.Join(err, h.virt.close())
	}
	for range 500 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+h.port); err == nil {
			return h, errors.Join(conn.Close(), h.findListener())
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := os.ReadFile(h.log("sshd"))
	return nil, errors.Join(fmt.Errorf("the host's sshd does not listen: %s", text), h.stop())
}

// findListener finds the child that the first process of the host has had for the longest time.
func (h *secretHost) findListener() error {
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", h.cmd.Process.Pid))
	for _, p := range all {
		text, _ := os.ReadFile(p)
		var pid int
		if _, none := fmt.Sscan(string(text), &pid); none == nil && (h.listener == 0 || pid < h.listener) {
			h.listener = pid
		}
	}
	if h.listener == 0 {
		err = errors.Join(err, errors.New("the host has no sshd"))
	}
	return err
}

// log is where a log of the host is that is not among its files.
func (h *secretHost) log(name string) string { return filepath.Join(h.dir, name+".log") }

// file is the path by which this process reaches a file of the host.
func (h *secretHost) file(path string) string {
	return fmt.Sprintf("/proc/%d/root%s", h.cmd.Process.Pid, path)
}

// stop ends all processes of the host: its first one is the init of their namespace.
func (h *secretHost) stop() error {
	err := h.cmd.Process.Kill()
	_ = h.cmd.Wait() // it was killed
	return errors.Join(err, h.virt.close())
}
