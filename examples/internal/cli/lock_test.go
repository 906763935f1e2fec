package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
)

func TestTheSecondOperatorIsToldWhatToDo(t *testing.T) {
	c := newCloud(t, 2)
	lock := ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: "x", Owner: "anna", Host: "ops1", Purpose: "apply",
		Term: 90 * time.Second}
	require.NoError(t, ceph.New(c.Ceph["ceph"]).TakeLock(t.Context(), lock))
	for _, command := range []string{"apply", "converge"} {
		code, _, stderr := c.run(t.Context(), "", command, "--yes")
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, "held by anna on ops1 for apply; the lock expires within 1m30s")
		assert.Contains(t, stderr, "\nrun "+command+" again when that program has ended; if it will not come back, add "+
			"--break-lock anna@ops1\n")
	}
	code, stdout, stderr := c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "0 of 5 clusters, hosts and APIs done, 0 failed, 5 left alone.")
	assert.Contains(t, stderr, "5 were left alone: ", "it is said once")
	assert.Zero(t, c.Writes())
	code, _, _ = c.run(t.Context(), "", "plan")
	assert.Equal(t, exitChanges, code)
	code, _, _ = c.run(t.Context(), "", "apply", "--yes", "--break-lock", "anna@ops2")
	assert.Equal(t, exitFailed, code)
	code, _, stderr = c.run(t.Context(), "", "apply", "--yes", "--break-lock", "anna@ops1")
	assert.Equal(t, exitDone, code, stderr)
	code, _, _ = c.run(t.Context(), "", "plan", "--break-lock", "anna@ops1")
	assert.Equal(t, exitUsage, code)
}

// TestTheOwnerOfALockIsNoCommand: whoever can write the lock chooses the text of its owner.
func TestTheOwnerOfALockIsNoCommand(t *testing.T) {
	c := newCloud(t, 2)
	const owner = "$(touch /tmp/x)`id`'\";anna"
	lock := ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: "x", Owner: owner, Host: "ops1", Purpose: "apply",
		Term: 90 * time.Second}
	require.NoError(t, ceph.New(c.Ceph["ceph"]).TakeLock(t.Context(), lock))
	for _, command := range []string{"apply", "converge"} {
		_, _, stderr := c.run(t.Context(), "", command, "--yes")
		assert.Contains(t, stderr, "add --break-lock '$(touch /tmp/x)`id`'\\''\";anna@ops1'\n")
	}
}

// TestTheLockIsBrokenAlsoWhereNothingIsToDo.
func TestTheLockIsBrokenAlsoWhereNothingIsToDo(t *testing.T) {
	c := newCloud(t, 2)
	code, _, stderr := c.run(t.Context(), "", "apply", "--yes")
	require.Equal(t, exitDone, code, stderr)
	lock := ceph.Lock{Pool: "cephstack", Object: "operator-lock", ID: "x", Owner: "anna", Host: "ops1", Purpose: "apply",
		Term: 90 * time.Second}
	cluster := ceph.New(c.Ceph["ceph"])
	require.NoError(t, cluster.TakeLock(t.Context(), lock))
	code, _, _ = c.run(t.Context(), "", "apply", "--yes")
	assert.Equal(t, exitDone, code, "nothing is to do, and no lock is needed")
	code, _, stderr = c.run(t.Context(), "", "apply", "--yes", "--break-lock", "anna@ops2")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `not of "anna@ops2"`)
	code, _, stderr = c.run(t.Context(), "", "apply", "--yes", "--break-lock", "anna@ops1")
	assert.Equal(t, exitDone, code, stderr)
	lock.ID, lock.Owner = "y", "ben"
	require.NoError(t, cluster.TakeLock(t.Context(), lock), "the lock is free")
}
