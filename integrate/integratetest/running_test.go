package integratetest_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestWhatRunsOnFakeHosts: a service has the librados of its packages, unless it keeps an older one.
func TestWhatRunsOnFakeHosts(t *testing.T) {
	s := smallSpec()
	w := integratetest.Integrated(t, s)
	ask := func(name string, o running.Options) running.Host {
		r, err := w.Machines[name].Do(t.Context(), running.Ask(o))
		require.NoError(t, err)
		h, err := running.Parse(r[0])
		require.NoError(t, err)
		require.NoError(t, h.ProcessesErr)
		return h
	}
	h := ask("compute1", running.Options{Domains: true})
	require.NoError(t, h.DomainsErr)
	require.Len(t, h.Processes, 1)
	assert.Equal(t, "nova-compute", h.Processes[0].Name)
	assert.Equal(t, "16.2.15", h.Processes[0].Version)
	assert.Equal(t, running.No, h.Processes[0].AES256k)
	assert.Equal(t, "16.2.15", h.Installed[0].Version)

	for _, p := range []string{"ceph-common", "python3-rados", "qemu-block-extra"} {
		w.Machines["compute1"].AddPackage(p, "20.2.4-1", true)
	}
	w.KeepLibrados("compute1", "nova-compute", "16.2.15")
	h = ask("compute1", running.Options{})
	assert.ErrorIs(t, h.DomainsErr, running.ErrNotAsked)
	assert.Equal(t, running.Yes, h.Installed[0].AES256k)
	assert.True(t, h.Processes[0].Replaced)
	assert.Equal(t, running.No, h.Processes[0].AES256k)
}

// TestAgesOnFakeHosts: a guest is newer than its secret if it was started after the secret was written. A volume that
// is attached starts no guest.
func TestAgesOnFakeHosts(t *testing.T) {
	s := smallSpec()
	s.Cinder.Backends[0].VolumeType = "ceph"
	w := integratetest.Integrated(t, s)
	volume := func() string {
		v, err := w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "ceph"})
		require.NoError(t, err)
		return v.ID
	}
	guest, err := w.Cloud.CreateServer(t.Context(), api.ServerRequest{Name: "s", VolumeID: volume(), Flavor: "tiny"})
	require.NoError(t, err)
	list, err := w.Libvirt["compute1"].List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	newer := func() (pid int, newer bool) {
		r, err := w.Machines["compute1"].Do(t.Context(), running.Ask(running.Options{Domains: true}))
		require.NoError(t, err)
		h, err := running.Parse(r[0])
		require.NoError(t, err)
		at := slices.IndexFunc(h.Processes, func(p running.Process) bool { return p.Domain == guest.ID })
		require.GreaterOrEqual(t, at, 0)
		pid = h.Processes[at].PID
		r, err = w.Machines["compute1"].Do(t.Context(), running.AskAges(list[0].UUID, pid))
		require.NoError(t, err)
		return pid, running.ParseAges(r[0]).Newer(pid)
	}
	first, is := newer()
	assert.True(t, is)
	w.Libvirt["compute1"].Put(list[0])
	require.NoError(t, w.Cloud.Attach(t.Context(), guest.ID, volume()))
	pid, is := newer()
	assert.Equal(t, first, pid)
	assert.False(t, is)
	require.NoError(t, w.Cloud.RebootServer(t.Context(), guest.ID))
	pid, is = newer()
	assert.NotEqual(t, first, pid)
	assert.True(t, is)
}
