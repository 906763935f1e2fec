package engine_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
)

// restart is a restart of a unit whose service the APIs know.
func restart(unit string, s serving.Signs) thing {
	return always(host(unit), step.Delta{Action: step.Restart, Do: step.HostStep{Serves: &s,
		Ops: func(now step.Late) ([]remote.Op, error) {
			return []remote.Op{remote.RestartUnit{Unit: unit, Settle: now.Settle}}, nil
		}}})
}

// servingBench is a bench whose APIs know a nova-compute on compute1 and two volume services
// there, which do not report. fails answers in place of the APIs.
func servingBench(t *testing.T, fails func(r *http.Request) bool) (*bench, *openstacktest.Server) {
	b := newBench(t)
	s := b.cloud(openstacktest.Config{Computes: []string{"compute1"}, Controller: "compute1",
		Backends: []string{"slow", "fast"},
		Fail:     func(r *http.Request) (int, string, bool) { return http.StatusForbidden, "{}", fails != nil && fails(r) }})
	for _, name := range []string{"nova-compute compute1", "cinder-volume compute1@slow", "cinder-volume compute1@fast"} {
		binary, at, _ := strings.Cut(name, " ")
		s.SetUp(binary, at, false)
	}
	for _, unit := range []string{"nova-compute.service", "cinder-volume.service", "glance-api.service"} {
		b.hosts["compute1"].AddUnit(unit)
	}
	return b, s
}

// ups makes services report themselves as soon as their unit was restarted.
func (b *bench) ups(s *openstacktest.Server, records ...string) {
	b.hosts["compute1"].FailAfter = func(_ context.Context, op remote.Op) error {
		if _, ok := op.(remote.RestartUnit); ok {
			for _, record := range records {
				binary, name, _ := strings.Cut(record, " ")
				s.SetUp(binary, name, true)
			}
		}
		return nil
	}
}

// TestARestartIsDoneWhenTheAPIsReportTheServiceUp: records that are older than the
// restart do not count, and all records of a service must be there.
func TestARestartIsDoneWhenTheAPIsReportTheServiceUp(t *testing.T) {
	volumes := []string{"cinder-volume compute1@slow", "cinder-volume compute1@fast"}
	for _, c := range []struct {
		name    string
		records []string
		up      []string
		missing string
	}{
		{"all report", volumes, volumes, ""},
		{"nobody reports", volumes, nil, "cinder-volume compute1@slow, cinder-volume compute1@fast"},
		{"only some report", volumes, volumes[:1], "cinder-volume compute1@fast"},
		{"a record that is not there", []string{"cinder-volume other@slow"}, nil, "cinder-volume other@slow"},
	} {
		b, s := servingBench(t, nil)
		b.ups(s, c.up...)
		b.things.add(restart("cinder-volume.service", serving.Signs{Records: c.records}))
		p, run := b.do()
		o := outcome(t, run, host("cinder-volume.service"))
		assert.Equal(t, 1, b.watcher.ended[host("cinder-volume.service")], c.name)
		if c.missing == "" {
			assert.Equal(t, engine.Applied, o.Status, c.name)
			continue
		}
		require.ErrorIs(t, o.Err, remote.ErrUnitFailed, c.name)
		require.ErrorContains(t, o.Err, "the APIs do not report it up: "+c.missing+"; look at its log on compute1", c.name)
		_, _, well := run.Well(p)
		assert.False(t, well, c.name)
	}
}

// TestTheOldProcessSaysNothingOfTheNew: the old process reports until its end, and the
// new process reports once, or never. Both leave a record that is up and newer than the
// look before the restart.
func TestTheOldProcessSaysNothingOfTheNew(t *testing.T) {
	for _, c := range []struct {
		name  string
		hangs bool
	}{{"the new process hangs", true}, {"the new process reports", false}} {
		b, s := servingBench(t, nil)
		s.SetUp("cinder-backup", "compute1", true)
		b.hosts["compute1"].AddUnit("cinder-backup.service")
		b.hosts["compute1"].FailAfter = func(_ context.Context, op remote.Op) error {
			if _, ok := op.(remote.RestartUnit); ok {
				s.SetUp("cinder-backup", "compute1", true)
				if c.hangs {
					s.Hang("cinder-backup", "compute1")
				}
			}
			return nil
		}
		b.things.add(restart("cinder-backup.service", serving.Signs{Records: []string{"cinder-backup compute1"}}))
		_, run := b.do()
		o := outcome(t, run, host("cinder-backup.service"))
		if !c.hangs {
			assert.Equal(t, engine.Applied, o.Status, c.name)
			continue
		}
		require.ErrorIs(t, o.Err, remote.ErrUnitFailed, c.name)
		require.ErrorContains(t, o.Err, "the APIs do not report it up: cinder-backup compute1", c.name)
	}
}

// TestAServiceIsAwaitedAsLongAsTheEngineSays: the APIs report the service up only when
// they are asked for the fifth time.
func TestAServiceIsAwaitedAsLongAsTheEngineSays(t *testing.T) {
	var looks atomic.Int32
	var s *openstacktest.Server
	b, s := servingBench(t, func(r *http.Request) bool {
		if strings.Contains(r.URL.Path, "os-services") && looks.Add(1) == 5 {
			s.SetUp("nova-compute", "compute1", true)
		}
		return false
	})
	b.Await = 10 * time.Second
	b.things.add(restart("nova-compute.service",
		serving.Signs{Records: []string{"nova-compute compute1"}, Computes: true}))
	_, run := b.do()
	assert.Equal(t, engine.Applied, outcome(t, run, host("nova-compute.service")).Status)
	assert.GreaterOrEqual(t, looks.Load(), int32(5))
}

// TestImagesAreAskedForWhereThereAreNoRecords and an API that refuses is named.
func TestImagesAreAskedForWhereThereAreNoRecords(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		var restarted atomic.Bool
		b, _ := servingBench(t, func(*http.Request) bool { return refuses && restarted.Load() })
		if !refuses {
			b.Await = time.Minute // of which an answer takes little
		}
		b.hosts["compute1"].FailAfter = func(context.Context, remote.Op) error { restarted.Store(true); return nil }
		b.things.add(restart("glance-api.service", serving.Signs{Images: true}))
		_, run := b.do()
		o := outcome(t, run, host("glance-api.service"))
		if !refuses {
			assert.Equal(t, engine.Applied, o.Status)
			continue
		}
		assert.Equal(t, engine.Failed, o.Status)
		require.ErrorIs(t, o.Err, remote.ErrUnitFailed)
		require.ErrorIs(t, o.Err, api.ErrDenied)
		assert.ErrorContains(t, o.Err, "the APIs do not tell that it is up")
	}
}

// TestWithoutAPIsAnActiveUnitIsEnough.
func TestWithoutAPIsAnActiveUnitIsEnough(t *testing.T) {
	b := newBench(t)
	b.hosts["compute1"].AddUnit("nova-compute.service")
	b.things.add(restart("nova-compute.service", serving.Signs{Records: []string{"nova-compute compute1"}}))
	_, run := b.do()
	assert.Equal(t, engine.Applied, outcome(t, run, host("nova-compute.service")).Status)
}

// TestAUnitThatDoesNotStayUpIsNotAwaited.
func TestAUnitThatDoesNotStayUpIsNotAwaited(t *testing.T) {
	b, _ := servingBench(t, nil)
	b.Await = time.Hour
	b.hosts["compute1"].BreakUnit("nova-compute.service", "it crashed")
	b.things.add(restart("nova-compute.service", serving.Signs{Records: []string{"nova-compute compute1"}}),
		file(step.AtHost("compute1"), "/a", host("nova-compute.service")), file(step.AtHost("compute1"), "/b"))
	p, run := b.do()
	assert.Equal(t, []string{"nova-compute.service failed", "/a skipped", "/b applied"}, ended(run, p))
	require.ErrorIs(t, outcome(t, run, host("nova-compute.service")).Err, remote.ErrUnitFailed)
}

// TestARestartWhoseAwaitIsCutShort was made; whether it serves is not known.
func TestARestartWhoseAwaitIsCutShort(t *testing.T) {
	b, _ := servingBench(t, nil)
	b.Await = time.Hour
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	b.hosts["compute1"].FailAfter = func(_ context.Context, op remote.Op) error {
		if _, ok := op.(remote.RestartUnit); ok {
			time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
		}
		return nil
	}
	b.things.add(restart("nova-compute.service", serving.Signs{Records: []string{"nova-compute compute1"}}))
	_, run := b.doWith(ctx)
	o := outcome(t, run, host("nova-compute.service"))
	require.ErrorIs(t, o.Err, why)
	assert.ErrorContains(t, o.Err, "was restarted and is active; whether the APIs report it up was not awaited")
}
