package rotation_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A model is a small cloud by the trials with a real one: what Nova, libvirt and CephX do with users and keys.
type model struct {
	rot      spec.Rotation
	pendings bool // the cluster has pending keys
	users    map[string]*modelUser
	computes map[string]*modelCompute
	cinder   string // the user that new attachments get
	guests   []*modelGuest
	strays   map[string]bool // clients elsewhere that are logged in as the old user
	silent   bool            // a monitor does not answer
	keys     int             // how many keys were made
	window   bool            // the key of the old user was changed at once, and is not on all computes yet
	changed  bool            // the key of the old user is the new one
	typed    bool            // new keys are of a type that old clients do not read; only the first key is not
}

type modelUser struct{ key, pending int }

type modelCompute struct {
	dead, disabled bool
	nova           string         // the user of disks that Nova opens
	secrets        map[string]int // the key by user
	spoiled        bool           // somebody changed it by hand
	old            bool           // its librados does not read new types of keys
}

type modelGuest struct {
	id, host, status, task string
	locked                 bool
	stored                 string // user of its volume's attachment; empty without a volume
	live                   string // user of its volume in the domain
	disk                   string // user of Nova's disk in the domain; empty without one
	hasDisk                bool
	opened                 map[string]int // the key with which QEMU logged in, by user
	stopped                bool           // stopped by a run that means to start it again
	old                    bool           // its QEMU has an old librados in memory
}

func (g *modelGuest) runs() bool { return g.status == "ACTIVE" || g.status == "PAUSED" }

// takes is a login with a key: a pending key becomes the key on its first use.
func (m *model) takes(user string, key int) {
	if u := m.users[user]; u != nil && u.pending != 0 && key == u.pending {
		u.key, u.pending = u.pending, 0
		if user == m.rot.From {
			m.changed = true
		}
	}
}

// wouldTake reports whether the cluster takes a key.
func (m *model) wouldTake(user string, key int) bool {
	u := m.users[user]
	return u != nil && (key == u.key || u.pending != 0 && key == u.pending)
}

// open is what QEMU does with the users that a domain names, on a host.
func (m *model) open(g *modelGuest, host, volume, disk string) error {
	c := m.computes[host]
	opened := map[string]int{}
	for _, user := range []string{volume, disk} {
		if user == "" {
			continue
		}
		if !m.wouldTake(user, c.secrets[user]) || !m.reads(c, c.secrets[user]) {
			return fmt.Errorf("%s: %s is refused on %s", g.id, user, host)
		}
		opened[user] = c.secrets[user]
	}
	for user, key := range opened {
		m.takes(user, key)
	}
	g.host, g.live, g.disk, g.opened, g.old = host, volume, disk, opened, c.old
	return nil
}

// reads reports whether the librados of a compute reads a key.
func (m *model) reads(c *modelCompute, key int) bool { return !m.typed || !c.old || key == 1 }

// tooOld says which clients would not read new keys: the pre-check refuses to begin with them.
func (m *model) tooOld() string {
	for _, name := range slices.Sorted(maps.Keys(m.computes)) {
		if c := m.computes[name]; m.typed && c.old && !c.dead {
			return name
		}
	}
	for _, g := range m.guests {
		if m.typed && g.runs() && g.old && !m.computes[g.host].dead {
			return g.id
		}
	}
	return ""
}

// start is a start or a hard reboot: volumes by the attachment, disks by the compute's own configuration.
func (m *model) start(g *modelGuest) error {
	disk := ""
	if g.hasDisk {
		disk = m.computes[g.host].nova
	}
	if err := m.open(g, g.host, g.stored, disk); err != nil {
		g.status = "ERROR"
		return err
	}
	g.status = "ACTIVE"
	return nil
}

// migrate is a live migration: a new attachment, and the same user for Nova's disks.
func (m *model) migrate(g *modelGuest, to string) error {
	volume := ""
	if g.stored != "" {
		volume = m.cinder
	}
	if err := m.open(g, to, volume, g.disk); err != nil {
		return err
	}
	g.stored = volume
	return nil
}

// comesBack says why a guest that loses its session could not come back by a hard reboot.
func (m *model) comesBack(g *modelGuest) error {
	c := m.computes[g.host]
	users := []string{g.stored}
	if g.hasDisk {
		users = append(users, c.nova)
	}
	for _, user := range users {
		if user != "" && (!m.wouldTake(user, c.secrets[user]) || !m.reads(c, c.secrets[user])) {
			return fmt.Errorf("guest %s on %s could not come back: %s is refused", g.id, g.host, user)
		}
	}
	return nil
}

// invariants must hold at each moment.
func (m *model) invariants() error {
	for _, g := range m.guests {
		old := g.stored == m.rot.From || g.runs() && (g.live == m.rot.From || g.disk == m.rot.From)
		if m.users[m.rot.From] == nil && old {
			return fmt.Errorf("%s was removed, and guest %s needs it", m.rot.From, g.id)
		}
		if g.runs() && !m.computes[g.host].spoiled && !m.window {
			if err := m.comesBack(g); err != nil {
				return err
			}
		}
	}
	if m.users[m.rot.From] == nil && len(m.strays) > 0 {
		return fmt.Errorf("%s was removed, and %d clients are logged in", m.rot.From, len(m.strays))
	}
	return nil
}

// ready reports whether the ordinary plan leaves nothing to do on a compute.
func (m *model) ready(c *modelCompute) bool {
	if c.nova != m.rot.To || m.typed && c.old {
		return false
	}
	for _, user := range []string{m.rot.From, m.rot.To} {
		if u := m.users[user]; u != nil && c.secrets[user] != u.key && (u.pending == 0 || c.secrets[user] != u.pending) {
			return false
		}
	}
	return true
}

// situation is what a look at the model gives.
func (m *model) situation(now time.Time) rotation.Situation {
	s := rotation.Situation{Rotation: m.rot, Now: now, Computes: map[string]rotation.Compute{}}
	if m.users[m.rot.To] == nil || m.cinder != m.rot.To {
		s.Stop = "the Spec is not in force"
		s.Bars = append(s.Bars, rotation.Bar{Code: "spec", Text: s.Stop})
	}
	s.User = rotation.OldUser{Known: true, Spread: true}
	if u := m.users[m.rot.From]; u != nil {
		s.User.There, s.User.Pending, s.User.Changed = true, u.pending != 0, m.changed
		for _, c := range m.computes {
			want := u.key
			if u.pending != 0 {
				want = u.pending
			}
			s.User.Spread = s.User.Spread && !c.dead && c.secrets[m.rot.From] == want
		}
	}
	for name, c := range m.computes {
		seen := rotation.Compute{Takes: !c.dead && !c.disabled}
		switch {
		case c.dead:
			seen.Unready = "it cannot be read"
			s.Bars = append(s.Bars, rotation.Bar{Code: "host", Who: name, Text: seen.Unready})
		case !m.ready(c):
			seen.Unready = "the Spec is not in force there"
			s.Bars = append(s.Bars, rotation.Bar{Code: "host", Who: name, Text: seen.Unready})
		}
		s.Computes[name] = seen
	}
	if m.silent {
		s.Bars = append(s.Bars, rotation.Bar{Code: "monitors", Text: "mon.b does not answer"})
	}
	for who := range m.strays {
		s.Bars = append(s.Bars, rotation.Bar{Code: "session", Who: who, Text: "is logged in"})
	}
	for _, g := range m.guests {
		s.Guests = append(s.Guests, m.seen(g))
	}
	return s
}

func (m *model) seen(g *modelGuest) rotation.Guest {
	out := rotation.Guest{ID: g.id, Host: g.host, Status: g.status, Task: g.task, Locked: g.locked, Runs: g.runs()}
	if m.computes[g.host].dead {
		out.Unknown = "its compute cannot be read"
		return out
	}
	if g.stored == m.rot.From || g.runs() && g.live == m.rot.From {
		out.Volumes = []string{"volume"}
	}
	if g.runs() && g.disk == m.rot.From {
		out.Disks = []string{"disk"}
	}
	u := m.users[m.rot.From]
	if g.runs() && u != nil {
		newest := u.key
		if u.pending != 0 {
			newest = u.pending
		}
		opened, has := g.opened[m.rot.From]
		out.OldKey = has && opened != newest
	}
	return out
}

// newModel is a cloud at the beginning of a rotation.
func newModel(r *rand.Rand) *model {
	m := &model{rot: spec.Rotation{From: "old", To: "new", Cluster: "ceph"}, pendings: r.IntN(3) > 0, keys: 1,
		users: map[string]*modelUser{"old": {key: 1}}, computes: map[string]*modelCompute{}, cinder: "old",
		strays: map[string]bool{}}
	m.typed = r.IntN(2) == 0
	if r.IntN(3) > 0 {
		m.rot.NovaManage = "c0"
	}
	m.rot.Guests = rulesFor(r)
	for i := range 2 + r.IntN(3) {
		m.computes[fmt.Sprintf("c%d", i)] = &modelCompute{nova: "old", secrets: map[string]int{"old": 1},
			old: r.IntN(8) == 0}
	}
	for i := range 1 + r.IntN(7) {
		m.boot(r, fmt.Sprintf("g%d", i))
	}
	return m
}

// rulesFor are rules by chance.
func rulesFor(r *rand.Rand) (all []spec.GuestRule) {
	for range r.IntN(4) {
		rule := spec.GuestRule{AtOnce: 1 + r.IntN(3)}
		for _, act := range rule.Acts() {
			if r.IntN(2) == 0 {
				rule.May = append(rule.May, act)
			}
		}
		for range r.IntN(3) {
			rule.Servers = append(rule.Servers, fmt.Sprintf("g%d", r.IntN(8)))
		}
		if r.IntN(4) == 0 {
			rule.Window = "22:00-05:00"
		}
		all = append(all, rule)
	}
	return all
}

// boot makes a guest by the configuration that is in force.
func (m *model) boot(r *rand.Rand, id string) {
	g := &modelGuest{id: id, host: m.any(r), status: "SHUTOFF", hasDisk: r.IntN(3) > 0}
	if !g.hasDisk || r.IntN(2) == 0 {
		g.stored = m.cinder
	}
	if m.computes[g.host].dead || m.start(g) != nil {
		return // Nova tells its owner
	}
	if r.IntN(5) == 0 {
		g.status = "SHUTOFF"
	}
	m.guests = append(m.guests, g)
}

// any is a compute by chance; the order of a map would not be the same from run to run.
func (m *model) any(r *rand.Rand) string { return fmt.Sprintf("c%d", r.IntN(len(m.computes))) }

// mishap is what others do, and what breaks.
func (m *model) mishap(r *rand.Rand) string {
	c := m.computes[m.any(r)]
	if len(m.guests) == 0 {
		return ""
	}
	g := m.guests[r.IntN(len(m.guests))]
	home := m.computes[g.host]
	switch r.IntN(14) {
	case 2:
		g.locked = !g.locked
		return g.id + " is locked or unlocked"
	case 3:
		if to := m.any(r); g.status == "ACTIVE" && !home.dead && !m.computes[to].dead && to != g.host {
			_ = m.migrate(g, to)
			return g.id + " is migrated by others to " + to
		}
	case 4:
		if g.status == "ACTIVE" && !g.stopped {
			g.status = "SHUTOFF"
			return g.id + " is stopped by its owner"
		}
	case 5:
		if g.status == "SHUTOFF" && !home.dead {
			_ = m.start(g)
			return g.id + " is started by its owner"
		}
	case 6:
		if g.status == "ACTIVE" {
			g.status = "PAUSED"
		} else if g.status == "PAUSED" {
			g.status = "ACTIVE"
		}
		return g.id + " is paused or goes on"
	case 11:
		m.boot(r, fmt.Sprint("n", len(m.guests)))
		return "a guest is booted"
	case 12:
		if g.task = ""; r.IntN(2) == 0 {
			g.task = "image_snapshot"
		}
		return g.id + " is busy or idle"
	case 13:
		if g.status == "ACTIVE" && !home.dead && !home.spoiled {
			_ = m.start(g)
			return g.id + " loses its session, and is rebooted hard"
		}
	default:
		return m.breakage(r, c)
	}
	return ""
}

// breakage is what happens to the cloud itself.
func (m *model) breakage(r *rand.Rand, c *modelCompute) string {
	switch r.IntN(8) {
	case 6:
		c.old, c.spoiled = true, c.spoiled || m.typed
		return "a compute goes back to an old librados"
	case 7:
		c.old = false
		return "a compute is upgraded"
	case 0:
		c.dead = !c.dead
		return "a compute dies or is back"
	case 1:
		m.silent = !m.silent
		return "a monitor falls silent or is back"
	case 2:
		if m.users["old"] != nil {
			m.strays[fmt.Sprint("s", r.IntN(3))] = true
			return "a stray client logs in"
		}
	case 3:
		clear(m.strays)
		return "stray clients end"
	case 4:
		c.secrets["old"], c.spoiled = 99, true
		return "a secret is overwritten by hand"
	case 5:
		if u := m.users["old"]; u != nil && u.pending == 0 && m.pendings && r.IntN(2) == 0 {
			m.keys++
			u.pending = m.keys
			return "somebody makes a pending key by hand"
		}
		c.nova, c.spoiled = "old", true
		return "the file of a compute is taken back by hand"
	}
	return ""
}

// heal ends all that is in the way.
func (m *model) heal() {
	m.silent = false
	clear(m.strays)
	for _, c := range m.computes {
		c.dead, c.disabled, c.old = false, false, false
	}
	for _, g := range m.guests {
		g.locked, g.task, g.old = false, "", false // its owner reboots it
		if g.status == "PAUSED" {
			g.status = "ACTIVE"
		}
	}
	m.guests = slices.DeleteFunc(m.guests, func(g *modelGuest) bool { return g.status == "ERROR" })
}
