package proof

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// TestNamesOfRuns: a name tells its run and time, and what only looks like such a name tells nothing.
func TestNamesOfRuns(t *testing.T) {
	j := newJourney(newTravel(t, nil).verifier)
	run, began, ok := runOf(runForm, j.name("data"))
	require.True(t, ok, j.name("data"))
	assert.Equal(t, j.prefix, run)
	assert.Less(t, time.Since(began).Abs(), time.Minute)
	_, _, ok = runOf(probeForm, probeName())
	assert.True(t, ok)
	for _, name := range []string{"", "cephstack-verify-", "cephstack-verify-0123abcd", "cephstack-verify-0123abcd-data",
		"cephstack-verify-0123abcd-20200102T030405Z", "cephstack-verify-0123abcd-20200102T030405Z-",
		"cephstack-verify-0123ABCD-20200102T030405Z-data", "cephstack-verify-0123abcd-20201302T030405Z-data",
		"my-cephstack-verify-0123abcd-20200102T030405Z-data", "cephstack-verify-0123abcd-20200102T030405-data",
		"cephstack-verify-0123abcde-20200102T030405Z-data", "\ncephstack-verify-0123abcd-20200102T030405Z-data"} {
		_, _, ok := runOf(runForm, name)
		assert.False(t, ok, "%q", name)
	}
}

// TestWhatMayStillGoOn is younger than two hours, or than what was asked for. A time in the future is of another clock.
func TestWhatMayStillGoOn(t *testing.T) {
	for _, c := range []struct {
		age, began time.Duration
		over       bool
	}{{0, 3 * time.Hour, true}, {0, 119 * time.Minute, false}, {0, -time.Hour, false}, {0, -999 * time.Hour, false},
		{time.Minute, 2 * time.Minute, true}, {time.Minute, 0, false}, {-1, 0, true}, {-1, -time.Hour, true}} {
		j := newTravel(t, nil)
		j.Options.CleanAge = c.age
		assert.Equal(t, c.over, j.over(time.Now().Add(-c.began)), "%v", c)
	}
}

// TestWhatCannotBeRemoved is said, with its command, and is no pass. A list that is not known is no evidence.
func TestWhatCannotBeRemoved(t *testing.T) {
	const run = "cephstack-verify-0123abcd-20200102T030405Z"
	j := newTravel(t, nil)
	s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{
		VolumeDeleted: func(api.Volume) error { return errors.New("rbd: no such pool") }}})
	j.World.Cloud = j.cloud
	held := s.AddVolume(api.Volume{Name: run + "-held", Description: description(run), Status: "in-use",
		Servers: []string{s.AddServer(api.Server{Name: "of somebody else"})}})
	broken := s.AddVolume(api.Volume{Name: run + "-broken", Description: description(run)})
	s.AddImage(api.Image{Name: run + "-image", Description: description(run)}, nil)
	j.older(t.Context())
	c := j.checks[slug(checkOlder)]
	assert.Equal(t, Fail, c.Status)
	for _, part := range []string{"openstack volume delete --force " + held, "openstack volume delete --force " + broken,
		"it is attached to server", "error_deleting", run + " ("} {
		assert.Contains(t, c.Evidence, part)
	}
	assert.Empty(t, s.Images(), "a failure keeps nothing else from being removed")
	assert.Len(t, s.Servers(), 1)
	v, err := j.cloud.Volume(t.Context(), held)
	require.NoError(t, err)
	assert.Equal(t, "in-use", v.Status, "what a VM uses is not touched")
	s.Interrupt(func(*http.Request) (int, string, bool) { return http.StatusForbidden, "", true })
	j.older(t.Context())
	assert.Equal(t, Unable, j.checks[slug(checkOlder)].Status)
}
