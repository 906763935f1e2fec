package integrate_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// An rpmHost is a compute of the RHEL family with the real dnf and rpm, without apt
// and dpkg, and a unit of a script; see testdata/rpmhost of remote.
type rpmHost struct {
	*remote.SSH
	dir string
}

const rpmHostScript = "../remote/testdata/rpmhost"

// rpmUnit is systemctl there, for nova-compute alone.
const rpmUnit = `#!/bin/sh
since=/var/lib/since
case " $* " in
*" openstack-nova-compute.service "*) ;;
*) exit 1 ;;
esac
case $* in
*restart*) date -u "+%a %Y-%m-%d %H:%M:%S.%6N UTC" >$since ;;
*)
	at=$(cat $since)
	printf "Id=openstack-nova-compute.service\nLoadState=loaded\nActiveState=active\nSubState=running\n"
	printf "MainPID=77\nExecMainStartTimestamp=%s\n" "$at"
	printf "ActiveEnterTimestamp=%s\nInvocationID=%s\nUnitFileState=enabled\nNRestarts=0\n" "$at" "$(cksum <$since)" ;;
esac
`

// startRPMHost starts a host whose repository has Ceph 18.2.4.
func startRPMHost(t *testing.T) rpmHost {
	t.Helper()
	for _, file := range []string{"/usr/bin/dnf", "/usr/lib/python3/dist-packages/dnf-plugins/versionlock.py",
		"/usr/bin/rpm", "/usr/bin/rpmbuild", "/usr/bin/rpmsign",
		"/usr/bin/createrepo_c", "/usr/bin/gpg", "/usr/bin/ssh-keygen", "/usr/sbin/sshd", "/usr/bin/systemctl"} {
		_, err := os.Stat(file)
		if err == nil && os.Geteuid() == 0 && os.Getenv("CEPHSTACK_LIVE") != "0" {
			continue
		}
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal(file + " and root are needed")
		}
		t.Skip("live test: needs root and " + file)
	}
	dir, err := os.MkdirTemp("", "rpm") // short: the agent's socket is in it
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	h := rpmHost{dir: dir}
	h.script(t, "make")
	h.script(t, "publish", "18.2.4")
	require.NoError(t, os.WriteFile(dir+"/systemctl", []byte(rpmUnit), 0o755))
	h.put(t, "var/lib/since", "Sat 2026-01-03 10:11:12.345678 UTC\n")
	h.put(t, "etc/nova/nova.conf", "[DEFAULT]\n[libvirt]\nvirt_type = kvm\n")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	l.Close()
	port := address[strings.LastIndex(address, ":")+1:]
	cmd := exec.Command(rpmHostScript, "serve", dir, port)
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
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, os.WriteFile(dir+"/known_hosts", []byte("[127.0.0.1]:"+port+" "+h.read(t, "ssh/host.pub")), 0o600))
	h.SSH, err = remote.New(remote.Config{Name: "compute1", Address: address, User: "root",
		KeyFiles: []string{dir + "/ssh/user"}, KnownHosts: []string{dir + "/known_hosts"}})
	require.NoError(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

func (h rpmHost) script(t *testing.T, verb string, args ...string) {
	t.Helper()
	out, err := exec.Command(rpmHostScript, append([]string{verb, h.dir}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func (h rpmHost) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(h.dir, name))
	require.NoError(t, err)
	return string(data)
}

func (h rpmHost) put(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, "root", name), []byte(text), 0o644))
}

func (h rpmHost) run(t *testing.T, argv ...string) string {
	t.Helper()
	r, err := h.Do(t.Context(), remote.Run{Argv: argv})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	require.Zero(t, r[0].Exit, "%s%s", r[0].Data, r[0].Stderr)
	return string(r[0].Data)
}

// integration makes the host the only one of w's Spec, with that key and min_client.
func (h rpmHost) integration(t *testing.T, w *integratetest.World, key, floor string) *integrate.Integration {
	t.Helper()
	s := rpmSpec()
	s.Prepare.Repository.Key, s.Clusters[0].MinClient = h.read(t, key), floor
	in, err := integrate.New(integrate.Config{Spec: s, Settle: 1, Poll: 1, World: world.World{
		Clusters: w.Clusters,
		Hosts:    map[string]remote.Host{"compute1": h},
		Secrets:  map[string]libvirtsecret.Store{"compute1": w.Libvirt["compute1"]}}})
	require.NoError(t, err)
	return in
}

func rpmSpec() spec.Spec {
	return spec.Spec{
		Release: "zed", Layout: "rdo", Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts:    []spec.Host{{Name: "compute1", Services: []string{"nova-compute"}, Disks: "ceph"}},
		Nova:     &spec.Nova{},
		Prepare:  &spec.Prepare{Repository: &spec.Repository{Dnf: "file:///srv/el$releasever/$basearch", Key: someKey}},
	}
}

const rpmPackages = "packages/compute1/ceph-common python3-rados python3-rbd qemu-kvm-block-rbd"

func TestAHostWithDnf(t *testing.T) {
	h := startRPMHost(t)
	require.Equal(t, "none\n", h.run(t, "sh", "-c", "command -v apt-get || command -v dpkg-query || echo none"))
	w, _ := open(t, rpmSpec())

	// By a key that did not sign them, no package is installed.
	in := h.integration(t, w, "other.asc", "18.2")
	r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.ErrorContains(t, err, "GPG check FAILED")
	for _, o := range r.Outcomes {
		switch o.Change.Kind {
		case "packages":
			require.Equal(t, integrate.Failed, o.Status)
		case "settings", "unit":
			require.Equal(t, integrate.Skipped, o.Status, o.Change.ID)
		}
	}
	require.NotContains(t, h.run(t, "rpm", "-qa"), "librados2")

	in = h.integration(t, w, "ceph.asc", "18.2")
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	require.Equal(t, []string{"repository/compute1/cephstack"}, change(p, rpmPackages).Needs)
	apply(t, in)
	settled(t, in)
	require.Equal(t, "2:18.2.4-0.el9 2:18.2.4-0.el9 ", h.run(t, "rpm", "-q", "--qf", "%{EVR} ", "ceph-common", "librbd1"))
	known := h.run(t, "dnf", "-q", "config-manager", "--dump", "cephstack")
	for _, line := range []string{"baseurl = file:///srv/el9/", "enabled = 1", "gpgcheck = 1",
		"gpgkey = file:///etc/pki/rpm-gpg/RPM-GPG-KEY-cephstack"} {
		require.Contains(t, known, line)
	}

	// What is locked at its version is left alone, and said.
	h.script(t, "publish", "19.2.3") // dnf still knows the repository as it was
	in = h.integration(t, w, "ceph.asc", "19.2.1")
	h.run(t, "dnf", "-q", "versionlock", "add", "librbd1")
	p = plan(t, in)
	require.True(t, p.Empty(), "%s", p)
	require.Contains(t, p.String(), "librbd1 held there (dnf versionlock)")

	// Locks of other kinds, and what is excluded, are for dnf to say.
	h.put(t, "etc/dnf/plugins/versionlock.list", "ceph-common-2:18.*\nlib*-2:18.*\npython3-r*-2:18.*\n")
	_, err = in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.ErrorContains(t, err, "is 2:18.2.4-0.el9 and not 19.2.1 or newer: nothing newer was "+
		"found that is not held back")
	h.put(t, "etc/dnf/plugins/versionlock.list", "")
	conf := h.read(t, "root/etc/dnf/dnf.conf")
	h.put(t, "etc/dnf/dnf.conf", conf+"excludepkgs=librbd*\n")
	_, err = in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.ErrorContains(t, err, "is 2:18.2.4-0.el9 and not 19.2.1 or newer")
	require.ErrorContains(t, err, "librbd1-2:19.2.3-0.el9.noarch is filtered out by exclude filtering")

	h.put(t, "etc/dnf/dnf.conf", conf)
	apply(t, in)
	settled(t, in)
	require.Equal(t, "2:19.2.3-0.el9 2:19.2.3-0.el9 ", h.run(t, "rpm", "-q", "--qf", "%{EVR} ", "ceph-common", "librbd1"))
	require.NotContains(t, h.run(t, "rpm", "-qa"), "ceph-of-", "they are recommended")
	require.Equal(t, "644\n", h.run(t, "stat", "-c", "%a", "/var/cache/dnf/cephstack.solv"))
}
