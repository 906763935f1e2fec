package batchtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/remote"
)

// TestStore checks that a Store keeps the contract of hostbatch.Store.
// newStore is called once for each subtest, and gives the Store with the host
// that runs its operations. It may return the same Store again, whose daemon
// has no secrets of usage type ceph except those of the suite. The suite
// removes what it defines. Run secrettest.TestStore for the rest of the Store.
func TestStore(t *testing.T, newStore func(t *testing.T) (hostbatch.Store, remote.Host)) {
	for _, c := range []struct {
		name string
		run  func(*suite)
	}{
		{"List", testList},
		{"ListUnexpected", testListUnexpected},
		{"Define", testDefine},
		{"DefineEach", testDefineEach},
		{"DefineWas", testDefineWas},
		{"DefineInvalid", testDefineInvalid},
		{"Together", testTogether},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, host := newStore(t)
			c.run(&suite{t: t, store: store, host: host})
		})
	}
}

func testList(s *suite) {
	a, b, absent := s.secret("a"), s.secret("b"), s.secret("absent")
	s.lists(nil)
	s.lists(nil, absent.UUID)
	b.Ephemeral, a.Private = true, true
	s.define(a, b)
	a.Value = libvirtsecret.Value{} // is never given out
	s.lists([]libvirtsecret.Secret{a, b}, b.UUID, absent.UUID, "not a UUID; id", a.UUID)
}

func testListUnexpected(s *suite) {
	a, b := s.secret("a"), s.secret("b")
	s.define(a, b)
	for _, expected := range [][]string{nil, {a.UUID}, {s.secret("absent").UUID}, {"not a UUID; id"}} {
		list, whole, err := s.list(expected...)
		if err != nil || whole || len(list) != 0 {
			s.t.Errorf("expecting %q: got %v, whole %t, error %v; want no list, and not whole", expected, list, whole, err)
		}
	}
}

func testDefine(s *suite) {
	a, b := s.secret("a"), s.secret("b")
	b.Private, b.Ephemeral, b.Description = true, true, "<two>\nlines"
	s.define(a, b)
	s.define(a, b) // may be repeated
	s.has(a)
	s.has(b)
	a.Value = value(s.t, "bmV3") // replaces the old value
	s.define(a)
	s.has(a)
}

func testDefineEach(s *suite) {
	first := s.secret("a")
	s.define(first)
	taken, good := s.secret("b"), s.secret("c")
	taken.UsageID = first.UsageID
	op, read := s.defineOp(taken, good)
	s.keeps(op, taken)
	errs := read(s.do(op)[0])
	if len(errs) != 2 {
		s.t.Fatalf("%d errors for two secrets", len(errs))
	}
	s.fails(errs[0], taken, libvirtsecret.ErrConflict)
	if errs[1] != nil {
		s.t.Error(errs[1])
	}
	s.has(first)
	s.has(good)
	s.hasNot(taken.UUID)
}

// testDefineWas: the operation compares when it runs, not when it is made; and each
// secret by itself.
func testDefineWas(s *suite) {
	fresh, stale, gone, good := s.secret("a"), s.secret("b"), s.secret("c"), s.secret("d")
	s.define(stale, good)
	seen := stale
	renewed := changed(s, good, "bmV3")
	op, read, err := s.store.DefineOp(
		libvirtsecret.Change{Secret: fresh, Was: &libvirtsecret.Secret{}},
		libvirtsecret.Change{Secret: changed(s, stale, "b25l"), Was: &seen},
		libvirtsecret.Change{Secret: gone, Was: &gone},
		libvirtsecret.Change{Secret: renewed, Was: &good})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, secret := range []libvirtsecret.Secret{stale, gone, renewed} {
		s.keeps(op, secret)
	}
	stale = changed(s, stale, "dHdv") // by somebody else
	s.define(stale)
	errs := read(s.do(op)[0])
	if len(errs) != 4 || errs[0] != nil || errs[3] != nil {
		s.t.Fatalf("got %v, want errors for the second and the third", errs)
	}
	s.fails(errs[1], stale, libvirtsecret.ErrConflict)
	s.fails(errs[2], gone, libvirtsecret.ErrConflict)
	s.has(fresh)
	s.has(stale)
	s.has(renewed)
	s.hasNot(gone.UUID)
	if err := read(s.do(op)[0])[3]; err != nil { // what is wanted is there
		s.t.Error(err)
	}
}

// changed is the secret with another value.
func changed(s *suite, secret libvirtsecret.Secret, text string) libvirtsecret.Secret {
	secret.Value = value(s.t, text)
	return secret
}

func testDefineInvalid(s *suite) {
	good, bad := s.secret("a"), s.secret("b")
	bad.UsageID = ""
	op, _, err := s.store.DefineOp(changes([]libvirtsecret.Secret{good, bad})...)
	if op != nil {
		s.t.Error("made an operation for a secret that is not valid")
	}
	s.fails(err, bad, nil)
	s.hasNot(good.UUID)
}

// testTogether makes operations before any of them runs, and runs them in
// one exchange.
func testTogether(s *suite) {
	a, b := s.secret("a"), s.secret("b")
	again := a
	again.Value = value(s.t, "bmV3")
	defineA, readA := s.defineOp(a)
	defineB, readB := s.defineOp(b)
	defineAgain, readAgain := s.defineOp(again)
	list, readList := s.store.ListOp(a.UUID, b.UUID)
	results := s.do(defineA, defineB, list, defineAgain)
	if err := errors.Join(readA(results[0])[0], readB(results[1])[0], readAgain(results[3])[0]); err != nil {
		s.t.Error(err)
	}
	found, whole, err := readList(results[2])
	if err != nil || !whole {
		s.t.Errorf("whole %t, error %v", whole, err)
	}
	s.same([]libvirtsecret.Secret{a, b}, found)
	s.has(again)
	s.has(b)
	if err := readA(s.do(defineA)[0])[0]; err != nil { // an operation may run again
		s.t.Error(err)
	}
	s.has(a)
	if _, _, err := readList(remote.Result{Err: errors.New("lost")}); err == nil {
		s.t.Error("a result with an error was read as a list")
	}
	if errs := readA(remote.Result{Err: errors.New("lost")}); len(errs) != 1 || errs[0] == nil {
		s.t.Error("a result with an error was read as defined")
	}
}

// keeps checks that the operation does not hold a value in its arguments.
func (s *suite) keeps(op remote.Op, secret libvirtsecret.Secret) {
	s.t.Helper()
	run, ok := op.(remote.Run)
	if ok && strings.Contains(fmt.Sprint(run.Argv), secret.Value.Reveal()) {
		s.t.Error("an argument of a program holds a value")
	}
}
