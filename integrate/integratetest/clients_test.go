package integratetest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// withGuest is a cloud with two computes and a VM with a volume.
func withGuest(t *testing.T) (*integratetest.World, api.Server) {
	t.Helper()
	s := smallSpec()
	s.Cinder.Backends[0].VolumeType = "ceph"
	s.Hosts = append(s.Hosts, spec.Host{Name: "compute2", Services: []string{"nova-compute"}})
	w := integratetest.Integrated(t, s)
	volume, err := w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "ceph"})
	require.NoError(t, err)
	root, err := w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "r", SizeGiB: 1, Type: "ceph"})
	require.NoError(t, err)
	server, err := w.Cloud.CreateServer(t.Context(), api.ServerRequest{Name: "s", VolumeID: root.ID, Flavor: "tiny",
		Host: "compute1", UserData: []byte("#!/bin/sh\n")})
	require.NoError(t, err)
	require.NoError(t, w.Cloud.Attach(t.Context(), server.ID, volume.ID))
	return w, server
}

func domainsOn(t *testing.T, w *integratetest.World, host string) running.Host {
	t.Helper()
	r, err := w.Machines[host].Do(t.Context(), running.Ask(running.Options{Domains: true}))
	require.NoError(t, err)
	h, err := running.Parse(r[0])
	require.NoError(t, err)
	require.NoError(t, h.DomainsErr)
	return h
}

// TestAGuestIsAClient: each disk is logged in with the key that the secret of its compute had when it was opened.
func TestAGuestIsAClient(t *testing.T) {
	w, server := withGuest(t)
	h := domainsOn(t, w, "compute1")
	require.Len(t, h.Domains, 1)
	require.NoError(t, h.Domains[0].Err)
	assert.Equal(t, server.ID, h.Domains[0].UUID)
	assert.Len(t, h.Domains[0].Live, 3, "root, volume and config drive")
	clients := w.Clients(server.ID)
	require.Len(t, clients, 3)
	sessions, err := cephx.New(ceph.New(w.Ceph["ceph"])).Sessions(t.Context())
	require.NoError(t, err)
	assert.Len(t, cephx.ByClient(sessions), 4, "three disks, and the user that asks")

	require.NoError(t, w.Cloud.LiveMigrate(t.Context(), server.ID, "compute2"))
	assert.Empty(t, domainsOn(t, w, "compute1").Domains)
	assert.Len(t, domainsOn(t, w, "compute2").Domains, 1)
	assert.Error(t, clients[0].IO(), "the QEMU of the source has ended")
	assert.Len(t, w.Clients(server.ID), 3)

	// A secret with a wrong value is met by the next login only.
	spoil(t, w, "compute1")
	for _, c := range w.Clients(server.ID) {
		require.NoError(t, c.Renew())
	}
	err = w.Cloud.LiveMigrate(t.Context(), server.ID, "compute1")
	require.Error(t, err)
	assert.Len(t, domainsOn(t, w, "compute2").Domains, 1, "the VM goes on where it is")
	require.NoError(t, w.Clients(server.ID)[0].IO())
}

// spoil gives all secrets of a compute the value of a key that nobody has.
func spoil(t *testing.T, w *integratetest.World, host string) {
	t.Helper()
	secrets, err := w.Libvirt[host].List(context.Background())
	require.NoError(t, err)
	for _, s := range secrets {
		s.Value, err = libvirtsecret.ParseValue("AQBSdFhkAAAAABAA6LC1Pq3yXn5Rr9mWb0Q0Yw==")
		require.NoError(t, err)
		w.Libvirt[host].Put(s)
	}
}

// TestNovaManage: a compute tells what it is, and the controller renews the attachments of a VM that is stopped.
func TestNovaManage(t *testing.T) {
	w, server := withGuest(t)
	run := func(host string, stdin []byte, argv ...string) remote.Result {
		r, err := w.Machines[host].Do(t.Context(), remote.Run{Argv: append([]string{"nova-manage"}, argv...),
			Stdin: cephstack.Redact(stdin)})
		require.NoError(t, err)
		return r[0]
	}
	connector := run("compute1", nil, "volume_attachment", "get_connector", "--json")
	require.Zero(t, connector.Exit)
	volumes, err := w.Cloud.Volumes(t.Context())
	require.NoError(t, err)
	refresh := []string{"--config-file", "/etc/nova/nova-manage.conf", "volume_attachment", "refresh", server.ID,
		volumes[0].ID, "/dev/stdin"}
	show := []string{"volume_attachment", "show", server.ID, volumes[0].ID, "--connection_info", "--json"}
	assert.Zero(t, run("controller", nil, show...).Exit)
	assert.NotZero(t, run("compute1", nil, show...).Exit, "a compute has no database")
	show[3] = server.ID
	assert.NotZero(t, run("controller", nil, show...).Exit, "that is not a volume of it")
	r := run("controller", connector.Data, refresh...)
	assert.NotZero(t, r.Exit)
	assert.Contains(t, string(r.Data), "must be stopped")
	require.NoError(t, w.Cloud.StopServer(t.Context(), server.ID))
	assert.Empty(t, w.Clients(server.ID))
	assert.NotZero(t, run("compute1", connector.Data, refresh...).Exit, "a compute has no database")
	before, err := w.Cloud.Attachments(t.Context(), volumes[0].ID)
	require.NoError(t, err)
	other := slices.Clone(refresh)
	other[1] = "/etc/nova/nova.conf"
	r = run("controller", connector.Data, other...)
	assert.Equal(t, 1, r.Exit)
	assert.Contains(t, string(r.Data), "Unknown auth type: None (HTTP 401)")
	require.Zero(t, run("controller", connector.Data, refresh...).Exit)
	after, err := w.Cloud.Attachments(t.Context(), volumes[0].ID)
	require.NoError(t, err)
	assert.NotEqual(t, before[0].ID, after[0].ID)
	assert.NotZero(t, run("controller", []byte("{}"), refresh...).Exit)
	assert.NotZero(t, run("controller", nil, "cell_v2", "list_cells").Exit)
	require.NoError(t, w.Cloud.StartServer(t.Context(), server.ID))
	assert.Len(t, w.Clients(server.ID), 3)
}
