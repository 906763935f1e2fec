package remote

import "github.com/cephstack/cephstack/remote/internal/wire"

// UnitState reads a systemd unit. Result: Unit.
type UnitState struct{ Unit string }

func (UnitState) nature() nature    { return nature{name: "unit", looks: true} }
func (o UnitState) object() string  { return o.Unit }
func (o UnitState) fault() string   { return unitFault(o.Unit) }
func (o UnitState) encode() wire.Op { return wire.Op{Name: "unit", Args: []string{o.Unit}} }

func (o UnitState) decode(a answer, r *Result) (err error) {
	r.Unit, err = a.unit(o.Unit)
	return err
}
