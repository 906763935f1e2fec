package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// waits are the codes of what guests wait for, with their numbers.
func waits(r *rotate.Report) string {
	var all []string
	for _, g := range r.Rotations[0].Waits {
		all = append(all, fmt.Sprintf("%s %d", g.Code, len(g.Guests)))
	}
	return strings.Join(all, ", ")
}

// TestNoGuestIsTouchedWithoutARule: what the rules do not allow waits, and each guest says for what.
func TestNoGuestIsTouchedWithoutARule(t *testing.T) {
	c := newCloud(t)
	both, stopped := c.guest("both", "compute1", true), c.guest("stopped", "compute2", true)
	locked := c.guest("locked", "compute3", false)
	require.NoError(t, c.Cloud.StopServer(t.Context(), stopped.ID))
	c.API.ChangeServer(locked.ID, func(s *api.Server) { s.Locked = true })
	was := c.users(both.ID)

	s := during()
	s.Rotate[0].Guests = nil
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "no-rule 3", waits(report), "%s", report)
	assert.Equal(t, was, c.users(both.ID))
	assert.True(t, c.has("client.cinder"))

	report, err = rotate.Apply(t.Context(), c.config(during("live-migration")),
		rotate.Options{Revoke: []string{"client.cinder"}})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "not-allowed 2, no-nova-manage 1", waits(report), "%s", report)
	assert.Contains(t, c.users(both.ID), "volume:cinder.1 ")
	assert.Contains(t, c.users(both.ID), "root:cinder ")
	assert.True(t, c.has("client.cinder"))

	s = during("hard-reboot")
	s.Rotate[0].NovaManage = "controller"
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "locked 1", waits(report), "%s", report)
	now, err := c.Cloud.Server(t.Context(), stopped.ID)
	require.NoError(t, err)
	assert.Equal(t, "SHUTOFF", now.Status, "it was stopped, and stays stopped")

	c.API.ChangeServer(locked.ID, func(s *api.Server) { s.Locked = false })
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
	assert.False(t, c.has("client.cinder"))
	require.NoError(t, c.Cloud.StartServer(t.Context(), stopped.ID))
	assert.NotContains(t, c.users(stopped.ID), ":cinder ")
	assert.Empty(t, c.API.Violations())
}

// TestStopAndStart renews volumes and Nova's disks at once. A program that dies in between leaves a guest that the next
// run starts.
func TestStopAndStart(t *testing.T) {
	c := newCloud(t)
	both := c.guest("both", "compute1", true)
	s := during("stop-start")
	s.Rotate[0].NovaManage, s.Rotate[0].NovaManageConfig = "controller", []string{"/etc/nova/nova-manage.conf"}
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
	assert.Equal(t, "root:cinder.1 config drive:cinder.1 volume:cinder.1 ", c.users(both.ID))
	now, err := c.Cloud.Server(t.Context(), both.ID)
	require.NoError(t, err)
	assert.Empty(t, now.Tags)

	c.API.ChangeServer(both.ID, func(s *api.Server) { s.Tags = []string{"cephstack-start"} })
	require.NoError(t, c.Cloud.StopServer(t.Context(), both.ID))
	again := s
	again.Nova.User, again.Cinder.Backends[0].User = "cinder.2", "cinder.2"
	again.Rotate[0].From, again.Rotate[0].To = "cinder.1", "cinder.2"
	report, err = rotate.Apply(t.Context(), c.config(again), rotate.Options{Revoke: []string{"client.cinder.1"}})
	require.NoError(t, err, "%s", report)
	now, err = c.Cloud.Server(t.Context(), both.ID)
	require.NoError(t, err)
	assert.Equal(t, "ACTIVE", now.Status)
	assert.Empty(t, now.Tags)
	assert.Equal(t, "root:cinder.2 config drive:cinder.2 volume:cinder.2 ", c.users(both.ID))
}

// TestWhoIsUnknownKeepsTheUser: a session of a stranger, a monitor that does not tell, a host that cannot be read, and
// a domain that Nova does not know.
func TestWhoIsUnknownKeepsTheUser(t *testing.T) {
	c := newCloud(t)
	c.guest("both", "compute1", true)
	s := during("live-migration", "hard-reboot")
	revoke := rotate.Options{Revoke: []string{"client.cinder"}}
	user, err := ceph.New(c.Ceph["ceph"]).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	stranger, err := c.Ceph["ceph"].Login("client.cinder", user.Key)
	require.NoError(t, err)
	report, err := rotate.Apply(t.Context(), c.config(s), revoke)
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "proof", report.Rotations[0].Stage, "%s", report)
	assert.Equal(t, "session", report.Rotations[0].Bars[0].Code)
	assert.Contains(t, report.String(), "is logged in to mon.a as client.cinder")
	assert.True(t, c.has("client.cinder"))
	stranger.Close()

	c.Machines["compute3"].Fail = func(context.Context, remote.Op) error { return errors.New("no route to host") }
	report, err = rotate.Apply(t.Context(), c.config(s), revoke)
	require.Error(t, err)
	assert.True(t, c.has("client.cinder"), "%s", report)
	c.Machines["compute3"].Fail = nil

	report, err = rotate.Apply(t.Context(), c.config(s), revoke)
	require.NoError(t, err, "%s", report)
	assert.False(t, c.has("client.cinder"))
}

// TestMigrationsThatFail leave the guests where they are, stop after a few, and are listed. The next run goes on.
func TestMigrationsThatFail(t *testing.T) {
	c := newCloud(t)
	for i := range 5 {
		c.volumeGuest(fmt.Sprint("boot", i), "compute1")
	}
	c.API.FailMigrations(-1, "the destination has no memory")
	s := during("live-migration", "hard-reboot")
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{MaxFailed: 2})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "the destination has no memory")
	assert.Contains(t, err.Error(), "2 guests did not end well, so no other guest is begun")
	assert.Len(t, report.Rotations[0].Next[0].Guests, 5, "%s", report)
	c.API.FailMigrations(0, "")
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
}

// TestBack takes everything back, as long as the old user is there.
func TestBack(t *testing.T) {
	c := newCloud(t)
	both := c.guest("both", "compute1", true)
	s := during("live-migration", "hard-reboot")
	_, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.NotContains(t, c.users(both.ID), ":cinder ")
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Back: true})
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "revoke", report.Rotations[0].Stage, "%s", report)
	assert.NotContains(t, c.users(both.ID), ":cinder.1 ")
	assert.Contains(t, report.String(), "back:   cinder.backends[0], nova of the Spec get client.cinder; if any of them "+
		"had another user before", "a service that had client.cinder.1 before cannot be told")
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Back: true, Revoke: []string{"client.cinder.1"}})
	require.NoError(t, err, "%s", report)
	assert.False(t, c.has("client.cinder.1"))

	_, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err)
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Back: true})
	require.ErrorIs(t, err, rotate.ErrRefused)
	assert.Equal(t, "no-way-back", report.Problems[0].Code, "%s", report)
}

// TestNobodyIsStoppedInVain: nova-manage that does not work on the host of the Spec is found before a guest is stopped.
func TestNobodyIsStoppedInVain(t *testing.T) {
	c := newCloud(t)
	both := c.guest("both", "compute1", true)
	s := during("stop-start")
	s.Rotate[0].NovaManage = "compute2" // which has no database
	var acts []string
	c.API.Interrupt(func(r *http.Request) (int, string, bool) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/"+both.ID+"/action") {
			acts = append(acts, r.URL.Path)
		}
		return 0, "", false
	})
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorContains(t, err, "it is not stopped, as its volumes could not be renewed then: nova-manage "+
		"volume_attachment show on compute2 ended with exit status 255", "%s", report)
	assert.Empty(t, acts)
}
