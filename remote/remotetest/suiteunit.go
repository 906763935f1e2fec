package remotetest

import (
	"errors"
	"testing"

	"github.com/cephstack/cephstack/remote"
)

// TestUnits is the part of the contract that needs an init system. good is a
// running service; bad is a service that fails at each start.
func TestUnits(t *testing.T, newHost func(t *testing.T) (h remote.Host, good, bad string)) {
	h, good, bad := newHost(t)
	c := &check{t, h, ""}
	before := c.must(remote.UnitState{Unit: good}).Unit
	if before.Name != good || before.Load != "loaded" || before.Active != "active" ||
		before.Since.IsZero() || before.Invocation == "" || before.Boot == before.Invocation {
		t.Fatalf("%+v", before)
	}
	t.Run("RestartUnit starts the unit anew", func(t *testing.T) {
		r := c.must(remote.RestartUnit{Unit: good})
		c.changed(r, true)
		if r.Unit.Active != "active" || r.Unit.Invocation == before.Invocation || r.Unit.Boot != before.Boot ||
			!r.Unit.Since.After(before.Since) {
			t.Fatalf("%+v, then %+v", before, r.Unit)
		}
		if now := c.must(remote.UnitState{Unit: good}).Unit; now != r.Unit {
			t.Fatalf("%+v, then %+v", r.Unit, now)
		}
	})
	t.Run("RestartUnit of a unit that fails is ErrUnitFailed with its journal", func(t *testing.T) {
		op := remote.RestartUnit{Unit: bad}
		r := c.do(op)[0]
		c.isOpError(op, r.Err)
		var e *remote.OpError
		if !errors.As(r.Err, &e) || !errors.Is(e, remote.ErrUnitFailed) || e.Detail == "" || !r.Changed {
			t.Fatal(r.Err, r.Changed)
		}
		if u := c.must(remote.UnitState{Unit: bad}).Unit; u.Active == "active" || !u.Since.IsZero() {
			t.Fatalf("%+v", u)
		}
	})
	t.Run("A unit that does not exist", func(t *testing.T) {
		if u := c.must(remote.UnitState{Unit: "no-such-unit"}).Unit; u.Load != "not-found" || u.Active != "inactive" {
			t.Fatalf("%+v", u)
		}
		c.fails(remote.ErrUnitFailed, remote.RestartUnit{Unit: "no-such-unit"})
	})
}
