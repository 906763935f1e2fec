package remote

import (
	"slices"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// A host decides what it says, for how long, and how much. So an exchange has limits that do
// not depend on the host: they follow from the operations alone.
const (
	// maxTogether bounds the bytes of several files that are read at once. The
	// host's program reads them one by one if they have more.
	maxTogether = 32 << 20
	// maxAnswer bounds the bytes of an answer that are kept, unless a single operation
	// may bring more by itself.
	maxAnswer = 256 << 20
	// small is enough for facts, such as the state of a unit.
	small = 1 << 20
	// maxSaid bounds what comes on standard error: only login scripts and sudo write there.
	maxSaid = 1 << 20
	// slack is how long the way of an exchange may take, apart from its operations.
	slack = time.Minute
	// The slowest way: bytes of a request, and of an answer, in a second. Most of what may
	// come does not come.
	slowest, slowestBack = 64 << 10, 1 << 20
)

// rooms says how much may come back about each operation that travels, and about all.
func (x *exchange) rooms() ([]wire.Room, int) {
	all, largest := 0, 0
	rooms := make([]wire.Room, 0, len(x.sent))
	for _, sent := range x.sent {
		r := x.room(sent)
		rooms = append(rooms, r)
		all, largest = all+r.All, max(largest, r.All)
	}
	return rooms, small + min(all, max(maxAnswer, largest))
}

// room is how much may come back about an operation. Facts take less than small for
// each file.
func (x *exchange) room(sent []int) wire.Room {
	limit, files := int64(0), int64(0)
	for _, i := range sent {
		most := plain(x.ops[i]).nature().max
		limit, files = max(limit, most), files+most
	}
	n := plain(x.ops[sent[0]]).nature()
	switch {
	case n.together:
		line := max(limit, min(files, maxTogether)) + small
		return wire.Room{Line: int(line), All: int(files) + small + len(sent)*(16<<10)}
	case limit > 0: // a folder
		line := max(limit, maxTogether) + small
		return wire.Room{Line: int(line), All: int(8 * line)}
	case n.name == "run": // two outputs, one of them in base64
		const line = defaultMax/3*4 + small
		return wire.Room{Line: line, All: 2 * line}
	}
	return wire.Room{Line: small, All: 2 * small}
}

// patience is how long the host may say nothing while it works. A program may
// run silently for its whole Timeout. Installations and restarts show that they
// go on. A file takes long only on a disk that hangs.
func (x *exchange) patience() time.Duration {
	limit := defaultTimeout
	for _, op := range x.ops {
		limit = max(limit, plain(op).nature().patience)
	}
	return limit + time.Minute
}

// lasts is how long the exchange may take in all, after the host's program began.
func (x *exchange) lasts() time.Duration {
	total := slack
	for _, sent := range x.sent {
		n := plain(x.ops[sent[0]]).nature()
		total += max(n.lasts, orDefault(n.patience, defaultTimeout)+10*time.Second)
		total += time.Duration(len(sent)-1) * time.Second
	}
	_, back := x.rooms()
	return total + time.Duration(x.wire.Size/slowest+int64(back)/slowestBack)*time.Second
}

// secretive reports whether any op brings bytes that nobody but the host's program may see.
func (x *exchange) secretive() bool { return slices.ContainsFunc(x.ops, private) }
