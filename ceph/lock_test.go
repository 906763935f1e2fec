package ceph_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

func TestTheHolderIsTold(t *testing.T) {
	since := time.Date(2026, 11, 27, 8, 11, 35, 0, time.FixedZone("CET", 3600))
	for want, l := range map[string]ceph.Lock{
		"anna on ops1 for apply since 2026-11-27 07:11:35 UTC; the lock expires within 1m30s if that program is gone": {
			Owner: "anna", Host: "ops1", Purpose: "apply", Since: since, Term: 90 * time.Second},
		"client.4127":                     {ID: "client.4127", Owner: "client.4127"},
		"somebody without a name":         {ID: "x"},
		"?[2Janna | Nothing to do. on h?": {Owner: "\x1b[2Janna\nNothing to do.", Host: "h\a"},
	} {
		assert.Equal(t, want, l.String())
	}
	c, lock := ceph.New(cephtest.New()), ceph.Lock{Pool: "p", Object: "o", ID: "x", Owner: "anna", Term: time.Second}
	require.NoError(t, c.TakeLock(t.Context(), lock))
	lock.ID = "y"
	assert.EqualError(t, c.TakeLock(t.Context(), lock), "ceph rados lock get p/o: errno 16: held by anna; "+
		"the lock expires within 1s if that program is gone")
}

func TestALockNeedsALocker(t *testing.T) {
	c := ceph.New(commander(cephtest.New().Command))
	lock := ceph.Lock{Pool: "p", Object: "o", ID: "x", Term: time.Second}
	require.ErrorIs(t, c.TakeLock(t.Context(), lock), ceph.ErrInvalid)
	require.ErrorIs(t, c.RenewLock(t.Context(), lock), ceph.ErrInvalid)
}

func TestAHolderThatCannotBeRead(t *testing.T) {
	fake := cephtest.New()
	c, lock := ceph.New(fake), ceph.Lock{Pool: "p", Object: "o", ID: "x", Term: time.Second}
	require.NoError(t, c.TakeLock(t.Context(), lock))
	fake.Fail = func(op cephtest.Op) error {
		if op.Name == "rados lock info" {
			return ceph.ErrUnreachable
		}
		return nil
	}
	lock.ID = "y"
	err := c.TakeLock(t.Context(), lock)
	require.ErrorIs(t, err, ceph.ErrLocked)
	require.ErrorIs(t, err, ceph.ErrUnreachable)
}

// Another writer comes between the writing of caps and its reading back.
func TestCapsAreReadBack(t *testing.T) {
	fake := cephtest.New()
	u := fake.AddUser(ceph.User{Entity: "client.cinder", Caps: ceph.Caps{"mon": "profile rbd"}})
	c := ceph.New(commander(func(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
		reply, err := fake.Command(ctx, cmd)
		if strings.Contains(string(cmd.JSON), `"auth caps"`) {
			fake.AddUser(ceph.User{Entity: u.Entity, Key: u.Key, Caps: ceph.Caps{"mon": "allow *"}})
		}
		return reply, err
	}))
	want := ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=volumes"}
	err := c.SetCaps(t.Context(), u.Entity, u.Caps, want)
	require.ErrorIs(t, err, ceph.ErrConflict)
	require.ErrorContains(t, err, "client.cinder")

	fake.AddUser(u)
	done := ceph.New(fake).Do(t.Context(), ceph.Work{User: &ceph.UserChange{Was: u, Want: ceph.User{Entity: u.Entity,
		Caps: want}}})
	require.NoError(t, done[0].Err)
	assert.Equal(t, want, done[0].User.Caps)
	assert.True(t, done[0].User.Key.Equal(u.Key))
}
