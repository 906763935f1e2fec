package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// A chance is a bench whose world loses connections anywhere.
type chance struct {
	*bench
	r    *rand.Rand
	seed uint64
	lost map[step.Target]bool // a connection was lost there
	stop context.CancelFunc
}

// newChance makes a random graph of users and files.
func newChance(t *testing.T, seed uint64) *chance {
	c := &chance{bench: newBench(t), r: rand.New(rand.NewPCG(seed, 7)), seed: seed, lost: map[step.Target]bool{}}
	var users []step.ID
	for k := range 1 + c.r.IntN(5) {
		u := user("hdd", fmt.Sprintf("client.%d", k), c.some(users)...)
		users = append(users, u.id)
		c.things.add(u)
		if c.r.IntN(5) == 0 {
			c.ceph["hdd"].AddUser(ceph.User{Entity: u.id.Name, Caps: ceph.Caps{"mon": "profile rbd"}})
		}
	}
	for _, name := range []string{"compute1", "compute2"} {
		before := users
		for k := range 2 + c.r.IntN(7) {
			f := file(step.AtHost(name), fmt.Sprintf("/f%d", k), c.some(before)...)
			before = append(before[:len(before):len(before)], f.id)
			c.things.add(f)
			if c.r.IntN(6) == 0 {
				c.hosts[name].AddFile(f.id.Name, []byte("old"), 0o600)
			}
		}
	}
	return c
}

// some picks some of the IDs.
func (c *chance) some(ids []step.ID) (out []step.ID) {
	for _, id := range ids {
		if c.r.IntN(3) == 0 {
			out = append(out, id)
		}
	}
	return out
}

// trouble decides what goes wrong while the changes are made.
func (c *chance) trouble(ctx context.Context) context.Context {
	ctx, c.stop = context.WithCancel(ctx)
	for _, name := range []string{"compute1", "compute2"} {
		r, target := rand.New(rand.NewPCG(c.seed, uint64(len(name)+int(name[7])))), step.AtHost(name)
		lose := func() error {
			c.lost[target] = true
			return &remote.HostError{Host: name, Step: "exchange", Err: remote.ErrUnreachable}
		}
		c.hosts[name].Fail = func(context.Context, remote.Op) error {
			switch r.IntN(16) {
			case 0:
				return lose()
			case 1, 2:
				return syscall.ENOSPC
			case 3:
				if c.seed%4 == 0 {
					c.lost[target] = true
					c.stop()
					return ctx.Err()
				}
			}
			return nil
		}
		c.hosts[name].FailAfter = func(context.Context, remote.Op) error {
			if r.IntN(16) == 0 {
				return lose()
			}
			return nil
		}
	}
	r, target := rand.New(rand.NewPCG(c.seed, 3)), step.AtCluster("hdd")
	c.ceph["hdd"].Fail = func(op cephtest.Op) error {
		switch n := r.IntN(16); {
		case n == 0:
			c.lost[target] = true
			return ceph.ErrUnreachable
		case n < 3 && op.Write:
			return ceph.ErrDenied
		}
		return nil
	}
	c.ceph["hdd"].Lost = func(op cephtest.Op) error {
		if op.Write && r.IntN(10) == 0 {
			c.lost[target] = true
			return ceph.ErrUnreachable
		}
		return nil
	}
	return ctx
}

// calm takes the trouble away.
func (c *chance) calm() {
	for _, h := range c.hosts {
		h.Fail, h.FailAfter = nil, nil
	}
	c.ceph["hdd"].Fail, c.ceph["hdd"].Lost = nil, nil
}

// there reports whether what a change makes is there.
func (c *chance) there(id step.ID) bool {
	if id.Target.Where == step.OnCluster {
		return c.hasUser("hdd", id.Name)
	}
	data, _ := c.hosts[id.Target.Name].Contents(id.Name)
	return string(data) == id.Name
}

// agrees checks that an outcome says what the world says.
func (c *chance) agrees(run *engine.Run, i engine.Item, before bool) {
	o := outcome(c.t, run, i.ID)
	where := fmt.Sprintf("seed %d: %s is %s (%v)", c.seed, i.ID, o.Status, o.Err)
	switch o.Status {
	case engine.Applied, engine.Unchanged:
		require.True(c.t, c.there(i.ID), where)
		for _, need := range i.Needs {
			needed := outcome(c.t, run, need)
			require.True(c.t, needed.Well(), "%s, and %s, which it needs, is %s", where, need, needed.Status)
		}
	case engine.Failed, engine.Cancelled, engine.Skipped:
		require.Equal(c.t, before, c.there(i.ID), where)
	case engine.Unknown:
		require.True(c.t, c.lost[i.ID.Target], where)
	default:
		require.Fail(c.t, "no such status", where)
	}
	if o.Status == engine.Skipped {
		needed := outcome(c.t, run, o.Because)
		require.Contains(c.t, i.Needs, o.Because, where)
		require.False(c.t, needed.Well(), "%s because of %s, which is well", where, o.Because)
	}
	require.Equal(c.t, o.Status == engine.Failed || o.Status == engine.Unknown || o.Status == engine.Cancelled,
		o.Err != nil, where)
}

// TestOutcomesAgreeWithTheWorld makes changes in worlds that lose connections anywhere:
// what was applied is there, what failed or was not begun is not, and an outcome is
// unknown only where a connection was lost. After the trouble everything can be made.
func TestOutcomesAgreeWithTheWorld(t *testing.T) {
	all := map[engine.Status]int{}
	for seed := range uint64(400) {
		c := newChance(t, seed)
		base := c.base()
		parts := []engine.Part{base.Clusters()[0], base.Host(c.Look(t.Context(), "compute1", base)),
			base.Host(c.Look(t.Context(), "compute2", base))}
		run := c.NewRun(base, c.watcher)
		ctx := c.trouble(t.Context())
		for _, p := range parts {
			run.Do(ctx, p)
		}
		c.calm()
		c.stop()
		for _, p := range parts {
			for _, i := range p.Items {
				if i.Changes() {
					c.agrees(run, i, false)
					o, _ := run.Outcome(i.ID)
					all[o.Status]++
					require.Equal(t, 1, c.watcher.ended[i.ID], "seed %d: %s ended so many times", seed, i.ID)
				}
			}
		}
		c.finishes()
	}
	for _, status := range []engine.Status{engine.Applied, engine.Failed, engine.Unknown, engine.Skipped,
		engine.Cancelled} {
		require.Greater(t, all[status], 10, "%s is rare: %v", status, all)
	}
}

// finishes plans and makes once more what is not there, and then nothing is left.
func (c *chance) finishes() {
	base := c.base()
	run := c.NewRun(base, &watcher{ended: map[step.ID]int{}})
	run.Do(c.t.Context(), base.Clusters()[0])
	for _, name := range []string{"compute1", "compute2"} {
		p := base.Host(c.Look(c.t.Context(), name, base))
		run.Do(c.t.Context(), p)
		_, o, well := run.Well(p)
		require.True(c.t, well, "seed %d: %v", c.seed, o.Err)
		for _, e := range c.things[p.Target] {
			require.True(c.t, c.there(e.ID()), "seed %d: %s", c.seed, e.ID())
		}
	}
}
