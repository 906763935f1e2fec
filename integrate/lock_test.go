package integrate_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// annas is the operator lock of somebody else.
func annas() ceph.Lock {
	return ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: "x", Owner: "anna", Host: "ops1", Purpose: "converge",
		Since: time.Date(2026, 11, 27, 7, 11, 35, 0, time.UTC), Term: 90 * time.Second}
}

const takenByAnna = "integrate: the operator lock is not held, so nothing is changed: somebody else works on cluster " +
	"ceph: ceph rados lock get cephstack/operator-lock: errno 16: held by anna on ops1 for converge since 2026-11-27 " +
	"07:11:35 UTC; the lock expires within 1m30s if that program is gone. Wait for that program to end. If it will not " +
	"come back, break the lock of \"anna@ops1\""

func TestTheSecondOperatorIsTold(t *testing.T) {
	w, in := open(t, exampleSpec())
	require.NoError(t, ceph.New(w.Ceph["ceph"]).TakeLock(t.Context(), annas()))
	p := plan(t, in)
	require.Empty(t, p.Problems(), "a plan needs no lock")
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.EqualError(t, err, takenByAnna)
	require.ErrorIs(t, err, world.ErrLock)
	require.ErrorIs(t, err, ceph.ErrLocked)
	assert.Equal(t, len(p.Changes), r.Count(integrate.Cancelled))
	assert.True(t, r.Outcomes[0].Retryable)
	n := 0
	for part := range in.Converge(t.Context(), integrate.ConvergeOptions{}) {
		n++
		require.ErrorIs(t, part.Err(), world.ErrLock, part.Target)
		require.ErrorContains(t, part.Err(), takenByAnna)
		assert.Equal(t, "operator-lock", part.Result.Findings[0].Cause)
	}
	assert.Equal(t, 5, n)
	for part := range in.Converge(t.Context(), integrate.ConvergeOptions{PlanOnly: true}) {
		require.NoError(t, part.Err(), part.Target)
	}
	_, err = in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NotErrorIs(t, err, world.ErrLock)
	assert.Zero(t, w.Writes())

	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{BreakLock: "anna"})
	require.ErrorIs(t, err, ceph.ErrLocked)
	require.ErrorContains(t, err, `is not of "anna", which was to be broken, but of "anna@ops1"`)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{BreakLock: "anna@ops1"})
	require.NoError(t, err)
	settled(t, in)
	free(t, w)
}

// free wants the operator lock to be given back.
func free(t *testing.T, w *integratetest.World) {
	t.Helper()
	_, err := w.Ceph["ceph"].Holder(t.Context(), "cephstack", "operator-lock")
	require.ErrorIs(t, err, ceph.ErrNotFound)
}

func TestOfTwoOperatorsOneWrites(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := plan(t, in)
	var second error
	var once atomic.Bool
	w.Machines["compute1"].Fail = func(ctx context.Context, _ remote.Op) error {
		if !once.Swap(true) {
			_, second = w.Integration(t).Apply(ctx, p, integrate.ApplyOptions{})
		}
		return nil
	}
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	require.ErrorIs(t, second, ceph.ErrLocked)
	require.ErrorContains(t, second, " for apply since ")
	settled(t, in)
	free(t, w)
}

func TestThePoolOfTheLockIsNoDrift(t *testing.T) {
	w, in := open(t, exampleSpec())
	apply(t, in)
	pools, err := ceph.New(w.Ceph["ceph"]).Pools(t.Context())
	require.NoError(t, err)
	assert.Contains(t, pools, ceph.Pool{Name: "cephstack", PGNum: 1, Autoscale: "on", Size: 3, MinSize: 2,
		CRUSHRule: "replicated_rule", Application: "cephstack"})
	settled(t, in)
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.NotContains(t, report.String(), "cephstack/")
	w.Ceph["ceph"].RemovePool("cephstack")
	settled(t, in)
	free(t, w)
}

func TestAnEmptyPlanNeedsNoLock(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	in := w.Integration(t)
	w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
		if strings.HasPrefix(op.Object, "cephstack") {
			return ceph.ErrDenied
		}
		return nil
	}
	_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.NoError(t, err)
}

// A lock that is lost in the middle: nothing is begun after the step under way.
func TestWhoLosesTheLockStopsBeforeTheNextWrite(t *testing.T) {
	for name, lose := range map[string]func(skew *atomic.Int64, w *integratetest.World){
		"the process was stopped": func(skew *atomic.Int64, _ *integratetest.World) { skew.Store(int64(time.Hour)) },
		"the lock was broken": func(_ *atomic.Int64, w *integratetest.World) {
			fake := w.Ceph["ceph"]
			holder, err := fake.Holder(context.Background(), "cephstack", "operator-lock")
			if err == nil {
				err = fake.Unlock(context.Background(), holder)
			}
			if err == nil {
				time.Sleep(2 * time.Second) // a renewal
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, exampleSpec())
			skew := &atomic.Int64{}
			in.Term(3*time.Second, func() time.Time { return time.Now().Add(time.Duration(skew.Load())) })
			p := plan(t, in)
			var once atomic.Bool
			w.Machines["controller"].Fail = func(context.Context, remote.Op) error {
				if !once.Swap(true) {
					lose(skew, w)
				}
				return nil
			}
			r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.ErrorIs(t, err, world.ErrLock)
			require.ErrorContains(t, err, "plan again")
			assert.Positive(t, r.Count(integrate.Applied))
			var cloud integrate.Outcome
			for _, o := range r.Outcomes {
				if o.Change.Stage == "cloud" {
					cloud = o
				}
			}
			assert.Equal(t, integrate.Cancelled, cloud.Status)
			require.ErrorIs(t, cloud.Err, world.ErrLock)
			assert.True(t, cloud.Retryable)
			free(t, w)
			w.Machines["controller"].Fail = nil
			skew.Store(0)
			apply(t, in)
			settled(t, in)
		})
	}
}

func TestAnInterruptedApplyGivesTheLockBack(t *testing.T) {
	w, in := open(t, exampleSpec())
	ctx, cancel := context.WithCancel(t.Context())
	p := plan(t, in)
	w.Machines["compute1"].Fail = func(context.Context, remote.Op) error {
		cancel()
		return nil
	}
	_, err := in.Apply(ctx, p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, context.Canceled)
	free(t, w)
}

// A Commander that is no Locker.
type unlocked struct{ ceph.Commander }

func TestAWorldWithoutAWayToTheLock(t *testing.T) {
	s := twoClusters()
	w := integratetest.Open(t, s)
	for name, fake := range w.Ceph {
		w.Clusters[name] = world.Cluster{Mon: unlocked{fake}, Images: fake}
	}
	in := w.Integration(t)
	p := plan(t, in)
	require.Len(t, p.Findings, 1, "%s", p)
	f := p.Findings[0]
	assert.Equal(t, []any{"no-operator-lock", false, s.Clusters[0].Name}, []any{f.Code, f.Problem, f.Target})
	assert.Contains(t, f.Message, "see that nobody else applies")
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{BreakLock: "anna"})
	require.ErrorIs(t, err, world.ErrLock)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
}

// The host of the cluster lets nobody in before keys and sudo rule are written.
func TestTheWayInIsWrittenWithoutTheLock(t *testing.T) {
	s := bareSpec()
	s.Clusters[0].Host = "controller"
	w, _ := openBare(t, s)
	refused := true
	w.Ceph["ceph"].Fail = func(cephtest.Op) error {
		if refused {
			return &remote.HostError{Host: "controller", Step: "authenticate", Err: remote.ErrAuth}
		}
		return nil
	}
	in := w.Integration(t)
	p := plan(t, in)
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, world.ErrLock)
	for _, o := range r.Outcomes {
		want := integrate.Cancelled
		if o.Change.Kind == "authorized-keys" || o.Change.Kind == "sudo-rule" {
			want = integrate.Applied
		}
		assert.Equal(t, want, o.Status, o.Change.ID)
	}
	refused = false
	apply(t, in)
	settled(t, in)
	free(t, w)
}
