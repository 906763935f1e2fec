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

	"github.com/cephstack/cephstack/remote"
)

// sshd is a real OpenSSH server on loopback, in a mount namespace of its own.
type sshd struct {
	dir, port string
	cmd       *exec.Cmd
}

const sshdConfig = `Port PORT
ListenAddress 0.0.0.0
HostKey DIR/host
AuthorizedKeysFile DIR/client.pub
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
MaxStartups 1000
`

// startSSHD starts the server with more lines of configuration at the end.
func startSSHD(dir, more string) (*sshd, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return nil, err
	}
	s := &sshd{dir: dir, port: port}
	for _, name := range []string{"host", "client"} {
		text, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "faults", "-f",
			filepath.Join(dir, name)).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("ssh-keygen: %w: %s", err, text)
		}
	}
	config := strings.NewReplacer("PORT", port, "DIR", dir).Replace(sshdConfig) + more
	if err := os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	s.cmd = exec.Command("/proc/self/exe", "sshd", filepath.Join(dir, "sshd_config"))
	s.cmd.Stderr = os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			return s, conn.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("sshd does not listen"), s.stop())
}

// stop kills the server, and with it all that it started: it is the init of its namespace.
func (s *sshd) stop() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := s.cmd.Wait(); !errors.As(err, &exit) {
		return err
	}
	return nil
}

// becomeSSHD makes this process the server. Nobody's home with its rc files is there.
func becomeSSHD(config string) error {
	mounts := []struct {
		from, to, kind string
		flags          uintptr
	}{
		{"", "/", "", syscall.MS_REC | syscall.MS_PRIVATE},
		{"proc", "/proc", "proc", 0},
		{"tmpfs", "/root", "tmpfs", 0},
		{"tmpfs", "/run", "tmpfs", 0},
	}
	for _, m := range mounts {
		if err := syscall.Mount(m.from, m.to, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.to, err)
		}
	}
	if err := os.Mkdir("/run/sshd", 0o755); err != nil {
		return err
	}
	return syscall.Exec("/usr/sbin/sshd", []string{"/usr/sbin/sshd", "-D", "-e", "-f", config}, os.Environ())
}

// config is how a client reaches the server by one of its addresses.
func (s *sshd) config(address string) (remote.Config, error) {
	key, err := os.ReadFile(filepath.Join(s.dir, "host.pub"))
	if err != nil {
		return remote.Config{}, err
	}
	known := filepath.Join(s.dir, "known-"+address)
	if err := os.WriteFile(known, fmt.Appendf(nil, "[%s]:%s %s", address, s.port, key), 0o600); err != nil {
		return remote.Config{}, err
	}
	return remote.Config{Address: net.JoinHostPort(address, s.port), User: "root",
		KeyFiles: []string{filepath.Join(s.dir, "client")}, KnownHosts: []string{known}}, nil
}
