package rotate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/rotate"
)

// TestHybrid: guests that may not be rebooted keep the old user for Nova's disks, and take its new key by a live
// migration. None of them loses its session for good, and each session at the end is one with the new key.
func TestHybrid(t *testing.T) {
	c := newCloud(t)
	web, db := c.guest("web", "compute1", true), c.guest("db", "compute2", true)
	auth := cephx.New(ceph.New(c.Ceph["ceph"]))
	was, err := auth.Lookup(t.Context(), "client.cinder")
	require.NoError(t, err)
	s := during("live-migration", "hybrid")
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "no-since 2", waits(report), "%s", report)

	time.Sleep(time.Second) // keys have whole seconds
	s.Rotate[0].Since = time.Now().UTC().Format(time.RFC3339)
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	if err != nil {
		require.ErrorIs(t, err, rotate.ErrUnfinished, "%s", report)
	}
	now, lookErr := auth.Lookup(t.Context(), "client.cinder")
	require.NoError(t, lookErr, "guests have the user")
	assert.False(t, now.Key.Equal(was.Key))
	assert.Equal(t, "done", report.Rotations[0].Stage, "%s\n%v", report, err)
	assert.Equal(t, 2, report.Rotations[0].Keeps, "%s", report)
	for _, id := range []string{web.ID, db.ID} {
		assert.Contains(t, c.users(id), "root:cinder ")
		assert.Contains(t, c.users(id), "volume:cinder.1 ")
		for i, session := range c.Clients(id) {
			assert.NoError(t, session.Renew(), i)
		}
		require.NoError(t, c.Cloud.RebootServer(t.Context(), id), "it comes back")
	}
	_, err = c.Ceph["ceph"].Login("client.cinder", was.Key)
	require.ErrorIs(t, err, ceph.ErrDenied)
}

// TestHybridOfAKeyOfTheSameType: the key has the wanted type from the start, and no time is given. It is changed all
// the same, and nothing is said to have a new key before.
func TestHybridOfAKeyOfTheSameType(t *testing.T) {
	w := ways()[4]
	c := w.cloud(t)
	auth := cephx.New(ceph.New(c.Ceph["ceph"]))
	_, err := auth.Rotate(t.Context(), "client.cinder", "aes256k")
	require.NoError(t, err)
	require.NoError(t, c.Integrate(t.Context()))
	was, err := auth.Lookup(t.Context(), "client.cinder")
	require.NoError(t, err)
	for _, g := range c.guests {
		require.NoError(t, c.Cloud.RebootServer(t.Context(), g.ID))
	}
	time.Sleep(1100 * time.Millisecond) // keys have whole seconds
	report, err := rotate.Plan(t.Context(), c.config(w.spec()), w.options())
	require.NoError(t, err)
	assert.Zero(t, report.Rotations[0].Keeps, "%s", report)
	assert.NotContains(t, report.String(), "with its new key")
	c.was = was.Key
	report, err = rotate.Apply(t.Context(), c.config(w.spec()), w.options())
	c.ended(report, err)
	assert.Equal(t, 3, report.Rotations[0].Keeps, "%s", report)
	now, err := auth.Lookup(t.Context(), "client.cinder")
	require.NoError(t, err)
	assert.False(t, now.Key.Equal(was.Key), "the key was changed")
}
