package secrettest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// A suite is one subtest of TestStore.
type suite struct {
	t     *testing.T
	store libvirtsecret.Store
}

// uuid gives a random UUID.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// value gives a random value of size bytes.
func (s *suite) value(size int) libvirtsecret.Value {
	s.t.Helper()
	b := make([]byte, size)
	_, _ = rand.Read(b)
	v, err := libvirtsecret.ParseValue(base64.StdEncoding.EncodeToString(b))
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// secret gives a secret that the store does not have, and removes it after the
// test.
func (s *suite) secret() libvirtsecret.Secret {
	s.t.Helper()
	id := uuid()
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.store.Undefine(ctx, id); err != nil && !errors.Is(err, libvirtsecret.ErrNotFound) {
			s.t.Errorf("clean-up: %v", err)
		}
	})
	return libvirtsecret.Secret{UUID: id, UsageID: "secrettest " + id, Description: "made by a test", Value: s.value(28)}
}

func (s *suite) define(want libvirtsecret.Secret) {
	s.t.Helper()
	s.change(want, nil)
}

// change defines a secret over what it was.
func (s *suite) change(want libvirtsecret.Secret, was *libvirtsecret.Secret) {
	s.t.Helper()
	if err := s.store.Define(s.t.Context(), libvirtsecret.Change{Secret: want, Was: was}); err != nil {
		s.t.Fatal(err)
	}
}

// tries defines a secret over whatever is there.
func (s *suite) tries(ctx context.Context, want libvirtsecret.Secret) error {
	return s.store.Define(ctx, libvirtsecret.Change{Secret: want})
}

// conflicts checks that a secret is not defined, and that what is there stays.
func (s *suite) conflicts(want libvirtsecret.Secret, was *libvirtsecret.Secret) {
	s.t.Helper()
	s.fails("define", want.UUID, libvirtsecret.ErrConflict,
		s.store.Define(s.t.Context(), libvirtsecret.Change{Secret: want, Was: was}))
}

// has checks that the store has the secret.
func (s *suite) has(want libvirtsecret.Secret) {
	s.t.Helper()
	got, err := s.store.Lookup(s.t.Context(), want.UUID)
	if err != nil {
		s.t.Fatal(err)
	}
	s.same(want, got)
}

// same compares two secrets. A private secret must not tell its value.
func (s *suite) same(want, got libvirtsecret.Secret) {
	s.t.Helper()
	if want.Private {
		want.Value = libvirtsecret.Value{}
	}
	if !got.Value.Equal(want.Value) {
		s.t.Errorf("%s: the value is not the wanted value (there is a value: %t, wanted: %t)",
			want.UUID, !got.Value.IsZero(), !want.Value.IsZero())
	}
	got.Value, want.Value = libvirtsecret.Value{}, libvirtsecret.Value{}
	if got != want {
		s.t.Errorf("got %v, private %t, ephemeral %t, description %q; want %v, private %t, ephemeral %t, description %q",
			got, got.Private, got.Ephemeral, got.Description, want, want.Private, want.Ephemeral, want.Description)
	}
}

func (s *suite) hasNot(id string) {
	s.t.Helper()
	_, err := s.store.Lookup(s.t.Context(), id)
	s.fails("lookup", id, libvirtsecret.ErrNotFound, err)
}

// fails checks an error: its struct, its condition (nil if it has no
// condition), and that no value of the store is in its text.
func (s *suite) fails(op, id string, condition, err error) {
	s.t.Helper()
	if err == nil {
		s.t.Fatalf("%s of %q did not fail", op, id)
	}
	var e *libvirtsecret.Error
	if !errors.As(err, &e) || e.Op != op || e.UUID != id {
		s.t.Errorf("not an Error for %s of %q: %v", op, id, err)
	}
	for _, c := range []error{
		libvirtsecret.ErrNotFound, libvirtsecret.ErrConflict, libvirtsecret.ErrUnreachable, context.Canceled,
	} {
		if errors.Is(err, c) != errors.Is(condition, c) {
			s.t.Errorf("%s of %q: got %v, want %v", op, id, err, condition)
			break
		}
	}
	all, _ := s.store.List(s.t.Context())
	for _, secret := range all {
		if v := secret.Value.Reveal(); v != "" && strings.Contains(err.Error(), v) {
			s.t.Error("the error holds a value")
		}
	}
}
