package secrettest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
)

func TestConformance(t *testing.T) {
	secrettest.TestStore(t, func(*testing.T) libvirtsecret.Store { return secrettest.New() })
}

func secret(t *testing.T) libvirtsecret.Secret {
	t.Helper()
	v, err := libvirtsecret.ParseValue("AQAB")
	require.NoError(t, err)
	return libvirtsecret.Secret{UUID: libvirtsecret.DeriveUUID("f", "client.a"), UsageID: "u", Value: v}
}

func TestFail(t *testing.T) {
	store, s := secrettest.New(), secret(t)
	broken := errors.New("broken")
	store.Fail = func(c secrettest.Call) error {
		if c.Op == "define" && c.UUID == s.UUID {
			return broken
		}
		return nil
	}
	err := store.Define(t.Context(), libvirtsecret.Change{Secret: s})
	require.ErrorIs(t, err, broken)
	assert.Equal(t, "define secret "+s.UUID+": broken", err.Error())
	require.NotErrorIs(t, err, libvirtsecret.ErrUnknown)
	assert.True(t, store.Held(s.UUID).IsZero())
	assert.Equal(t, 1, store.Calls("define"))
	assert.Equal(t, 0, store.Calls("list"))

	store.Fail, store.FailAfter = nil, func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
	err = store.Define(t.Context(), libvirtsecret.Change{Secret: s})
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
	require.ErrorIs(t, err, libvirtsecret.ErrUnknown)
	assert.True(t, store.Held(s.UUID).Equal(s.Value))
}

func TestRestart(t *testing.T) {
	store, s := secrettest.New(), secret(t)
	s.Ephemeral = true
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: s}))
	store.Restart()
	_, err := store.Lookup(t.Context(), s.UUID)
	require.ErrorIs(t, err, libvirtsecret.ErrNotFound)
	s.Ephemeral = false
	require.NoError(t, store.Define(t.Context(), libvirtsecret.Change{Secret: s}))
	store.Restart()
	_, err = store.Lookup(t.Context(), s.UUID)
	require.NoError(t, err)
}

func TestPutAndHeld(t *testing.T) {
	store, s := secrettest.New(), secret(t)
	bare := s
	bare.Value = libvirtsecret.Value{}
	store.Put(bare)
	got, err := store.Lookup(t.Context(), s.UUID)
	require.NoError(t, err)
	assert.True(t, got.Value.IsZero())
	assert.Zero(t, store.Written(s.UUID), "it has no value")

	before := time.Now()
	s.Private = true
	store.Put(s)
	assert.False(t, store.Written(s.UUID).Before(before))
	got, err = store.Lookup(t.Context(), s.UUID)
	require.NoError(t, err)
	assert.True(t, got.Value.IsZero(), "private")
	assert.True(t, store.Held(s.UUID).Equal(s.Value))
}
