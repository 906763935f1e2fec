package drift_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

const small = `
release: zed
clusters: [{name: ceph}]
hosts: [{name: controller, services: [glance-api, cinder-volume]}]
glance: {}
cinder: {backends: [{name: ceph, volume_type: ceph}]}
nova: {}
`

// A cost is what something takes.
type cost struct {
	exchanges int
	cpu       time.Duration
	allocated uint64 // bytes
	kept      uint64 // bytes that are in use while the result is there
}

func exchanges(w *integratetest.World) (n int) {
	for _, m := range w.Machines {
		n += m.Exchanges()
	}
	for _, c := range w.Ceph {
		n += c.Batches()
	}
	return n
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func costOf(w *integratetest.World, fn func() any) cost {
	var before, after, end runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, began := exchanges(w), cpu()
	result := fn()
	c := cost{exchanges: exchanges(w) - n, cpu: cpu() - began}
	runtime.ReadMemStats(&after)
	runtime.GC()
	runtime.ReadMemStats(&end)
	c.allocated = after.TotalAlloc - before.TotalAlloc
	c.kept = end.HeapAlloc - min(before.HeapAlloc, end.HeapAlloc)
	runtime.KeepAlive(result)
	return c
}

// cheapest takes of each kind of memory what is less.
func (c *cost) cheapest(other cost) {
	c.allocated, c.kept = min(c.allocated, other.allocated), min(c.kept, other.kept)
}

// TestDriftCostsWhatAPlanCosts: on 1,000 hosts, a look costs as many exchanges as a plan that has nothing to do, and
// hardly more memory.
func TestDriftCostsWhatAPlanCosts(t *testing.T) {
	hosts := 1000
	if testing.Short() {
		hosts = 100
	}
	s := parsed(t, small)
	for i := range hosts {
		s = with(s, fmt.Sprintf("compute%04d", i))
	}
	w := integrated(t, s)
	in := w.Integration(t)
	plan := func() any {
		p, err := in.Plan(t.Context(), integrate.PlanOptions{})
		require.NoError(t, err)
		require.True(t, p.Empty())
		return p
	}
	look := func() any {
		r, err := drift.Look(t.Context(), in, drift.Options{})
		require.NoError(t, err)
		require.Equal(t, drift.None, r.Status)
		return r
	}
	plan() // the first one connects
	a, b := costOf(w, plan), costOf(w, look)
	for range 3 { // pools of memory are emptied now and then: the cheapest of some counts
		a.cheapest(costOf(w, plan))
		b.cheapest(costOf(w, look))
	}
	for n := 0; n < 6 && float64(b.allocated) >= 1.05*float64(a.allocated); n++ {
		a.cheapest(costOf(w, plan))
		b.cheapest(costOf(w, look))
	}
	t.Logf("%d hosts: plan %+v, drift %+v", hosts, a, b)
	assert.Equal(t, a.exchanges, b.exchanges)
	assert.Less(t, float64(b.allocated), 1.05*float64(a.allocated))
	assert.Less(t, b.kept, a.kept+1<<20)
}
