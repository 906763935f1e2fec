package integrate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

func gated(s spec.Spec) spec.Spec {
	s.Gate = "health"
	return s
}

// A ward has the world, and a cluster in it that falls ill and gets well.
type ward struct {
	*integratetest.World
	in  *integrate.Integration
	ill atomic.Bool

	mu     sync.Mutex
	waits  []world.Wait
	onWait func(world.Wait)
}

func openWard(t *testing.T, s spec.Spec) *ward {
	t.Helper()
	w := &ward{World: integratetest.Open(t, s)}
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World.World, Settle: time.Millisecond,
		Poll: time.Millisecond, Parallel: 1, Observer: w.observe})
	require.NoError(t, err)
	w.in = in
	return w
}

func (w *ward) observe(e integrate.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait, ok := e.(world.Wait)
	if !ok {
		return
	}
	w.waits = append(w.waits, wait)
	if w.onWait != nil && len(wait.Reasons) > 0 {
		w.onWait(wait)
	}
}

// fall makes a cluster ill: a host with OSDs is down.
func (w *ward) fall(cluster string) {
	w.Ceph[cluster].Ail(cephtest.Ailments{DownOSDs: []int{0, 1}})
	w.ill.Store(true)
}

func (w *ward) heal() {
	w.ill.Store(false)
	w.Ceph["ceph"].Ail(cephtest.Ailments{})
}

// falling makes the cluster fall ill while a host is worked on. No other host may begin before it is well again.
func (w *ward) falling(t *testing.T, at string) (begun *sync.Map) {
	begun = &sync.Map{}
	var once sync.Once
	for name, m := range w.Machines {
		m.Fail = func(context.Context, remote.Op) error {
			begun.Store(name, true)
			if name == at {
				once.Do(func() {
					w.fall("ceph")
					time.Sleep(5 * time.Millisecond) // for which a look is shared
				})
			} else {
				assert.False(t, w.ill.Load(), "%s is worked on while the cluster is ill", name)
			}
			return nil
		}
	}
	return begun
}

const hostIsDown = "pools backups, images, vms, volumes: of the 3 failure domains of type host that are needed, 2 " +
	"have OSDs that are up and in"

func TestAnApplyWaitsBeforeEachHost(t *testing.T) {
	for _, at := range []string{"compute1", "compute2"} {
		w := openWard(t, gated(exampleSpec()))
		p := plan(t, w.in)
		require.Empty(t, p.Findings, "%s", p)
		w.falling(t, at)
		w.onWait = func(e world.Wait) {
			assert.Equal(t, []string{hostIsDown}, e.Reasons)
			assert.Equal(t, 30*time.Minute, e.Until.Sub(e.Since))
			time.AfterFunc(50*time.Millisecond, func() { w.heal() })
		}
		r, err := w.in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.NoError(t, err)
		assert.Equal(t, len(p.Changes), r.Count(integrate.Applied))
		require.Len(t, w.waits, 2)
		assert.Equal(t, world.Wait{Cluster: "ceph"}, w.waits[1])
		settled(t, w.in)
	}
}

func TestWithoutAGateNothingWaits(t *testing.T) {
	w := openWard(t, exampleSpec())
	w.fall("ceph")
	p := plan(t, w.in)
	assert.Empty(t, p.Findings, "%s", p)
	_, err := w.in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Empty(t, w.waits)
}

// TestARolloutThatWaitsForTooLong says why it ended, and the next run goes on.
func TestARolloutThatWaitsForTooLong(t *testing.T) {
	w := openWard(t, gated(exampleSpec()))
	p := plan(t, w.in)
	w.falling(t, "compute1")
	r, err := w.in.Apply(t.Context(), p, integrate.ApplyOptions{MaxWait: 40 * time.Millisecond, Canaries: 1, MaxFailed: 1})
	require.ErrorIs(t, err, world.ErrUnhealthy)
	for _, o := range r.Outcomes {
		if o.Change.Target == "ceph" || o.Change.Target == "compute1" {
			assert.Equal(t, integrate.Applied, o.Status, o.Change.ID)
			continue
		}
		assert.Equal(t, integrate.Cancelled, o.Status, o.Change.ID)
		assert.True(t, o.Retryable)
		require.ErrorIs(t, o.Err, world.ErrUnhealthy)
		require.ErrorContains(t, o.Err, "not healthy enough for gate: health: cluster ceph, since ")
		require.ErrorContains(t, o.Err, hostIsDown+"; the rollout waited for 40ms. See ceph health detail; the next run ")
	}
	for _, m := range w.Machines {
		m.Fail = nil
	}
	p = plan(t, w.in)
	assert.Equal(t, "is not enough for gate: health, so that a rollout waits before each host: "+hostIsDown,
		finds(t, p, "cluster-unhealthy").Message)
	assert.Empty(t, p.Problems())
	w.heal()
	apply(t, w.in)
	settled(t, w.in)
}

func TestAConvergeWaitsBeforeEachHost(t *testing.T) {
	w := openWard(t, gated(exampleSpec()))
	begun := w.falling(t, "compute1")
	_, faults := parts(t.Context(), w.in, integrate.ConvergeOptions{
		ApplyOptions: integrate.ApplyOptions{MaxWait: 40 * time.Millisecond}}, nil)
	assert.Len(t, faults, 3)
	for _, name := range []string{"compute2", "controller", "cloud"} {
		require.ErrorIs(t, faults[name], world.ErrUnhealthy, name)
		_, touched := begun.Load(name)
		assert.False(t, touched, name)
	}
	w.onWait = func(world.Wait) { time.AfterFunc(20*time.Millisecond, func() { w.heal() }) }
	targets, faults := parts(t.Context(), w.in, integrate.ConvergeOptions{}, func(p integrate.Part) {
		for _, f := range p.Plan.Findings {
			assert.Contains(t, []string{"cluster-unhealthy", "fleet-mixed"}, f.Code)
		}
	})
	assert.Len(t, targets, 5)
	assert.Empty(t, faults)
	settled(t, w.in)
}

func TestAPlanOnlyConvergeWaitsForNothing(t *testing.T) {
	w := openWard(t, gated(exampleSpec()))
	w.fall("ceph")
	_, faults := parts(t.Context(), w.in, integrate.ConvergeOptions{PlanOnly: true}, nil)
	assert.Empty(t, faults)
	assert.Empty(t, w.waits)
}

// TestALongWaitKeepsTheLock and ends at once when it is cancelled.
func TestALongWaitKeepsTheLock(t *testing.T) {
	w := openWard(t, gated(exampleSpec()))
	w.in.Term(4*time.Second, time.Now)
	p := plan(t, w.in)
	w.falling(t, "compute1")
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	var cancelled time.Time
	w.onWait = func(world.Wait) {
		time.AfterFunc(6*time.Second, func() {
			_, err := w.Ceph["ceph"].Holder(t.Context(), "cephstack", "operator-lock")
			assert.NoError(t, err, "the lock is held")
			cancelled = time.Now()
			cancel(enough)
		})
	}
	r, err := w.in.Apply(ctx, p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, enough)
	require.NotErrorIs(t, err, world.ErrLock)
	assert.Less(t, time.Since(cancelled), time.Second)
	assert.Positive(t, r.Count(integrate.Applied))
	free(t, w.World)
}

// TestOnlyHostsOfThatClusterWait: the computes do not use the cluster of images.
func TestOnlyHostsOfThatClusterWait(t *testing.T) {
	s := gated(exampleSpec())
	s.Clusters = []spec.Cluster{{Name: "ceph"}, {Name: "pictures"}}
	s.Glance.Cluster = "pictures"
	s.Hosts[0].Services = []string{"glance-api"}
	s.Hosts = append(s.Hosts, spec.Host{Name: "volumes", Services: []string{"cinder-volume", "cinder-backup"}})
	w := openWard(t, s)
	p := plan(t, w.in)
	w.fall("pictures")
	r, err := w.in.Apply(t.Context(), p, integrate.ApplyOptions{MaxWait: 20 * time.Millisecond})
	require.ErrorIs(t, err, world.ErrUnhealthy)
	for _, o := range r.Outcomes {
		if o.Change.Stage == "computes" {
			assert.Equal(t, integrate.Applied, o.Status, o.Change.ID)
		}
		if o.Change.Target == "controller" {
			require.ErrorContains(t, o.Err, "cluster pictures, since ")
		}
	}
}

// TestWhatMovesDataWaits, and a new pool does not.
func TestWhatMovesDataWaits(t *testing.T) {
	s := gated(exampleSpec())
	s.Clusters[0].Pools = append(s.Clusters[0].Pools, spec.Pool{Name: "vms", Size: 3})
	for _, move := range []bool{false, true} {
		w := openWard(t, s)
		if move {
			require.NoError(t, w.Ceph["ceph"].AddPool(ceph.Pool{Name: "vms", Application: "rbd", Size: 2}))
		}
		p := plan(t, w.in)
		w.Ceph["ceph"].Ail(cephtest.Ailments{PGs: map[string]map[string]int{"vms": {"down": 1}}})
		r, err := w.in.Apply(t.Context(), p, integrate.ApplyOptions{MaxWait: 20 * time.Millisecond})
		require.ErrorIs(t, err, world.ErrUnhealthy)
		for _, o := range r.Outcomes {
			want := integrate.Cancelled
			if o.Change.Target == "ceph" && !move {
				want = integrate.Applied
			}
			assert.Equal(t, want, o.Status, o.Change.ID)
		}
	}
}

// TestTheWayInWaitsForNoCluster: the cluster cannot be asked before keys and sudo rule are written.
func TestTheWayInWaitsForNoCluster(t *testing.T) {
	s := gated(bareSpec())
	s.Clusters[0].Host = "controller"
	w, _ := openBare(t, s)
	w.Ceph["ceph"].Fail = func(cephtest.Op) error {
		return &remote.HostError{Host: "controller", Step: "authenticate", Err: remote.ErrAuth}
	}
	in := w.Integration(t)
	r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{MaxWait: time.Hour})
	require.NotErrorIs(t, err, world.ErrUnhealthy)
	assert.Positive(t, r.Count(integrate.Applied))
}

func TestAClusterWithoutQuorumIsWaitedFor(t *testing.T) {
	w := openWard(t, gated(exampleSpec()))
	p := plan(t, w.in)
	var once sync.Once
	w.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
		if _, last := op.(remote.RestartUnit); last {
			once.Do(func() {
				w.Ceph["ceph"].Ail(cephtest.Ailments{LostMonitors: 1})
				time.Sleep(5 * time.Millisecond)
			})
		}
		return nil
	}
	w.onWait = func(e world.Wait) {
		assert.Contains(t, e.Reasons[0], "it does not answer, as when its monitors have lost their quorum: ")
		time.AfterFunc(20*time.Millisecond, func() { w.heal() })
	}
	_, err := w.in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Len(t, w.waits, 2)
}

// TestWhyARolloutEnded says what to do about that: a cluster that cannot be asked has no health to look at.
func TestWhyARolloutEnded(t *testing.T) {
	for says, fault := range map[string]error{
		"See that most of its monitors run, and that they can be reached; the next run ":      ceph.ErrUnreachable,
		"See that the user with which the cluster is asked may read its state; the next run ": ceph.ErrDenied,
		"Put that right; the next run ": ceph.ErrInvalid,
	} {
		w := openWard(t, gated(exampleSpec()))
		p := plan(t, w.in)
		var begun atomic.Bool
		w.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
			if _, last := op.(remote.RestartUnit); last {
				begun.Store(true)
				time.Sleep(5 * time.Millisecond) // a look before that is not fresh any more
			}
			return nil
		}
		w.Ceph["ceph"].Fail = func(cephtest.Op) error {
			if begun.Load() {
				return fault
			}
			return nil
		}
		r, err := w.in.Apply(t.Context(), p, integrate.ApplyOptions{MaxWait: 20 * time.Millisecond, Canaries: 1})
		require.ErrorIs(t, err, world.ErrUnhealthy)
		require.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "health detail")
		for _, o := range r.Outcomes {
			if o.Status == integrate.Cancelled {
				assert.Equal(t, 1, strings.Count(o.Err.Error(), "not healthy enough"), o.Err)
			}
		}
	}
}
