package connect_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// startSSHD starts a real sshd on loopback, whose keys are in dir, and gives its port. Whoever logs in
// finds the programs of a folder in /usr/local/sbin.
func startSSHD(t *testing.T, dir string, programs ...string) string {
	t.Helper()
	missing := os.Geteuid() != 0
	for _, program := range []string{"/usr/sbin/sshd", "/usr/bin/ssh-agent", "/usr/bin/ssh-keygen", "/usr/bin/ssh"} {
		_, err := os.Stat(program)
		missing = missing || err != nil
	}
	switch live := os.Getenv("CEPHSTACK_LIVE"); {
	case missing && live == "1":
		t.Fatal("not root, or OpenSSH is not installed: make deps installs it")
	case missing || live == "0":
		t.Skip("a real sshd is not to be had")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	require.NoError(t, l.Close())
	keygen(t, filepath.Join(dir, "host"+port))
	conf := filepath.Join(dir, "sshd"+port)
	require.NoError(t, os.WriteFile(conf, []byte("Port "+port+"\nListenAddress 127.0.0.1\nHostKey "+dir+"/host"+port+
		"\nAuthorizedKeysFile "+dir+"/authorized\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPidFile "+
		"none\nMaxAuthTries 2\n"),
		0o600))
	var log bytes.Buffer
	cmd := exec.Command("unshare", "-m", "sh", "-c",
		"mount --make-rprivate / && mount -t tmpfs none /run && mkdir /run/sshd && "+
			"{ [ -z \"$2\" ] || mount --bind \"$2\" /usr/local/sbin; } && exec /usr/sbin/sshd -D -e -f \"$1\"",
		"sh", conf, strings.Join(programs, ""))
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for range 400 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			return port
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("sshd does not listen")
	return ""
}

func keygen(t *testing.T, file string) (public string) {
	t.Helper()
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(file + ".pub")
	require.NoError(t, err)
	return string(text)
}

// agent starts a real ssh-agent that holds the keys of files, and is the one of the environment.
func agent(t *testing.T, dir string, files ...string) {
	t.Helper()
	socket := filepath.Join(dir, "agent")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	t.Setenv("SSH_AUTH_SOCK", socket)
	for range 400 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	out, err := exec.Command("ssh-add", append([]string{"-q"}, files...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestAHostBehindAJumpHostByTheFilesOfSSHAlone: the Spec says no more than the name of the host.
func TestAHostBehindAJumpHostByTheFilesOfSSHAlone(t *testing.T) {
	dir := t.TempDir()
	inner, outer := startSSHD(t, dir), startSSHD(t, dir)
	var files []string
	for _, name := range []string{"a", "b", "c"} { // more than sshd lets anybody try
		keygen(t, filepath.Join(dir, name))
		files = append(files, filepath.Join(dir, name))
	}
	good := keygen(t, filepath.Join(dir, "good"))
	agent(t, dir, append(files, filepath.Join(dir, "good"))...)
	require.NoError(t, os.Remove(filepath.Join(dir, "good")), "only the agent has it")
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	put("authorized", good)
	known := ""
	for _, port := range []string{inner, outer} {
		public, err := os.ReadFile(filepath.Join(dir, "host"+port+".pub"))
		require.NoError(t, err)
		known += "[127.0.0.1]:" + port + " " + string(public)
	}
	put("known", known)
	config := fmt.Sprintf("Host compute*\nProxyJump bastion\nPort %s\nHost bastion\nPort %s\nHost *\nHostName "+
		"127.0.0.1\nUser root\n"+
		"IdentityFile %[3]s/good.pub\nIdentitiesOnly yes\nUserKnownHostsFile %[3]s/known\n", inner, outer, dir)
	t.Setenv("HOME", dir)
	file := put(".ssh/config", config)
	s := spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "ceph", Host: "compute1"}},
		Hosts: []spec.Host{{Name: "compute1", Services: []string{"glance-api"}}}, Glance: &spec.Glance{}}
	hosts := func() remote.Host { return open(t, s, connect.Options{WithoutCloud: true}).Hosts["compute1"] }
	r, err := hosts().Do(t.Context(), remote.Stat{Path: "/etc"})
	require.NoError(t, err)
	assert.Equal(t, "dir", r[0].File.Kind)

	put(".ssh/config", strings.Replace(config, "IdentitiesOnly yes\n", "", 1))
	_, err = hosts().Do(t.Context(), remote.Stat{Path: "/etc"})
	require.NoError(t, err, "a .pub chooses a key, with and without IdentitiesOnly")

	put(".ssh/config", strings.Replace(config, "User root", "User nobody", 1))
	_, err = hosts().Do(t.Context(), remote.Stat{Path: "/etc"})
	require.ErrorIs(t, err, remote.ErrAuth)
	require.ErrorContains(t, err, "jump host bastion: authenticate: ")
	require.ErrorContains(t, err, "User nobody of "+file+":8 (Host *)")
	require.ErrorContains(t, err, "Port "+outer+" of "+file+":5 (Host bastion)")
	s.SSH = spec.SSH{User: "root", KeyFiles: []string{filepath.Join(dir, "good.pub")},
		KnownHosts: []string{filepath.Join(dir, "known")},
		Jump:       "root@127.0.0.1:" + outer}
	_, err = hosts().Do(t.Context(), remote.Stat{Path: "/etc"})
	require.NoError(t, err, "the Spec wins")

	put("known", "")
	_, err = hosts().Do(t.Context(), remote.Stat{Path: "/etc"})
	require.ErrorIs(t, err, remote.ErrHostKey)
	put(".ssh/config", config+"StrictHostKeyChecking no\n")
	_, err = hosts().Do(t.Context(), remote.Stat{Path: "/etc"})
	require.ErrorIs(t, err, remote.ErrHostKey)
}
