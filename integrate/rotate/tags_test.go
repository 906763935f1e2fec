package rotate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestTagsOfOwners: the owner of a guest can set tags. An administrator who stopped and locked a guest is not undone by
// that, and one guest that does not start keeps no others back.
func TestTagsOfOwners(t *testing.T) {
	c := newCloud(t)
	evil, good := c.guest("evil", "compute1", true), c.guest("good", "compute2", true)
	require.NoError(t, c.Cloud.StopServer(t.Context(), evil.ID))
	c.API.ChangeServer(evil.ID, func(s *api.Server) {
		s.Locked, s.Tags = true, []string{"cephstack-start", "cephstack-refresh"}
	})
	s := during("stop-start")
	s.Rotate[0].NovaManage = "controller"
	for range 2 {
		report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{})
		require.ErrorIs(t, err, rotate.ErrUnfinished)
		assert.Equal(t, "stopped-and-locked 1", waits(report), "%s", report)
		now, err := c.Cloud.Server(t.Context(), evil.ID)
		require.NoError(t, err)
		assert.True(t, now.Locked)
		assert.Equal(t, "SHUTOFF", now.Status)
	}
	assert.NotContains(t, c.users(good.ID), ":cinder ")
}

// TestAGuestThatARunStoppedIsTold: a run was killed while a guest was stopped. Until the next run starts it, each
// status names it, also where the rotation is done otherwise.
func TestAGuestThatARunStoppedIsTold(t *testing.T) {
	c := newCloud(t)
	root := c.guest("root", "compute1", false)
	s := during("stop-start")
	_, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err)
	require.NoError(t, c.Cloud.StopServer(t.Context(), root.ID))
	c.API.ChangeServer(root.ID, func(s *api.Server) { s.Tags = []string{"cephstack-start"} })
	report, err := rotate.Plan(t.Context(), c.config(s), rotate.Options{})
	require.NoError(t, err)
	assert.False(t, report.Done(), "%s", report)
	assert.Contains(t, report.String(), "next:   1 guest: start: a run that did not end stopped it\n          root (")
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.NoError(t, err, "%s", report)
	now, err := c.Cloud.Server(t.Context(), root.ID)
	require.NoError(t, err)
	assert.Equal(t, "ACTIVE", now.Status)
}

// TestAStopThatIsUnderWay: a run was killed while Nova stopped a guest. The next run waits for that, and starts it.
func TestAStopThatIsUnderWay(t *testing.T) {
	c := newCloud(t)
	root := c.guest("root", "compute1", false)
	c.API.ChangeServer(root.ID, func(s *api.Server) { s.Tags, s.Task = []string{"cephstack-start"}, "powering-off" })
	s := during("stop-start")
	done := make(chan struct{})
	_, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Observer: func(e rotate.Event) {
		if e.Stage == "guests" && e.Guest == "" {
			go func() {
				defer close(done)
				time.Sleep(500 * time.Millisecond)
				c.API.ChangeServer(root.ID, func(s *api.Server) { s.Status, s.Task = "SHUTOFF", "" })
			}()
		}
	}})
	<-done
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	now, err := c.Cloud.Server(t.Context(), root.ID)
	require.NoError(t, err)
	assert.Equal(t, "ACTIVE", now.Status)
	assert.Empty(t, now.Tags)
	assert.NotContains(t, c.users(root.ID), ":cinder ")
}
