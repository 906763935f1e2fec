package rotate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// TestYoungGuestsWithTheOldKey: guests that started after their computes got the old key do not have the new key, which
// is made, and is on no compute yet.
func TestYoungGuestsWithTheOldKey(t *testing.T) {
	for _, w := range ways()[5:] {
		t.Run(w.name, func(t *testing.T) {
			c := w.cloud(t)
			for _, g := range c.guests {
				require.NoError(t, c.Cloud.RebootServer(t.Context(), g.ID))
			}
			auth := cephx.New(ceph.New(c.Ceph["ceph"]))
			if w.tentacle {
				_, err := auth.Pending(t.Context(), "client.cinder")
				require.NoError(t, err)
			} else {
				_, err := auth.Rotate(t.Context(), "client.cinder", "aes")
				require.NoError(t, err)
			}
			report, err := rotate.Plan(t.Context(), c.config(w.spec()), w.options())
			require.NoError(t, err)
			assert.Zero(t, report.Rotations[0].Keeps, "%s", report)
			assert.Zero(t, report.Rotations[0].Done, "%s", report)
			assert.Equal(t, "prepare", report.Rotations[0].Key, "%s", report)
			report, err = rotate.Apply(t.Context(), c.config(w.spec()), w.options())
			c.ended(report, err)
		})
	}
}

// TestAPendingKeyHidesNothingOfAnotherUser: while one user has a pending key, the secret of another user, whose key was
// changed at once, still is to be changed.
func TestAPendingKeyHidesNothingOfAnotherUser(t *testing.T) {
	s := before()
	s.Cinder.Backends[0].User = "volumes"
	w := ways()[6]
	c := &rotated{cloud: &cloud{World: integratetest.Open(t, s), t: t}, way: w, was: oldKey(t)}
	c.upgrade()
	c.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder", Key: c.was})
	require.NoError(t, c.Integrate(t.Context()))
	auth := cephx.New(ceph.New(c.Ceph["ceph"]))
	_, err := auth.Pending(t.Context(), "client.cinder")
	require.NoError(t, err)
	stale := c.secretOf("compute1", "client.volumes")
	_, err = auth.Rotate(t.Context(), "client.volumes", "aes256k")
	require.NoError(t, err)
	require.NoError(t, c.Integrate(t.Context()))
	c.Libvirt["compute1"].Put(stale)
	rules := []spec.GuestRule{{May: w.may}}
	s.Rotate = []spec.Rotation{{From: "cinder", KeyType: "aes256k", Guests: rules},
		{From: "volumes", KeyType: "aes256k", Guests: rules}}
	report, err := rotate.Plan(t.Context(), c.config(s), rotate.Options{})
	require.NoError(t, err)
	assert.Equal(t, "prepare", report.Rotations[0].Key, "%s", report)
	assert.Equal(t, "prepare", report.Rotations[1].Key, "%s", report)
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.True(t, report != nil && report.Done(), "%s\n%v", report, err)
}

// secretOf is the secret of a user on a compute.
func (c *cloud) secretOf(host, entity string) libvirtsecret.Secret {
	list, err := c.Libvirt[host].List(c.t.Context())
	require.NoError(c.t, err)
	at := slices.IndexFunc(list, func(s libvirtsecret.Secret) bool { return strings.Contains(s.UsageID, entity) })
	require.GreaterOrEqual(c.t, at, 0, "%v", list)
	return list[at]
}
