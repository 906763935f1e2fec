//go:build linux

package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed files peers
var embedded embed.FS

// Accounts of the hosts, as Debian's packages make them.
const (
	hostUsers = "root:x:0:0:root:/root:/bin/sh\nnova:x:64060:64060::/var/lib/nova:/usr/sbin/nologin\n" +
		"cinder:x:64061:64061::/var/lib/cinder:/usr/sbin/nologin\n"
	hostGroups = "root:x:0:\nnova:x:64060:\ncinder:x:64061:\n"
	novaGroup  = 64060
)

// A farm is hosts on this machine: each a chroot with its own /etc, /var,
// /root, /run and /tmp, and a /usr that all share.
type farm struct {
	dir     string // of the benchmark
	keyFile string
}

func hostName(i int) string { return fmt.Sprintf("compute%05d", i+1) }

// hostAddress is one of loopback's, a different one for each host.
func hostAddress(i int) string { return fmt.Sprintf("127.1.%d.%d", i/250, i%250+1) }

func (f *farm) root(i int) string { return filepath.Join(f.dir, "h", hostAddress(i)) }

// build makes n hosts.
func (f *farm) build(n int) error {
	if err := f.sharedUsr(); err != nil {
		return err
	}
	if err := f.compile("enter", filepath.Join(f.dir, "enter"), `-DROOT="`+filepath.Join(f.dir, "h")+`"`); err != nil {
		return err
	}
	for i := range n {
		if err := f.host(i); err != nil {
			return fmt.Errorf("host %d: %w", i+1, err)
		}
	}
	return nil
}

// sharedUsr is this machine's /usr with the stubs of systemctl and virsh on top.
func (f *farm) sharedUsr() error {
	upper, work, usr := filepath.Join(f.dir, "upper"), filepath.Join(f.dir, "work"), filepath.Join(f.dir, "usr")
	for _, dir := range []string{upper + "/bin", work, usr} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"systemctl", "virsh"} {
		if err := f.compile("stubs", filepath.Join(upper, "bin", name)); err != nil {
			return err
		}
	}
	options := "lowerdir=/usr,upperdir=" + upper + ",workdir=" + work
	if err := syscall.Mount("overlay", usr, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay over /usr: %w", err)
	}
	return nil
}

// compile makes a static program of one of the C files.
func (f *farm) compile(name, program string, flags ...string) error {
	source := filepath.Join(f.dir, name+".c")
	data, err := embedded.ReadFile("files/" + name + ".c")
	if err == nil {
		err = os.WriteFile(source, data, 0o644)
	}
	if err != nil {
		return err
	}
	gcc := exec.Command("gcc", append(flags, "-O2", "-static", "-Wall", "-o", program, source)...)
	if text, err := gcc.CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w: %s", err, text)
	}
	return nil
}

// host makes a host, but for what reset makes.
func (f *farm) host(i int) error {
	root := f.root(i)
	for _, dir := range []string{"etc/alternatives", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log", "var/tmp",
		"root", "run", "tmp", "usr", "dev", "proc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	for _, link := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+link, filepath.Join(root, link)); err != nil {
			return err
		}
	}
	files := map[string]string{
		"etc/passwd": hostUsers, "etc/group": hostGroups, "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
		"etc/hostname": hostName(i) + "\n", "etc/hosts": "127.0.0.1 localhost\n", "var/lib/dpkg/status": packages(),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.Symlink("/usr/bin/mawk", filepath.Join(root, "etc/alternatives/awk")); err != nil {
		return err
	}
	for from, to := range map[string]string{filepath.Join(f.dir, "usr"): "usr", "/dev": "dev", "/proc": "proc"} {
		if err := syscall.Mount(from, filepath.Join(root, to), "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount /%s: %w", to, err)
		}
	}
	return nil
}

// packages is dpkg's list of what is installed.
func packages() string {
	var b strings.Builder
	for _, name := range []string{"ceph-common", "python3-rados", "python3-rbd", "qemu-block-extra", "nova-compute"} {
		version := "16.2.15+ds-0+deb12u1"
		if name == "nova-compute" {
			version = "2:26.2.2-1~deb12u4"
		}
		fmt.Fprintf(&b, "Package: %s\nStatus: install ok installed\nMaintainer: none <none@example.org>\n"+
			"Architecture: amd64\nVersion: %s\nDescription: a package\n\n", name, version)
	}
	return b.String()
}

func (f *farm) reset(n int) error {
	for i := range n {
		if err := f.resetHost(i); err != nil {
			return fmt.Errorf("host %d: %w", i+1, err)
		}
	}
	return nil
}

// resetHost makes a host as it was before Ceph came; its unit started last.
func (f *farm) resetHost(i int) error {
	root := f.root(i)
	var errs []error
	for _, dir := range []string{"etc/ceph", "etc/nova", "etc/libvirt", "run/unit", "tmp", "root", "var/tmp", "var/log"} {
		dir = filepath.Join(root, dir)
		errs = append(errs, os.RemoveAll(dir))
	}
	for _, dir := range []string{"etc/nova", "etc/libvirt/secrets", "run/unit", "tmp", "root", "var/tmp", "var/log"} {
		errs = append(errs, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	errs = append(errs, os.Chmod(filepath.Join(root, "root"), 0o700),
		os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky))
	for path, data := range map[string][]byte{novaConf: makeNovaConf(hostAddress(i)),
		computeConf: []byte(computeOptions)} {
		path = filepath.Join(root, path)
		errs = append(errs, os.WriteFile(path, data, 0o640), os.Chown(path, 0, novaGroup))
	}
	now := time.Now().UTC().Format("Mon 2006-01-02 15:04:05.000000 MST")
	unit := "Id=nova-compute.service\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=4242\n" +
		"ExecMainStartTimestamp=" + now +
		"\nActiveEnterTimestamp=" + now + "\nInvocationID=" + fmt.Sprintf("%032x", i+1) + "\nNRestarts=0\n" +
		"UnitFileState=enabled\n"
	errs = append(errs, os.WriteFile(filepath.Join(root, "run/unit/nova-compute.service"), []byte(unit), 0o644))
	boot := fmt.Sprintf("Id=sysinit.target\nActiveState=active\nInvocationID=b%031x\n", i)
	errs = append(errs, os.WriteFile(filepath.Join(root, "run/unit/sysinit.target"), []byte(boot), 0o644))
	return errors.Join(errs...)
}

func (f *farm) drift(n int, d desired) error {
	for i := range n {
		if err := os.WriteFile(filepath.Join(f.root(i), d.conf().Path), d.drifted(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (f *farm) look(n int, d desired) ([]hostFacts, error) {
	var all []hostFacts
	for i := range n {
		all = append(all, facts(chroot(f.root(i)), d, makeNovaConf(hostAddress(i))))
	}
	return all, nil
}

func (f *farm) hosts(n, port int) ([]jobHost, string) {
	var hosts []jobHost
	for i := range n {
		hosts = append(hosts, jobHost{Name: hostName(i), Address: net.JoinHostPort(hostAddress(i), strconv.Itoa(port)),
			KeyFile: f.keyFile})
	}
	return hosts, filepath.Join(f.dir, "known_hosts-"+strconv.Itoa(port))
}

// A chroot is a host's root folder: the view of a farm's host.
type chroot string

func (c chroot) file(path string) (wantFile, error) {
	name := filepath.Join(string(c), path)
	info, err := os.Lstat(name)
	if err != nil {
		return wantFile{}, err
	}
	if !info.Mode().IsRegular() {
		return wantFile{}, fmt.Errorf("%s is not a file", path)
	}
	w := described(path, info)
	w.Data, err = os.ReadFile(name)
	return w, err
}

func (c chroot) folder(path string) (wantFile, error) {
	info, err := os.Lstat(filepath.Join(string(c), path))
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", path)
	}
	if err != nil {
		return wantFile{}, err
	}
	return described(path, info), nil
}

func described(path string, info fs.FileInfo) wantFile {
	stat := info.Sys().(*syscall.Stat_t)
	accounts := map[uint32]string{0: "root", 64060: "nova", 64061: "cinder"}
	return wantFile{Path: path, Owner: accounts[stat.Uid], Group: accounts[stat.Gid], Mode: octal(info.Mode())}
}

func (c chroot) secret(uuid string) (xml, value string, err error) {
	base := filepath.Join(string(c), "etc/libvirt/secrets", uuid)
	x, err1 := os.ReadFile(base + ".xml")
	v, err2 := os.ReadFile(base + ".base64")
	return string(x), string(v), errors.Join(err1, err2)
}

func (c chroot) restarts() int {
	log, err := os.ReadFile(filepath.Join(string(c), "var/log/stub.log"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	return bytes.Count(log, []byte("restart nova-compute.service\n"))
}
