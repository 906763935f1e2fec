package rotate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestEachStateOfAGuest: a guest in a state in which it comes back with what it had, or of which that cannot be told,
// keeps the old user. Some of these guests have no session and no image open, so nothing else would tell.
func TestEachStateOfAGuest(t *testing.T) {
	for status, wait := range map[string]string{
		"SUSPENDED": "suspended 1", "PAUSED": "state 1", "RESCUE": "unknown 1", "VERIFY_RESIZE": "unconfirmed 1",
		"ERROR": "error 1", "MIGRATING": "state 1", "UNKNOWN": "state 1",
	} {
		t.Run(status, func(t *testing.T) {
			c := newCloud(t)
			root := c.guest("root", "compute1", false)
			c.API.ChangeServer(root.ID, func(s *api.Server) { s.Status = status })
			report, err := rotate.Apply(t.Context(), c.config(during("live-migration", "hard-reboot", "stop-start")),
				rotate.Options{Revoke: []string{"client.cinder"}})
			require.ErrorIs(t, err, rotate.ErrUnfinished)
			assert.Equal(t, wait, waits(report), "%s", report)
			assert.Zero(t, report.Rotations[0].Done, "%s", report)
			assert.True(t, c.has("client.cinder"))
		})
	}
}

// TestNovaDoesNotSayWhere: a guest whose compute Nova does not name, as of a cell that does not answer, and guests of a
// compute that is not in the Spec, in any state. Nothing is known of them, so the old user stays.
func TestNovaDoesNotSayWhere(t *testing.T) {
	for _, status := range []string{"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "UNKNOWN", "MIGRATING", "REBOOT"} {
		for _, host := range []string{"", "elsewhere"} {
			t.Run(status+" "+host, func(t *testing.T) {
				c := newCloud(t)
				id := c.API.AddServer(api.Server{Name: "lost", Status: status})
				c.API.ChangeServer(id, func(s *api.Server) { s.Host = host })
				report, err := rotate.Apply(t.Context(), c.config(during("live-migration", "hard-reboot")),
					rotate.Options{Revoke: []string{"client.cinder"}})
				require.ErrorIs(t, err, rotate.ErrUnfinished)
				assert.Equal(t, "unknown 1", waits(report), "%s", report)
				assert.True(t, c.has("client.cinder"))
			})
		}
	}
}

// TestShelvedGuests are told to be unshelved, and not to be started.
func TestShelvedGuests(t *testing.T) {
	c := newCloud(t)
	both := c.guest("both", "compute1", true)
	require.NoError(t, c.Cloud.StopServer(t.Context(), both.ID))
	c.API.ChangeServer(both.ID, func(s *api.Server) { s.Status = "SHELVED" })
	report, err := rotate.Plan(t.Context(), c.config(during("live-migration", "hard-reboot")), rotate.Options{})
	require.NoError(t, err)
	assert.Equal(t, "shelved 1", waits(report), "%s", report)
}

// TestBareMetal: a nova-compute that has no libvirt gets no guest by a migration, and its servers are no guests of
// libvirt. It is no reason to wait, unless a volume is attached there as the old user.
func TestBareMetal(t *testing.T) {
	c := newCloud(t)
	both := c.guest("both", "compute1", true)
	c.API.AddService(api.ServiceRecord{Binary: "nova-compute", Host: "metal", Zone: "nova", Enabled: true, Up: true})
	c.API.SetDriver("metal", "ironic")
	metal := c.API.AddServer(api.Server{Name: "metal", Status: "ACTIVE"})
	c.API.ChangeServer(metal, func(s *api.Server) { s.Host = "metal" })
	revoke := rotate.Options{Revoke: []string{"client.cinder"}}
	s := during("live-migration", "hard-reboot")
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorIs(t, err, rotate.ErrUnfinished, "%s", report)
	assert.Equal(t, "revoke", report.Rotations[0].Stage, "%s", report)
	assert.NotContains(t, c.users(both.ID), ":cinder ")

	c.API.AddAttachment(api.Attachment{Volume: "0000aaaa-0000-4000-8000-00000000000a", Server: metal,
		User: "cinder", Driver: "rbd"})
	report, err = rotate.Apply(t.Context(), c.config(s), revoke)
	require.ErrorIs(t, err, rotate.ErrUnfinished, "%s", report)
	assert.Equal(t, "unknown 1", waits(report), "%s", report)
	assert.Contains(t, report.Rotations[0].Waits[0].Text, "which has no libvirt")
	assert.True(t, c.has("client.cinder"))
}
