package step_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
)

func id(name string) step.ID { return step.ID{Target: step.AtHost("h"), Kind: "thing", Name: name} }

func ids(names ...string) (all []step.ID) {
	for _, name := range names {
		all = append(all, id(name))
	}
	return all
}

// TestLedgersAreNested: that of a host sees that of the clusters, and not the other way
// round; what is written nearer counts.
func TestLedgersAreNested(t *testing.T) {
	up := step.NewLedger(nil)
	one, two := step.NewLedger(up), step.NewLedger(up)
	up.Put(id("pool"), &step.Delta{Have: "pool", Do: step.ClusterStep{}})
	one.Put(id("file"), &step.Delta{Have: "file", Refused: true})
	d, ok := one.Lookup(id("pool"))
	require.True(t, ok)
	assert.Equal(t, "pool", d.Have)
	for _, l := range []*step.Ledger{up, two} {
		_, ok = l.Lookup(id("file"))
		assert.False(t, ok)
		assert.False(t, l.Refused(id("file")))
	}
	assert.True(t, one.Planned(id("pool")))
	assert.False(t, one.Planned(id("file")))
	assert.True(t, one.Refused(id("file")))
	two.Put(id("pool"), &step.Delta{Have: "nearer"})
	d, _ = two.Lookup(id("pool"))
	assert.Equal(t, "nearer", d.Have)
	assert.True(t, up.Planned(id("pool")))
}

// TestTheRootOfAChain is the first resource whose problem is its own; a ring does not
// hang.
func TestTheRootOfAChain(t *testing.T) {
	up := step.NewLedger(nil)
	l := step.NewLedger(up)
	up.Put(id("a"), &step.Delta{Refused: true})
	l.Put(id("b"), &step.Delta{Refused: true, Because: id("a")})
	l.Put(id("c"), &step.Delta{Refused: true, Because: id("b")})
	l.Put(id("lost"), &step.Delta{Refused: true, Because: id("nowhere")})
	l.Put(id("x"), &step.Delta{Because: id("y")})
	l.Put(id("y"), &step.Delta{Because: id("x")})
	assert.Equal(t, id("a"), l.Root(id("c")))
	assert.Equal(t, id("a"), l.Root(id("a")))
	assert.Equal(t, id("nowhere"), l.Root(id("lost")))
	assert.Equal(t, id("unknown"), l.Root(id("unknown")))
	assert.Contains(t, ids("x", "y"), l.Root(id("x")))
}

// TestChangesOfNeeds: of each need its own change, and those that it passes on, once.
func TestChangesOfNeeds(t *testing.T) {
	l := step.NewLedger(nil)
	do := step.HostStep{}
	l.Put(id("a"), &step.Delta{Do: do})
	l.Put(id("b"), &step.Delta{Do: do})
	l.Put(id("well"), &step.Delta{})
	l.Put(id("passes"), &step.Delta{Needs: ids("a", "well")})
	l.Put(id("both"), &step.Delta{Do: do, Needs: ids("passes", "b")})
	l.Put(id("x"), &step.Delta{Do: do, Needs: ids("y")})
	l.Put(id("y"), &step.Delta{Needs: ids("x")})
	for _, c := range []struct{ needs, want []step.ID }{
		{nil, nil},
		{ids("well", "unknown"), nil},
		{ids("a", "b", "a"), ids("a", "b")},
		{ids("passes"), ids("a")},
		{ids("both"), ids("both", "a", "b")},
		{ids("b", "both"), ids("b", "both", "a")},
		{ids("y"), ids("x")},
	} {
		assert.Equal(t, c.want, l.Changes(c.needs), "%v", c.needs)
	}
}

// TestChangesOfAnyGraph agrees with a plain walk, also where needs form rings.
func TestChangesOfAnyGraph(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		n := 1 + r.IntN(12)
		l, planned, next := step.NewLedger(step.NewLedger(nil)), map[step.ID]bool{}, map[step.ID][]step.ID{}
		for k := range n {
			d := step.Delta{}
			if planned[id(fmt.Sprint(k))] = r.IntN(2) == 0; planned[id(fmt.Sprint(k))] {
				d.Do = step.HostStep{}
			}
			for range r.IntN(4) {
				d.Needs = append(d.Needs, id(fmt.Sprint(r.IntN(n+2))))
			}
			next[id(fmt.Sprint(k))] = d.Needs
			l.Put(id(fmt.Sprint(k)), &d)
		}
		reach := map[step.ID]bool{id("0"): true}
		for range n {
			for at := range reach {
				for _, to := range next[at] {
					reach[to] = true
				}
			}
		}
		got := l.Changes(ids("0"))
		for at := range reach {
			require.Equal(t, planned[at], slices.Contains(got, at), "seed %d: %s", seed, at)
		}
		for k, at := range got {
			require.True(t, reach[at], "seed %d: %s", seed, at)
			require.NotContains(t, got[:k], at, "seed %d", seed)
		}
	}
}

// TestALedgerIsSafeForManyReaders while hosts write into ledgers on top of it.
func TestALedgerIsSafeForManyReaders(t *testing.T) {
	up := step.NewLedger(nil)
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			l := step.NewLedger(up)
			for n := range 100 {
				l.Put(id(fmt.Sprint(n)), &step.Delta{Because: id(fmt.Sprint(n + 1))})
				up.Put(id(fmt.Sprint("up", k, n)), &step.Delta{Refused: true})
				l.Root(id("0"))
				up.Refused(id(fmt.Sprint("up", n, k)))
			}
		})
	}
	wg.Wait()
	assert.True(t, up.Refused(id("up7 99")))
}

// TestIDsAreReadable and the zero ID names nothing.
func TestIDsAreReadable(t *testing.T) {
	assert.Equal(t, "thing/h/a", id("a").String())
	assert.Equal(t, "type/cloud/ceph", step.ID{Target: step.AtCloud(), Kind: "type", Name: "ceph"}.String())
	assert.True(t, step.ID{}.IsZero())
	assert.False(t, id("").IsZero())
	assert.NotEqual(t, step.AtCluster("x"), step.AtHost("x"))
}
