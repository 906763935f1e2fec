package wiring

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
	"github.com/cephstack/cephstack/remote/upstart"
)

// served is a host behind a real SSH server, and a folder with what reaches it.
func served(t *testing.T) (host *remotetest.Host, address, dir string) {
	t.Helper()
	host = remotetest.NewHost("mon1")
	server, err := remotetest.Serve(host)
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	dir = t.TempDir()
	put(t, filepath.Join(dir, "id"), string(server.Key))
	put(t, filepath.Join(dir, "known_hosts"), server.KnownHost)
	return host, server.Address, dir
}

// load gives the small Spec with ssh.
func load(t *testing.T, dir, address, ssh string) spec.Spec {
	t.Helper()
	s, err := Load(put(t, filepath.Join(dir, "cloud.yaml"), strings.ReplaceAll(small, "ADDRESS", address)+ssh))
	require.NoError(t, err)
	return s
}

func openWorld(t *testing.T, s spec.Spec) integrate.World {
	t.Helper()
	w, closeAll, err := Open(t.Context(), s, nil)
	t.Cleanup(closeAll)
	require.NoError(t, err)
	return w
}

func TestOpenConnectsWhatTheSpecNames(t *testing.T) {
	host, address, dir := served(t)
	host.Handle("ceph", func(run remote.Run) (stdout, stderr []byte, exit int) {
		return []byte(strings.Join(run.Argv, " ")), nil, 0
	})
	api := openstacktest.New(openstacktest.Config{})
	t.Cleanup(api.Close)
	_, err := api.CloudConfig(dir)
	require.NoError(t, err)
	w := openWorld(t, load(t, dir, address, "ssh: {user: root, key_files: [id], known_hosts: [known_hosts]}\n"))

	r, err := w.Hosts["mon1"].Do(t.Context(), remote.Stat{Path: "/etc"})
	require.NoError(t, err, "by the key of the file beside the Spec")
	assert.Equal(t, "dir", r[0].File.Kind)
	reply, err := w.Clusters["ceph"].Mon.Command(t.Context(), ceph.Command{JSON: []byte(`{"prefix": "fsid"}`)})
	require.NoError(t, err)
	assert.Contains(t, string(reply.Data), "ceph --conf /etc/ceph/ceph.conf ")
	assert.Len(t, w.Hosts, 2)
	assert.Len(t, w.Secrets, 1)
	assert.NotNil(t, w.Secrets["compute1"])
	assert.Empty(t, w.Entries)
	require.NoError(t, w.CloudErr)
	require.NotNil(t, w.Cloud)

	s := load(t, dir, address, "ssh: {user: root, key_files: [id], known_hosts: [known_hosts]}\n")
	s.Cloud.Name = "another"
	w = openWorld(t, s)
	require.ErrorContains(t, w.CloudErr, `cloud "another" of `+filepath.Join(dir, "clouds.yaml"))
}

func TestAKeyFileThatIsNone(t *testing.T) {
	_, address, dir := served(t)
	key := put(t, filepath.Join(dir, "id"), "-----BEGIN something-----")
	w := openWorld(t, load(t, dir, address, "ssh: {user: root, key_files: [id], known_hosts: [known_hosts]}\n"))
	_, err := w.Hosts["mon1"].Do(t.Context(), remote.Stat{Path: "/"})
	require.ErrorIs(t, err, remote.ErrAuth)
	require.ErrorContains(t, err, key)
	require.NotContains(t, err.Error(), "something")
}

func TestHowHostsAreReached(t *testing.T) {
	timeouts := spec.Timeouts{Connect: "1s", Handshake: "2s", Authenticate: "3s", Retry: "4s", Idle: "50s"}
	bound := remote.Timeouts{Connect: time.Second, Handshake: 2 * time.Second, Authenticate: 3 * time.Second, Retry: 4 * time.Second, Idle: 50 * time.Second}
	for name, c := range map[string]struct {
		spec spec.SSH
		want remote.Config
	}{
		"root needs no sudo": {spec.SSH{User: "root", Sudo: true, KeyFiles: []string{"id"}}, remote.Config{User: "root", KeyFiles: []string{"id"}}},
		"others may":         {spec.SSH{User: "ops", Sudo: true, Agent: "/a"}, remote.Config{User: "ops", Sudo: true, Agent: "/a"}},
		"timeouts":           {spec.SSH{User: "ops", Timeouts: timeouts}, remote.Config{User: "ops", Timeouts: bound}},
		"a jump host has the same user": {spec.SSH{User: "ops", Sudo: true, KnownHosts: []string{"k"}, Jump: "bastion:22"},
			remote.Config{User: "ops", Sudo: true, KnownHosts: []string{"k"}, Jump: &remote.Config{Name: "bastion:22", Address: "bastion:22", User: "ops", KnownHosts: []string{"k"}}}},
		"or its own, and the same timeouts": {spec.SSH{User: "root", Jump: "me@bastion", Timeouts: timeouts},
			remote.Config{User: "root", Timeouts: bound, Jump: &remote.Config{Name: "me@bastion", Address: "bastion", User: "me", Timeouts: bound}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sshConfig(c.spec)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestLayoutsAndEntriesOfHosts(t *testing.T) {
	s := spec.Spec{Layout: "upstart", Hosts: []spec.Host{{Name: "old", Services: []string{"nova-compute"}}, {Name: "new", Layout: "debian"}},
		SSH: spec.SSH{User: "deploy", KeyFiles: []string{"/id"}, KnownHosts: []string{"/known_hosts"},
			Entry: &spec.Entry{User: "installer", Agent: "/agent"}}}
	w := openWorld(t, s)
	for _, hosts := range []map[string]remote.Host{w.Hosts, w.Entries} {
		assert.IsType(t, &upstart.Host{}, hosts["old"])
		assert.IsType(t, &remote.SSH{}, hosts["new"])
	}
	assert.NotSame(t, w.Hosts["new"], w.Entries["new"])
	assert.Len(t, w.Secrets, 1)
}

// nobody is a librados that must not be asked.
func nobody(context.Context, string, string) (Connection, error) { panic("asked") }

func TestNothingIsOpenedWithFaultsInSSH(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*spec.SSH)
		says   string
	}{
		"timeouts":        {func(s *spec.SSH) { s.Timeouts.Retry = "-1s" }, "spec: ssh.timeouts.retry: "},
		"no key":          {func(s *spec.SSH) { s.KeyFiles = nil }, "spec: ssh.key_files: "},
		"no known_hosts":  {func(s *spec.SSH) { s.KnownHosts = nil }, "spec: ssh.known_hosts: "},
		"no user there":   {func(s *spec.SSH) { s.Entry.User = "" }, "User"},
		"no such file":    {func(s *spec.SSH) { s.Entry.PasswordFile = "/nonexistent" }, "spec: ssh.entry.password_file: "},
		"an odd password": {func(s *spec.SSH) { s.Entry.PasswordFile = put(t, filepath.Join(t.TempDir(), "p"), "a\nb\n") }, "Password"},
	} {
		t.Run(name, func(t *testing.T) {
			given := spec.Spec{Clusters: []spec.Cluster{{Name: "ceph"}}, Hosts: []spec.Host{{Name: "h"}},
				SSH: spec.SSH{User: "deploy", KeyFiles: []string{"/id"}, KnownHosts: []string{"/known_hosts"}, Entry: &spec.Entry{User: "installer", Agent: "/agent"}}}
			c.change(&given.SSH)
			w, closeAll, err := Open(t.Context(), given, nobody)
			defer closeAll()
			require.ErrorContains(t, err, c.says)
			assert.Empty(t, w.Hosts)
		})
	}
	given := spec.Spec{Clusters: []spec.Cluster{{Name: "ceph"}}, Hosts: []spec.Host{{Name: "a", Address: "a:99999999"}, {Name: "b", Address: "b:notaport"}},
		SSH: spec.SSH{User: "root", KeyFiles: []string{"/id"}, KnownHosts: []string{"/known_hosts"}}}
	_, closeAll, err := Open(t.Context(), given, nobody)
	defer closeAll()
	require.Error(t, err)
	assert.Equal(t, 2, strings.Count(err.Error(), "Address"), "each host is said: %v", err)
}

func TestAPasswordIsItsOwnersAlone(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "password"), " secret \r\n")
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(path, link))
	for _, mode := range []os.FileMode{0o600, 0o400} {
		require.NoError(t, os.Chmod(path, mode))
		for _, name := range []string{path, link} {
			p, err := readPassword(name)
			require.NoError(t, err)
			assert.Equal(t, " secret ", p.Reveal())
		}
	}
	ssh := spec.SSH{User: "deploy", KeyFiles: []string{"/id"}, KnownHosts: []string{"/known_hosts"}}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o660, 0o620, 0o601} {
		require.NoError(t, os.Chmod(path, mode))
		for _, name := range []string{path, link} {
			ssh.Entry = &spec.Entry{User: "installer", PasswordFile: name}
			_, closeAll, err := Open(t.Context(), spec.Spec{SSH: ssh, Clusters: []spec.Cluster{{Name: "ceph"}}}, nobody)
			closeAll()
			require.ErrorContains(t, err, "spec: ssh.entry.password_file: "+name+" is open to others", "%o", mode)
			assert.ErrorContains(t, err, "chmod 600")
			assert.NotContains(t, err.Error(), "secret")
		}
	}
}

// TestTimeoutsAreKept by hosts, entries and jump hosts that take a connection
// and say nothing.
func TestTimeoutsAreKept(t *testing.T) {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listen.Close()
	address := listen.Addr().String()
	_, _, dir := served(t)
	const ssh = "prepare: {sudo: {}}\nssh: {user: ops, sudo: true, key_files: [id], known_hosts: [known_hosts], entry: {user: installer, key_files: [id]}, timeouts: {handshake: 150ms, retry: 100ms}"
	for _, jump := range []string{"}\n", ", jump: '" + address + "'}\n"} {
		w := openWorld(t, load(t, dir, address, ssh+jump))
		for _, host := range []remote.Host{w.Hosts["mon1"], w.Entries["mon1"]} {
			began := time.Now()
			_, err := host.Do(t.Context(), remote.Stat{Path: "/"})
			require.ErrorIs(t, err, remote.ErrTimeout)
			assert.Less(t, time.Since(began), 5*time.Second, "the default is 10 s")
		}
	}
}
