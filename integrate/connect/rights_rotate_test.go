package connect_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestRightsOfARotation: with the rights of a rotation, what it asks and changes works in a real cluster. Without any
// of its own rights, a step that the test names is refused.
func TestRightsOfARotation(t *testing.T) {
	live := cephlive.Start(t, 0)
	s := rightsSpec()
	s.Nova.User, s.Cinder.Backends[0].User = "cinder.1", "cinder.1"
	s.Rotate = []spec.Rotation{{From: "cinder", To: "cinder.1"}}
	rights := connect.RightsFor(s, "ceph").Rotate
	o := newOperator(t, live, s)
	live.Ceph("auth", "get-or-create", "client.cinder", "mon", "allow r")
	steps := map[string]func(context.Context, *cephx.Auth) error{
		`allow command "sessions"`: func(ctx context.Context, a *cephx.Auth) error {
			_, err := a.Sessions(ctx)
			return err
		},
		`allow command "auth rm"`: func(ctx context.Context, a *cephx.Auth) error { return a.Remove(ctx, "client.cinder") },
		`allow command "auth get"`: func(ctx context.Context, a *cephx.Auth) error {
			_, err := a.Lookup(ctx, "client.cinder")
			return err
		},
	}
	for right, do := range steps {
		assert.Error(t, do(t.Context(), cephx.New(ceph.New(o.as(without(t, rights, right))))), "without %s", right)
	}
	a := cephx.New(ceph.New(o.as(rights)))
	for _, right := range []string{`allow command "auth get"`, `allow command "sessions"`, `allow command "auth rm"`} {
		require.NoError(t, steps[right](t.Context(), a), right)
	}
	assert.ErrorIs(t, a.Remove(t.Context(), "client.cinder.1"), ceph.ErrDenied, "it is the user that comes")
	s.Rotate = nil
	assert.Empty(t, connect.RightsFor(s, "ceph").Rotate)
}
