package cephx_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephx"
)

// TestAMonitorThatIsSilentIsNamed: the sessions of the others come with it, and the error is never nil.
func TestAMonitorThatIsSilentIsNamed(t *testing.T) {
	fake := cephtest.NewTentacle()
	fake.MonHosts = []string{"[v2:192.0.2.1:3300/0,v1:192.0.2.1:6789/0]", "[v2:192.0.2.2:3300/0,v1:192.0.2.2:6789/0]",
		"[v2:192.0.2.3:3300/0,v1:192.0.2.3:6789/0]"}
	user := fake.AddUser(ceph.User{Entity: "client.cinder"})
	for range 6 {
		_, err := fake.Login(user.Entity, user.Key)
		require.NoError(t, err)
	}
	auth := cephx.New(ceph.New(fake))
	of := func() (mons map[string]int, err error) {
		mons = map[string]int{}
		all, err := auth.Sessions(t.Context())
		for _, s := range all {
			if s.Entity == user.Entity {
				mons[s.Mon]++
			}
		}
		return mons, err
	}
	mons, err := of()
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"a": 2, "b": 2, "c": 2}, mons)

	fake.Ail(cephtest.Ailments{LostMonitors: 1})
	mons, err = of()
	var silent *cephx.SilentError
	require.ErrorAs(t, err, &silent)
	assert.Equal(t, []string{"c"}, slices.Collect(maps.Keys(silent.Mons)))
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	require.ErrorContains(t, err, "mon.c")
	assert.Equal(t, map[string]int{"a": 2, "b": 2}, mons)

	fake.Ail(cephtest.Ailments{LostMonitors: 2})
	_, err = of()
	require.ErrorIs(t, err, ceph.ErrUnreachable)
}

// TestNothingIsSentThatLocksOut: no write comes before the refusal.
func TestNothingIsSentThatLocksOut(t *testing.T) {
	fake := cephtest.NewTentacle()
	auth := cephx.New(ceph.New(fake))
	for _, allowed := range [][]string{nil, {"aes"}, {"bogus"}, {"AES256K"}, {"aes256k", ""}} {
		require.Error(t, auth.AllowCiphers(t.Context(), allowed, "client.admin", "mon.", "osd.0"), "%q", allowed)
	}
	assert.Zero(t, fake.Writes())
	fake.Fail = func(op cephtest.Op) error {
		if op.Object == "mon." {
			return errors.New("no answer")
		}
		return nil
	}
	require.ErrorContains(t, auth.AllowCiphers(t.Context(), []string{"aes256k"}), "no answer", "unknown is not well")
	assert.Zero(t, fake.Writes())
}

// TestALockedOutFake: what Ceph takes by hand locks out whoever did it.
func TestALockedOutFake(t *testing.T) {
	fake := cephtest.NewTentacle()
	_, err := fake.Command(t.Context(), ceph.Command{JSON: []byte(
		`{"prefix":"mon set","name":"auth_allowed_ciphers","value":"AES","format":"json"}`)})
	require.NoError(t, err)
	_, err = cephx.New(ceph.New(fake)).Keys(t.Context())
	require.ErrorIs(t, err, ceph.ErrDenied)
}

// TestNoErrorHoldsAKey, whatever an answer has in the place of one.
func TestNoErrorHoldsAKey(t *testing.T) {
	for _, answer := range []string{"AQ-a-secret", `[{"entity":"client.a","key":"AQ-a-secret"}]`,
		`{"auth_dump":[{"entity":"client.a","key":"AQ-a-secret"}]}`, `{"auth_dump":"AQ-a-secret"}`, `{"AQ-a-secret":1}`} {
		auth := cephx.New(ceph.New(says(answer)))
		_, err := auth.Keys(t.Context())
		require.Error(t, err, answer)
		assert.False(t, strings.Contains(err.Error(), "AQ-a-secret"), err)
		_, err = auth.Lookup(t.Context(), "client.a")
		require.Error(t, err, answer)
		assert.False(t, strings.Contains(err.Error(), "AQ-a-secret"), err)
	}
}

// TestWatchersOfManyImages are asked for in few exchanges.
func TestWatchersOfManyImages(t *testing.T) {
	fake := cephtest.New()
	require.NoError(t, fake.AddPool(ceph.Pool{Name: "vms", Application: "rbd"}))
	for i := range 5000 {
		require.NoError(t, fake.AddImage(ceph.Image{Pool: "vms", Name: fmt.Sprintf("disk-%04d", i), Size: 1}))
	}
	stop, err := fake.Watch("vms", "disk-4999")
	require.NoError(t, err)
	defer stop()
	found, err := cephx.New(ceph.New(fake)).Watchers(t.Context(), "vms")
	require.NoError(t, err)
	assert.Len(t, found, 5000)
	assert.Len(t, found["disk-4999"], 1)
	assert.Equal(t, 4, fake.Batches())
}
