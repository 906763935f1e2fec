package rotate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestInPlace: a user keeps its name, and gets another key. Guests, keyrings and secrets have the new key at the end,
// and the old key is refused.
func TestInPlace(t *testing.T) {
	for _, w := range ways()[5:] {
		t.Run(w.name, func(t *testing.T) {
			c := w.cloud(t)
			sessions := c.Clients(c.guests[0].ID)
			report, err := rotate.Plan(t.Context(), c.config(w.spec()), w.options())
			require.NoError(t, err)
			assert.Empty(t, report.Problems, "%s", report)
			assert.Equal(t, "key", report.Rotations[0].Stage, "%s", report)
			report, err = rotate.Apply(t.Context(), c.config(w.spec()), w.options())
			c.endedWell(report, err)
			for _, s := range sessions {
				require.Error(t, s.IO(), "the guest has moved away from it")
			}
			u, err := cephx.New(ceph.New(c.Ceph["ceph"])).Lookup(t.Context(), "client.cinder")
			require.NoError(t, err)
			assert.True(t, u.Pending.IsZero())
			assert.False(t, u.Key.Equal(c.was))
			for _, host := range []string{"controller", "compute1", "compute2", "compute3"} {
				data, there := c.Machines[host].Contents("/etc/ceph/ceph.client.cinder.keyring")
				require.True(t, there, host)
				ring, err := ceph.ParseKeyring(data)
				require.NoError(t, err)
				has, _ := ring.Lookup("client.cinder")
				assert.True(t, has.Key.Equal(u.Key), host)
			}
			writes := c.Writes()
			report, err = rotate.Apply(t.Context(), c.config(w.spec()), w.options())
			c.endedWell(report, err)
			assert.Equal(t, writes, c.Writes(), "it is done")
		})
	}
}

// TestInPlaceNeedsAWord: without hybrid in a rule no guest is moved, and the key is not changed, as guests would be
// lost. There is no way back from a key that was changed.
func TestInPlaceNeedsAWord(t *testing.T) {
	w := ways()[6]
	c := w.cloud(t)
	s := w.spec()
	s.Rotate[0].Guests[0].May = []string{"live-migration"}
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "not-allowed 3", waits(report), "%s", report)
	require.NoError(t, c.holds())
	u, err := cephx.New(ceph.New(c.Ceph["ceph"])).Lookup(t.Context(), "client.cinder")
	require.NoError(t, err)
	assert.True(t, u.Key.Equal(c.was) && u.Pending.IsZero(), "the key is as it was")

	_, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Back: true})
	require.ErrorContains(t, err, "there is no way back from that")
	_, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.ErrorContains(t, err, "is not a user that goes")
}

// TestTheOldKeyIsGoodUntilItIsUsed: the new key is on all computes before a guest uses it, and both are good until
// then. A guest that does not move leaves the others where they are, and the next run goes on.
func TestTheOldKeyIsGoodUntilItIsUsed(t *testing.T) {
	w := ways()[6]
	c := w.cloud(t)
	c.Ceph["ceph"].PendingStays = 50 * time.Millisecond
	c.API.FailMigrations(-1, "the destination has no memory")
	report, err := rotate.Apply(t.Context(), c.config(w.spec()), rotate.Options{})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "key", report.Rotations[0].Stage, "%s", report)
	assert.Equal(t, "move", report.Rotations[0].Key, "%s", report)
	for _, g := range c.guests {
		require.NoError(t, c.ComesBack(g.ID))
		for _, session := range c.Clients(g.ID) {
			assert.True(t, session.Good(), "nobody has used the new key")
		}
	}
	c.API.FailMigrations(0, "")
	c.API.ChangeServer(c.guests[0].ID, func(s *api.Server) { s.Locked = true })
	report, err = rotate.Apply(t.Context(), c.config(w.spec()), rotate.Options{})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "locked 1", waits(report), "%s", report)
	require.NoError(t, c.ComesBack(c.guests[0].ID))
	c.API.ChangeServer(c.guests[0].ID, func(s *api.Server) { s.Locked = false })
	report, err = rotate.Apply(t.Context(), c.config(w.spec()), rotate.Options{})
	c.endedWell(report, err)
}
