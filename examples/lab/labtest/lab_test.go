package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

func TestState(t *testing.T) {
	for _, c := range []struct{ dir, suite, want string }{
		{"", "", "/var/lib/cephstack-lab"},
		{"", "bookworm", "/var/lib/cephstack-lab"},
		{"", "trixie", "/var/lib/cephstack-lab-trixie"},
		{"", "sid", "/var/lib/cephstack-lab-sid"},
		{"/srv/lab", "trixie", "/srv/lab"},
	} {
		env := map[string]string{"CEPHSTACK_LAB": c.dir, "SUITE": c.suite}
		assert.Equal(t, c.want, state(func(name string) string { return env[name] }))
	}
}

// TestChangedSpecsAreTheLabs opens the variants' Specs, which connects to nothing.
func TestChangedSpecsAreTheLabs(t *testing.T) {
	l := &lab{state: t.TempDir()}
	require.NoError(t, os.Mkdir(l.out(""), 0o700))
	given, err := os.ReadFile(filepath.Join("..", "cloud.yaml"))
	require.NoError(t, err)
	for name, text := range map[string]string{"cloud.yaml": string(given), "id_ed25519": "", "deploy_ed25519": "",
		"known_hosts": "", "installer_password": "secret\n",
		"deploy_ed25519.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f " +
			"deploy@lab\n"} {
		require.NoError(t, os.WriteFile(l.out(name), []byte(text), 0o600))
	}
	open := func(changes ...func(*spec.Spec) error) *connect.World {
		_, world, err := l.open(t.Context(), changes...)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, world.Close()) })
		assert.Len(t, world.Hosts, 4)
		return world
	}
	assert.Len(t, open().Clusters, 1)
	assert.Len(t, open(secondCluster).Clusters, 2)
	assert.Len(t, open(l.newLogin).Entries, 4)
	assert.Len(t, open(func(s *spec.Spec) error { s.Release = "2025.1"; return nil }, inContainers).Secrets, 2)
	_, _, err = l.open(t.Context(), func(*spec.Spec) error { return errors.ErrUnsupported }, l.newLogin)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, _, err = l.open(t.Context(), func(s *spec.Spec) error { s.Release = "atlantis"; return nil })
	require.ErrorContains(t, err, "spec: release: ")
}

// TestContainersWithoutCeph tells them from containers that are given Ceph.
func TestContainersWithoutCeph(t *testing.T) {
	s := spec.Spec{Release: "2025.1", Layout: "kolla", Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}}, {Name: "compute2", Services: []string{"nova-compute"}}},
		Glance: &spec.Glance{}, Backup: &spec.Backup{}, Nova: &spec.Nova{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}}}
	w, err := integratetest.New(s)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World})
	require.NoError(t, err)
	_, err = (&lab{}).withoutCeph(t.Context(), in)
	require.ErrorContains(t, err, "containers with a problem: []")
	for host, names := range kollaContainers() {
		for _, name := range names {
			w.Machines[host].AddFile("/etc/kolla/"+strings.ReplaceAll(name, "_", "-")+"/config.json",
				[]byte(`{"config_files": []}`), 0o660)
		}
	}
	said, err := (&lab{}).withoutCeph(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, "compute1 nova-compute, compute2 nova-compute, controller cinder-backup, controller cinder-volume, "+
		"controller glance-api", said)
}

// TestThreeControllers: the Spec of variant ha, and a plan of it where the old backend is in the way.
func TestThreeControllers(t *testing.T) {
	s := spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts:  []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}}},
		Glance: &spec.Glance{}, Backup: &spec.Backup{}, Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}}}
	require.NoError(t, threeControllers(&s))
	require.Len(t, s.Hosts, 3)
	assert.Equal(t, spec.Host{Name: "controller3", Address: "10.221.0.23", Services: s.Hosts[0].Services}, s.Hosts[2])
	w, err := integratetest.New(s)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World})
	require.NoError(t, err)
	_, err = keptOut(t.Context(), in)
	require.ErrorContains(t, err, "of [] it is said")
	for _, host := range controllers() {
		w.Machines[host].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nenabled_backends = nfs\n[nfs]\n"+
			"volume_driver = cinder.volume.drivers.nfs.NfsDriver\n"), 0o640)
	}
	said, err := keptOut(t.Context(), in)
	require.NoError(t, err, "each has the backend nfs, as in the lab")
	assert.Equal(t, "on controller, controller2, controller3", said)
	w.Machines["controller2"].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nenabled_backends =\n"), 0o640)
	_, err = keptOut(t.Context(), in)
	require.ErrorContains(t, err, `of ["controller" "controller3"] it is said`)
}
