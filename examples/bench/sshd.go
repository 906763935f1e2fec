//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sshPort is where the farm's sshd listens; a proxy's port tells its delay, but
// for the one that counts.
const (
	sshPort   = 2222
	turnsPort = 3999
)

func proxyPort(rtt time.Duration) int {
	if rtt == 0 {
		return sshPort
	}
	return 4000 + int(rtt.Milliseconds())
}

const sshdConfig = `Port 2222
ListenAddress 0.0.0.0
HostKey DIR/hostkey
AuthorizedKeysFile DIR/clientkey.pub
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
LogLevel ERROR
PrintMotd no
PrintLastLog no
UseDNS no
LoginGraceTime 600
MaxStartups 5000:30:10000
MaxSessions 10
Subsystem sftp /usr/lib/openssh/sftp-server
`

// sshdAccounts are those of the sshd: its root's shell enters the hosts.
const sshdAccounts = "root:x:0:0:root:/:DIR/enter\nsshd:x:106:65534::/run/sshd:/usr/sbin/nologin\n" +
	"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"

// startSSHD starts the one sshd of the farm; stop ends it.
func (f *farm) startSSHD() (stop func() error, err error) {
	f.keyFile = filepath.Join(f.dir, "clientkey")
	for _, name := range []string{"hostkey", "clientkey"} {
		if text, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f",
			filepath.Join(f.dir, name)).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ssh-keygen: %w: %s", err, text)
		}
	}
	for name, text := range map[string]string{"sshd_config": sshdConfig, "passwd": sshdAccounts,
		"shadow": "root:*:19000:0:99999:7:::\n"} {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(strings.ReplaceAll(text, "DIR", f.dir)),
			0o644); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(filepath.Join(f.dir, "sshd.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", "sshd", f.dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() error { return ended(cmd) }
	if err := answers(sshPort); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("sshd: %w: %s", err, said), stop())
	}
	return stop, nil
}

// ended ends a process that runs until it is told to.
func ended(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// answers waits until something listens.
func answers(port int) error {
	var err error
	for range 100 {
		var conn net.Conn
		if conn, err = net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// becomeSSHD turns this process, in a mount namespace of its own, into the
// farm's sshd with accounts of its own.
func becomeSSHD(dir string) error {
	for _, name := range []string{"passwd", "shadow"} {
		if err := syscall.Mount(filepath.Join(dir, name), "/etc/"+name, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("/etc/%s: %w", name, err)
		}
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("/run: %w", err)
	}
	if err := os.Mkdir("/run/sshd", 0o755); err != nil {
		return err
	}
	return syscall.Exec("/usr/sbin/sshd", []string{"/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(dir, "sshd_config")},
		[]string{"PATH=/usr/sbin:/usr/bin"})
}

// clientFiles writes known_hosts and, for OpenSSH clients, a configuration
// for n hosts at a port.
func (f *farm) clientFiles(n, port int) error {
	key, err := os.ReadFile(filepath.Join(f.dir, "hostkey.pub"))
	if err != nil {
		return err
	}
	var known strings.Builder
	for i := range n {
		fmt.Fprintf(&known, "[%s]:%d %s", hostAddress(i), port, key)
	}
	_, name := f.hosts(0, port)
	if err := os.WriteFile(name, []byte(known.String()), 0o644); err != nil {
		return err
	}
	config := fmt.Sprintf("User root\nPort %d\nIdentityFile %s\nIdentitiesOnly yes\nUserKnownHostsFile %s\n"+
		"GlobalKnownHostsFile /dev/null\n"+
		"StrictHostKeyChecking yes\nLogLevel ERROR\nConnectTimeout 600\n", port, f.keyFile, name)
	return os.WriteFile(f.sshConfig(port), []byte(config), 0o644)
}

func (f *farm) sshConfig(port int) string {
	return filepath.Join(f.dir, "ssh_config-"+strconv.Itoa(port))
}
