package integrate_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

// A poolCase is what somebody did with a pool before the plan and after the plan.
type poolCase struct {
	pool          string
	before, after func(*testing.T, *integratetest.World)
	conflict      bool
}

func poolCases() map[string]poolCase {
	put := func(p ceph.Pool) func(*testing.T, *integratetest.World) {
		return func(t *testing.T, w *integratetest.World) { require.NoError(t, w.Ceph["ceph"].AddPool(p)) }
	}
	remove := func(name string) func(*testing.T, *integratetest.World) {
		return func(_ *testing.T, w *integratetest.World) { w.Ceph["ceph"].RemovePool(name) }
	}
	none := func(*testing.T, *integratetest.World) {}
	return map[string]poolCase{
		"a data pool, made for another application": {"backups-data", none,
			put(ceph.Pool{Name: "backups-data", Size: 2, Application: "cephfs"}), true},
		"a data pool, made with another size": {"backups-data", none,
			put(ceph.Pool{Name: "backups-data", Size: 4, Application: "rbd"}), true},
		"a data pool, made with another profile": {"volumes-data", none,
			put(ceph.Pool{Name: "volumes-data", ErasureProfile: "default", Application: "rbd"}), true},
		"a data pool, made as it is wanted": {"backups-data", none,
			put(ceph.Pool{Name: "backups-data", Size: 2, Application: "rbd"}), false},
		"a data pool with yet another size": {"backups-data", put(ceph.Pool{Name: "backups-data", Application: "rbd"}),
			put(ceph.Pool{Name: "backups-data", Size: 4, Application: "rbd"}), true},
		"a data pool that was corrected": {"backups-data", put(ceph.Pool{Name: "backups-data", Application: "rbd"}),
			put(ceph.Pool{Name: "backups-data", Size: 2, Application: "rbd"}), false},
		"a data pool with a quota": {"backups-data", put(ceph.Pool{Name: "backups-data", Application: "rbd"}),
			put(ceph.Pool{Name: "backups-data", Application: "rbd", MaxBytes: 1 << 40}), false},
		"a data pool made anew": {"backups-data", put(ceph.Pool{Name: "backups-data", Application: "rbd"}),
			put(ceph.Pool{Name: "backups-data", Application: "rbd", ErasureProfile: "default"}), true},
		"a data pool that is gone": {"backups-data", put(ceph.Pool{Name: "backups-data", Application: "rbd"}),
			remove("backups-data"), true},
		"a pool, made for another application": {"volumes", none, put(ceph.Pool{Name: "volumes", Application: "cephfs"}),
			true},
		"a pool that another application took": {"volumes", put(ceph.Pool{Name: "volumes"}),
			put(ceph.Pool{Name: "volumes", Application: "rgw"}), true},
		"a pool that somebody made, without more": {"volumes", none, put(ceph.Pool{Name: "volumes"}), true},
		"a pool that somebody made for RBD": {"volumes", none, put(ceph.Pool{Name: "volumes", Application: "rbd"}),
			false},
		"a pool that is as the plan saw it, still": {"volumes", put(ceph.Pool{Name: "volumes"}), none, false},
	}
}

// TestAPoolThatChangedSinceThePlan: nothing is written over what somebody did.
func TestAPoolThatChangedSinceThePlan(t *testing.T) {
	for name, c := range poolCases() {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, erasureCoded())
			c.before(t, w)
			p := plan(t, in)
			require.NotNil(t, change(p, "pool/ceph/"+c.pool))
			c.after(t, w)
			theirs := poolOf(t, w, c.pool)
			r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			if !c.conflict {
				require.NoError(t, err)
				assert.Equal(t, "rbd", poolOf(t, w, c.pool).Application)
				return
			}
			require.ErrorIs(t, err, integrate.ErrConflict)
			assert.Equal(t, 1, r.Count(integrate.Failed))
			assert.Equal(t, theirs, poolOf(t, w, c.pool))
			for _, op := range w.Ceph["ceph"].Log() {
				assert.False(t, op.Write && op.Object == c.pool, op.Name)
			}
		})
	}
}

// poolOf is a pool of the cluster ceph; a zero one when it is not there.
func poolOf(t *testing.T, w *integratetest.World, name string) ceph.Pool {
	t.Helper()
	pools, err := ceph.New(w.Ceph["ceph"]).Pools(t.Context())
	require.NoError(t, err)
	if i := slices.IndexFunc(pools, func(p ceph.Pool) bool { return p.Name == name }); i >= 0 {
		return pools[i]
	}
	return ceph.Pool{}
}
