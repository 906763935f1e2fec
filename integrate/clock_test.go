package integrate_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A wallClock is the clock of a host, which somebody sets.
type wallClock struct{ at time.Time }

// watch makes the controller go by a clock, which moves by a millisecond whenever it is read.
func watch(w *integratetest.World) *wallClock {
	c := &wallClock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.Machines["controller"].Now = func() time.Time {
		c.at = c.at.Add(time.Millisecond)
		return c.at
	}
	return c
}

const glanceAPI = "unit/controller/glance-api.service"

// glances are the unit and the configuration of Glance on the controller, with the Spec.
func glances() map[string]glance {
	return map[string]glance{
		"glance-api.service": {exampleSpec(), "/etc/glance/glance-api.conf"},
		glanceUnit:           {kollaSpec(), "/etc/kolla/glance-api/glance-api.conf"},
	}
}

type glance struct {
	spec spec.Spec
	conf string
}

// edit adds a line to the configuration.
func (g glance) edit(m *remotetest.Host) {
	conf, _ := m.Contents(g.conf)
	m.AddFile(g.conf, append(conf, "# edited\n"...), 0o640)
}

// TestAStartWhileTheClockWasAhead is a unit that started while the clock was an hour ahead.
// Its file changes after that, and the restart is owed once.
func TestAStartWhileTheClockWasAhead(t *testing.T) {
	for unit, g := range glances() {
		w, in := open(t, g.spec)
		c, m := watch(w), w.Machines["controller"]
		apply(t, in)
		c.at = c.at.Add(time.Hour)
		_, err := m.Do(t.Context(), remote.RestartUnit{Unit: unit})
		require.NoError(t, err)
		c.at = c.at.Add(-time.Hour).Add(time.Minute)
		g.edit(m)
		p := plan(t, in)
		require.Equal(t, []string{"unit/controller/" + unit}, idsOf(p, "controller"), "%s", p)
		assert.Contains(t, p.Changes[0].Reason, "in the future by the host's clock")
		report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
		require.ErrorIs(t, err, integrate.ErrChecks)
		assert.Contains(t, statusOf(report, "units controller"), "fail")
		before := m.Changes("restart")
		apply(t, in)
		assert.Equal(t, 1, m.Changes("restart")-before)
		for range 3 {
			require.True(t, plan(t, in).Empty())
			c.at = c.at.Add(40 * time.Minute)
		}
	}
}

// TestAClockThatIsSetBackBetweenWriteAndRestart leaves files that are newer than the start
// of the process that read them.
func TestAClockThatIsSetBackBetweenWriteAndRestart(t *testing.T) {
	for unit, g := range glances() {
		w, in := open(t, g.spec)
		c, m := watch(w), w.Machines["controller"]
		set := false
		m.Fail = func(_ context.Context, op remote.Op) error {
			if _, restart := op.(remote.RestartUnit); restart && !set {
				c.at, set = c.at.Add(-time.Hour), true
			}
			return nil
		}
		apply(t, in)
		require.True(t, set)
		p := plan(t, in)
		require.True(t, p.Empty(), "%s", p)
		report, err := verify(t, in)
		require.NoError(t, err, "%s", report)

		g.edit(m)
		p = plan(t, in)
		require.Equal(t, []string{"unit/controller/" + unit}, idsOf(p, "controller"), "%s", p)
		assert.Equal(t, g.conf+" changed after it started", p.Changes[0].Reason)
	}
}

// TestATouchedFileOwesNoRestart unless something else started the process.
func TestATouchedFileOwesNoRestart(t *testing.T) {
	w, in := open(t, exampleSpec())
	m := w.Machines["controller"]
	apply(t, in)
	conf, _ := m.Contents("/etc/glance/glance-api.conf")
	m.AddFile("/etc/glance/glance-api.conf", conf, 0o640)
	p := plan(t, in)
	require.True(t, p.Empty(), "%s", p)
	_, err := m.Do(t.Context(), remote.RestartUnit{Unit: "glance-api.service"})
	require.NoError(t, err)
	require.True(t, plan(t, in).Empty(), "it is older than the start")
	m.AddFile("/etc/glance/glance-api.conf", conf, 0o640)
	require.Equal(t, []string{glanceAPI}, idsOf(plan(t, in), "controller"), "nobody knows what it has read")
}

// TestAFileOfTheFuture was written while the clock was a day ahead: it is newer than every start until then. It costs a
// restart once, and once more for each start by somebody else, of which there is no note.
func TestAFileOfTheFuture(t *testing.T) {
	for unit, g := range glances() {
		w, in := open(t, g.spec)
		c, m := watch(w), w.Machines["controller"]
		apply(t, in)
		for _, elses := range []bool{false, true} {
			c.at = c.at.Add(24 * time.Hour)
			g.edit(m)
			c.at = c.at.Add(-24 * time.Hour)
			if elses {
				_, err := m.Do(t.Context(), remote.RestartUnit{Unit: unit})
				require.NoError(t, err)
			}
			p := plan(t, in)
			require.Equal(t, []string{"unit/controller/" + unit}, idsOf(p, "controller"), "%s", p)
			assert.Equal(t, g.conf+" changed after it started", p.Changes[0].Reason)
			before := m.Changes("restart")
			for range 4 {
				apply(t, in)
				require.True(t, plan(t, in).Empty())
				c.at = c.at.Add(10 * time.Hour)
			}
			assert.Equal(t, 1, m.Changes("restart")-before)
		}
	}
}
