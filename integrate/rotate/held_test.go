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

// TestAPendingKeyOfOthersIsNotUsed: somebody made a pending key of the old user by hand, or the rules were edited after
// one was made. Guests that no rule lets take it keep their key, and it is good.
func TestAPendingKeyOfOthersIsNotUsed(t *testing.T) {
	w := aes256k()
	c := w.cloud(t)
	auth := cephx.New(ceph.New(c.Ceph["ceph"]))
	_, err := auth.Pending(t.Context(), "client.cinder")
	require.NoError(t, err)
	s := w.spec()
	s.Rotate[0].Guests = nil
	for range 2 {
		report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
		require.ErrorIs(t, err, rotate.ErrUnfinished)
		assert.Equal(t, "no-rule 3", waits(report), "%s", report)
		assert.Equal(t, "guests", report.Rotations[0].Stage, "%s", report)
	}
	u, err := auth.Lookup(t.Context(), "client.cinder")
	require.NoError(t, err)
	assert.True(t, u.Key.Equal(c.was), "no guest had a word")
	for _, g := range c.guests {
		for _, session := range c.Clients(g.ID) {
			require.NoError(t, session.Renew(), g.Name)
		}
		require.NoError(t, c.Cloud.RebootServer(t.Context(), g.ID))
	}
	u, err = auth.Lookup(t.Context(), "client.cinder")
	require.NoError(t, err)
	assert.True(t, u.Key.Equal(c.was), "the pending key is under no secret")
}

// TestATimeToComeIsRefused: a key can never be newer than a time that is to come, so it would be changed in each run,
// and each change cuts off whoever has the one before. A date is the day of UTC: in Auckland, the day of today is to
// come for half of the day.
func TestATimeToComeIsRefused(t *testing.T) {
	for _, w := range []way{ways()[3], ways()[5], ways()[6]} {
		t.Run(w.name, func(t *testing.T) {
			c := w.cloud(t)
			s := w.spec()
			s.Rotate[0].Since = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			writes := c.Writes()
			report, err := rotate.Apply(t.Context(), c.config(s), w.options())
			require.ErrorIs(t, err, rotate.ErrRefused, "%s", report)
			assert.True(t, told(report.Problems, "since-to-come", "client.cinder", "is to come"), "%s", report)
			assert.Equal(t, writes, c.Writes())
		})
	}
}
