package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// TestWhatNeedsARefusedResourceIsLeftAlone goes down a chain: who can speak names the
// root, the others name the need, and nobody is compared.
func TestWhatNeedsARefusedResourceIsLeftAlone(t *testing.T) {
	b := newBench(t)
	never := func(step.View) step.Delta { panic("compared") }
	b.things.add(refused(host("root")),
		thing{id: host("silent"), needs: []step.ID{host("root")}, compare: never},
		speaker{thing{id: host("speaker"), needs: []step.ID{host("silent")}, compare: never}, "left"},
		speaker{thing{id: host("mute"), needs: []step.ID{host("speaker")}, compare: never}, ""},
		thing{id: host("well")})
	p := b.compute1(b.base())
	silent := item(t, p, host("silent"))
	assert.True(t, silent.Refused)
	assert.Equal(t, host("root"), silent.Because)
	assert.Empty(t, silent.Findings)
	said := item(t, p, host("speaker"))
	assert.True(t, said.Refused)
	assert.Equal(t, host("silent"), said.Because)
	require.Len(t, said.Findings, 1)
	assert.Equal(t, "left: silent because of root", said.Findings[0].Message)
	assert.Equal(t, host("root"), said.Findings[0].Because)
	assert.Empty(t, item(t, p, host("mute")).Findings)
	assert.False(t, item(t, p, host("well")).Refused)
	assert.Equal(t, host("root"), engine.Root(only(p), item(t, p, host("mute"))).ID)
	_, f, ok := p.Trouble()
	require.True(t, ok)
	assert.Equal(t, "bad", f.Code)
}

// TestGatesComeBeforeNeedsAndKeepQuiet: behind a closed gate a resource says nothing,
// even where it could speak of a need that is refused, too.
func TestGatesComeBeforeNeedsAndKeepQuiet(t *testing.T) {
	b := newBench(t)
	b.things.add(refused(host("need")))
	b.things.gate(refused(host("gate")), speaker{thing{id: host("speaker"), needs: []step.ID{host("need")}}, "left"})
	p := b.compute1(b.base())
	said := item(t, p, host("speaker"))
	assert.True(t, said.Refused)
	assert.Equal(t, host("gate"), said.Because)
	assert.Empty(t, said.Findings)
	assert.True(t, item(t, p, host("gate")).Gate)
	assert.Equal(t, "gates", item(t, p, host("gate")).Check)
}

// TestNeedsOfAnItemAreChanges: needs without a change are not waited for, and a need
// passes on what it needs itself.
func TestNeedsOfAnItemAreChanges(t *testing.T) {
	b := newBench(t)
	passes := always(host("passes"), step.Delta{Needs: []step.ID{host("a")}})
	b.things.add(file(step.AtHost("compute1"), "/a"), always(host("a"), changes()), passes,
		always(host("well"), step.Delta{}),
		follower{always(host("last"), changes(), host("passes"), host("well")), []step.ID{host("/a"), host("nowhere")}})
	p := b.compute1(b.base())
	assert.Equal(t, []step.ID{host("a"), host("/a")}, item(t, p, host("last")).Needs)
	assert.Empty(t, item(t, p, host("a")).Needs)
}

// TestAFollowerIsComparedWhateverItFollows: a refused resource does not keep what
// follows it from being changed.
func TestAFollowerIsComparedWhateverItFollows(t *testing.T) {
	b := newBench(t)
	b.things.add(refused(host("bad")), follower{always(host("after"), changes()), []step.ID{host("bad")}})
	p := b.compute1(b.base())
	after := item(t, p, host("after"))
	assert.False(t, after.Refused)
	assert.True(t, after.Changes())
	assert.Empty(t, after.Needs)
}

// TestHostsSeeClustersAndNotEachOther compares two hosts and the cloud on top of one
// base.
func TestHostsSeeClustersAndNotEachOther(t *testing.T) {
	b := newBench(t)
	pool := on(step.AtCluster("hdd"), "pool")
	first, second := on(step.AtHost("compute1"), "x"), on(step.AtHost("compute2"), "y")
	fact, plain := on(step.AtHost("compute1"), "fact"), on(step.AtHost("compute1"), "plain")
	b.things.add(always(pool, changes()), always(first, changes(), pool), always(second, changes(), pool, first),
		always(fact, step.Delta{Fact: 7}), always(plain, changes()))
	sees := func(v step.View) step.Delta {
		d, _ := v.Ledger.Lookup(fact)
		assert.Equal(t, 7, d.Fact)
		assert.True(t, v.Ledger.Planned(first), "it is asked for")
		assert.False(t, v.Ledger.Planned(plain), "nobody asks for it")
		return changes()
	}
	b.things.add(follower{thing{id: on(step.AtCloud(), "type"), needs: []step.ID{pool}, compare: sees}, []step.ID{first}})
	base := b.base()
	one := b.compute1(base)
	two := base.Host(b.Look(t.Context(), "compute2", base))
	assert.Equal(t, []step.ID{pool}, item(t, one, first).Needs)
	assert.Equal(t, []step.ID{pool}, item(t, two, second).Needs, "the other host is not in its ledger")
	cloud := base.Cloud()
	assert.Equal(t, []step.ID{pool, first}, cloud.Items[0].Needs)
}

// TestRootsAcrossTargets follows the causes from a host into a cluster, and to what is
// not among the parts.
func TestRootsAcrossTargets(t *testing.T) {
	b := newBench(t)
	pool := on(step.AtCluster("hdd"), "pool")
	b.things.add(refused(pool), always(host("conf"), step.Delta{}, pool), always(host("unit"), step.Delta{}, host("conf")))
	base := b.base()
	p := b.compute1(base)
	assert.Equal(t, pool, base.Root(p, item(t, p, host("unit"))).ID)
	lost := engine.Item{ID: host("z"), Delta: step.Delta{Because: host("gone")}}
	assert.Equal(t, host("gone"), base.Root(p, lost).ID)
	ring := engine.Part{Target: step.AtHost("compute1"), Items: []engine.Item{
		{ID: host("a"), Delta: step.Delta{Because: host("b")}}, {ID: host("b"), Delta: step.Delta{Because: host("a")}}}}
	assert.NotPanics(t, func() { engine.Root(only(ring), ring.Items[0]) }, "a ring does not hang")
	_, _, ok := engine.Part{}.Trouble()
	assert.False(t, ok)
}

// TestTheSizeOfAPartIsThatOfItsContents adds up the steps on hosts.
func TestTheSizeOfAPartIsThatOfItsContents(t *testing.T) {
	items := []engine.Item{{Delta: step.Delta{Do: step.HostStep{Size: 3}}},
		{Delta: step.Delta{Do: step.ClusterStep{}}}, {}, {Delta: step.Delta{Do: step.HostStep{Size: 4}}}}
	assert.Equal(t, 7, engine.Part{Items: items}.Size())
}

// TestAClusterThatIsSilentIsUnknown: what is beside its error says nothing, and the
// other cluster is compared.
func TestAClusterThatIsSilentIsUnknown(t *testing.T) {
	b := newBench(t)
	b.things.add(user("hdd", "client.a"), user("ssd", "client.b"))
	b.ceph["hdd"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
	base := b.base()
	require.ErrorIs(t, base.View().Clusters["hdd"].Err, ceph.ErrUnreachable)
	p, ok := base.Cluster("hdd")
	require.True(t, ok)
	assert.True(t, p.Items[0].Refused)
	p, ok = base.Cluster("ssd")
	require.True(t, ok)
	assert.True(t, p.Items[0].Changes())
	assert.Equal(t, map[string]string{"ssd": b.ceph["ssd"].FSID}, base.FSIDs())
	_, ok = base.Cluster("none")
	assert.False(t, ok)
	assert.Equal(t, "note of hdd", base.View().Clusters["hdd"].Note)
}

// TestAHostThatIsSilentHasItsError in the View; the resources say what follows.
func TestAHostThatIsSilentHasItsError(t *testing.T) {
	b := newBench(t)
	gate := thing{id: host("gate"), compare: func(v step.View) step.Delta {
		if v.Host.Err != nil {
			return step.Refuse("host-unreadable", "", fmt.Errorf("cannot be read: %w", v.Host.Err))
		}
		return step.Delta{}
	}}
	b.things.gate(gate, file(step.AtHost("compute1"), "/a"))
	lost := &remote.HostError{Host: "compute1", Step: "connect", Err: remote.ErrUnreachable}
	b.World.Hosts["compute1"] = silent{lost}
	p := b.compute1(b.base())
	_, f, ok := p.Trouble()
	require.True(t, ok)
	require.ErrorIs(t, f.Err, remote.ErrUnreachable)
	assert.Equal(t, host("gate"), item(t, p, host("/a")).Because)
	unseen := b.Unseen("compute1", remote.ErrTimeout)
	require.ErrorIs(t, unseen.Host().Err, remote.ErrTimeout)
	assert.True(t, b.base().Host(unseen).Items[1].Refused)
}

// only gives one part, whatever the target.
func only(p engine.Part) func(step.Target) engine.Part {
	return func(step.Target) engine.Part { return p }
}
