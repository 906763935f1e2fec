package batchtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/remote"
)

// A suite is one subtest of TestStore.
type suite struct {
	t     *testing.T
	store hostbatch.Store
	host  remote.Host
}

func value(t *testing.T, text string) libvirtsecret.Value {
	t.Helper()
	v, err := libvirtsecret.ParseValue(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// secret gives a secret for a user's name, and removes it after the test.
func (s *suite) secret(name string) libvirtsecret.Secret {
	s.t.Helper()
	id := libvirtsecret.DeriveUUID(s.t.Name(), name)
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.store.Undefine(ctx, id); err != nil && !errors.Is(err, libvirtsecret.ErrNotFound) {
			s.t.Errorf("clean-up: %v", err)
		}
	})
	return libvirtsecret.Secret{UUID: id, UsageID: libvirtsecret.UsageID(s.t.Name(), name),
		Description: "made by a test", Value: value(s.t, "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")}
}

// do runs operations in one exchange.
func (s *suite) do(ops ...remote.Op) []remote.Result {
	s.t.Helper()
	results, err := s.host.Do(s.t.Context(), ops...)
	if err != nil {
		s.t.Fatal(err)
	}
	return results
}

func (s *suite) defineOp(secrets ...libvirtsecret.Secret) (remote.Op, hostbatch.DefineReader) {
	s.t.Helper()
	op, read, err := s.store.DefineOp(changes(secrets)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return op, read
}

// changes define secrets over whatever is there.
func changes(secrets []libvirtsecret.Secret) []libvirtsecret.Change {
	all := make([]libvirtsecret.Change, len(secrets))
	for i, secret := range secrets {
		all[i].Secret = secret
	}
	return all
}

func (s *suite) define(secrets ...libvirtsecret.Secret) {
	s.t.Helper()
	op, read := s.defineOp(secrets...)
	if err := errors.Join(read(s.do(op)[0])...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *suite) list(expected ...string) (list []libvirtsecret.Secret, whole bool, err error) {
	s.t.Helper()
	op, read := s.store.ListOp(expected...)
	return read(s.do(op)[0])
}

// lists checks what a list of the expected secrets tells.
func (s *suite) lists(want []libvirtsecret.Secret, expected ...string) {
	s.t.Helper()
	list, whole, err := s.list(expected...)
	if err != nil || !whole {
		s.t.Fatalf("whole %t, error %v", whole, err)
	}
	s.same(want, list)
}

// same compares lists, in the order of UUIDs.
func (s *suite) same(want, got []libvirtsecret.Secret) {
	s.t.Helper()
	slices.SortFunc(want, func(a, b libvirtsecret.Secret) int { return strings.Compare(a.UUID, b.UUID) })
	equal := func(a, b libvirtsecret.Secret) bool {
		same := a.Value.Equal(b.Value)
		a.Value, b.Value = libvirtsecret.Value{}, libvirtsecret.Value{}
		return same && a == b
	}
	if !slices.EqualFunc(want, got, equal) {
		s.t.Errorf("got %v, want %v: they, their values or flags differ", got, want)
	}
}

// has checks that the store has the secret.
func (s *suite) has(want libvirtsecret.Secret) {
	s.t.Helper()
	got, err := s.store.Lookup(s.t.Context(), want.UUID)
	if err != nil {
		s.t.Fatal(err)
	}
	if want.Private {
		want.Value = libvirtsecret.Value{}
	}
	s.same([]libvirtsecret.Secret{want}, []libvirtsecret.Secret{got})
}

func (s *suite) hasNot(id string) {
	s.t.Helper()
	if _, err := s.store.Lookup(s.t.Context(), id); !errors.Is(err, libvirtsecret.ErrNotFound) {
		s.t.Errorf("%s: got %v, want %v", id, err, libvirtsecret.ErrNotFound)
	}
}

// fails checks the error of a secret: its struct, its condition (nil for any),
// and that it does not hold the value.
func (s *suite) fails(err error, secret libvirtsecret.Secret, condition error) {
	s.t.Helper()
	var e *libvirtsecret.Error
	if !errors.As(err, &e) || e.Op != "define" || e.UUID != secret.UUID {
		s.t.Fatalf("not an Error for define of %s: %v", secret.UUID, err)
	}
	if condition != nil && !errors.Is(err, condition) {
		s.t.Errorf("got %v, want %v", err, condition)
	}
	if strings.Contains(err.Error(), secret.Value.Reveal()) {
		s.t.Error("the error holds a value")
	}
}
