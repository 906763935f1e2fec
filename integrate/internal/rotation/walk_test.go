package rotation_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
)

var (
	walks = flag.Int("rotations", 3_000, "how many rotations TestRotations walks through")
	seed  = flag.Uint64("seed", 0, "walk through the rotation of this seed only, and tell it")
)

// errKilled ends a run as kill -9 does: between two steps.
var errKilled = errors.New("killed")

// A walk is one rotation with all that happens meanwhile.
type walk struct {
	*model
	r        *rand.Rand
	mishaps  int // how many are left
	now      time.Time
	told     []string
	removed  bool
	acts     int
	refused  int // how many runs the pre-check refused
	attempts map[string]int
}

// step is a boundary between two steps: others act, things break, and the program may be killed.
func (w *walk) step(format string, args ...any) error {
	w.told = append(w.told, fmt.Sprintf(format, args...))
	if err := w.invariants(); err != nil {
		return err
	}
	for w.mishaps > 0 && w.r.IntN(4) == 0 {
		w.mishaps--
		if what := w.mishap(w.r); what != "" {
			w.told = append(w.told, "  "+what)
		}
		if err := w.invariants(); err != nil {
			return err
		}
	}
	if w.mishaps > 0 && w.r.IntN(12) == 0 {
		w.told = append(w.told, "  killed")
		return errKilled
	}
	return nil
}

// ordinary is the apply of the ordinary plan, step by step. It leaves a compute alone that it cannot read.
func (w *walk) ordinary() error {
	if w.users["new"] == nil {
		w.keys++
		w.users["new"] = &modelUser{key: w.keys}
		if err := w.step("new user"); err != nil {
			return err
		}
	}
	all := true
	for _, name := range slices.Sorted(maps.Keys(w.computes)) {
		c := w.computes[name]
		if c.dead {
			all = false
			continue
		}
		for _, user := range []string{"old", "new"} {
			if u := w.users[user]; u != nil && c.secrets[user] != u.key {
				c.secrets[user] = u.key
				if err := w.step("secret of %s on %s", user, name); err != nil {
					return err
				}
			}
		}
		if u := w.users["new"]; c.secrets["new"] == u.key && c.nova != "new" && (!w.typed || !c.old) {
			c.nova = "new" // where the keyring of the new user cannot be read, its file and what needs it are left alone
		}
		if w.ready(c) {
			c.spoiled = false
		}
		if err := w.step("settings of %s", name); err != nil {
			return err
		}
	}
	if all {
		w.window = false
		if w.cinder != "new" {
			w.cinder = "new"
			return w.step("cinder-volume")
		}
	}
	return nil
}

// run is what Apply does, step by step.
func (w *walk) run() error {
	if who := w.tooOld(); who != "" {
		w.refused++
		return w.step("refused: %s has an old librados", who)
	}
	held := rotation.Decide(w.situation(w.now)).Hybrid == rotation.Held
	if u := w.users["old"]; u == nil || u.pending == 0 || held || !w.allReady() {
		if err := w.ordinary(); err != nil {
			return err
		}
	}
	w.attempts = map[string]int{}
	for range 30 {
		d := rotation.Decide(w.situation(w.now))
		i := slices.IndexFunc(d.Steps, func(s rotation.Step) bool {
			return s.Act != rotation.Nothing && s.Act != rotation.Renew && w.attempts[s.Guest.ID+string(s.Act)] == 0
		})
		if i < 0 {
			break
		}
		if err := w.act(d.Steps[i]); err != nil {
			return err
		}
	}
	if err := w.key(); err != nil {
		return err
	}
	if d := rotation.Decide(w.situation(w.now)); len(d.Bars) == 0 && w.users["old"] != nil {
		delete(w.users, "old")
		w.removed = true
		return w.step("the old user is removed")
	}
	return nil
}

// act does an act as it would be done now.
func (w *walk) act(s rotation.Step) error {
	w.attempts[s.Guest.ID+string(s.Act)]++
	i := slices.IndexFunc(w.guests, func(g *modelGuest) bool { return g.id == s.Guest.ID })
	g := w.guests[i]
	if s.Rule < 0 || s.Act != rotation.Refresh && !slices.Contains(w.rot.Guests[s.Rule].May, string(s.Act)) {
		return fmt.Errorf("%s of %s, which no rule allows", s.Act, g.id)
	}
	if err := w.step("%s of %s", s.Act, g.id); err != nil {
		return err
	}
	if now := w.seen(g); now.Unknown != "" || now.Status != s.Guest.Status || now.Host != s.Guest.Host || now.Task != "" ||
		now.Locked || len(now.Volumes) != len(s.Guest.Volumes) || len(now.Disks) != len(s.Guest.Disks) {
		return nil // it is not as it was
	}
	w.acts++
	switch s.Act {
	case rotation.LiveMigrate, rotation.Renew:
		to := w.destination(g)
		if to == "" {
			return nil
		}
		if w.r.IntN(10) == 0 && w.mishaps > 0 {
			return w.step("the migration fails")
		}
		if err := w.migrate(g, to); err != nil && !w.computes[to].spoiled {
			return err
		}
	case rotation.HardReboot:
		if err := w.start(g); err != nil && !w.computes[g.host].spoiled {
			return err
		}
	case rotation.Refresh:
		g.stored = w.cinder
	case rotation.StopStart:
		return w.stopStart(g)
	}
	return w.step("  done")
}

func (w *walk) stopStart(g *modelGuest) error {
	g.status, g.stopped = "SHUTOFF", true
	if err := w.step("  it is stopped"); err != nil {
		return err
	}
	return w.startAgain(g)
}

func (w *walk) startAgain(g *modelGuest) error {
	if g.status == "SHUTOFF" && !w.computes[g.host].dead {
		if g.stored != "" {
			g.stored = w.cinder
		}
		if err := w.start(g); err != nil && !w.computes[g.host].spoiled {
			return err
		}
	}
	g.stopped = g.status == "SHUTOFF"
	return w.step("  it is started")
}

func (w *walk) destination(g *modelGuest) string {
	for _, name := range slices.Sorted(maps.Keys(w.computes)) {
		if c := w.computes[name]; name != g.host && !c.dead && !c.disabled {
			return name
		}
	}
	return ""
}

// key is the change of a key in place, phase by phase.
func (w *walk) key() error {
	for range 12 {
		s := w.situation(w.now)
		d := rotation.Decide(s)
		u := w.users["old"]
		switch d.Hybrid {
		case rotation.Prepare:
			if !w.allReady() {
				return nil
			}
			if stop, err := w.prepare(u); stop || err != nil {
				return err
			}
		case rotation.Move:
			i := slices.IndexFunc(d.Steps, func(st rotation.Step) bool {
				return st.Act == rotation.Renew && w.attempts[st.Guest.ID+string(st.Act)] < 3
			})
			if i < 0 {
				return nil
			}
			if err := w.act(d.Steps[i]); err != nil {
				return err
			}
		case rotation.Commit:
			if err := w.commit(u); err != nil {
				return err
			}
			if err := w.step("commit"); err != nil {
				return err
			}
			if err := w.ordinary(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// commit gives the old key up. A guest that runs with it would be lost with its next login, and nobody gave a word for
// that.
func (w *walk) commit(u *modelUser) error {
	if u.pending == 0 {
		return nil
	}
	for _, g := range w.guests {
		if key, has := g.opened["old"]; has && g.runs() && key != u.pending {
			return fmt.Errorf("the old key is given up, and guest %s runs with it", g.id)
		}
	}
	w.takes("old", u.pending)
	return nil
}

// prepare makes the new key, or puts it on all computes. It stops where a compute is dead.
func (w *walk) prepare(u *modelUser) (stop bool, err error) {
	switch {
	case u.pending != 0:
		for _, name := range slices.Sorted(maps.Keys(w.computes)) {
			if w.computes[name].dead || u.pending == 0 {
				return true, nil
			}
			w.computes[name].secrets["old"] = u.pending
			if err := w.step("pending key on %s", name); err != nil {
				return true, err
			}
		}
		return false, nil
	case w.changed:
		return false, w.ordinary()
	case w.pendings:
		w.keys++
		u.pending = w.keys
		return false, w.step("pending key")
	}
	w.keys++
	u.key, w.changed, w.window = w.keys, true, true
	return false, w.step("another key at once")
}

func (w *walk) allReady() bool {
	for _, c := range w.computes {
		if c.dead || c.nova != "new" || w.typed && c.old {
			return false
		}
	}
	return w.cinder == "new"
}

// walkThrough is one rotation: runs that are killed, others that act, and at last runs that nothing disturbs.
func walkThrough(seed uint64, mishaps int) (w *walk, err error) {
	r := rand.New(rand.NewPCG(seed, 17))
	w = &walk{model: newModel(r), r: r, mishaps: mishaps, now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
	for run := 0; run < 25; run++ {
		if w.mishaps > 0 && r.IntN(8) == 0 {
			w.rot.Guests = rulesFor(r)
			w.told = append(w.told, "the rules are edited")
		}
		if run > 12 {
			w.mishaps = 0
			w.heal()
		}
		w.now = w.now.Add(6 * time.Hour)
		w.told = append(w.told, fmt.Sprintf("run %d", run))
		for _, g := range w.guests {
			if g.stopped {
				if err := w.startAgain(g); err != nil && !errors.Is(err, errKilled) {
					return w, err
				}
			}
		}
		if err := w.run(); err != nil && !errors.Is(err, errKilled) {
			return w, err
		}
	}
	return w, w.ends()
}

// ends is nil if the rotation has ended, or each thing that it waits for is said.
func (w *walk) ends() error {
	if w.users["old"] == nil {
		return nil
	}
	d := rotation.Decide(w.situation(w.now))
	if len(d.Bars) == 0 {
		return errors.New("nothing is in the way, and the old user is still there")
	}
	lasting := []string{"no-rule", "left-alone", "not-allowed", "no-nova-manage", "window", "hybrid-held"}
	for _, s := range d.Steps {
		switch {
		case s.Act != rotation.Nothing:
			return fmt.Errorf("%s still needs %s after all runs", s.Guest.ID, s.Act)
		case s.Wait != "" && !slices.Contains(lasting, s.Code):
			return fmt.Errorf("%s waits (%s: %s) where nothing is in the way", s.Guest.ID, s.Code, s.Wait)
		}
	}
	for _, b := range d.Bars {
		if b.Text == "" || b.Code != "guest" && b.Code != "keeps" {
			return fmt.Errorf("%s %s: %q is in the way at the end", b.Code, b.Who, b.Text)
		}
	}
	return nil
}

// TestRotations walks through many rotations: the old user is never removed while somebody needs it, each guest can
// come back at each moment, and each rotation ends or says what it waits for. A walk that fails is told with as few
// mishaps as fail, too.
func TestRotations(t *testing.T) {
	if *seed != 0 {
		w, err := walkThrough(*seed, 40)
		for _, line := range w.told {
			t.Log(line)
		}
		require.NoError(t, err)
		return
	}
	n := *walks
	if testing.Short() {
		n /= 20
	}
	removed, acts, refused := 0, 0, 0
	for i := range n {
		w, err := walkThrough(uint64(i+1), 40)
		if err != nil {
			least := 40
			for mishaps := range 40 {
				if _, again := walkThrough(uint64(i+1), mishaps); again != nil {
					least = mishaps
					break
				}
			}
			w, err = walkThrough(uint64(i+1), least)
			t.Fatalf("seed %d, %d mishaps: %v\n%s", i+1, least, err, tail(w.told))
		}
		acts += w.acts
		refused += w.refused
		if w.removed {
			removed++
		}
	}
	t.Logf("%d rotations, %d acts, %d runs refused, %d times the old user was removed", n, acts, refused, removed)
	assert.Positive(t, refused)
	assert.Greater(t, removed, n/20, "walks that remove nobody prove little")
}

func tail(lines []string) string {
	out := ""
	for _, line := range lines[max(0, len(lines)-60):] {
		out += line + "\n"
	}
	return out
}
