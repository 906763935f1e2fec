package rotate_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// A way is a strategy on a cluster.
type way struct {
	name     string
	may      []string
	inPlace  bool
	tentacle bool // Ceph 20.2.4, from aes to aes256k; else Ceph 16.2.15, from aes to aes
}

func ways() []way {
	return []way{
		{"replace", []string{"live-migration", "hard-reboot"}, false, false},
		{"replace, from aes to aes256k", []string{"live-migration", "hard-reboot"}, false, true},
		{"stop and start", []string{"stop-start"}, false, false},
		{"hybrid", []string{"live-migration", "hybrid"}, false, false},
		{"hybrid, from aes to aes256k", []string{"live-migration", "hybrid"}, false, true},
		{"in place", []string{"hybrid"}, true, false},
		{"in place, from aes to aes256k", []string{"hybrid"}, true, true},
	}
}

// spec is what the rotation is asked to do.
func (w way) spec() spec.Spec {
	s := during(w.may...)
	if w.inPlace {
		s = before()
		s.Rotate = []spec.Rotation{{From: "cinder", Guests: []spec.GuestRule{{May: w.may}}}}
	}
	r := &s.Rotate[0]
	if r.KeyType = "aes256k"; !w.tentacle {
		r.KeyType, r.Since = "aes", "2026-01-01"
	}
	if slices.Contains(w.may, "stop-start") {
		r.NovaManage = "controller"
	}
	return s
}

func (w way) options() rotate.Options {
	if w.inPlace {
		return rotate.Options{}
	}
	return rotate.Options{Revoke: []string{"client.cinder"}}
}

// keeps reports whether guests take another key of the old user.
func (w way) keeps() bool { return slices.Contains(w.may, "hybrid") }

// oldKey is a key of type aes that was made in 2020.
func oldKey(t *testing.T) ceph.Key {
	t.Helper()
	raw := binary.LittleEndian.AppendUint16(nil, 1)
	raw = binary.LittleEndian.AppendUint64(raw, uint64(time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC).Unix()))
	raw = binary.LittleEndian.AppendUint16(raw, 16)
	key, err := ceph.ParseKey(base64.StdEncoding.EncodeToString(append(raw, "0123456789abcdef"...)))
	require.NoError(t, err)
	return key
}

// A rotated is a cloud on its way.
type rotated struct {
	*cloud
	way
	was    ceph.Key
	guests []api.Server
}

// cloud is a cloud with guests at the beginning of a rotation.
func (w way) cloud(t *testing.T) *rotated {
	t.Helper()
	c := &cloud{World: integratetest.Open(t, before()), t: t}
	out := &rotated{cloud: c, way: w, was: oldKey(t)}
	if w.tentacle {
		c.upgrade()
	}
	c.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder", Key: out.was})
	require.NoError(t, c.Integrate(t.Context()))
	c.upload()
	out.guests = []api.Server{c.guest("both", "compute1", true), c.guest("root", "compute2", false),
		c.volumeGuest("boot", "compute1")}
	return out
}

// upgrade takes the cluster, and the packages of all hosts, to Ceph 20.2.4.
func (c *cloud) upgrade() {
	c.Ceph["ceph"].UpgradeToTentacle()
	for _, m := range c.Machines {
		for _, p := range []string{"ceph-common", "python3-rados", "python3-rbd", "librados2", "librbd1"} {
			m.AddPackage(p, "20.2.4-1", true)
		}
	}
}

// run is a run of the program, which may be killed.
func (c *rotated) run(k *killer) (*rotate.Report, error) {
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	k.end = cancel
	cfg := c.config(c.way.spec())
	cfg.World = k.between(c.cloud)
	report, err := rotate.Apply(ctx, cfg, c.options())
	c.API.Interrupt(nil)
	if k.killed() { // its lock expires, and Nova ends what it began
		mon := c.Ceph["ceph"]
		if l, err := mon.Holder(c.t.Context(), "cephstack", "operator-lock"); err == nil {
			require.NoError(c.t, mon.Unlock(c.t.Context(), l))
		}
		for _, g := range c.guests {
			require.Eventually(c.t, func() bool {
				now, err := c.Cloud.Server(c.t.Context(), g.ID)
				return err == nil && now.Task == "" && now.Status != "MIGRATING"
			}, time.Minute, 5*time.Millisecond)
		}
	}
	return report, err
}

// holds is what holds after each kill: each guest goes on reading and writing, each guest could come back, and each
// session is one that could log in again. Sessions with the key that the old user had are those of the window.
func (c *rotated) holds() error {
	now, err := cephx.New(ceph.New(c.Ceph["ceph"])).Lookup(c.t.Context(), "client.cinder")
	window := err == nil && c.keeps() && !now.Key.Equal(c.was)
	for _, g := range c.guests {
		if err := c.ComesBack(g.ID); err != nil && (c.tentacle || !window) {
			return err // where the cluster has no pending keys, a new key is not on all computes at once
		}
		for _, session := range c.Clients(g.ID) {
			if err := session.IO(); err != nil {
				return fmt.Errorf("%s: %w", g.Name, err)
			}
			if !session.Good() && !window {
				return fmt.Errorf("%s is refused when it logs in again as %s", g.Name, session.Entity)
			}
		}
	}
	return nil
}

// ended is how things are after the last run.
func (c *rotated) ended(report *rotate.Report, err error) {
	t := c.t
	t.Helper()
	require.True(t, report != nil && report.Done(), "%s\n%v", report, err)
	_, denied := c.Ceph["ceph"].Login("client.cinder", c.was)
	require.ErrorIs(t, denied, ceph.ErrDenied, "the old key is refused")
	assert.Equal(t, c.keeps(), c.has("client.cinder"))
	for _, g := range c.guests {
		s, err := c.Cloud.Server(t.Context(), g.ID)
		require.NoError(t, err)
		assert.Equal(t, "ACTIVE", s.Status, g.Name)
		assert.Empty(t, s.Tags, g.Name)
		assert.False(t, s.Locked, g.Name)
		assert.NotEmpty(t, c.Clients(g.ID))
		for _, session := range c.Clients(g.ID) {
			require.NoError(t, session.Renew(), g.Name)
			require.NoError(t, session.IO(), g.Name)
		}
		require.NoError(t, c.ComesBack(g.ID))
	}
	p, err := c.integration(c.way.spec()).Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	assert.True(t, p.Empty(), "%s", p)
	assert.Empty(t, c.API.Violations())
}

// kills says to try one in so many steps: a share by default, and each of them with CEPHSTACK_KILLS.
func kills(steps int) (every int) {
	switch {
	case os.Getenv("CEPHSTACK_KILLS") != "":
		return 1
	case testing.Short():
		return steps
	}
	return max(steps/6, 1)
}

// TestKilledAtEachStep: a rotation is killed at a step, before it or after it, and the next run ends it. No guest sees
// an error, and after the kill each guest could come back. By default a share of the steps that may change something is
// tried, which differs from day to day. With CEPHSTACK_KILLS=changes it is each of these, and with CEPHSTACK_KILLS=all
// it is each step: each exchange with a host, each command of Ceph, each request to the APIs.
func TestKilledAtEachStep(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := w.cloud(t)
			undisturbed := &killer{writes: os.Getenv("CEPHSTACK_KILLS") != "all"}
			report, err := c.run(undisturbed)
			c.ended(report, err)
			steps, tried := len(undisturbed.steps), 0
			require.GreaterOrEqual(t, steps, 8)
			every := kills(steps)
			for at := 1 + time.Now().YearDay()%every; at <= steps; at += every {
				for _, after := range []bool{false, true} {
					if after && !undisturbed.wrote[at-1] {
						continue // before and after a step that only reads, the world is the same
					}
					k := &killer{at: at, after: after, writes: undisturbed.writes}
					where := fmt.Sprintf("killed at %d of %d, after it: %t", at, steps, after)
					c := w.cloud(t)
					_, _ = c.run(k)
					if !k.killed() {
						continue // this run took fewer steps
					}
					tried++
					where += ": " + k.steps[len(k.steps)-1]
					require.NoError(t, c.holds(), where)
					report, err := c.run(&killer{})
					require.True(t, report != nil && report.Done(), "%s\n%s\n%v", where, report, err)
					c.ended(report, err)
				}
			}
			t.Logf("%d steps, killed %d times", steps, tried)
			assert.Positive(t, tried)
		})
	}
}

// TestEachRunIsKilled: runs are killed after a few changes each, until there is nothing left to change. So the rotation
// is cut off at each boundary between changes, many times over. Most of the time goes into waiting, so that one way is
// taken here; make rotations takes all.
func TestEachRunIsKilled(t *testing.T) {
	all := ways()
	if os.Getenv("CEPHSTACK_KILLS") == "" {
		all = all[:1]
	}
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			for seed := range seeds() {
				c, r := w.cloud(t), rand.New(rand.NewPCG(seed, 1))
				var told []string
				for run := 0; ; run++ {
					require.Less(t, run, 400, "no end: %s", strings.Join(told[max(0, len(told)-20):], "\n"))
					k := &killer{at: 1 + r.IntN(1+min(run, 5)), after: r.IntN(2) == 0, writes: true}
					report, err := c.run(k)
					if !k.killed() {
						c.ended(report, err)
						t.Logf("seed %d: %d runs", seed, run)
						break
					}
					told = append(told, fmt.Sprintf("%.200s, after: %t", strings.Join(k.steps, "; "), k.after))
					require.NoError(t, c.holds(), "seed %d: %s", seed, strings.Join(told, "\n"))
				}
			}
		})
	}
}

// seeds is how many rotations are cut off again and again.
func seeds() uint64 {
	if os.Getenv("CEPHSTACK_KILLS") != "" {
		return 10
	}
	return 1
}
