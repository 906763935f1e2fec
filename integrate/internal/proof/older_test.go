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

// TestWhatMayStillGoOn is younger than two hours, or than what was asked for, by whatever tells its age: its name, its
// newest thing, the clock of this machine, and that of the APIs. A time in the future is of another clock.
func TestWhatMayStillGoOn(t *testing.T) {
	const h, m = time.Hour, time.Minute
	none := []time.Duration{}
	for i, c := range []struct {
		age, began time.Duration
		things     []time.Duration // how old they are by the clock of this machine
		behind     time.Duration   // the clock of the APIs
		why        string          // of what stays
	}{
		{0, 3 * h, none, 0, ""}, {0, 119 * m, none, 0, "(1h59m0s old"},
		{0, -h, none, 0, "its name is 1h0m0s in the future"}, {0, -999 * h, none, 0, "its name is 999h0m0s in the future"},
		{m, 2 * m, none, 0, ""}, {m, 0, none, 0, "(0s old"}, {-1, 0, none, 0, ""}, {-1, -h, none, 3 * h, ""},
		{0, 3 * h, []time.Duration{3 * h, 0, 4 * h}, 0, "its newest volume is 0s old"},
		{0, 3 * h, []time.Duration{3 * h, 4 * h}, 0, ""}, {-1, 3 * h, []time.Duration{0}, 0, ""},
		{0, 3 * h, []time.Duration{-h}, 0, "its newest volume is 1h0m0s in the future"},
		{0, 0, []time.Duration{3 * h}, 0, "(0s old"}, {m, 3 * h, []time.Duration{2 * m}, 0, ""},
		{0, 3 * h, none, 3 * h, "by the clock of the APIs, its name is 0s old"},
		{0, 3 * h, none, 4 * h, "by the clock of the APIs, its name is 1h0m0s in the future"},
		{0, 6 * h, []time.Duration{3 * h}, 3 * h, "by the clock of the APIs, its newest volume is 0s old"},
		{0, 6 * h, []time.Duration{6 * h}, 3 * h, ""}, {0, 3 * h, none, -3 * h, ""},
		{0, h, []time.Duration{h}, -3 * h, "(1h0m0s old"},
	} {
		for _, silent := range []bool{false, true} {
			if silent && c.behind != 0 {
				continue
			}
			j := newTravel(t, nil)
			s := j.dial(openstacktest.Config{Now: func() time.Time { return time.Now().Add(-c.behind) }, NoDate: silent})
			j.World.Cloud, j.Options.CleanAge = j.cloud, c.age
			run := "cephstack-verify-0123abcd-" + time.Now().Add(-c.began).UTC().Format(runTime)
			for _, age := range c.things {
				s.AddVolume(api.Volume{Name: run + "-data", Description: description(run), Created: time.Now().Add(-age)})
			}
			s.AddFlavor(openstacktest.Flavor{Name: run + "-flavor"}) // the name alone tells its age
			flavors := func() bool {
				all, err := j.cloud.Flavors(t.Context())
				require.NoError(t, err)
				return all[run+"-flavor"] != ""
			}
			j.older(t.Context())
			check := j.checks[slug(checkOlder)]
			assert.Equal(t, Pass, check.Status, "%d", i)
			if assert.Equal(t, c.why != "", flavors(), "%d: %s", i, check.Evidence); c.why == "" {
				assert.Empty(t, s.Volumes(), "%d", i)
				assert.Contains(t, check.Evidence, "removed what was left of "+run)
				continue
			}
			assert.Len(t, s.Volumes(), len(c.things), "%d: one run is left alone as a whole", i)
			assert.Contains(t, check.Evidence, "left alone, as its run may still go on: "+run+" (")
			assert.Contains(t, check.Evidence, c.why+"): ", "%d", i)
		}
	}
}

// TestProbesNeedARightClock: the name alone tells how old an image is with which a run tried a right.
func TestProbesNeedARightClock(t *testing.T) {
	const h = time.Hour
	for _, c := range []struct {
		least, began, behind time.Duration
		silent               bool
		why                  string
	}{
		{0, 3 * h, 0, false, ""}, {0, h, 0, false, "its name is 1h0m0s old"}, {0, 30 * h, 4 * time.Minute, false, ""},
		{0, 30 * h, 6 * time.Minute, false, "the clock of this machine is 6m0s ahead of the clock of the APIs"},
		{0, 30 * h, -3 * h, false, "the clock of this machine is 3h0m0s behind the clock of the APIs"},
		{0, 30 * h, 0, true, "the APIs do not tell the time, so nothing shows whether the clock of this machine is right"},
		{-1, 0, 3 * h, false, ""}, {-1, 0, 0, true, ""},
	} {
		j := newTravel(t, nil)
		j.dial(openstacktest.Config{Now: func() time.Time { return time.Now().Add(-c.behind) }, NoDate: c.silent})
		j.Options.CleanAge = c.least
		over, why := j.agesOf(nil).probeOver("cephstack-probe-0123abcd", time.Now().Add(-c.began))
		assert.Equal(t, []any{c.why == "", c.why}, []any{over, why}, "%+v", c)
	}
}

// TestWhatCannotBeRemoved is said, with its command, and is no pass. A list that is not known is no evidence.
func TestWhatCannotBeRemoved(t *testing.T) {
	const run = "cephstack-verify-0123abcd-20200102T030405Z"
	made := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	j := newTravel(t, nil)
	s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{
		VolumeDeleted: func(api.Volume) error { return errors.New("rbd: no such pool") }}})
	j.World.Cloud = j.cloud
	held := s.AddVolume(api.Volume{Name: run + "-held", Description: description(run), Status: "in-use", Created: made,
		Servers: []string{s.AddServer(api.Server{Name: "of somebody else"})}})
	broken := s.AddVolume(api.Volume{Name: run + "-broken", Description: description(run), Created: made})
	s.AddImage(api.Image{Name: run + "-image", Description: description(run), Created: made}, nil)
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
