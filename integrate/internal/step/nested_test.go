package step_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
)

// TestALedgerKeepsWhatWasPut: a later Put replaces it, and nothing else does.
func TestALedgerKeepsWhatWasPut(t *testing.T) {
	l := step.NewLedger(nil)
	l.Put(id("a"), &step.Delta{Have: "first", Do: step.HostStep{}})
	got, ok := l.Lookup(id("a"))
	require.True(t, ok)
	assert.Equal(t, "first", got.Have)
	got.Have = "changed by the reader"
	got, _ = l.Lookup(id("a"))
	assert.Equal(t, "first", got.Have)
	l.Put(id("a"), &step.Delta{Refused: true})
	assert.True(t, l.Refused(id("a")))
	assert.False(t, l.Planned(id("a")), "what was there before is replaced as a whole")
	other := step.ID{Target: step.AtCluster("h"), Kind: "thing", Name: "a"}
	got, ok = l.Lookup(other)
	assert.False(t, ok, "of another target")
	assert.Equal(t, step.Delta{}, got)
}

// TestWhatWasNotCompared is neither planned nor refused, and has no changes.
func TestWhatWasNotCompared(t *testing.T) {
	for _, l := range []*step.Ledger{nil, step.NewLedger(nil), step.NewLedger(step.NewLedger(nil))} {
		_, ok := l.Lookup(id("a"))
		assert.False(t, ok)
		assert.False(t, l.Planned(id("a")))
		assert.False(t, l.Refused(id("a")))
		assert.Equal(t, id("a"), l.Root(id("a")))
		assert.Empty(t, l.Changes(ids("a", "b")))
	}
}

// TestPlannedAndRefusedAreTwoThings: a resource may be well, planned, refused, or refused with a problem alone.
func TestPlannedAndRefusedAreTwoThings(t *testing.T) {
	for _, c := range []struct {
		name             string
		delta            step.Delta
		planned, refused bool
	}{
		{"well", step.Delta{Have: "it"}, false, false},
		{"planned on a host", step.Delta{Do: step.HostStep{}}, true, false},
		{"planned in a cluster", step.Delta{Do: step.ClusterStep{}}, true, false},
		{"planned through the APIs", step.Delta{Do: step.CloudStep{}}, true, false},
		{"differs, and is not changed", step.Delta{Action: step.Update, Diffs: []step.FieldDiff{{}}}, false, false},
		{"left alone", step.Delta{Refused: true}, false, true},
		{"has a problem", step.Delta{Findings: []step.Finding{{Problem: true}}}, false, false},
		{"because of another one", step.Delta{Because: id("x")}, false, false},
	} {
		l := step.NewLedger(step.NewLedger(nil))
		l.Put(id("a"), &c.delta)
		assert.Equal(t, c.planned, l.Planned(id("a")), c.name)
		assert.Equal(t, c.refused, l.Refused(id("a")), c.name)
		assert.Equal(t, c.planned, slices.Contains(l.Changes(ids("a")), id("a")), c.name)
	}
}

// TestRootsAcrossLedgers: a host's resource may be left alone because of a cluster's, at the end of a long chain.
func TestRootsAcrossLedgers(t *testing.T) {
	up := step.NewLedger(nil)
	l := step.NewLedger(up)
	up.Put(id("0"), &step.Delta{Refused: true})
	const chain = 60 // longer than any chain of needs in the catalog
	for k := 1; k <= chain; k++ {
		at := up
		if k > chain/2 {
			at = l
		}
		at.Put(id(fmt.Sprint(k)), &step.Delta{Refused: true, Because: id(fmt.Sprint(k - 1))})
	}
	assert.Equal(t, id("0"), l.Root(id(fmt.Sprint(chain))))
	assert.Equal(t, id(fmt.Sprint(chain)), up.Root(id(fmt.Sprint(chain))), "the clusters do not see what is on a host")
	l.Put(id("self"), &step.Delta{Refused: true, Because: id("self")})
	assert.Equal(t, id("self"), l.Root(id("self")))
}

// TestChangesComeInTheOrderOfNeeds: a need, what it passes on, and then the next need; also across ledgers.
func TestChangesComeInTheOrderOfNeeds(t *testing.T) {
	up := step.NewLedger(nil)
	l := step.NewLedger(up)
	up.Put(id("pool"), &step.Delta{Do: step.ClusterStep{}})
	up.Put(id("user"), &step.Delta{Do: step.ClusterStep{}, Needs: ids("pool")})
	l.Put(id("gate"), &step.Delta{Needs: ids("user", "package")})
	l.Put(id("package"), &step.Delta{Do: step.HostStep{}})
	l.Put(id("refused"), &step.Delta{Refused: true, Needs: ids("package")})
	for _, c := range []struct {
		name        string
		needs, want []step.ID
	}{
		{"of a gate", ids("gate"), ids("user", "pool", "package")},
		{"each once", ids("package", "gate", "gate"), ids("package", "user", "pool")},
		{"of what is refused", ids("refused"), ids("package")},
		{"of what is unknown", ids("nowhere", "user"), ids("user", "pool")},
	} {
		assert.Equal(t, c.want, l.Changes(c.needs), c.name)
	}
	assert.Equal(t, ids("user", "pool"), up.Changes(ids("gate", "user")), "the clusters do not see the gate")
}
