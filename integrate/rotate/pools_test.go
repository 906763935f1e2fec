package rotate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/rotate"
)

// lost has an image of a pool open, and no session on a monitor any more.
func lost(t *testing.T, mon *cephtest.Cluster, pool string) {
	t.Helper()
	user, err := ceph.New(mon).CreateUser(t.Context(), "client."+pool, ceph.Caps{"mon": "allow r"})
	require.NoError(t, err)
	session, err := mon.Login(user.Entity, user.Key)
	require.NoError(t, err)
	require.NoError(t, session.Watch(pool, "disk"))
	mon.AddUser(ceph.User{Entity: user.Entity, Key: oldKey(t)})
	require.ErrorIs(t, session.Renew(), ceph.ErrDenied)
}

// TestAPoolThatTheSpecDoesNotHave: the user that goes has rights on an old pool, too. Whoever has an image open there
// keeps the user, and so does a pool into which cephstack cannot look.
func TestAPoolThatTheSpecDoesNotHave(t *testing.T) {
	c := newCloud(t)
	mon := c.Ceph["ceph"]
	for _, name := range []string{"old", "other"} {
		require.NoError(t, mon.AddPool(ceph.Pool{Name: name, Application: "rbd"}))
		require.NoError(t, mon.AddImage(ceph.Image{Pool: name, Name: "disk", Size: 1}))
		lost(t, mon, name)
	}
	user, err := ceph.New(mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	grant := func(clause string) {
		caps := ceph.Caps{"mon": user.Caps["mon"], "osd": user.Caps["osd"] + ", " + clause}
		mon.AddUser(ceph.User{Entity: "client.cinder", Key: user.Key, Caps: caps})
	}
	grant("profile rbd pool=old")
	s, revoke := during("live-migration"), rotate.Options{Revoke: []string{"client.cinder"}}
	refused := func(why string) {
		t.Helper()
		report, err := rotate.Apply(t.Context(), c.config(s), revoke)
		require.ErrorIs(t, err, rotate.ErrUnfinished, "%s", report)
		assert.ErrorContains(t, err, why)
		assert.True(t, c.has("client.cinder"))
	}
	refused("old/disk is open by client.")
	mon.Fail = func(op cephtest.Op) error {
		if op.Name == "rbd ls" && op.Object == "old" {
			return ceph.ErrDenied
		}
		return nil
	}
	refused("client.cinder has rights on pool old, which the Spec does not have, and cephstack may not look who has " +
		"images of it open, so client.cinder stays: give the user of cephstack profile rbd-read-only pool=old for osd")
	mon.Fail = nil
	grant("allow rwx pool=old namespace=blue")
	refused("client.cinder has rights on namespace blue of pool old")
	grant("allow rwx pool=gone")
	report, err := rotate.Apply(t.Context(), c.config(s), revoke)
	require.NoError(t, err, "%s", report)
	assert.False(t, c.has("client.cinder"), "the pool other is none of its pools")
}
