package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
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
	code, _, stderr := c.run(t.Context(), "", "apply", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "\nnot begun: ceph, compute[0-1], controller, cloud\n")
	assert.NotContains(t, stderr, "cancelled ", "hosts that were not begun are told once")
	assert.Equal(t, 1, strings.Count(stderr, "held by anna"), stderr)
	assert.Contains(t, stderr, "so nothing is changed: somebody else works on cluster ceph: ")
	code, stdout, stderr := c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "0 of 5 clusters, hosts and APIs done, 0 failed, 5 left alone.")
	assert.Contains(t, stderr, "5 were left alone: ")
	assert.Contains(t, stderr, "\nnot begun: ceph, compute[0-1], controller, cloud\n")
	assert.Equal(t, 1, strings.Count(stderr, "held by anna"), "it is said once, not for each host: %s", stderr)
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

// TestAClusterThatStaysIllIsToldOnce, and the hosts that were not begun because of it did not fail.
func TestAClusterThatStaysIllIsToldOnce(t *testing.T) {
	c := newCloud(t, 12)
	text, err := os.ReadFile(c.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.file, append(text, "gate: health\n"...), 0o600))
	c.Ceph["ceph"].Ail(cephtest.Ailments{DownOSDs: []int{0, 1}})
	code, stdout, stderr := c.run(t.Context(), "", "converge", "--yes", "--max-wait", "1ms")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "1 of 15 clusters, hosts and APIs done, 0 failed, 14 left alone.\n")
	assert.Contains(t, stderr, "\nnot begun: compute[0-11], controller, cloud\n")
	assert.Equal(t, 1, strings.Count(stderr, "is not healthy enough"), "%s", stderr)
	assert.Contains(t, stderr, "14 were left alone: ")
	assert.Contains(t, stderr, "have OSDs that are up and in")
}
