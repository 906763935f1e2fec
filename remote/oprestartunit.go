package remote

import (
	"strconv"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// RestartUnit restarts a unit and waits until it has been active without a
// new start for Settle. A unit that does not get there is ErrUnitFailed, with
// its last journal lines in the error. Result: Unit, Changed.
type RestartUnit struct {
	Unit   string
	Settle time.Duration // 0 is 3 s
}

const (
	defaultSettle = 3 * time.Second
	settleStep    = 200 * time.Millisecond // between two looks at the unit
)

func (o RestartUnit) nature() nature {
	return nature{name: "restart", lasts: 10*time.Minute + 2*orDefault(o.Settle, defaultSettle)}
}

func (o RestartUnit) object() string { return o.Unit }

func (o RestartUnit) fault() string {
	return first(unitFault(o.Unit), when(o.Settle < 0, "a negative time"))
}

func (o RestartUnit) encode() wire.Op {
	settle := orDefault(o.Settle, defaultSettle)
	step := min(settle, settleStep)
	looks := int64((settle + step - 1) / step)
	return wire.Op{Name: "restart", Args: []string{o.Unit, strconv.FormatInt(looks, 10), seconds(step)}}
}

func (o RestartUnit) decode(a answer, r *Result) (err error) {
	r.Unit, err = a.unit(o.Unit)
	return err
}
