package integratetest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

// content is what a volume holds: the checksum of the file that a guest wrote, how many lines the guest appended, and
// what is in blocks of the volume by their offset. A block that is not there is a hole, which reads as zeros.
type content struct {
	sum    string
	lines  int
	blocks map[int]string
}

// written is the content with blocks that somebody wrote.
func (c content) written(by string, at ...int) content {
	c.blocks = maps.Clone(c.blocks)
	if c.blocks == nil {
		c.blocks = map[int]string{}
	}
	for _, offset := range at {
		c.blocks[offset] = by
	}
	return c
}

// digest is that of all of the volume, holes included.
func (c content) digest() string {
	h := sha256.New()
	for _, at := range slices.Sorted(maps.Keys(c.blocks)) {
		fmt.Fprintln(h, at, c.blocks[at])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A guest stands for a VM that runs the journey's script.
type guest struct {
	tasks    [][3]string // verb, serial, and the serial of another disk
	attached []string    // volume IDs
	console  []string
	beat     int
	ticking  map[string]bool
	done     map[string]bool // tasks that are done once, by verb and volume
}

var taskLine = regexp.MustCompile(`(?m)^# cephstack-guest(.*)$`)

func newGuest(userData []byte) *guest {
	g := &guest{ticking: map[string]bool{}, done: map[string]bool{}}
	if m := taskLine.FindSubmatch(userData); m != nil {
		for _, t := range strings.Fields(string(m[1])) {
			verb, serial, _ := strings.Cut(t, ":")
			serial, other, _ := strings.Cut(serial, ":")
			g.tasks = append(g.tasks, [3]string{verb, serial, other})
		}
		g.console = append(g.console, "CEPHSTACK ready")
	}
	return g
}

// attach does what the script of the guest does when a disk is attached.
func (w *World) attach(s api.Server, v api.Volume) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guests[s.ID]
	if g == nil {
		return nil
	}
	g.attached = append(g.attached, v.ID)
	for _, t := range g.tasks {
		verb, serial := t[0], t[1]
		if !strings.HasPrefix(v.ID, serial) || g.done[verb+v.ID] {
			continue
		}
		c := w.volumes[v.ID]
		switch verb {
		case "sparse":
			g.done[verb+v.ID] = true
			w.volumes[v.ID] = c.written(v.ID, 0, 32<<20)
			g.console = append(g.console, fmt.Sprintf("CEPHSTACK sparse %s %s", serial, w.volumes[v.ID].digest()))
		case "dirty":
			g.done[verb+v.ID] = true
			w.volumes[v.ID] = c.written(v.ID, 16<<20, 128<<20)
			g.console = append(g.console, fmt.Sprintf("CEPHSTACK dirty %s written", serial))
		case "whole":
			if strings.HasPrefix(c.blocks[0], t[2]) {
				g.console = append(g.console, fmt.Sprintf("CEPHSTACK whole %s %s", serial, c.digest()))
			}
		case "write":
			sum := sha256.Sum256([]byte(s.ID + v.ID))
			c = content{sum: hex.EncodeToString(sum[:])}
			w.volumes[v.ID] = c
			g.console = append(g.console, fmt.Sprintf("CEPHSTACK write %s %s", serial, c.sum))
		case "read", "tick":
			g.console = append(g.console, fmt.Sprintf("CEPHSTACK %s %s %s ticks=%d", verb, serial, c.sum, c.lines))
			g.ticking[v.ID] = verb == "tick"
		}
	}
	return nil
}

func (w *World) detach(s api.Server, v api.Volume) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.guests[s.ID]; g != nil {
		delete(g.ticking, v.ID)
		g.attached = slices.DeleteFunc(g.attached, func(id string) bool { return id == v.ID })
	}
	return nil
}

// consoleOf lets time pass for a guest and returns its console.
func (w *World) consoleOf(serverID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guests[serverID]
	if g == nil {
		return ""
	}
	g.beat += 3
	for id := range g.ticking {
		if !g.ticking[id] {
			continue
		}
		c := w.volumes[id]
		c.lines++
		w.volumes[id] = c
		g.console = append(g.console, fmt.Sprintf("CEPHSTACK tick %s %d", id[:min(20, len(id))], c.lines))
	}
	g.console = append(g.console, fmt.Sprintf("CEPHSTACK beat %d.00", g.beat))
	return strings.Join(g.console, "\n") + "\n"
}

// migrate empties the console: a real VM has an empty console on its new host.
func (w *World) migrate(s api.Server, _ string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.guests[s.ID]; g != nil {
		g.console = nil
	}
	return nil
}
