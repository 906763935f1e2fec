package remote_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

// needRoot skips a live test where it cannot run. With CEPHSTACK_LIVE=1, such a
// test fails instead.
func needRoot(t *testing.T, program string) {
	t.Helper()
	reason := ""
	if os.Getenv("CEPHSTACK_LIVE") == "0" {
		t.Skip("live test: CEPHSTACK_LIVE=0")
	}
	if os.Geteuid() != 0 {
		reason = "not root"
	} else if _, err := os.Stat(program); err != nil {
		reason = program + " is not installed"
	}
	if reason == "" {
		return
	}
	if os.Getenv("CEPHSTACK_LIVE") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// An sshd is a real OpenSSH server on loopback. It runs in a mount namespace
// where /etc/passwd, shadow and sudoers are the test's own, and systemctl and
// apt-get are scripts. With withHelper, /etc/cephstack and /usr/local are the folders list
// and local of dir, and the file links is what the kernel says about hard links.
type sshd struct {
	dir, address string
	hostKey      ssh.PublicKey
	clientKey    []byte
	log          *bytes.Buffer
	plain        *remote.SSH // see unprivileged
}

// Users of the test's sshd, besides root.
const testUsers = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
admin:x:4001:4001::DIR/home/admin:/bin/bash
plain:x:4002:4002::DIR/home/plain:/bin/sh
csh:x:4003:4003::DIR/home/csh:/bin/tcsh
fish:x:4004:4004::DIR/home/fish:/usr/bin/fish
greedy:x:4005:4005::DIR/home/greedy:/bin/bash
zsh:x:4007:4007::DIR/home/zsh:/usr/bin/zsh
noexec:x:4008:4008::DIR/home/noexec:/bin/sh
sshd:x:4006:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`

const testGroups = `root:x:0:
daemon:x:1:
admin:x:4001:
plain:x:4002:
csh:x:4003:
fish:x:4004:
greedy:x:4005:
zsh:x:4007:
noexec:x:4008:
nogroup:x:65534:
`

const testSudoers = `Defaults env_reset
root ALL=(ALL:ALL) ALL
admin ALL=(ALL:ALL) NOPASSWD: ALL
csh ALL=(ALL:ALL) NOPASSWD: ALL
fish ALL=(ALL:ALL) NOPASSWD: ALL
zsh ALL=(ALL:ALL) NOPASSWD: ALL
greedy ALL=(ALL:ALL) NOPASSWD: ALL
Defaults:noexec noexec
noexec ALL=(ALL:ALL) NOPASSWD: ALL
`

const noisyRC = "echo 'Welcome to the host'; echo noise >&2; printf 'no newline'\n"

func newKey(t *testing.T) ([]byte, ssh.Signer) {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(priv, "")
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(priv)
	require.NoError(t, err)
	return pem.EncodeToMemory(block), signer
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// startSSHD starts a server; extra are lines for its configuration, put first.
func startSSHD(t *testing.T, extra ...string) *sshd {
	t.Helper()
	needRoot(t, "/usr/sbin/sshd")
	s := &sshd{dir: rootDir(t), log: &bytes.Buffer{}}
	hostKey, host := newKey(t)
	clientKey, client := newKey(t)
	s.clientKey, s.hostKey = clientKey, host.PublicKey()
	port := freePort(t)
	s.address = "127.0.0.1:" + port
	s.put(t, "hostkey", string(hostKey), 0o600)
	s.put(t, "authorized", string(ssh.MarshalAuthorizedKey(client.PublicKey())), 0o644)
	s.furnish(t)
	conf := strings.Join(append(extra,
		"Port "+port, "ListenAddress 127.0.0.1", "HostKey "+s.dir+"/hostkey", "AuthorizedKeysFile "+s.dir+"/authorized",
		"UsePAM no", "StrictModes no", "PermitRootLogin yes", "PasswordAuthentication no", "PidFile none", "LogLevel ERROR",
		"PrintMotd no", "UseDNS no", ""), "\n")
	s.put(t, "sshd_config", conf, 0o644)
	cmd := exec.Command("unshare", "-m", "sh", "-c", testNamespace, "sh", s.dir)
	cmd.Stderr = s.log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("sshd: %s", s.log.String())
		}
	})
	for range 600 { // with withHelper, /etc is copied before
		if c, err := net.Dial("tcp", s.address); err == nil {
			c.Close()
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("sshd does not listen: %s", s.log.String())
	return nil
}

// withHelper is a line for startSSHD.
const withHelper = "# with a helper"

const testNamespace = `set -e
mkdir -p "$1/small"
mount --make-rprivate /
mount -t tmpfs -o mode=755 none /run
mkdir -m 755 /run/sshd
mount -t tmpfs -o size=64k none "$1/small"
if grep -q "^` + withHelper + `" "$1/sshd_config"; then
	mkdir -p "$1/etc" "$1/local/libexec" "$1/list"
	cp -a /etc/. "$1/etc"
	mkdir -p "$1/etc/cephstack"
	mount --bind "$1/etc" /etc
	mount --bind "$1/list" /etc/cephstack
	mount --bind "$1/local" /usr/local
	echo 1 >"$1/links"
	mount --bind "$1/links" /proc/sys/fs/protected_hardlinks
fi
for f in passwd group shadow sudoers; do mount --bind "$1/$f" /etc/$f; done
for f in systemctl journalctl dpkg-query apt-get; do
	if [ -e /usr/bin/$f ]; then mount --bind "$1/bin/$f" /usr/bin/$f; fi
done
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"`

// furnish writes accounts, homes with their rc files, and programs.
func (s *sshd) furnish(t *testing.T) {
	t.Helper()
	users := strings.ReplaceAll(testUsers, "DIR", s.dir)
	var shadow strings.Builder
	for line := range strings.Lines(users) {
		fields := strings.Split(line, ":")
		shadow.WriteString(fields[0] + ":*:19000:0:99999:7:::\n")
		if strings.Contains(fields[5], "/home/") {
			s.put(t, "home/"+fields[0]+"/.hushlogin", "", 0o644)
		}
	}
	s.put(t, "passwd", users, 0o644)
	s.put(t, "group", testGroups, 0o644)
	s.put(t, "shadow", shadow.String(), 0o600)
	s.put(t, "sudoers", testSudoers, 0o440)
	s.put(t, "home/admin/.bashrc", noisyRC, 0o644)
	s.put(t, "home/greedy/.bashrc", "cat >/dev/null\n", 0o644)
	s.put(t, "home/fish/.config/fish/config.fish", "echo fish noise\n", 0o644)
	s.put(t, "home/csh/.cshrc", "echo csh noise\n", 0o644)
	s.put(t, "home/zsh/.zshenv", "echo zsh noise\n", 0o644)
	s.put(t, "installed", "ii  coreutils 9.1\n", 0o644)
	for name, text := range testPrograms() {
		s.put(t, "bin/"+name, strings.ReplaceAll(text, "DIR", s.dir), 0o755)
	}
}

// put writes a file into the server's folder.
func (s *sshd) put(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	name = filepath.Join(s.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), mode))
}

// knownHosts writes a known_hosts file with the server's key under address.
func (s *sshd) knownHosts(t *testing.T, address string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return writeKnown(t, fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(s.hostKey)))
}

func writeKnown(t *testing.T, lines string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(name, []byte(lines), 0o600))
	return name
}

// config reaches the server at address, which is its own or a proxy's.
func (s *sshd) config(t *testing.T, user, address string) remote.Config {
	return remote.Config{
		Name: "host", Address: address, User: user, Keys: []cephstack.Redacted{cephstack.Redact(s.clientKey)},
		KnownHosts: []string{s.knownHosts(t, address)}, Sudo: user != "root",
	}
}

func (s *sshd) open(t *testing.T, user string) *remote.SSH {
	t.Helper()
	return open(t, s.config(t, user, s.address))
}

func open(t *testing.T, cfg remote.Config) *remote.SSH {
	t.Helper()
	h, err := remote.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}
