package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A rollout writes down what Roll does.
type rollout struct {
	*bench
	fail map[string]bool // targets that do not end well
	wait time.Duration   // how long each takes

	mu       sync.Mutex
	log      []string
	left     map[string]error
	now, max map[step.Where]int // how many are worked on at once, and were at most
}

func newRollout(t *testing.T, fail ...string) *rollout {
	r := &rollout{bench: newBench(t, func(s *spec.Spec) {
		s.Hosts = append(s.Hosts, spec.Host{Name: "controller2", Services: []string{"glance-api"}})
	}), fail: map[string]bool{}, left: map[string]error{}, now: map[step.Where]int{}, max: map[step.Where]int{}}
	for _, name := range fail {
		r.fail[name] = true
	}
	return r
}

var errBad = errors.New("bad")

func (r *rollout) do(_ context.Context, t step.Target) error {
	r.enter(t, 1)
	time.Sleep(r.wait)
	r.enter(t, -1)
	if r.fail[t.Name] {
		return errBad
	}
	return nil
}

func (r *rollout) enter(t step.Target, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > 0 {
		r.log = append(r.log, t.Name)
	}
	where := t.Where
	if strings.HasPrefix(t.Name, "controller") {
		where = 9
	}
	r.now[where] += n
	r.max[where] = max(r.max[where], r.now[where])
}

// roll rolls out to all targets, and gives the names of the targets that were begun.
func (r *rollout) roll(ctx context.Context, o engine.Rollout) (begun []string, err error) {
	targets := r.Site.Targets()
	o.Do, o.Left = r.do, func(t step.Target, why error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.left[t.Name] = why
	}
	err = r.Roll(ctx, o, targets)
	assert.Len(r.t, targets, len(r.log)+len(r.left), "each is begun or left")
	for _, name := range r.log {
		assert.NotContains(r.t, r.left, name)
	}
	return slices.Clone(r.log), err
}

// TestTheOrderOfStages: clusters, computes, controllers one by one, the APIs.
func TestTheOrderOfStages(t *testing.T) {
	r := newRollout(t)
	r.wait = 5 * time.Millisecond
	begun, err := r.roll(t.Context(), engine.Rollout{})
	require.NoError(t, err)
	require.Len(t, begun, 8)
	slices.Sort(begun[:2])
	slices.Sort(begun[2:5])
	assert.Equal(t, []string{"hdd", "ssd", "compute1", "compute2", "compute3", "controller", "controller2",
		"cloud"}, begun)
	assert.Equal(t, 3, r.max[step.OnHost], "computes go in parallel")
	assert.Equal(t, 1, r.max[9], "controllers go one by one")
}

// TestLookingGoesInParallel: failures stop nothing, and controllers go side by side.
func TestLookingGoesInParallel(t *testing.T) {
	r := newRollout(t, "compute1", "compute2", "controller")
	r.wait = 20 * time.Millisecond
	begun, err := r.roll(t.Context(), engine.Rollout{Reads: true, Canaries: 1, MaxFailed: 1})
	require.NoError(t, err)
	assert.Len(t, begun, 8)
	assert.Equal(t, 2, r.max[9])
}

// TestRolloutsThatFail is the table of canaries and limits.
func TestRolloutsThatFail(t *testing.T) {
	all := []string{"compute1", "compute2", "compute3", "controller", "controller2"}
	for _, c := range []struct {
		name  string
		o     engine.Rollout
		fail  []string
		begun []string // of the hosts
	}{
		{"no limit", engine.Rollout{}, all, all},
		{"a canary fails", engine.Rollout{Canaries: 1}, []string{"compute1"}, all[:1]},
		{"one of two canaries fails", engine.Rollout{Canaries: 2}, []string{"compute2"}, all[:2]},
		{"the canaries are well", engine.Rollout{Canaries: 2}, []string{"compute3"}, all},
		{"more canaries than computes", engine.Rollout{Canaries: 9}, nil, all},
		{"the first failure stops", engine.Rollout{MaxFailed: 1}, []string{"compute1"}, all[:1]},
		{"the second failure stops", engine.Rollout{MaxFailed: 2}, []string{"compute1", "compute2"}, all[:2]},
		{"fewer failures than that", engine.Rollout{MaxFailed: 2}, []string{"compute1"}, all},
		{"the last failure stops the controllers", engine.Rollout{MaxFailed: 1}, []string{"compute3"}, all[:3]},
		{"a controller that fails stops nothing", engine.Rollout{MaxFailed: 1, Canaries: 1}, []string{"controller"}, all},
		{"a canary does not count as a failure after", engine.Rollout{Canaries: 1, MaxFailed: 1}, nil, all},
	} {
		r := newRollout(t, c.fail...)
		r.Parallel = 1
		begun, err := r.roll(t.Context(), c.o)
		hosts := slices.DeleteFunc(begun, func(s string) bool { return !strings.HasPrefix(s, "co") })
		assert.Equal(t, c.begun, hosts, c.name)
		if len(c.begun) == len(all) {
			require.NoError(t, err, c.name)
			assert.Empty(t, r.left, c.name)
			continue
		}
		require.ErrorIs(t, err, engine.ErrStopped, c.name)
		for name, why := range r.left {
			require.ErrorIs(t, why, engine.ErrStopped, "%s: %s", c.name, name)
		}
		assert.Contains(t, r.left, "cloud", c.name)
	}
}

// TestARolloutThatIsCancelled begins nothing more, whatever it is at, and says the cause.
func TestARolloutThatIsCancelled(t *testing.T) {
	enough := errors.New("enough")
	for k, at := range []string{"hdd", "compute2", "controller", "cloud"} {
		for _, reads := range []bool{false, true} {
			r := newRollout(t)
			r.Parallel = 1
			ctx, cancel := context.WithCancelCause(t.Context())
			do := func(ctx context.Context, target step.Target) error {
				if target.Name == at {
					cancel(enough)
				}
				return r.do(ctx, target)
			}
			left := func(t step.Target, why error) { r.left[t.Name] = why }
			err := r.Roll(ctx, engine.Rollout{Reads: reads, Do: do, Left: left}, r.Site.Targets())
			where := fmt.Sprint(at, " ", reads)
			assert.Len(t, r.Site.Targets(), len(r.log)+len(r.left), where)
			for name, why := range r.left {
				require.ErrorIs(t, why, enough, "%s: %s", where, name)
			}
			switch k {
			case 3:
				require.NoError(t, err, where)
				assert.Empty(t, r.left, where)
			default:
				require.ErrorIs(t, err, enough, where)
				assert.Contains(t, r.left, "cloud", where)
				assert.Contains(t, r.left, "controller2", where)
			}
		}
	}
}

// TestTargetsThatAreNotAskedForAreNotTouched: a rollout works on the targets that it is
// given, and on no others.
func TestTargetsThatAreNotAskedForAreNotTouched(t *testing.T) {
	r := newRollout(t)
	left := func(step.Target, error) { assert.Fail(t, "left") }
	targets := []step.Target{step.AtHost("controller"), step.AtHost("compute3")}
	err := r.Roll(t.Context(), engine.Rollout{Canaries: 2, Do: r.do, Left: left}, targets)
	require.NoError(t, err)
	assert.Equal(t, []string{"compute3", "controller"}, r.log)
	require.NoError(t, r.Roll(t.Context(), engine.Rollout{Do: r.do}, nil))
}

// TestTargetsBeginOnlyIfTheyMay: the error of Begin leaves its target and all that were not begun, and is the
// reason of each.
func TestTargetsBeginOnlyIfTheyMay(t *testing.T) {
	held := errors.New("held")
	all := []string{"hdd", "ssd", "compute1", "compute2", "compute3", "controller", "controller2", "cloud"}
	for at, name := range all[:7] {
		for _, o := range []engine.Rollout{{}, {Canaries: 2, MaxFailed: 1}} {
			r := newRollout(t)
			r.Parallel = 1
			o.Begin = func(_ context.Context, target step.Target) error {
				if target.Name == name {
					return held
				}
				return nil
			}
			begun, err := r.roll(t.Context(), o)
			require.ErrorIs(t, err, held, name)
			assert.Equal(t, strings.Join(all[:at], " "), strings.Join(begun, " "))
			for left, why := range r.left {
				require.ErrorIs(t, why, held, "%s: %s", name, left)
			}
			r = newRollout(t)
			o.Reads = true
			begun, err = r.roll(t.Context(), o)
			require.NoError(t, err)
			assert.Len(t, begun, len(all), "looking waits for nothing")
		}
	}
}

// TestWhatRetiresGoesBackwards: controllers before computes, and a controller whose service is down keeps the computes.
func TestWhatRetiresGoesBackwards(t *testing.T) {
	for _, c := range []struct {
		down  string
		begun []string
	}{
		{"", []string{"controller", "controller2", "compute1", "compute2", "compute3"}},
		{"controller2", []string{"controller", "controller2"}},
	} {
		r := newRollout(t)
		r.Parallel = 1
		going := r.Site.Spec
		going.Retire = true
		r.Site = want.Resolve(going)
		why := errors.New("down")
		begun, err := r.roll(t.Context(), engine.Rollout{Down: func(t step.Target) error {
			if t.Name == c.down {
				return why
			}
			return nil
		}})
		assert.Equal(t, c.begun, slices.DeleteFunc(begun, func(s string) bool { return !strings.HasPrefix(s, "co") }))
		if c.down == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, why)
		for _, name := range []string{"compute1", "compute2", "compute3", "cloud"} {
			require.ErrorIs(t, r.left[name], why, name)
		}
	}
}

// TestComputesThatShareAServiceGoOneByOne, behind the others, and a service that is down stops the rollout.
func TestComputesThatShareAServiceGoOneByOne(t *testing.T) {
	for _, c := range []struct {
		o     engine.Rollout
		down  string
		begun []string
	}{
		{engine.Rollout{}, "", []string{"compute2", "compute1", "compute3", "controller", "controller2"}},
		{engine.Rollout{Canaries: 3}, "", []string{"compute2", "compute1", "compute3", "controller", "controller2"}},
		{engine.Rollout{}, "compute1", []string{"compute2", "compute1"}},
		{engine.Rollout{Canaries: 1}, "compute1", []string{"compute1"}},
		{engine.Rollout{}, "controller", []string{"compute2", "compute1", "compute3", "controller"}},
	} {
		r := newRollout(t)
		s := r.Site.Spec
		for i, h := range s.Hosts {
			if h.Name == "compute1" || h.Name == "compute3" {
				s.Hosts[i].Services = []string{"nova-compute", "glance-api"}
			}
		}
		r.Site = want.Resolve(s)
		r.wait = time.Millisecond
		why := errors.New("down")
		c.o.Down = func(t step.Target) error {
			if t.Name == c.down {
				return why
			}
			return nil
		}
		begun, err := r.roll(t.Context(), c.o)
		assert.Equal(t, c.begun, slices.DeleteFunc(begun, func(s string) bool { return !strings.HasPrefix(s, "co") }))
		if c.down == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, why)
		for name, left := range r.left {
			assert.ErrorIs(t, left, why, name)
		}
		assert.Contains(t, r.left, "cloud")
	}
}
