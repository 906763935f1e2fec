package connect_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
	"github.com/cephstack/cephstack/remote/upstart"
)

// A site is a host behind a real SSH server, and a folder with what reaches it.
type site struct {
	host    *remotetest.Host
	address string
	dir     string
}

func newSite(t *testing.T) site {
	t.Helper()
	host := remotetest.NewHost("mon1")
	server, err := remotetest.Serve(host)
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	s := site{host, server.Address, t.TempDir()}
	s.put(t, "id", string(server.Key))
	s.put(t, "known_hosts", server.KnownHost)
	return s
}

func (s site) put(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const withEntry = "prepare: {sudo: {}}\nssh: {user: deploy, sudo: true, key_files: [id], known_hosts: [known_hosts], " +
	"entry: {user: installer, "

const root = "ssh: {user: root, key_files: [id], known_hosts: [known_hosts]}\n"

// spec gives a small Spec with ssh.
func (s site) spec(t *testing.T, ssh string) spec.Spec {
	t.Helper()
	text := `release: zed
clusters: [{name: ceph, host: mon1}]
hosts:
  - {name: mon1, address: "` + s.address + `"}
  - {name: compute1, services: [nova-compute]}
nova: {}
cloud: {name: fake, clouds_file: clouds.yaml}
` + ssh
	loaded, err := spec.Load(strings.NewReader(text), s.dir)
	require.NoError(t, err)
	return loaded
}

func open(t *testing.T, s spec.Spec, o connect.Options) *connect.World {
	t.Helper()
	w, err := connect.Open(t.Context(), s, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	return w
}

func TestOpenConnectsWhatTheSpecNames(t *testing.T) {
	site := newSite(t)
	site.host.Handle("ceph", func(run remote.Run) (stdout, stderr []byte, exit int) {
		return []byte(strings.Join(run.Argv, " ")), nil, 0
	})
	cloud := openstacktest.New(openstacktest.Config{})
	t.Cleanup(cloud.Close)
	_, err := cloud.CloudConfig(site.dir)
	require.NoError(t, err)
	w := open(t, site.spec(t, root), connect.Options{})

	r, err := w.Hosts["mon1"].Do(t.Context(), remote.Stat{Path: "/etc"})
	require.NoError(t, err, "by the key of the file beside the Spec")
	assert.Equal(t, "dir", r[0].File.Kind)
	reply, err := w.Clusters["ceph"].Mon.Command(t.Context(), ceph.Command{JSON: []byte(`{"prefix": "fsid"}`)})
	require.NoError(t, err)
	assert.Contains(t, reply.Data.Reveal(), "ceph --conf /etc/ceph/ceph.conf ")
	assert.Len(t, w.Hosts, 2)
	assert.Len(t, w.Secrets, 1)
	assert.NotNil(t, w.Secrets["compute1"])
	assert.Empty(t, w.Entries)
	require.NoError(t, w.CloudErr)
	require.NotNil(t, w.Cloud)
	_, err = integrate.New(integrate.Config{Spec: site.spec(t, root), World: w.World})
	require.NoError(t, err, "the World is whole")
	require.NoError(t, w.Close())
	require.NoError(t, w.Close(), "a second time is nothing")

	s := site.spec(t, root)
	s.Cloud.Name = "another"
	w = open(t, s, connect.Options{})
	require.ErrorContains(t, w.CloudErr, `cloud "another" of `+filepath.Join(site.dir, "clouds.yaml"))

	for _, name := range []string{"OS_CLOUD", "OS_AUTH_URL"} {
		t.Setenv(name, "")
	}
	s.Cloud = spec.Cloud{}
	w = open(t, s, connect.Options{})
	require.ErrorContains(t, w.CloudErr, "the Spec has no cloud.name: openstack API: no cloud is named, and ")
}

func TestWithoutCloud(t *testing.T) {
	w := open(t, newSite(t).spec(t, root), connect.Options{WithoutCloud: true})
	assert.Nil(t, w.Cloud)
	assert.NoError(t, w.CloudErr)
}

// TestASpecWithoutAPIs asks for no login, though clouds.yaml has an entry.
func TestASpecWithoutAPIs(t *testing.T) {
	s := newSite(t).spec(t, root)
	s.Cloud = spec.Cloud{APIs: "none"}
	w := open(t, s, connect.Options{})
	assert.Nil(t, w.Cloud)
	assert.NoError(t, w.CloudErr)
}

func TestAReleaseMayBeMissing(t *testing.T) {
	site := newSite(t)
	s := site.spec(t, root)
	s.Release = ""
	assert.Len(t, open(t, s, connect.Options{}).Hosts, 2)
}

func TestAKeyFileThatIsNotAKey(t *testing.T) {
	site := newSite(t)
	key := site.put(t, "id", "-----BEGIN something-----")
	w := open(t, site.spec(t, root), connect.Options{})
	_, err := w.Hosts["mon1"].Do(t.Context(), remote.Stat{Path: "/"})
	require.ErrorIs(t, err, remote.ErrAuth)
	require.ErrorContains(t, err, key)
	require.NotContains(t, err.Error(), "something")
}

// TestLayouts opens a host in each layout; nothing is connected to.
func TestLayouts(t *testing.T) {
	site := newSite(t)
	s := site.spec(t, root)
	for layout, container := range map[string]string{"": "", spec.LayoutKolla: "nova_libvirt", spec.LayoutUpstart: ""} {
		s.Hosts[1].Layout, s.Release = layout, ""
		w := open(t, s, connect.Options{})
		_, jobs := w.Hosts["compute1"].(*upstart.Host)
		assert.Equal(t, layout == spec.LayoutUpstart, jobs, layout)
		assert.IsType(t, &remote.SSH{}, w.Hosts["mon1"])
		op, _ := w.Secrets["compute1"].(*virsh.Store).ListOp()
		argv := op.(remote.Run).Argv
		assert.Equal(t, container != "", slices.Contains(argv, "nova_libvirt"), layout)
	}
}

func TestEntriesOfHosts(t *testing.T) {
	site := newSite(t)
	site.put(t, "password", "secret\n")
	s := site.spec(t, withEntry+"password_file: password}}\n")
	s.Release, s.Layout, s.Hosts[0].Layout = "mitaka", spec.LayoutUpstart, spec.LayoutDebian
	w := open(t, s, connect.Options{})
	for _, hosts := range []map[string]remote.Host{w.Hosts, w.Entries} {
		assert.IsType(t, &upstart.Host{}, hosts["compute1"])
		assert.IsType(t, &remote.SSH{}, hosts["mon1"])
	}
	assert.NotSame(t, w.Hosts["mon1"], w.Entries["mon1"])
	require.Len(t, w.Known(), 1)
	assert.Equal(t, "secret", w.Known()[0].Reveal())
}

// TestPartsThatTheCallerHas are taken as they are, and stay open.
func TestPartsThatTheCallerHas(t *testing.T) {
	site := newSite(t)
	cluster, secrets, compute := cephtest.New(), secrettest.New(), remotetest.NewHost("compute1")
	have := world.World{
		Clusters: map[string]world.Cluster{"ceph": {Mon: cluster, Images: cluster}},
		Hosts:    map[string]remote.Host{"compute1": compute},
		CloudErr: fs.ErrPermission,
	}
	have.Secrets = open(t, site.spec(t, root), connect.Options{}).Secrets
	have.Secrets["compute1"] = secrets
	s := site.spec(t, root)
	s.Clusters[0].Host = ""
	w := open(t, s, connect.Options{Have: have})
	assert.Same(t, cluster, w.Clusters["ceph"].Mon)
	assert.Same(t, compute, w.Hosts["compute1"])
	assert.Same(t, secrets, w.Secrets["compute1"])
	assert.IsType(t, &remote.SSH{}, w.Hosts["mon1"])
	require.ErrorIs(t, w.CloudErr, fs.ErrPermission, "the APIs are not logged in to")
	assert.Len(t, have.Hosts, 1, "the caller's maps stay as they are")

	have.Hosts["mon1"] = site.host
	s.SSH = spec.SSH{}
	open(t, s, connect.Options{Have: have}) // no login is needed for no host
}

// closing is a cluster that counts how often it was closed.
type closing struct {
	*cephtest.Cluster
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

func TestLibradosIsTheCallers(t *testing.T) {
	site := newSite(t)
	site.put(t, "ceph.conf", "[global]\nkeyring = "+site.put(t, "admin", "[client.admin]\n")+"\n")
	closed, fails := 0, error(nil)
	user, want := "client.admin", "admin"
	librados := func(_ context.Context, as, conf, keyring string) (connect.Connection, error) {
		assert.Equal(t, user, as)
		assert.Equal(t, filepath.Join(site.dir, "ceph.conf"), conf)
		assert.Equal(t, filepath.Join(site.dir, want), keyring)
		return closing{cephtest.New(), &closed}, fails
	}
	o := connect.Options{CephFolder: site.dir, Librados: librados}
	s := site.spec(t, root)
	s.Clusters[0].Access = "librados"
	w := open(t, s, o)
	assert.IsType(t, closing{}, w.Clusters["ceph"].Mon)
	require.NoError(t, w.Close())
	assert.Equal(t, 1, closed)

	user, s.Clusters[0].User = "client.cephstack", "cephstack"
	site.put(t, "ceph.conf", "[global]\nkeyring = "+site.dir+"/$id\n")
	require.NoError(t, os.Rename(filepath.Join(site.dir, "admin"), filepath.Join(site.dir, "cephstack")))
	want = "cephstack"
	open(t, s, o)

	fails = ceph.ErrUnreachable
	_, err := connect.Open(t.Context(), s, o)
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	require.ErrorContains(t, err, "clusters[0]: cluster ceph: ")

	_, err = connect.Open(t.Context(), s, connect.Options{})
	require.ErrorContains(t, err, "spec: clusters[0].access: is librados, and this program was built without librados")
	s.Clusters[0] = spec.Cluster{Name: "ceph"}
	_, err = connect.Open(t.Context(), s, connect.Options{})
	require.ErrorContains(t, err, "spec: clusters[0].host: is missing: ")
}

// asked is a librados that must not be used.
func asked(context.Context, string, string, string) (connect.Connection, error) { panic("asked") }

func TestNothingIsOpenedForASpecWithFaults(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("HOME", t.TempDir())
	site := newSite(t)
	odd, open := site.put(t, "odd", "a\nb\n"), site.put(t, "open", "x\n")
	require.NoError(t, os.Chmod(open, 0o644))
	for want, change := range map[string]func(*spec.Spec){
		"spec: packages: ":                       func(s *spec.Spec) { s.Packages = "maybe" },
		"spec: ssh.timeouts.retry: ":             func(s *spec.Spec) { s.SSH.Timeouts.Retry = "-1s" },
		"spec: ssh.key_files: ":                  func(s *spec.Spec) { s.SSH.KeyFiles = nil },
		"spec: ssh.known_hosts: is not in":       func(s *spec.Spec) { s.SSH.KnownHosts = nil },
		"spec: ssh.known_hosts: is missing":      func(s *spec.Spec) { s.SSH.KnownHosts, s.SSH.Config = nil, "none" },
		"spec: ssh.key_files[0]: ":               func(s *spec.Spec) { s.SSH.KeyFiles = []string{"/nonexistent"} },
		"spec: ssh.known_hosts[0]: ":             func(s *spec.Spec) { s.SSH.KnownHosts[0] += "x" },
		"spec: ssh.entry.key_files[0]: ":         func(s *spec.Spec) { s.SSH.Entry.KeyFiles = []string{"/nonexistent"} },
		"spec: ssh.entry.password_file: ":        func(s *spec.Spec) { s.SSH.Entry.PasswordFile = "/nonexistent" },
		"open is open to others":                 func(s *spec.Spec) { s.SSH.Entry.PasswordFile = open },
		"ssh.entry: remote: Password: ":          func(s *spec.Spec) { s.SSH.Entry.PasswordFile = odd },
		"spec: hosts[1].name: \"mon1\" is there": func(s *spec.Spec) { s.Hosts[1].Name = "mon1" },
	} {
		s := site.spec(t, withEntry+"agent: /agent}}\n")
		change(&s)
		w, err := connect.Open(t.Context(), s, connect.Options{Librados: asked})
		require.ErrorContains(t, err, want)
		assert.Nil(t, w)
		var field *spec.FieldError
		isField := strings.HasPrefix(want, "spec: ") && !strings.Contains(want, "password_file")
		assert.Equal(t, isField, errors.As(err, &field), want)
	}
}

func TestFaultsAreSaidTogether(t *testing.T) {
	site := newSite(t)
	s := site.spec(t, "ssh: {key_files: [id, none], known_hosts: [none]}\n")
	s.Packages, s.Clusters[0].Access = "maybe", "librados"
	_, err := connect.Open(t.Context(), s, connect.Options{})
	fields := []string{"packages", "ssh.key_files[1]", "ssh.known_hosts[0]", "clusters[0].access"}
	for _, field := range fields {
		require.ErrorContains(t, err, "spec: "+field+": ")
	}
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotContains(t, err.Error(), "ssh.key_files[0]")
	assert.Equal(t, 1, strings.Count(err.Error(), "cephstack trust"), "it writes no keys to log in with: %v", err)
}

func TestOpenEndsWithItsContext(t *testing.T) {
	site := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w, err := connect.Open(ctx, site.spec(t, root), connect.Options{})
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, w)
}

// TestTimeoutsAreKept by hosts, entries and jump hosts that take a connection
// and say nothing.
func TestTimeoutsAreKept(t *testing.T) {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listen.Close()
	site := newSite(t)
	site.address = listen.Addr().String()
	const ssh = "prepare: {sudo: {}}\nssh: {user: ops, sudo: true, key_files: [id], known_hosts: [known_hosts], " +
		"entry: {user: installer, key_files: [id]}, timeouts: {handshake: 150ms, retry: 100ms}"
	for _, jump := range []string{"}\n", ", jump: '" + site.address + "'}\n"} {
		w := open(t, site.spec(t, ssh+jump), connect.Options{})
		for _, host := range []remote.Host{w.Hosts["mon1"], w.Entries["mon1"]} {
			began := time.Now()
			_, err := host.Do(t.Context(), remote.Stat{Path: "/"})
			require.ErrorIs(t, err, remote.ErrTimeout)
			assert.Less(t, time.Since(began), 5*time.Second, "the default is 10 s")
		}
	}
}

func TestKeyTargets(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("HOME", t.TempDir())
	site := newSite(t)
	s := site.spec(t, "ssh: {user: ops, key_files: [id], known_hosts: [new], timeouts: {connect: 2s}}\n")
	targets, err := connect.KeyTargets(s)
	require.NoError(t, err, "known_hosts need not be there yet")
	bound := remote.Timeouts{Connect: 2 * time.Second}
	assert.Equal(t, []remote.Config{{Name: "mon1", Address: site.address, Timeouts: bound},
		{Name: "compute1", Address: "compute1", Timeouts: bound}}, targets)

	s.SSH.Jump = "me@bastion:2222"
	targets, err = connect.KeyTargets(s)
	require.NoError(t, err)
	require.Len(t, targets, 3)
	assert.Equal(t, remote.Config{Name: "bastion:2222", Address: "bastion:2222", Timeouts: bound}, targets[0])
	require.NotNil(t, targets[1].Jump)
	assert.Equal(t, "me", targets[1].Jump.User)

	for want, change := range map[string]func(*spec.SSH){
		"spec: ssh.known_hosts: ":      func(s *spec.SSH) { s.KnownHosts, s.Config = nil, "none" },
		"spec: ssh.key_files: ":        func(s *spec.SSH) { s.KeyFiles = nil }, // a jump host is logged in to
		"spec: ssh.timeouts.connect: ": func(s *spec.SSH) { s.Timeouts.Connect = "soon" },
	} {
		c := s.Clone()
		change(&c.SSH)
		_, err := connect.KeyTargets(c)
		assert.ErrorContains(t, err, want)
	}
}
