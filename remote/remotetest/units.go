package remotetest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
	"github.com/cephstack/cephstack/remote/internal/words"
)

type unit struct {
	state remote.Unit
	fault string // journal of a unit that fails at its next starts
}

// unitKinds are the operations on units.
func (h *Host) unitKinds() []kind {
	state := kind{name: "unit", looks: true, decode: func(w wire.Op) (remote.Op, error) {
		return remote.UnitState{Unit: w.Args[0]}, nil
	}}
	restart := kind{name: "restart", decode: func(w wire.Op) (remote.Op, error) {
		return remote.RestartUnit{Unit: w.Args[0], Inputs: w.List}, nil
	}}
	state.tell, restart.tell = h.tellUnit, h.tellUnit
	return []kind{doing(state, h.unitState), doing(restart, h.restart)}
}

// AddUnit adds a unit that has been running since now. A name without a type is
// the name of a service, as for systemctl.
func (h *Host) AddUnit(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := &unit{state: remote.Unit{Load: "loaded", Enabled: "enabled"}}
	h.units[service(name)] = u
	h.start(u)
}

// StopUnit makes a unit inactive.
func (h *Host) StopUnit(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u := h.units[service(name)]; u != nil {
		u.state.Active, u.state.Sub = "inactive", "dead"
	}
}

// BreakUnit makes the unit fail at every restart with this journal, until it
// is called with an empty one.
func (h *Host) BreakUnit(name, journal string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u := h.units[service(name)]; u != nil {
		u.fault = journal
	}
}

func service(name string) string {
	for _, kind := range []string{".service", ".socket", ".target", ".timer", ".path", ".mount", ".slice", ".scope"} {
		if strings.HasSuffix(name, kind) {
			return name
		}
	}
	return name + ".service"
}

func (h *Host) start(u *unit) {
	h.starts++
	u.state.Invocation = fmt.Sprintf("%016x%016x", h.number(), h.starts)
	u.state.Active, u.state.Sub, u.state.Since = "active", "running", h.tick()
	if u.fault != "" {
		u.state.Active, u.state.Sub = "failed", "failed"
	}
}

func (h *Host) lookUnit(name string) remote.Unit {
	state := remote.Unit{Load: "not-found", Active: "inactive", Sub: "dead"}
	if u := h.units[service(name)]; u != nil {
		state = u.state
	}
	state.Name, state.Boot = name, fmt.Sprintf("%032x", h.number())
	state.Now = h.time()
	if state.Active != "active" {
		state.Since = time.Time{}
	} else if n, ok := wire.ParseNote(h.noteOf(name)); ok && n.Run == state.Invocation {
		state.Read = n.Read
	}
	return state
}

// tellUnit adds what a host says of a unit besides what systemctl shows.
func (h *Host) tellUnit(a answer, r remote.Result) {
	if r.Unit.Name == "" {
		return
	}
	a.words["now"] = seconds(r.Unit.Now) + " 0"
	a.words["run"] = r.Unit.Invocation
	if r.Unit.Read != nil {
		a.words["note"] = encode(wire.Note{Run: r.Unit.Invocation, Read: r.Unit.Read}.Render())
	}
}

// notes is where notes are about what units have read.
const notes = "/run/cephstack"

// noteOf is the note about a unit, if nobody but root can have written it.
func (h *Host) noteOf(name string) []byte {
	dir, n := h.nodes[notes], h.nodes[path.Join(notes, service(name))]
	if dir == nil || n == nil || dir.kind != kindDir || dir.owner != "root" || dir.mode != 0o700 ||
		n.kind != kindFile || n.owner != "root" || n.mode != 0o600 {
		return nil
	}
	return n.data
}

// keepNote writes the note about a unit that was started. Where that does not work, there
// is no note.
func (h *Host) keepNote(name string, n wire.Note) {
	at := path.Join(notes, service(name))
	if h.nodes[notes] == nil {
		h.mustDir("/run")
		h.nodes[notes] = h.newNode(kindDir, "root", "root", 0o700)
	}
	dir, old := h.nodes[notes], h.nodes[at]
	if n.Read == nil || dir.kind != kindDir || dir.owner != "root" || dir.mode != 0o700 ||
		(old != nil && old.kind == kindDir) {
		return
	}
	h.nodes[at] = h.newNode(kindFile, "root", "root", 0o600)
	h.nodes[at].data = n.Render()
}

// digests are what a process that starts now would find at paths.
func (h *Host) digests(paths []string) map[string]string {
	var read map[string]string
	for _, p := range paths {
		if read == nil {
			read = map[string]string{}
		}
		switch _, n, err := h.find(p, true); {
		case errors.Is(err, fs.ErrNotExist):
			read[p] = remote.Absent
		case err == nil && n.kind == kindFile:
			read[p] = sum(n.data)
		}
	}
	return read
}

// Unit describes a unit as UnitState does. It is not an exchange.
func (h *Host) Unit(name string) remote.Unit {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lookUnit(name)
}

// RemoveUnit removes a unit. It does not count as a change.
func (h *Host) RemoveUnit(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.units, service(name))
}

func (h *Host) unitState(o remote.UnitState) remote.Result {
	return remote.Result{Unit: h.lookUnit(o.Unit)}
}

func (h *Host) restart(o remote.RestartUnit) remote.Result {
	u := h.units[service(o.Unit)]
	if u == nil {
		text := fmt.Sprintf("Failed to restart %s: Unit %[1]s not found.", service(o.Unit))
		return remote.Result{Unit: h.lookUnit(o.Unit), Err: detail{remote.ErrUnitFailed, text}}
	}
	read := h.digests(o.Inputs)
	h.start(u)
	if u.fault == "" {
		h.keepNote(o.Unit, wire.Note{Run: u.state.Invocation, Read: read})
	}
	r := remote.Result{Changed: true, Unit: h.lookUnit(o.Unit)}
	if u.fault != "" {
		r.Err = detail{remote.ErrUnitFailed, words.Printable(u.fault, 2000)}
	}
	return r
}
