package remote

import (
	"slices"
	"strconv"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// RestartUnit restarts a unit and waits until it has been active without a
// new start for Settle. A unit that does not get there is ErrUnitFailed, with
// its last journal lines in the error. Result: Unit, Changed.
//
// Inputs are paths of files that the unit's process reads when it starts. Their digests are
// taken right before the restart, and noted in /run/cephstack on the host: Unit.Read tells
// them, until the unit starts once more or the host does. Folders are passed over. If a file
// cannot be read or the note cannot be written, Unit.Read is nil; that is not an error.
type RestartUnit struct {
	Unit   string
	Settle time.Duration // at most 1 h; 0 is 3 s
	Inputs []string      // absolute paths
}

const (
	defaultSettle = 3 * time.Second
	maxSettle     = time.Hour              // the host's program refuses more looks
	settleStep    = 200 * time.Millisecond // between two looks at the unit
)

func (o RestartUnit) nature() nature {
	return nature{name: "restart", lasts: 10*time.Minute + 2*orDefault(o.Settle, defaultSettle)}
}

func (o RestartUnit) object() string { return o.Unit }

func (o RestartUnit) fault() string {
	fault := first(unitFault(o.Unit), when(o.Settle < 0, "a negative time"),
		when(o.Settle > maxSettle, "more than an hour to settle"))
	for _, p := range o.Inputs {
		fault = first(fault, pathFault(p))
	}
	return fault
}

func (o RestartUnit) encode() wire.Op {
	settle := orDefault(o.Settle, defaultSettle)
	step := min(settle, settleStep)
	looks := int64((settle + step - 1) / step)
	return wire.Op{Name: "restart", Args: []string{o.Unit, strconv.FormatInt(looks, 10), seconds(step)},
		List: slices.Compact(slices.Sorted(slices.Values(o.Inputs)))}
}

func (o RestartUnit) decode(a answer, r *Result) (err error) {
	r.Unit, err = a.unit(o.Unit)
	return err
}
