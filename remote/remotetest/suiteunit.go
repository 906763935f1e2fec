package remotetest

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/cephstack/cephstack/remote"
)

// TestUnits is the part of the contract that needs an init system. good is a
// running service; bad is a service that fails at each start.
func TestUnits(t *testing.T, newHost func(t *testing.T) (h remote.Host, good, bad string)) {
	h, good, bad := newHost(t)
	c := &check{t, h, "/tmp"}
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
		if now := c.must(remote.UnitState{Unit: good}).Unit; !sameUnit(now, r.Unit) {
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
		if strings.ContainsFunc(e.Detail, unicode.IsControl) {
			t.Fatalf("%q", e.Detail)
		}
		if u := c.must(remote.UnitState{Unit: bad}).Unit; u.Active == "active" || !u.Since.IsZero() {
			t.Fatalf("%+v", u)
		}
	})
	t.Run("Read is what the process found at its start", func(t *testing.T) { testRead(&check{t, h, "/tmp"}, good, bad) })
	t.Run("A unit that does not exist", func(t *testing.T) {
		if u := c.must(remote.UnitState{Unit: "no-such-unit"}).Unit; u.Load != "not-found" || u.Active != "inactive" {
			t.Fatalf("%+v", u)
		}
		c.fails(remote.ErrUnitFailed, remote.RestartUnit{Unit: "no-such-unit"})
	})
}

// sameUnit compares two looks at a unit, apart from their times.
func sameUnit(a, b remote.Unit) bool {
	a.Now = b.Now
	return reflect.DeepEqual(a, b)
}

// testRead restarts units with files to read, and looks what is known of them afterwards.
func testRead(c *check, good, bad string) {
	c.Helper()
	file, gone := c.path("cephstack test of units \\ *"), c.path("no-such-folder/x")
	write := func(text string) string { return c.must(remote.WriteFile{Path: file, Data: []byte(text)}).File.SHA256 }
	defer c.must(remote.Remove{Path: file})
	read := func(unit string) map[string]string { return c.must(remote.UnitState{Unit: unit}).Unit.Read }
	c.must(remote.RestartUnit{Unit: good})
	if r := read(good); r != nil {
		c.Fatalf("%v is known of a start without inputs", r)
	}
	first := write("first")
	restart := remote.RestartUnit{Unit: good, Inputs: []string{gone, file, file, "/etc"}}
	want := map[string]string{file: first, gone: remote.Absent}
	if r := c.must(restart).Unit.Read; !maps.Equal(r, want) {
		c.Fatalf("%v, want %v", r, want)
	}
	second := write("second")
	if r := c.must(remote.UnitState{Unit: good}).Unit; !maps.Equal(r.Read, want) || r.Now.IsZero() {
		c.Fatalf("%+v, want %v", r, want)
	}
	if r := c.must(restart).Unit.Read; r[file] != second {
		c.Fatalf("%v, want %s", r, second)
	}
	if r := c.do(remote.RestartUnit{Unit: bad, Inputs: []string{file}})[0]; r.Err == nil || r.Unit.Read != nil {
		c.Fatalf("%v is known of a start that failed with %v", r.Unit.Read, r.Err)
	}
	if r := read(bad); r != nil {
		c.Fatalf("%v is known of a unit that does not run", r)
	}
	c.must(remote.RestartUnit{Unit: good})
	if r := read(good); r != nil {
		c.Fatalf("%v is known of a start by somebody else", r)
	}
}
