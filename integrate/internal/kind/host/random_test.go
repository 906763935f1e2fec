package host

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// A chance makes a scene that nobody thought of.
type chance struct {
	*scene
	*rand.Rand
}

func (c chance) of(n int) bool { return c.IntN(n) == 0 }

// texts are contents that a file may have, good and bad.
func (c chance) texts() []string {
	return []string{"", "[DEFAULT]\n", "[broken\n", minimalConf, "[global]\nfsid = 1\n", "[client.x]\nkey = abc\n",
		ringOf("client.glance", oldTypeKey), ringOf("client.cinder", oldTypeKey), ringOf("client.cinder", otherKey),
		ringOf("client.cinder", oldTypeKey) + ringOf("client.admin", otherKey), oldTypeKey, otherKey, "d /x\n", ourRules,
		rulesBegin + ourRules + rulesEnd, rulesBegin, withLocal, withFolder, "<secret/>",
		"[DEFAULT]\nenabled_backends = ceph-rbd\n[ceph-rbd]\nvolume_driver = cinder.volume.drivers.rbd.RBDDriver\n",
		"[DEFAULT]\nenabled_backends = rbd:rbd\n[rbd]\nrbd_store_pool = other\n"}
}

// disturb changes some of what was read on the host.
func (c chance) disturb() {
	for _, r := range c.resources() {
		for _, op := range r.Asks().Host {
			switch op := op.(type) {
			case remote.ReadFile:
				c.disturbFile(op.Path)
			case remote.Stat:
				if c.of(5) {
					c.folder(op.Path, fs.FileMode(c.IntN(0o1000)))
				}
			case remote.UnitState:
				if c.of(5) {
					states := []remote.Unit{{Load: "not-found"}, {Load: "masked"}, {Load: "loaded", Active: "failed"}}
					u := states[c.IntN(len(states))]
					u.Name = op.Unit
					c.v.Host.Units[op.Unit] = u
				}
			}
		}
	}
	for _, u := range c.n.Site.Secrets {
		if c.of(2) {
			value, _ := libvirtsecret.ParseValue([]string{oldTypeKey, otherKey, ""}[c.IntN(3)])
			have := libvirtsecret.Secret{UUID: uuidOf(u.Entity), UsageID: "any", Value: value, Ephemeral: c.of(2)}
			if c.of(4) {
				have.UUID, have.UsageID = uuidOf("x"), libvirtsecret.UsageID(testFSID, u.Entity)
			}
			c.v.Host.Secrets = append(c.v.Host.Secrets, have)
		}
	}
}

func (c chance) disturbFile(path string) {
	if base := path[len(path)-4:]; base == "json" || path == place.OSRelease || !c.of(4) {
		return
	}
	texts := c.texts()
	c.file(path, texts[c.IntN(len(texts))], []fs.FileMode{0o600, 0o640, 0o644, 0o666}[c.IntN(4)])
	if f := c.v.Host.Files[path]; c.of(3) {
		f.Owner, f.Group = "somebody", "somegroup"
		f.Changed = started().Add(time.Minute)
		c.v.Host.Files[path] = f
	}
	switch {
	case c.of(6):
		c.v.Host.Files[path] = step.File{Err: remote.ErrTooLarge}
	case c.of(3):
		c.v.Host.Files[path] = step.File{Missing: true}
	}
}

// shown is all that a Delta shows, without the step.
func shown(d step.Delta) string {
	d.Do = nil
	return fmt.Sprintf("%+v", d)
}

// TestWhateverIsFoundOnAHost is left alone or brought in order, and shows no key.
func TestWhateverIsFoundOnAHost(t *testing.T) {
	edits := []func(*spec.Spec){func(*spec.Spec) {}, inKollaSpec,
		func(s *spec.Spec) { s.Prepare = &spec.Prepare{Guests: &spec.Guests{}} }}
	for seed := range uint64(300) {
		host := []string{"controller", "compute1"}[seed%2]
		c := chance{newScene(t, host, edits[seed%3]), rand.New(rand.NewPCG(seed, seed))}
		c.disturb()
		c.all()
		for _, r := range c.resources() {
			id := r.ID()
			d, ok := c.v.Ledger.Lookup(id)
			require.True(t, ok)
			for _, key := range []string{oldTypeKey, otherKey} {
				require.NotContains(t, shown(d), key, "seed %d, %s", seed, id)
			}
			require.False(t, d.Refused && d.Do != nil, "seed %d, %s is changed and left alone", seed, id)
			require.Equal(t, d.Do != nil, len(d.Diffs) > 0 || d.Action == step.Restart, "seed %d, %s", seed, id)
			for _, need := range r.Needs() {
				require.False(t, c.v.Ledger.Refused(need) && d.Do != nil, "seed %d, %s needs %s", seed, id, need)
			}
			if !d.Refused {
				require.Equal(t, shown(r.Compare(c.v)), shown(d), "seed %d, %s: the same view gives the same", seed, id)
			}
		}
		c.apply()
		c.restart()
		c.all()
		assert.Empty(t, c.names(), "seed %d: what is well or left alone stays so", seed)
	}
}
