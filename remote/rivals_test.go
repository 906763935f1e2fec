package remote_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// rivals run two batches at the same time, each as a program of its own.
func rivals(t *testing.T, ops func(writer int) []remote.Op) [2][]remote.Result {
	t.Helper()
	var both [2][]remote.Result
	run := func(ctx context.Context, name string) ([]remote.Result, error) {
		return remote.Local{}.Do(ctx, ops(int(name[0]-'a'))...)
	}
	for i, o := range remote.Each(t.Context(), []string{"a", "b"}, 0, run) {
		require.NoError(t, o.Err)
		both[i] = o.Value
	}
	return both
}

func TestOneOfTwoWritersWins(t *testing.T) {
	t.Parallel()
	needRoot(t, "/usr/bin/flock")
	name := filepath.Join(rootDir(t), "file")
	const rounds = 200
	text := func(round, writer int) string { return fmt.Sprintf("%03d by %d", round, writer) }
	for round := range rounds {
		old := text(round, 9)
		do(t, remote.WriteFile{Path: name, Data: []byte(old)})
		both := rivals(t, func(writer int) []remote.Op {
			return []remote.Op{remote.WriteFile{Path: name, Data: []byte(text(round, writer)), Was: digest(old)}}
		})
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		winner := 0
		if both[0][0].Err != nil {
			winner = 1
		}
		require.NoError(t, both[winner][0].Err)
		require.ErrorIs(t, both[1-winner][0].Err, remote.ErrConflict)
		require.Equal(t, text(round, winner), string(data))
	}
}

func TestTwoWritersOfANewFile(t *testing.T) {
	needRoot(t, "/usr/bin/flock")
	dir := rootDir(t)
	both := rivals(t, func(writer int) (ops []remote.Op) {
		for n := range 100 {
			name := filepath.Join(dir, fmt.Sprint(n))
			ops = append(ops, remote.WriteFile{Path: name, Data: fmt.Append(nil, writer), Was: remote.Absent})
		}
		return ops
	})
	for n := range 100 {
		one, other := both[0][n].Err, both[1][n].Err
		require.True(t, (one == nil) != (other == nil), "%v and %v", one, other)
		require.ErrorIs(t, errors.Join(one, other), remote.ErrConflict)
	}
}

func TestTwoWritersOfTheSameAgree(t *testing.T) {
	t.Parallel()
	needRoot(t, "/usr/bin/flock")
	dir := rootDir(t)
	both := rivals(t, func(int) (ops []remote.Op) {
		for n := range 50 {
			name := filepath.Join(dir, fmt.Sprint(n))
			ops = append(ops, remote.Mkdir{Path: name},
				remote.WriteFile{Path: name + "/a", Data: []byte(name), Was: remote.Absent},
				remote.WriteFile{Path: name + "/a", Data: []byte("new"), Mode: 0o640, Was: digest(name)},
				remote.SetAttr{Path: name, Owner: "daemon", Mode: 0o700})
		}
		return ops
	})
	for i := range both[0] {
		if i%4 == 1 {
			continue // the file may be newer than that already
		}
		require.NoError(t, errors.Join(both[0][i].Err, both[1][i].Err), "%d", i)
	}
}

// TestNobodyElseHoldsTheLock: a user who may read the folder holds a lock of the folder all the time.
func TestNobodyElseHoldsTheLock(t *testing.T) {
	t.Parallel()
	needRoot(t, "/usr/bin/flock")
	dir := rootDir(t)
	folder, err := os.Open(dir)
	require.NoError(t, err)
	defer folder.Close()
	require.NoError(t, syscall.Flock(int(folder.Fd()), syscall.LOCK_EX))
	begin := time.Now()
	do(t, remote.WriteFile{Path: dir + "/file", Data: []byte("old")})
	require.Less(t, time.Since(begin), 5*time.Second, "it did not wait for that")
	var all syscall.Stat_t
	require.NoError(t, syscall.Stat(dir, &all))
	lock := fmt.Sprintf("/run/cephstack/lock-%d-%d", all.Dev, all.Ino)
	info, err := os.Stat(lock)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	// Another program of root has the lock: the write waits, and fails.
	held, err := os.Open(lock)
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))
	write := remote.WriteFile{Path: dir + "/file", Data: []byte("new"), Was: digest("old")}
	r, err := remote.Local{}.Do(t.Context(), write)
	require.NoError(t, err)
	require.ErrorContains(t, r[0].Err, "another change in the folder lasts too long")
	data, err := os.ReadFile(dir + "/file")
	require.NoError(t, err)
	require.Equal(t, "old", string(data))
}
