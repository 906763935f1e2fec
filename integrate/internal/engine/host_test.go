package engine_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// failing makes operations on some paths fail.
func failing(err error, paths ...string) func(context.Context, remote.Op) error {
	return func(_ context.Context, op remote.Op) error {
		for _, path := range paths {
			if w, ok := op.(remote.WriteFile); ok && w.Path == path {
				return err
			}
		}
		return nil
	}
}

// TestAllChangesOfAHostAreOneExchange, each after what it needs, and a second time
// nothing is left to do.
func TestAllChangesOfAHostAreOneExchange(t *testing.T) {
	b := newBench(t)
	at := step.AtHost("compute1")
	b.things.add(file(at, "/a"), file(at, "/b", host("/a")), file(at, "/c", host("/a"), host("/b")))
	base := b.base()
	p := b.compute1(base)
	b.hosts["compute1"].Forget()
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), p)
	assert.Equal(t, 1, b.hosts["compute1"].Exchanges())
	assert.Equal(t, []string{"/a applied", "/b applied", "/c applied"}, ended(run, p))
	assert.Equal(t, []step.ID{host("/a"), host("/b"), host("/c")}, b.watcher.started)
	for id, times := range b.watcher.ended {
		assert.Equal(t, 1, times, "%s ended so many times", id)
	}
	_, _, well := run.Well(p)
	assert.True(t, well)
	b.holds("/c", "/c")
	p, _ = b.do()
	assert.Empty(t, ended(run, engine.Part{Target: p.Target, Items: p.Items[:0]}))
	for _, i := range p.Items {
		assert.False(t, i.Changes(), i.ID)
	}
}

// TestAFailureKeepsOnlyWhatNeedsIt from being made.
func TestAFailureKeepsOnlyWhatNeedsIt(t *testing.T) {
	b := newBench(t)
	at := step.AtHost("compute1")
	b.things.add(file(at, "/a"), file(at, "/b", host("/a")), file(at, "/c", host("/b")), file(at, "/d"),
		follower{file(at, "/e"), []step.ID{host("/a")}})
	b.hosts["compute1"].Fail = failing(syscall.ENOSPC, "/a")
	p, run := b.do()
	assert.Equal(t, []string{"/a failed", "/b skipped", "/c skipped", "/d applied", "/e skipped"}, ended(run, p))
	assert.Equal(t, host("/a"), outcome(t, run, host("/b")).Because)
	assert.Equal(t, host("/b"), outcome(t, run, host("/c")).Because)
	require.ErrorIs(t, outcome(t, run, host("/a")).Err, syscall.ENOSPC)
	bad, o, well := run.Well(p)
	assert.False(t, well)
	assert.Equal(t, host("/a"), bad.ID)
	assert.Equal(t, engine.Failed, o.Status)
	b.holds("/d", "/d")
}

// TestIndexesOfAStepCountFromItsFirstOperation: those of a step that comes later are
// shifted, and what the step needs is added.
func TestIndexesOfAStepCountFromItsFirstOperation(t *testing.T) {
	b := newBench(t)
	write := func(path string) remote.Op { return remote.WriteFile{Path: path, Data: []byte(path)} }
	chained := changes(write("/b1"), remote.If{OK: []int{0}, Op: write("/b2")}, write("/b3"))
	b.things.add(always(host("a"), changes(write("/a1"), write("/a2"))), always(host("b"), chained, host("a")),
		always(host("c"), changes(write("/c")), host("b"), host("a")), always(host("d"), changes(write("/d"))))
	base := b.base()
	p := b.compute1(base)
	seen := &keeping{Host: b.hosts["compute1"]}
	b.World.Hosts["compute1"] = seen
	b.NewRun(base, b.watcher).Do(t.Context(), p)
	assert.Equal(t, []remote.Op{write("/a1"), write("/a2"),
		remote.If{OK: []int{0, 1}, Op: write("/b1")}, remote.If{OK: []int{0, 1, 2}, Op: write("/b2")},
		remote.If{OK: []int{0, 1}, Op: write("/b3")},
		remote.If{OK: []int{2, 3, 4, 0, 1}, Op: write("/c")}, write("/d")}, seen.ops)
}

// keeping is a host that keeps what it was asked last.
type keeping struct {
	remote.Host
	ops []remote.Op
}

func (k *keeping) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	k.ops = ops
	return k.Host.Do(ctx, ops...)
}

// TestStepsThatMayTakeMinutesGoBeforeAndAlone: what needs them waits, and what does not
// need them goes on if they fail.
func TestStepsThatMayTakeMinutesGoBeforeAndAlone(t *testing.T) {
	at := step.AtHost("compute1")
	install := func(id step.ID, name string, needs ...step.ID) thing {
		return always(id, step.Delta{Action: step.Create,
			Do: step.HostStep{Alone: true, Ops: func(step.Late) ([]remote.Op, error) {
				return []remote.Op{remote.InstallPackages{Names: []string{name}}}, nil
			}}}, needs...)
	}
	b := newBench(t)
	b.hosts["compute1"].AddPackage("ceph-common", "1", false)
	b.things.add(file(at, "/free"), install(host("packages"), "ceph-common"),
		install(host("more"), "none", host("packages")), file(at, "/a", host("packages")), file(at, "/b", host("more")))
	base := b.base()
	p := b.compute1(base)
	b.hosts["compute1"].Forget()
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), p)
	assert.Equal(t, []string{"/free applied", "packages applied", "more failed", "/a applied", "/b skipped"},
		ended(run, p))
	assert.Equal(t, 3, b.hosts["compute1"].Exchanges())
	assert.Equal(t, host("packages"), b.watcher.started[0])
	assert.Equal(t, host("more"), outcome(t, run, host("/b")).Because)
}

// TestAStepOfTheFirstEntryGoesByIt and all else by the normal login.
func TestAStepOfTheFirstEntryGoesByIt(t *testing.T) {
	b := newBench(t)
	entry := remotetest.NewHost("compute1")
	b.World.Entries["compute1"] = entry
	byEntry := step.Delta{Action: step.Create, Do: step.HostStep{Alone: true, Entry: true,
		Ops: func(step.Late) ([]remote.Op, error) {
			return []remote.Op{remote.WriteFile{Path: "/keys", Data: []byte("keys")}}, nil
		}}}
	b.things.add(always(host("keys"), byEntry), file(step.AtHost("compute1"), "/a", host("keys")))
	_, run := b.do()
	assert.Equal(t, engine.Applied, outcome(t, run, host("/a")).Status)
	_, there := entry.Contents("/keys")
	assert.True(t, there)
	_, there = b.hosts["compute1"].Contents("/keys")
	assert.False(t, there)
	b.holds("/a", "/a")
}

// A rule is a file that a program does not like afterwards, so that the step takes the file back.
func rule(t *testing.T) thing {
	return always(host("rule"), step.Delta{Action: step.Create, Do: step.HostStep{
		Ops: func(step.Late) ([]remote.Op, error) {
			return []remote.Op{remote.WriteFile{Path: "/rule", Data: []byte("rule")}, remote.Run{Argv: []string{"false"}}}, nil
		},
		Judge: func(results []remote.Result) (bool, error) {
			assert.Len(t, results, 2)
			return false, errSorry
		},
		Undo: func(results []remote.Result) []remote.Op {
			if results[1].Err == nil && results[1].Exit == 0 {
				return nil
			}
			return []remote.Op{remote.Remove{Path: "/rule", Was: results[0].File.SHA256}}
		},
	}})
}

var errSorry = errors.New("the program did not like it")

// TestAStepThatIsTakenBack runs its Undo with its own results. It then has no effect, and is failed.
func TestAStepThatIsTakenBack(t *testing.T) {
	b := newBench(t)
	b.things.add(file(step.AtHost("compute1"), "/a"), rule(t))
	p, run := b.do()
	assert.Equal(t, []string{"/a applied", "rule failed"}, ended(run, p))
	_, there := b.hosts["compute1"].Contents("/rule")
	assert.False(t, there)
	o := outcome(t, run, host("rule"))
	require.ErrorIs(t, o.Err, errSorry)
	require.ErrorContains(t, o.Err, "; the change was taken back")
	assert.Equal(t, 1, b.watcher.ended[host("rule")])
}

// TestAStepThatIsNotTakenBackForSure is unknown, whatever went wrong with its Undo.
func TestAStepThatIsNotTakenBackForSure(t *testing.T) {
	lost := &remote.HostError{Host: "compute1", Step: "exchange", Err: remote.ErrUnknown}
	for name, fault := range map[string]error{"the exchange was lost": lost, "the operation failed": syscall.EROFS,
		"somebody else wrote": remote.ErrConflict, "no word": errSilent} {
		b := newBench(t)
		b.things.add(rule(t))
		base := b.base()
		p := b.compute1(base)
		b.hosts["compute1"].Fail = func(_ context.Context, op remote.Op) error {
			if _, ok := op.(remote.Remove); ok {
				return fault
			}
			return nil
		}
		if errors.Is(fault, errSilent) {
			b.World.Hosts["compute1"] = &silentUndo{Host: b.hosts["compute1"]}
		}
		run := b.NewRun(base, b.watcher)
		run.Do(t.Context(), p)
		o := outcome(t, run, host("rule"))
		assert.Equal(t, engine.Unknown, o.Status, name)
		require.ErrorIs(t, o.Err, errSorry, name)
		require.ErrorContains(t, o.Err, "; the change could not be taken back: ", name)
		assert.Equal(t, 1, b.watcher.ended[host("rule")], name)
	}
}

var errSilent = errors.New("the host gives no results")

// A silentUndo is a host that gives no results of a Remove.
type silentUndo struct{ remote.Host }

func (h *silentUndo) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	if _, ok := ops[0].(remote.Remove); ok {
		return nil, nil
	}
	return h.Host.Do(ctx, ops...)
}

// TestAStepIsTakenBackAfterTheRunWasStopped, in a time of its own.
func TestAStepIsTakenBackAfterTheRunWasStopped(t *testing.T) {
	b := newBench(t)
	b.things.add(rule(t))
	base := b.base()
	p := b.compute1(base)
	ctx, cancel := context.WithCancel(t.Context())
	var until time.Time
	b.hosts["compute1"].Fail = func(ctx context.Context, op remote.Op) error {
		switch op.(type) {
		case remote.Run:
			cancel()
			return ctx.Err()
		case remote.Remove:
			until, _ = ctx.Deadline()
		}
		return nil
	}
	run := b.NewRun(base, b.watcher)
	run.Do(ctx, p)
	_, there := b.hosts["compute1"].Contents("/rule")
	assert.False(t, there, "it is left on the host")
	assert.Equal(t, engine.Failed, outcome(t, run, host("rule")).Status)
	assert.WithinDuration(t, time.Now().Add(time.Minute), until, 30*time.Second)
}

// TestWithoutAJudgeTheFirstErrorCounts and a program that fails is an error; whether
// something changed, the operations tell.
func TestWithoutAJudgeTheFirstErrorCounts(t *testing.T) {
	write := remote.WriteFile{Path: "/a", Data: []byte("1")}
	b := newBench(t)
	b.hosts["compute1"].AddFile("/a", []byte("1"), 0o600)
	b.things.add(always(host("same"), changes(write)),
		always(host("program"), changes(remote.Run{Argv: []string{"false"}}, remote.Run{Argv: []string{"true"}})),
		always(host("both"), changes(remote.Remove{Path: "/none"}, remote.Mkdir{Path: "/d"})))
	p, run := b.do()
	assert.Equal(t, []string{"same unchanged", "program failed", "both applied"}, ended(run, p))
	require.ErrorContains(t, outcome(t, run, host("program")).Err, "compute1: false: exit status 1")
}

// TestWhatIsNotKnownBeforehandMayFail: nothing is begun then, and the others go on.
func TestWhatIsNotKnownBeforehandMayFail(t *testing.T) {
	b := newBench(t)
	late := step.Delta{Action: step.Create, Do: step.HostStep{Ops: func(now step.Late) ([]remote.Op, error) {
		assert.Equal(t, time.Millisecond, now.Settle)
		_, err := now.Key("hdd", "client.nobody")
		return nil, err
	}}}
	b.things.add(always(host("keyring"), late), file(step.AtHost("compute1"), "/a", host("keyring")),
		file(step.AtHost("compute1"), "/b"))
	p, run := b.do()
	assert.Equal(t, []string{"keyring failed", "/a skipped", "/b applied"}, ended(run, p))
	require.EqualError(t, outcome(t, run, host("keyring")).Err, "integrate: changed since the plan was made: "+
		"user client.nobody is not in cluster hdd any more; plan again")
}

// TestServersAreLookedAtRightBefore: an error keeps the step from being done.
func TestServersAreLookedAtRightBefore(t *testing.T) {
	busy := errors.New("a VM came")
	b := newBench(t)
	b.cloud(openstacktest.Config{Computes: []string{"compute1"}})
	looks := 0
	with := func(err error) step.Delta {
		d := changes(remote.WriteFile{Path: "/disks", Data: []byte("1")})
		do := d.Do.(step.HostStep)
		do.Servers = func(servers []api.Server, _ []api.Migration) error {
			assert.Empty(t, servers)
			looks++
			return err
		}
		d.Do = do
		return d
	}
	b.things.add(always(host("busy"), with(busy)), always(host("free"), with(nil)))
	p, run := b.do()
	assert.Equal(t, []string{"busy failed", "free applied"}, ended(run, p))
	assert.Equal(t, 2, looks)
	require.ErrorIs(t, outcome(t, run, host("busy")).Err, busy)
}

// secret is a libvirt secret as a resource.
func secret(t *testing.T, name string, needs ...step.ID) thing {
	return always(host(name), step.Delta{Action: step.Create, Do: step.HostStep{
		Secret: func(step.Late) (libvirtsecret.Change, error) {
			value, err := libvirtsecret.ParseValue(key(t).Reveal())
			return libvirtsecret.Change{Secret: libvirtsecret.Secret{UUID: libvirtsecret.DeriveUUID("f", name), UsageID: name,
				Description: "d", Value: value}, Was: &libvirtsecret.Secret{}}, err
		}}}, needs...)
}

// TestSecretsGoAlongWhereTheStoreCan and one by one where it cannot; what comes after
// them waits for them.
func TestSecretsGoAlongWhereTheStoreCan(t *testing.T) {
	for _, together := range []bool{true, false} {
		for _, refuses := range []bool{true, false} {
			b := newBench(t)
			store := secrettest.New()
			store.Fail = func(c secrettest.Call) error {
				if refuses && c.Op == "define" && c.UUID == libvirtsecret.DeriveUUID("f", "one") {
					return libvirtsecret.ErrConflict
				}
				return nil
			}
			b.World.Secrets["compute1"] = store
			if together {
				b.World.Secrets["compute1"] = batchtest.New(store, b.hosts["compute1"])
			}
			at := step.AtHost("compute1")
			b.things.add(file(at, "/a"), secret(t, "one", host("/a")), secret(t, "two", host("/a")), file(at, "/b", host("two")),
				file(at, "/c", host("one")))
			base := b.base()
			p := b.compute1(base)
			b.hosts["compute1"].Forget()
			run := b.NewRun(base, b.watcher)
			run.Do(t.Context(), p)
			assert.Equal(t, 2, store.Calls("define"))
			if together {
				assert.Equal(t, 1, b.hosts["compute1"].Exchanges())
			}
			if !refuses {
				assert.Equal(t, []string{"/a applied", "one applied", "two applied", "/b applied", "/c applied"}, ended(run, p))
				continue
			}
			require.ErrorIs(t, outcome(t, run, host("one")).Err, step.ErrConflict)
			assert.Equal(t, engine.Failed, outcome(t, run, host("one")).Status)
			assert.Equal(t, engine.Applied, outcome(t, run, host("two")).Status)
			assert.Equal(t, engine.Skipped, outcome(t, run, host("/c")).Status)
			if together { // one operation makes both secrets: what needs one of them waits for both
				assert.Equal(t, engine.Skipped, outcome(t, run, host("/b")).Status)
				assert.Equal(t, host("one"), outcome(t, run, host("/b")).Because)
				continue
			}
			assert.Equal(t, engine.Applied, outcome(t, run, host("/b")).Status)
		}
	}
}

// TestASecretThatCannotBeMadeKeepsNoOtherChange from being made.
func TestASecretThatCannotBeMadeKeepsNoOtherChange(t *testing.T) {
	for _, together := range []bool{true, false} {
		b := newBench(t)
		store := secrettest.New()
		b.World.Secrets["compute1"] = store
		if together {
			b.World.Secrets["compute1"] = batchtest.New(store, b.hosts["compute1"])
		}
		bad := always(host("bad"), step.Delta{Action: step.Create, Do: step.HostStep{
			Secret: func(now step.Late) (c libvirtsecret.Change, err error) {
				_, err = now.Key("ssd", "client.x")
				return c, err
			}}})
		b.things.add(bad, file(step.AtHost("compute1"), "/a"), file(step.AtHost("compute1"), "/b", host("bad")))
		p, run := b.do()
		assert.Equal(t, []string{"bad failed", "/a applied", "/b skipped"}, ended(run, p))
		assert.Zero(t, store.Calls("define"))
	}
}

// TestASecretAfterOtherStepsWaitsForThem: secrets are one operation only where they follow
// each other and wait for the same, and it is one exchange all the same.
func TestASecretAfterOtherStepsWaitsForThem(t *testing.T) {
	b := newBench(t)
	store := secrettest.New()
	b.World.Secrets["compute1"] = batchtest.New(store, b.hosts["compute1"])
	at := step.AtHost("compute1")
	b.things.add(secret(t, "one"), file(at, "/a", host("one")), secret(t, "two", host("/a")), secret(t, "three"))
	b.hosts["compute1"].Fail = failing(syscall.ENOSPC, "/a")
	base := b.base()
	p := b.compute1(base)
	b.hosts["compute1"].Forget()
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), p)
	assert.Equal(t, []string{"one applied", "/a failed", "two skipped", "three applied"}, ended(run, p))
	assert.Equal(t, host("/a"), outcome(t, run, host("two")).Because)
	assert.Equal(t, 1, b.hosts["compute1"].Exchanges())
	assert.Equal(t, 2, store.Calls("define"))
}

// TestKeysOfUsersThatWereJustMade are known to the hosts.
func TestKeysOfUsersThatWereJustMade(t *testing.T) {
	b := newBench(t)
	made := on(step.AtCluster("hdd"), "client.a")
	var got ceph.Key
	keyring := step.Delta{Action: step.Create, Do: step.HostStep{Ops: func(now step.Late) (ops []remote.Op, err error) {
		got, err = now.Key("hdd", "client.a")
		return []remote.Op{remote.WriteFile{Path: "/keyring", Data: []byte(got.Reveal())}}, err
	}}}
	b.things.add(user("hdd", "client.a"), always(host("keyring"), keyring, made))
	base := b.base()
	p := b.compute1(base)
	run := b.NewRun(base, b.watcher)
	run.Do(t.Context(), base.Clusters()[0])
	run.Do(t.Context(), p)
	require.Equal(t, engine.Applied, outcome(t, run, host("keyring")).Status)
	there, err := ceph.New(b.ceph["hdd"]).User(t.Context(), "client.a")
	require.NoError(t, err)
	assert.True(t, got.Equal(there.Key))
	b.holds("/keyring", there.Key.Reveal())
}
