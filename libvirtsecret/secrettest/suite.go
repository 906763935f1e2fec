package secrettest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// TestStore checks that a Store keeps the contract of libvirtsecret.Store.
// newStore is called once per subtest and may return the same Store again;
// the suite makes secrets with random UUIDs, and removes them.
func TestStore(t *testing.T, newStore func(t *testing.T) libvirtsecret.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"Define", testDefine},
		{"DefineAgain", testDefineAgain},
		{"Values", testValues},
		{"ConflictUsage", testConflictUsage},
		{"ConflictUUID", testConflictUUID},
		{"ConflictPrivate", testConflictPrivate},
		{"WasAbsent", testWasAbsent},
		{"WasThere", testWasThere},
		{"WasPrivate", testWasPrivate},
		{"WasInvalid", testWasInvalid},
		{"NotFound", testNotFound},
		{"Undefine", testUndefine},
		{"List", testList},
		{"Invalid", testInvalid},
		{"Cancelled", testCancelled},
		{"Concurrent", testConcurrent},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, &suite{t: t, store: newStore(t)}) })
	}
}

func testDefine(_ *testing.T, s *suite) {
	for _, ephemeral := range []bool{false, true} {
		for _, private := range []bool{false, true} {
			want := s.secret()
			want.Ephemeral, want.Private = ephemeral, private
			s.define(want)
			s.has(want)
		}
	}
	plain := s.secret()
	plain.Description = ""
	s.define(plain)
	s.has(plain)
	odd := s.secret()
	odd.UsageID += ` ü '"<&>]]>`
	odd.Description = " <secret private='yes'> &amp; ]]>\n<#secret\n-- ü "
	s.define(odd)
	s.has(odd)
}

func testDefineAgain(_ *testing.T, s *suite) {
	for _, private := range []bool{false, true} {
		want := s.secret()
		want.Private = private
		s.define(want)
		s.define(want)
		s.has(want)
		want.Value, want.Description, want.Ephemeral = s.value(40), "changed", true
		s.define(want)
		s.has(want)
		want.Ephemeral = false
		s.define(want)
		s.has(want)
	}
}

func testValues(_ *testing.T, s *suite) {
	want := s.secret()
	for _, size := range []int{1, 2, 3, 28, 44, 700} {
		want.Value = s.value(size)
		s.define(want)
		s.has(want)
	}
}

func testConflictUsage(t *testing.T, s *suite) {
	first, second := s.secret(), s.secret()
	s.define(first)
	second.UsageID = first.UsageID
	s.fails("define", second.UUID, libvirtsecret.ErrConflict, s.tries(t.Context(), second))
	s.has(first)
	s.hasNot(second.UUID)
}

func testConflictUUID(t *testing.T, s *suite) {
	first := s.secret()
	s.define(first)
	second := first
	second.UsageID += " other"
	second.Value = s.value(28)
	s.fails("define", second.UUID, libvirtsecret.ErrConflict, s.tries(t.Context(), second))
	s.has(first)
}

func testConflictPrivate(t *testing.T, s *suite) {
	first := s.secret()
	s.define(first)
	first.Private = true // a secret may become private
	s.define(first)
	s.has(first)
	second := first
	second.Private = false
	s.fails("define", second.UUID, libvirtsecret.ErrConflict, s.tries(t.Context(), second))
	s.has(first)
	if err := s.store.Undefine(t.Context(), first.UUID); err != nil {
		t.Fatal(err)
	}
	s.define(second)
	s.has(second)
}

func testNotFound(t *testing.T, s *suite) {
	s.define(s.secret())
	absent := uuid()
	_, err := s.store.Lookup(t.Context(), absent)
	s.fails("lookup", absent, libvirtsecret.ErrNotFound, err)
	s.fails("undefine", absent, libvirtsecret.ErrNotFound, s.store.Undefine(t.Context(), absent))
}

func testUndefine(t *testing.T, s *suite) {
	gone, stays := s.secret(), s.secret()
	s.define(gone)
	s.define(stays)
	if err := s.store.Undefine(t.Context(), gone.UUID); err != nil {
		t.Fatal(err)
	}
	s.hasNot(gone.UUID)
	s.has(stays)
	s.fails("undefine", gone.UUID, libvirtsecret.ErrNotFound, s.store.Undefine(t.Context(), gone.UUID))
	other := s.secret() // the usage is free again
	other.UsageID = gone.UsageID
	s.define(other)
	s.has(other)
}

func testList(t *testing.T, s *suite) {
	var want []libvirtsecret.Secret
	for i := range 5 {
		w := s.secret()
		w.Private, w.Ephemeral = i == 2, i%2 == 1
		s.define(w)
		want = append(want, w)
	}
	all, err := s.store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(all, func(a, b libvirtsecret.Secret) int { return strings.Compare(a.UUID, b.UUID) }) {
		t.Error("List is not sorted by UUID")
	}
	for _, w := range want {
		i := slices.IndexFunc(all, func(g libvirtsecret.Secret) bool { return g.UUID == w.UUID })
		if i < 0 {
			t.Errorf("List lacks %s", w.UUID)
			continue
		}
		s.same(w, all[i])
	}
}

func testInvalid(t *testing.T, s *suite) {
	for _, bad := range []string{"", "x", "457EB676-33DA-42EC-9A8C-9293D545C337", "457eb67633da42ec9a8c9293d545c337",
		"--help", "457eb676-33da-42ec-9a8c-9293d545c33;"} {
		_, err := s.store.Lookup(t.Context(), bad)
		s.fails("lookup", bad, nil, err)
		s.fails("undefine", bad, nil, s.store.Undefine(t.Context(), bad))
		secret := s.secret()
		secret.UUID = bad
		s.fails("define", bad, nil, s.tries(t.Context(), secret))
	}
	noUsage, noValue, oddUsage, oddDescription := s.secret(), s.secret(), s.secret(), s.secret()
	noUsage.UsageID, noValue.Value = "", libvirtsecret.Value{}
	oddUsage.UsageID += "\n"
	oddDescription.Description = "\x00"
	for _, bad := range []libvirtsecret.Secret{noUsage, noValue, oddUsage, oddDescription} {
		s.fails("define", bad.UUID, nil, s.tries(t.Context(), bad))
		s.hasNot(bad.UUID)
	}
}

func testCancelled(t *testing.T, s *suite) {
	here, fresh := s.secret(), s.secret()
	s.define(here)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.store.List(ctx)
	s.fails("list", "", context.Canceled, err)
	_, err = s.store.Lookup(ctx, here.UUID)
	s.fails("lookup", here.UUID, context.Canceled, err)
	s.fails("undefine", here.UUID, context.Canceled, s.store.Undefine(ctx, here.UUID))
	s.fails("define", fresh.UUID, context.Canceled, s.tries(ctx, fresh))
	s.has(here)
	s.hasNot(fresh.UUID)
}

func testConcurrent(t *testing.T, s *suite) {
	shared := s.secret()
	var all []libvirtsecret.Secret
	for range 4 {
		all = append(all, s.secret())
	}
	var group sync.WaitGroup
	for _, own := range all {
		group.Go(func() {
			err := s.tries(t.Context(), own)
			err = errors.Join(err, s.tries(t.Context(), shared))
			_, errLookup := s.store.Lookup(t.Context(), own.UUID)
			_, errList := s.store.List(t.Context())
			if err := errors.Join(err, errLookup, errList); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, own := range append(all, shared) {
		s.has(own)
	}
}
