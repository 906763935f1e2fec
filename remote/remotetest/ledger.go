package remotetest

import (
	"io/fs"
	"slices"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// Log returns the ops that ran, in order, without invalid ops and those for which
// Fail returned an error.
func (h *Host) Log() []remote.Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.log)
}

// Changes returns how many ops of a kind (write, attr, mkdir, remove, restart,
// install) changed the host since the last Forget; of any kind for "".
func (h *Host) Changes(kind string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changes[kind]
}

// Exchanges returns how often Do was called since the last Forget. Calls of the
// other methods, such as Contents and Look, do not count.
func (h *Host) Exchanges() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.exchanges
}

// Look answers an op that only looks (ReadFile, ReadDir, Stat, UnitState or
// Packages) as Do would. It is for fakes of what runs on the machine, such as
// its services: it is not an exchange, is not in the Log, and calls no hook. Any
// other op is fs.ErrInvalid.
func (h *Host) Look(op remote.Op) remote.Result {
	err := remote.Check(op)
	if _, guarded := op.(remote.If); err == nil && (guarded || !h.kindOf(op).looks) {
		err = fs.ErrInvalid
	}
	if err != nil {
		return remote.Result{Err: h.opError(op, err)}
	}
	r := h.perform(op)
	if r.Err != nil {
		r.Err = h.opError(op, r.Err)
	}
	return r
}

// Forget empties the log and sets the counters to zero.
func (h *Host) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log, h.exchanges = nil, 0
	clear(h.changes)
}

// Advance moves the host's own clock.
func (h *Host) Advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

// time is what the clock shows.
func (h *Host) time() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return h.clock
}

// tick is the time of a change.
func (h *Host) tick() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	h.clock = h.clock.Add(time.Millisecond)
	return h.clock
}
