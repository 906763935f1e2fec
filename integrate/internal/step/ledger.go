package step

import "sync"

// A Ledger has what came of the resources that were compared. Ledgers are nested:
// that of a host sees that of the clusters.
type Ledger struct {
	up *Ledger

	mu     sync.RWMutex
	deltas map[ID]*Delta
}

// NewLedger is an empty ledger on top of another; up may be nil.
func NewLedger(up *Ledger) *Ledger { return &Ledger{up: up, deltas: map[ID]*Delta{}} }

// Put writes down what came of a resource. The ledger keeps d, which must not be
// changed afterwards.
func (l *Ledger) Put(id ID, d *Delta) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deltas[id] = d
}

// Lookup is what came of a resource.
func (l *Ledger) Lookup(id ID) (Delta, bool) {
	if d := l.find(id); d != nil {
		return *d, true
	}
	return Delta{}, false
}

func (l *Ledger) find(id ID) *Delta {
	for ; l != nil; l = l.up {
		l.mu.RLock()
		d := l.deltas[id]
		l.mu.RUnlock()
		if d != nil {
			return d
		}
	}
	return nil
}

// Planned reports whether a resource has a change.
func (l *Ledger) Planned(id ID) bool {
	d := l.find(id)
	return d != nil && d.Do != nil
}

// Refused reports whether a resource is left alone.
func (l *Ledger) Refused(id ID) bool {
	d := l.find(id)
	return d != nil && d.Refused
}

// Root is the resource with the problem because of which another one is left
// alone; the resource itself if the problem is its own.
func (l *Ledger) Root(id ID) ID {
	for range 100 { // needs cannot form a ring, but a fault must not hang
		d, ok := l.Lookup(id)
		if !ok || d.Because.IsZero() {
			return id
		}
		id = d.Because
	}
	return id
}

// Changes are the changes that have to be done before a resource which needs
// these: of each need its own change, or those that the need passes on.
func (l *Ledger) Changes(needs []ID) []ID {
	var out []ID
	seen := map[ID]bool{}
	var add func(ids []ID)
	add = func(ids []ID) {
		for _, id := range ids {
			if seen[id] {
				continue
			}
			seen[id] = true
			d, _ := l.Lookup(id)
			if d.Do != nil {
				out = append(out, id)
			}
			add(d.Needs)
		}
	}
	add(needs)
	return out
}
