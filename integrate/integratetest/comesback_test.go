package integratetest_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestComesBack: what ComesBack says is what a hard reboot meets then.
func TestComesBack(t *testing.T) {
	w := integratetest.Integrated(t, smallSpec())
	image, err := w.Cloud.UploadImage(t.Context(), api.ImageRequest{Name: "cirros", DiskFormat: "raw"},
		bytes.NewReader([]byte("a disk")))
	require.NoError(t, err)
	s, err := w.Cloud.CreateServer(t.Context(), api.ServerRequest{Name: "web", ImageID: image.ID, Flavor: "tiny",
		Host: "compute1"})
	require.NoError(t, err)
	require.NoError(t, w.ComesBack(s.ID))
	require.NoError(t, w.Cloud.RebootServer(t.Context(), s.ID))
	mon := w.Ceph["ceph"]
	user, err := ceph.New(mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	was := user.Key

	mon.UpgradeToTentacle()
	user.Key = ceph.Key{}
	user = mon.AddUser(user)
	assert.False(t, mon.Takes(user.Entity, was))
	assert.True(t, mon.Takes(user.Entity, user.Key))
	for _, session := range w.Clients(s.ID) {
		assert.False(t, session.Good())
		require.NoError(t, session.IO(), "nothing was cut")
	}
	require.ErrorContains(t, w.ComesBack(s.ID), "client.cinder is refused with the secret of compute1")
	require.Error(t, w.Cloud.RebootServer(t.Context(), s.ID))
}
