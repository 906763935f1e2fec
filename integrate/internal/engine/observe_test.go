package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
)

// silent is a host that does not answer.
type silent struct{ err error }

func (s silent) Do(context.Context, ...remote.Op) ([]remote.Result, error) { return nil, s.err }

// asking is a thing that asks a host.
func asking(name string, ops ...remote.Op) thing {
	return thing{id: host(name), asks: step.Asks{Host: ops}}
}

// TestQuestionsAreJoined: each is asked once, those of a sort stand together, paths
// come first, and it is one exchange.
func TestQuestionsAreJoined(t *testing.T) {
	b := newBench(t)
	run := remote.Run{Argv: []string{"true"}}
	b.things.add(asking("a", run, remote.UnitState{Unit: "a.service"}, remote.ReadFile{Path: "/a"},
		remote.Packages{Names: []string{"x", "y"}}), asking("b", remote.ReadDir{Path: "/etc"}, remote.Stat{Path: "/a"}, run,
		remote.ReadFile{Path: "/a"}, remote.Packages{Names: []string{"y", "z"}}, remote.UnitState{Unit: "a.service"}))
	m := b.hosts["compute1"]
	m.AddUnit("a.service")
	m.AddFile("/a", []byte("text"), 0o644)
	m.AddPackage("z", "1.0", true)
	m.Forget()
	h := b.Look(t.Context(), "compute1", nil).Host()
	require.NoError(t, h.Err)
	assert.Equal(t, []remote.Op{remote.ReadFile{Path: "/a"}, remote.Stat{Path: "/a"}, remote.ReadDir{Path: "/etc"},
		remote.Packages{Names: []string{"x", "y", "z"}}, remote.UnitState{Unit: "a.service"}, run}, m.Log())
	assert.Equal(t, 1, m.Exchanges())
	assert.Equal(t, "1.0", h.Packages["z"])
	assert.Equal(t, "active", h.Units["a.service"].Active)
	assert.Zero(t, h.Ran(run).Exit)
}

// TestQuestionsThatLookAlikeAreAskedEach: user and input are not in the text of an operation.
func TestQuestionsThatLookAlikeAreAskedEach(t *testing.T) {
	b := newBench(t)
	runs := []remote.Run{{Argv: []string{"id"}}, {Argv: []string{"id"}, User: "nova"},
		{Argv: []string{"id"}, User: "glance"}, {Argv: []string{"id"}, Stdin: cephstack.Redact("a")},
		{Argv: []string{"id"}, Stdin: cephstack.Redact("b")}, {Argv: []string{"id", ""}}}
	var asks []remote.Op
	for _, run := range runs {
		asks = append(asks, run)
	}
	b.things.add(asking("a", asks...), asking("b", asks...))
	m := b.hosts["compute1"]
	m.Handle("id", func(run remote.Run) (stdout, stderr []byte, exit int) {
		return fmt.Appendf(nil, "%d %s %s", len(run.Argv), run.User, run.Stdin.Reveal()), nil, 0
	})
	m.Forget()
	h := b.Look(t.Context(), "compute1", nil).Host()
	require.NoError(t, h.Err)
	assert.Len(t, m.Log(), len(runs))
	for _, run := range runs {
		assert.Equal(t, fmt.Sprintf("%d %s %s", len(run.Argv), run.User, run.Stdin.Reveal()), h.Said(run))
	}
}

// TestSecretsTravelWithTheLook where the store can do that, and else are asked for by
// themselves, only where a resource asks for them.
func TestSecretsTravelWithTheLook(t *testing.T) {
	uuid := libvirtsecret.DeriveUUID("f", "client.x")
	for _, together := range []bool{true, false} {
		for _, ask := range []bool{true, false} {
			b := newBench(t)
			b.things.add(thing{id: host("secrets"), asks: step.Asks{Secrets: ask}}, asking("a", remote.Stat{Path: "/"}))
			store := secrettest.New()
			store.Put(libvirtsecret.Secret{UUID: uuid, UsageID: "x"})
			b.World.Secrets["compute1"] = store
			if together {
				b.World.Secrets["compute1"] = batchtest.New(store, b.hosts["compute1"])
			}
			b.hosts["compute1"].Forget()
			h := b.Look(t.Context(), "compute1", b.base()).Host()
			require.NoError(t, errors.Join(h.Err, h.SecretErr))
			assert.Equal(t, 1, b.hosts["compute1"].Exchanges())
			if !ask {
				assert.Empty(t, h.Secrets)
				assert.Zero(t, store.Calls("list"))
				continue
			}
			require.Len(t, h.Secrets, 1)
			assert.Equal(t, uuid, h.Secrets[0].UUID)
		}
	}
}

// TestSecretsThatCannotBeReadAreUnknown and the rest of the host is known.
func TestSecretsThatCannotBeReadAreUnknown(t *testing.T) {
	b := newBench(t)
	b.things.add(thing{id: host("secrets"), asks: step.Asks{Secrets: true, Host: []remote.Op{remote.Stat{Path: "/etc"}}}})
	store := secrettest.New()
	store.Fail = func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
	b.World.Secrets["compute1"] = store
	h := b.Look(t.Context(), "compute1", nil).Host()
	require.NoError(t, h.Err)
	require.ErrorIs(t, h.SecretErr, libvirtsecret.ErrUnreachable)
	assert.False(t, h.Files["/etc"].Missing)
}

// TestTheFirstEntryIsForARefusedLoginAlone: it is used only where the Spec prepares a way
// in, and the login or sudo was refused.
func TestTheFirstEntryIsForARefusedLoginAlone(t *testing.T) {
	prepares := func(s *spec.Spec) { s.Prepare = &spec.Prepare{Sudo: &spec.Sudo{}} }
	for _, c := range []struct {
		name    string
		edit    func(*spec.Spec)
		login   error
		entered bool
	}{
		{"refused", prepares, remote.ErrAuth, true},
		{"without sudo", prepares, remote.ErrSudo, true},
		{"unreachable", prepares, remote.ErrUnreachable, false},
		{"another host key", prepares, remote.ErrHostKey, false},
		{"not prepared", func(*spec.Spec) {}, remote.ErrAuth, false},
	} {
		b := newBench(t, c.edit)
		b.things.add(asking("a", remote.Stat{Path: "/etc"}))
		b.World.Hosts["compute1"] = silent{&remote.HostError{Host: "compute1", Step: "x", Err: c.login}}
		b.World.Entries["compute1"] = b.hosts["compute1"]
		h := b.Look(t.Context(), "compute1", nil).Host()
		assert.Equal(t, c.entered, h.Entered, c.name)
		assert.Equal(t, c.entered, h.Err == nil, c.name)
		_, err := b.Ask(t.Context(), "compute1", []remote.Op{remote.Stat{Path: "/etc"}})
		assert.Equal(t, c.entered, err == nil, c.name)

		b.World.Entries["compute1"] = silent{remote.ErrTimeout}
		h = b.Look(t.Context(), "compute1", nil).Host()
		require.ErrorIs(t, h.Err, c.login, c.name)
		assert.Equal(t, c.entered, errors.Is(h.Err, remote.ErrTimeout), "%s: it says both", c.name)
	}
}

// short is a host that answers less than it was asked.
type short struct{}

func (short) Do(context.Context, ...remote.Op) ([]remote.Result, error) {
	return make([]remote.Result, 1), nil
}

// TestAnAnswerThatIsTooShortIsAnError and nothing is taken from it.
func TestAnAnswerThatIsTooShortIsAnError(t *testing.T) {
	b := newBench(t)
	b.things.add(asking("a", remote.Stat{Path: "/etc"}, remote.Stat{Path: "/"}))
	b.World.Hosts["compute1"] = short{}
	h := b.Look(t.Context(), "compute1", nil).Host()
	require.EqualError(t, h.Err, "compute1: 1 results for 2 operations")
	assert.Empty(t, h.Files)
}

// TestAScopeReadsWhatItNeedsAlone: of the hosts those in it, of the clusters those that
// their services use, and of these what the hosts need.
func TestAScopeReadsWhatItNeedsAlone(t *testing.T) {
	b := newBench(t)
	pool, profile, other := on(step.AtCluster("hdd"), "pool"), on(step.AtCluster("hdd"), "profile"),
		on(step.AtCluster("hdd"), "other")
	b.things.add(always(profile, changes()), always(pool, changes(), profile), always(other, changes()),
		always(on(step.AtCluster("ssd"), "pool"), changes()), always(host("conf"), changes(), pool))
	scope := engine.Scope{Hosts: []string{"compute1"}}
	assert.Equal(t, []string{"hdd"}, b.Reads(scope))
	assert.Equal(t, []string{"compute1"}, b.HostsIn(scope))
	base := b.Base(t.Context(), scope)
	require.Len(t, base.Clusters(), 1)
	names := []string{}
	for _, i := range base.Clusters()[0].Items {
		names = append(names, i.ID.Name)
	}
	assert.Equal(t, []string{"profile", "pool"}, names)
	require.Error(t, base.View().Clusters["ssd"].Err, "what was not read is unknown")
	assert.Zero(t, b.ceph["ssd"].Reads())
	assert.True(t, item(t, b.compute1(base), host("conf")).Changes())
	for _, name := range []string{"controller", "compute2", "compute3"} {
		assert.Zero(t, b.hosts[name].Exchanges(), name)
	}
	base = b.Base(t.Context(), engine.Scope{Clusters: []string{"hdd"}})
	assert.Len(t, base.Clusters()[0].Items, 3, "a cluster that was asked for is compared whole")
}

// TestScopes is what belongs to a scope.
func TestScopes(t *testing.T) {
	b := newBench(t)
	all, some := engine.Scope{}, engine.Scope{Hosts: []string{"controller"}, Clusters: []string{"hdd"}}
	for _, target := range b.Site.Targets() {
		assert.True(t, all.Has(target))
	}
	assert.True(t, some.Has(step.AtHost("controller")))
	assert.False(t, some.Has(step.AtHost("compute1")))
	assert.True(t, some.Has(step.AtCluster("hdd")))
	assert.False(t, some.Has(step.AtCluster("ssd")))
	assert.False(t, some.Has(step.AtCloud()))
	assert.Equal(t, []string{"compute1", "compute2", "compute3", "controller"}, b.HostsIn(all))
	assert.Equal(t, []string{"hdd", "ssd"}, b.Reads(some), "the controller's services use both")
}

// TestLookDoesNotWaitForTheClusters: a host may be read before there is a base, and is
// then compared on top of it.
func TestLookDoesNotWaitForTheClusters(t *testing.T) {
	b := newBench(t)
	b.things.add(user("hdd", "client.a"), file(step.AtHost("compute1"), "/a", on(step.AtCluster("hdd"), "client.a")))
	seen := b.Look(t.Context(), "compute1", nil)
	assert.Zero(t, b.ceph["hdd"].Reads())
	p := b.base().Host(seen)
	assert.Equal(t, []step.ID{on(step.AtCluster("hdd"), "client.a")}, p.Items[0].Needs)
}

// TestAClusterIsAskedWhatItsResourcesAsk in as few exchanges as there can be.
func TestAClusterIsAskedWhatItsResourcesAsk(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.ceph["hdd"].AddPool(ceph.Pool{Name: "vms", Application: "rbd"}))
	require.NoError(t, b.ceph["hdd"].AddImage(ceph.Image{Pool: "vms", Name: "a_disk", Size: 1}))
	b.ceph["hdd"].AddUser(ceph.User{Entity: "client.a"})
	b.things.add(user("hdd", "client.a"), user("hdd", "client.b"),
		thing{id: on(step.AtCluster("hdd"), "images"), asks: step.Asks{Cluster: ceph.Query{Images: []string{"vms"}}}})
	c := b.base().View().Clusters["hdd"]
	require.NoError(t, c.Err)
	assert.Contains(t, c.Users, "client.a")
	assert.NotContains(t, c.Users, "client.b")
	assert.Equal(t, map[string]bool{"a_disk": true}, c.Images["vms"])
	assert.Contains(t, string(c.Conf), c.Monitors)
	assert.LessOrEqual(t, b.ceph["hdd"].Batches(), 4)
}

// TestTheAPIsAreReadOnce or are unknown, with the reason.
func TestTheAPIsAreReadOnce(t *testing.T) {
	b := newBench(t)
	require.ErrorIs(t, b.base().View().Cloud.Err, step.ErrNoCloud)
	b.World.CloudErr = api.ErrAuth
	require.ErrorIs(t, b.base().View().Cloud.Err, api.ErrAuth)
	s := b.cloud(openstacktest.Config{Computes: []string{"compute1"}})
	s.AddService(api.ServiceRecord{Binary: "nova-compute", Host: "compute9", Enabled: true, Up: true})
	c := b.base().View().Cloud
	require.NoError(t, c.Err)
	assert.Equal(t, map[string]bool{"compute1": true, "compute9": true}, c.Computes)
	assert.NotEmpty(t, c.Records)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Base(ctx, engine.Scope{}).View().Cloud.Err, context.Canceled)
}

// TestEachGivesOneValueForEachHostInOrder, also for hosts that were not begun.
func TestEachGivesOneValueForEachHostInOrder(t *testing.T) {
	b := newBench(t)
	b.Parallel = 1
	b.things.add(file(step.AtHost("compute1"), "/a"))
	ctx, cancel := context.WithCancelCause(t.Context())
	names := []string{"compute1", "compute2", "compute3", "controller"}
	got := engine.Each(ctx, b.Engine, names, func(name string) func(*engine.Seen) string {
		return func(s *engine.Seen) string {
			if assert.Equal(t, name, s.Host().Name); name == "compute2" {
				cancel(fmt.Errorf("enough"))
			}
			return fmt.Sprint(name, " ", s.Host().Err)
		}
	})
	assert.Equal(t, []string{"compute1 <nil>", "compute2 <nil>", "compute3 enough", "controller enough"}, got)
}

// closing is a host that counts how often it was closed.
type closing struct {
	remote.Host
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

// TestConnectionsAreClosedWhereThereAreManyHosts, but not that of a host that runs the
// ceph program for a cluster.
func TestConnectionsAreClosedWhereThereAreManyHosts(t *testing.T) {
	b := newBench(t, func(s *spec.Spec) { s.Clusters[0].Host = "compute2" })
	one, two := &closing{Host: b.hosts["compute1"]}, &closing{Host: b.hosts["compute2"]}
	b.World.Hosts["compute1"], b.World.Hosts["compute2"] = one, two
	look := func(string) func(*engine.Seen) error {
		return func(s *engine.Seen) error { return s.Host().Err }
	}
	engine.Each(t.Context(), b.Engine, []string{"compute1", "compute2"}, look)
	assert.Zero(t, one.closed, "there is room for all hosts")
	b.Parallel = 2
	engine.Each(t.Context(), b.Engine, []string{"compute1", "compute2"}, look)
	assert.Equal(t, 1, one.closed)
	assert.Zero(t, two.closed)
	b.Hang("compute3") // not an io.Closer
}

// TestAnEngineNeedsAllPartsOfItsSite and says at once which ones are missing.
func TestAnEngineNeedsAllPartsOfItsSite(t *testing.T) {
	b := newBench(t)
	delete(b.World.Clusters, "ssd")
	delete(b.World.Hosts, "controller")
	delete(b.World.Hosts, "idle")
	_, err := engine.New(*b.Engine)
	require.ErrorContains(t, err, `has no cluster "ssd"`)
	require.ErrorContains(t, err, `has no host "controller"`)
	require.ErrorContains(t, err, `has no libvirt secret store for "compute2"`)
	assert.NotContains(t, err.Error(), "idle", "a host without services is not needed")
	_, err = engine.New(engine.Engine{Site: b.Site, Parallel: -1})
	require.Error(t, err)
	b = newBench(t)
	for _, name := range []string{"compute1", "compute2", "compute3"} {
		b.World.Secrets[name] = secrettest.New()
	}
	b.Parallel = 0
	e, err := engine.New(*b.Engine)
	require.NoError(t, err)
	assert.Equal(t, 32, e.Parallel)
	assert.Zero(t, b.Parallel, "what was given stays")
}
