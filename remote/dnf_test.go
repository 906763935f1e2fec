package remote_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote"
)

// An rpmHost is a host with the real dnf and rpm, and with an apt and a dpkg that
// know of no package; see testdata/rpmhost.
type rpmHost struct {
	*remote.SSH
	dir string
}

// startRPMHost has Ceph 18.2.4 in the repository, which its dnf does not know yet.
func startRPMHost(t *testing.T) rpmHost {
	t.Helper()
	for _, program := range []string{"dnf", "rpm", "rpmbuild", "rpmsign", "createrepo_c", "gpg", "ssh-keygen"} {
		needRoot(t, "/usr/bin/"+program)
	}
	needRoot(t, "/usr/sbin/sshd")
	needRoot(t, "/usr/lib/python3/dist-packages/dnf-plugins/versionlock.py")
	dir, err := os.MkdirTemp("", "rpm") // short: the agent's socket is in it
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	h := rpmHost{dir: dir}
	h.script(t, "make")
	h.script(t, "publish", "18.2.4")
	require.NoError(t, os.WriteFile(dir+"/dpkg", nil, 0o644))
	port := freePort(t)
	cmd := exec.Command("testdata/rpmhost", "serve", dir, port)
	var log bytes.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	address := "127.0.0.1:" + port
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(h.read(t, "ssh/host.pub")))
	require.NoError(t, err)
	h.SSH = open(t, remote.Config{Name: "host", Address: address, User: "root", KeyFiles: []string{dir + "/ssh/user"},
		KnownHosts: []string{writeKnown(t, "[127.0.0.1]:"+port+" "+string(ssh.MarshalAuthorizedKey(hostKey)))}})
	return h
}

func (h rpmHost) script(t *testing.T, verb string, args ...string) {
	t.Helper()
	out, err := exec.Command("testdata/rpmhost", append([]string{verb, h.dir}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func (h rpmHost) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(h.dir, name))
	require.NoError(t, err)
	return string(data)
}

// put writes a file of the host.
func (h rpmHost) put(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, "root", name), []byte(text), 0o644))
}

// run gives what a program on the host says.
func (h rpmHost) run(t *testing.T, argv ...string) string {
	t.Helper()
	r, err := h.Do(t.Context(), remote.Run{Argv: argv})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	return string(r[0].Data)
}

// install gives the result of one InstallPackages.
func (h rpmHost) install(t *testing.T, names ...string) remote.Result {
	t.Helper()
	r, err := h.Do(t.Context(), remote.InstallPackages{Names: names})
	require.NoError(t, err)
	return r[0]
}

// versions gives the result of one Packages.
func (h rpmHost) versions(t *testing.T, names ...string) remote.Result {
	t.Helper()
	r, err := h.Do(t.Context(), remote.Packages{Names: names})
	require.NoError(t, err)
	return r[0]
}

const (
	rpmRepository = "[ceph]\nname=Ceph\nbaseurl=file:///srv/el$releasever/$basearch\nenabled=1\ngpgcheck=1\n" +
		"gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-ceph\n"
	rpmKey = "etc/pki/rpm-gpg/RPM-GPG-KEY-ceph"
)

func TestPackagesOfAHostWithDnf(t *testing.T) {
	h := startRPMHost(t)
	out := h.run(t, "sh", "-c", "command -v apt-get dpkg-query; dpkg-query -W coreutils 2>&1")
	require.Contains(t, out, "/usr/bin/apt-get")
	require.Contains(t, out, "dpkg-query: ")
	h.put(t, "etc/yum.repos.d/ceph.repo", rpmRepository)

	h.put(t, rpmKey, h.read(t, "ceph.asc"))
	unknown := h.install(t, "ceph-common", "no-such")
	require.ErrorContains(t, unknown.Err, "Unable to find a match: no-such")
	require.False(t, unknown.Changed)
	unsigned := h.install(t, "ceph-common", "unsigned")
	require.ErrorContains(t, unsigned.Err, "unsigned-1-1.el9.noarch.rpm is not signed")
	require.Empty(t, unsigned.Versions)

	want := map[string]string{
		"coreutils": "8.32-1.7.el9", "ceph-common": "2:18.2.4-0.el9", "qemu-kvm-block-rbd": "17:9.0.0-10.el9",
	}
	for _, changed := range []bool{true, false} {
		r := h.install(t, "coreutils", "ceph-common", "qemu-kvm-block-rbd")
		require.NoError(t, r.Err)
		require.Equal(t, changed, r.Changed)
		require.Equal(t, want, r.Versions)
	}
	require.Equal(t, map[string]string{"librbd1": "2:18.2.4-0.el9"},
		h.versions(t, "librbd1", "ceph-of-18.2.4", "no-such").Versions)

	modes := h.run(t, "stat", "-c", "%a",
		"/etc/ceph/rbdmap", "/var/cache/dnf", "/var/log/dnf.log", "/var/lib/dnf/history.sqlite")
	require.Equal(t, "644\n755\n644\n644\n", modes)

	// dnf still knows the repository as it was.
	h.script(t, "publish", "19.2.3")
	require.NoError(t, h.install(t, "ceph-of-19.2.3").Err)

	// A locked package stays as it is, also where another one needs it newer.
	h.put(t, "etc/dnf/plugins/versionlock.list", "librbd1-2:18.2.4-0.el9.*\n")
	require.ErrorContains(t, h.install(t, "python3-rbd").Err,
		"librbd1-2:19.2.3-0.el9.noarch is filtered out by exclude filtering")
	require.Equal(t, map[string]string{"librbd1": "2:18.2.4-0.el9"}, h.versions(t, "librbd1").Versions)

	// What cannot be read is not absent.
	h.put(t, "var/lib/rpm/rpmdb.sqlite", "this is no database")
	require.ErrorContains(t, h.versions(t, "coreutils").Err, "cannot open Packages database")
	require.ErrorContains(t, h.install(t, "coreutils").Err, "cannot open Packages database")
}
