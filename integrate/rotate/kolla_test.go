package rotate_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// inContainers makes the services of a Spec run in containers of Kolla.
func inContainers(s spec.Spec) spec.Spec {
	s.Release, s.Layout, s.Packages = "2023.1", spec.LayoutKolla, ""
	return s
}

// newContainers is an integrated cloud in containers. kolla-ansible was told of the user that comes.
func newContainers(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{World: integratetest.Integrated(t, inContainers(before())), t: t}
	c.upload()
	for _, host := range []string{"compute1", "compute2", "compute3"} {
		const path, entry = "/etc/kolla/nova-compute/config.json", "ceph.client.cinder.keyring"
		config, _ := c.Machines[host].Contents(path)
		require.Contains(t, string(config), entry)
		c.Machines[host].AddFile(path, bytes.ReplaceAll(config, []byte(entry), []byte("ceph.client.cinder.1.keyring")), 0o660)
	}
	return c
}

// TestContainersFromEndToEnd: where services run in containers, nova-manage is in a container of Nova, too. Guests that
// run and guests that are stopped leave the old user, and nothing of it is left.
func TestContainersFromEndToEnd(t *testing.T) {
	c := newContainers(t)
	both, off := c.guest("both", "compute1", true), c.volumeGuest("off", "compute2")
	require.NoError(t, c.Cloud.StopServer(t.Context(), off.ID))
	s := inContainers(during("stop-start"))
	s.Rotate[0].NovaManage = "controller"
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
	assert.True(t, report.Done(), "%s", report)
	assert.False(t, c.has("client.cinder"))
	assert.NotContains(t, c.users(both.ID), ":cinder ")
	require.NoError(t, c.Cloud.StartServer(t.Context(), off.ID))
	assert.NotContains(t, c.users(off.ID), ":cinder ")
	gone := libvirtsecret.DeriveUUID(c.Ceph["ceph"].FSID, "client.cinder")
	for host, m := range c.Machines {
		for _, folder := range []string{"nova-compute", "cinder-volume/ceph", "cinder-backup/ceph", "nova-libvirt/secrets"} {
			list, err := m.Do(t.Context(), remote.ReadDir{Path: "/etc/kolla/" + folder})
			require.NoError(t, err)
			for _, f := range list[0].Files {
				assert.NotContains(t, f.File.Path, "client.cinder.keyring", "%s %s", host, folder)
				assert.NotContains(t, f.File.Path, gone, "%s %s", host, folder)
			}
		}
	}
	p, err := c.integration(s).Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	assert.True(t, p.Empty(), "%s", p)
}

// TestAContainerThatDoesNotRun: without a container of Nova that has the database, no guest is stopped.
func TestAContainerThatDoesNotRun(t *testing.T) {
	c := newContainers(t)
	c.guest("both", "compute1", true)
	s := inContainers(during("stop-start"))
	s.Rotate[0].NovaManage = "controller"
	delete(c.Containers["controller"], "nova_conductor")
	delete(c.Containers["controller"], "nova_api")
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorContains(t, err, "it is not stopped, as its volumes could not be renewed then: nova-manage "+
		"volume_attachment show on controller ended with exit status 125: none of these containers runs here: "+
		"nova_super_conductor nova_conductor nova_api", "%s", report)
}

// TestAContainerThatCopiesTheKeyringKeepsIt: a container does not start where a file is missing that its config.json
// names. What is left of a user that is gone is removed once kolla-ansible does not name it any more.
func TestAContainerThatCopiesTheKeyringKeepsIt(t *testing.T) {
	c := newContainers(t)
	s := inContainers(during("hard-reboot"))
	const config, old = "/etc/kolla/nova-compute/config.json", "/etc/kolla/nova-compute/ceph.client.cinder.keyring"
	now, _ := c.Machines["compute2"].Contents(config)
	both := bytes.Replace(now, []byte(`"config_files": [`), []byte(`"config_files": [
        {"source": "/var/lib/kolla/config_files/ceph.client.cinder.keyring",
            "dest": "/etc/ceph/ceph.client.cinder.keyring", "owner": "nova", "perm": "0600"},`), 1)
	require.NotEqual(t, now, both)
	c.Machines["compute2"].AddFile(config, both, 0o660)
	revoke := rotate.Options{Revoke: []string{"client.cinder"}}
	report, err := rotate.Apply(t.Context(), c.config(s), revoke)
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "clean", report.Rotations[0].Stage, "%s", report)
	assert.Equal(t, []rotate.Bar{{Code: "keyring", Who: "compute2", Text: old + " is left in place: " + config +
		" copies it, and the container would not start without it; tell kolla-ansible of the user of the Spec, and run " +
		"its reconfigure"}}, report.Rotations[0].Left)
	_, there := c.Machines["compute2"].Contents(old)
	assert.True(t, there)
	c.Machines["compute2"].AddFile(config, now, 0o660)
	report, err = rotate.Apply(t.Context(), c.config(s), revoke)
	require.NoError(t, err, "%s", report)
	_, there = c.Machines["compute2"].Contents(old)
	assert.False(t, there)
}
