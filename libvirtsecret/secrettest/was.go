package secrettest

import (
	"testing"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// testWasAbsent defines secrets that were not there when they were looked at.
func testWasAbsent(t *testing.T, s *suite) {
	absent := &libvirtsecret.Secret{}
	want := s.secret()
	s.change(want, absent)
	s.has(want)
	s.change(want, absent) // somebody else defined the same
	s.has(want)
	s.conflicts(s.renewed(want), absent)
	s.has(want)
	private := s.secret()
	private.Private = true
	s.define(private)
	s.conflicts(s.renewed(private), absent)
	s.has(private)
	if err := s.store.Undefine(t.Context(), want.UUID); err != nil {
		t.Fatal(err)
	}
	s.change(s.renewed(want), absent) // free again
}

// renewed is the secret with another value.
func (s *suite) renewed(secret libvirtsecret.Secret) libvirtsecret.Secret {
	secret.Value = s.value(28)
	return secret
}

// testWasThere defines secrets that had a value when they were looked at.
func testWasThere(t *testing.T, s *suite) {
	was := s.secret()
	s.define(was)
	want := s.renewed(was)
	want.Description = "another"
	s.change(want, &was)
	s.has(want)
	s.change(want, &was) // somebody else defined the same
	s.has(want)
	late := s.renewed(was)
	s.conflicts(late, &was)
	s.has(want)
	empty := was
	empty.Value = libvirtsecret.Value{}
	s.conflicts(late, &empty) // it had no value
	s.has(want)
	if err := s.store.Undefine(t.Context(), was.UUID); err != nil {
		t.Fatal(err)
	}
	s.conflicts(late, &was)
	s.hasNot(was.UUID)
}

// testWasPrivate: of a private secret, a store sees only that it is there.
func testWasPrivate(t *testing.T, s *suite) {
	secret := s.secret()
	secret.Private = true
	s.define(secret)
	was, err := s.store.Lookup(t.Context(), secret.UUID)
	if err != nil {
		t.Fatal(err)
	}
	s.change(s.renewed(secret), &was)
	s.has(secret)
	readable := was
	readable.Value = secret.Value // it was made private since
	s.conflicts(s.renewed(secret), &readable)
	if err := s.store.Undefine(t.Context(), secret.UUID); err != nil {
		t.Fatal(err)
	}
	s.conflicts(secret, &was)
	s.hasNot(secret.UUID)
}

// testWasInvalid: what was seen is of the same secret.
func testWasInvalid(t *testing.T, s *suite) {
	want, other := s.secret(), s.secret()
	s.fails("define", want.UUID, nil, s.store.Define(t.Context(), libvirtsecret.Change{Secret: want, Was: &other}))
	s.hasNot(want.UUID)
}
