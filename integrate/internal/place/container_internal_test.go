package place

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// TestWhereAContainerCopiesFrom takes the forms of entries that config.json has
// had in kolla-ansible's releases, and those of hand.
func TestWhereAContainerCopiesFrom(t *testing.T) {
	in := func(source string) string { return "/var/lib/kolla/config_files/" + source }
	c := Container{Folder: "/etc/kolla/s", copies: []fileCopy{
		{in("ceph"), "/etc/ceph"}, {in("old/a.conf"), "/etc/x/a.conf"}, {in("a.conf"), "/etc/x/a.conf"}, {in("b.conf"),
			"/etc/x/"},
		{in("*.pem"), "/etc/tls/"}, {"/opt/y", "/etc/y"},
	}}
	for path, want := range map[string]string{
		"/etc/ceph/ceph.conf": "/etc/kolla/s/ceph/ceph.conf", "/etc/ceph/a/b": "/etc/kolla/s/ceph/a/b",
		"/etc/x/a.conf": "/etc/kolla/s/a.conf", "/etc/x/b.conf": "/etc/kolla/s/b.conf",
		"/etc/tls/key.pem": "/etc/kolla/s/key.pem",
		"/etc/x/c.conf":    "", "/etc/cephalopod": "", "/etc/tls/key.crt": "",
	} {
		got, ok := c.From(path)
		assert.Equal(t, want, got, path)
		assert.Equal(t, want != "", ok, path)
	}
	older := Container{Folder: "/etc/kolla/s", copies: []fileCopy{{in("ceph.*"), "/etc/ceph/"}}}
	got, _ := older.From("/etc/ceph/ceph.client.glance.keyring")
	assert.Equal(t, "/etc/kolla/s/ceph.client.glance.keyring", got)
	_, ok := older.From("/etc/ceph/hdd.conf")
	assert.False(t, ok)
	_, ok = c.From("/etc/y/1")
	assert.False(t, ok, "is in the image")
	assert.Equal(t, []string{"/etc/kolla/s/old/a.conf", "/etc/kolla/s/a.conf", "/etc/kolla/s/b.conf",
		"/etc/kolla/s/ceph"}, c.into([]string{"/etc/x", "/etc/ceph"}))
}

// TestWhatEnginesSay has an answer of the form of docker's, and one that podman
// 4.3.1 gave, which keeps the slash at the end of a mount.
func TestWhatEnginesSay(t *testing.T) {
	docker := `{"name":"/glance_api","running":true,"started":"2026-01-02T03:04:05.678901234Z","image":"quay.io/` +
		`openstack.kolla/glance-api:2025.1-ubuntu-noble",` +
		`"version":"20.2.1","mounts":[{"Type":"volume","Name":"kolla_logs","Source":"/var/lib/docker/volumes/` +
		`kolla_logs/_data","Destination":"/var/log/kolla","Driver":"local","Mode":"rw","RW":true,"Propagation":""},` +
		`{"Type":"bind","Source":"/etc/kolla/glance-api","Destination":"/var/lib/kolla/config_files","Mode":"ro",` +
		`"RW":false,"Propagation":"rprivate"}],"always":[true,false]}` + "\n"
	podman := `{"name":"nova_compute","running":false,"started":"2026-01-02T04:04:05.5+01:00","image":"localhost/` +
		`nova-compute:latest","version":"","mounts":[],"always":[false]}` + "\n"
	found, err := parseContainers("docker", remote.Result{Data: []byte(docker + podman), Exit: 1,
		Stderr: []byte("\nError: No such container: x\n")})
	require.EqualError(t, err, "Error: No such container: x")
	started := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	assert.Equal(t, Container{Engine: "docker", Running: true, Started: started, Version: "20.2.1", Always: true,
		Folder: "/etc/kolla/glance-api"}, found["glance_api"])
	assert.Equal(t, "latest", found["nova_compute"].Version)
	assert.True(t, found["nova_compute"].Started.Equal(time.Date(2026, 1, 2, 3, 4, 5, 500000000, time.UTC)))
	given := `{"name":"glance_api","running":true,"started":"2026-11-25T23:45:17.804711793Z","image":"quay.io/` +
		`openstack.kolla/glance-api:2023.1-debian-bookworm","version":"16.1.0",` +
		`"mounts":[{"Type":"bind","Source":"/etc/kolla/glance-api","Destination":"/var/lib/kolla/config_files/",` +
		`"Driver":"","Mode":"","Options":["rbind"],"RW":false,"Propagation":"rprivate"}],"always":[true,false]}` + "\n"
	found, err = parseContainers("podman", remote.Result{Data: []byte(given), Exit: 125,
		Stderr: []byte("Error: inspecting object: no such container nova_compute\n")})
	require.EqualError(t, err, "Error: inspecting object: no such container nova_compute")
	assert.Equal(t, Container{Engine: "podman", Running: true, Started: time.Date(2026, 11, 25, 23, 45, 17, 804711793,
		time.UTC), Version: "16.1.0", Always: true, Folder: "/etc/kolla/glance-api"}, found["glance_api"])
	_, err = parseContainers("docker", remote.Result{Data: []byte(docker + `{"name":`)})
	require.Error(t, err)
}
