package remote_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// juggle puts a folder, or a file, and a symlink to a victim in one place in turn, as fast as
// it can, until the test ends. The folder around them belongs to a user.
func juggle(t *testing.T, dir, victim string, folder bool) (path string) {
	t.Helper()
	path = filepath.Join(dir, "object")
	aside, link := filepath.Join(dir, "aside"), filepath.Join(dir, "link")
	if folder {
		require.NoError(t, os.Mkdir(path, 0o700))
	} else {
		require.NoError(t, os.WriteFile(path, []byte("1"), 0o600))
	}
	require.NoError(t, os.Symlink(victim, link))
	for _, name := range []string{dir, path} {
		require.NoError(t, os.Chown(name, 1, 1))
	}
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(path, aside)
			_ = os.Rename(link, path)
			time.Sleep(100 * time.Microsecond)
			_ = os.Rename(path, link)
			_ = os.Rename(aside, path)
			time.Sleep(100 * time.Microsecond)
		}
	})
	t.Cleanup(func() { close(stop); done.Wait() })
	return path
}

// attack runs op for some seconds, while others swap what it is about, and checks that the
// victim stays as it is.
func attack(t *testing.T, victim string, op func(round int) remote.Op) {
	t.Helper()
	before := describe(t, victim)
	rounds, done := 0, 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		var ops []remote.Op
		for range 20 {
			ops = append(ops, op(rounds))
			rounds++
		}
		results, err := remote.Local{}.Do(t.Context(), ops...)
		require.NoError(t, err)
		for _, r := range results {
			if r.Changed {
				done++
			}
		}
		require.Equal(t, before, describe(t, victim), "after %d rounds", rounds)
	}
	t.Logf("%d of %d rounds changed the object", done, rounds)
	require.Positive(t, done, "the swap hit every round: nothing was tested")
}

func describe(t *testing.T, name string) remote.File {
	t.Helper()
	r, err := remote.Local{}.Do(t.Context(), remote.Stat{Path: name})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	r[0].File.Changed, r[0].File.Modified = time.Time{}, time.Time{}
	return r[0].File
}

// mode differs from round to round.
func mode(round int, base fs.FileMode) fs.FileMode { return base | fs.FileMode(round%2)<<4 }

func TestSwappedFolderNeverGetsAModeOfAnother(t *testing.T) {
	needRoot(t, "/usr/bin/sha256sum")
	dir, victim := rootDir(t), rootDir(t)
	path := juggle(t, dir, victim, true)
	t.Run("Mkdir", func(t *testing.T) {
		attack(t, victim, func(n int) remote.Op { return remote.Mkdir{Path: path, Owner: "daemon", Mode: mode(n, 0o770)} })
	})
	t.Run("SetAttr", func(t *testing.T) {
		attack(t, victim, func(n int) remote.Op { return remote.SetAttr{Path: path, Group: "daemon", Mode: mode(n, 0o707)} })
	})
}

func TestSwappedFileNeverGetsAModeOfAnother(t *testing.T) {
	needRoot(t, "/usr/bin/sha256sum")
	dir, victim := rootDir(t), filepath.Join(rootDir(t), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("1"), 0o600))
	path := juggle(t, dir, victim, false)
	t.Run("SetAttr", func(t *testing.T) {
		attack(t, victim, func(n int) remote.Op { return remote.SetAttr{Path: path, Owner: "daemon", Mode: mode(n, 0o604)} })
	})
	t.Run("WriteFile", func(t *testing.T) {
		attack(t, victim, func(n int) remote.Op {
			return remote.WriteFile{Path: path, Data: []byte("1"), Owner: "daemon", Mode: mode(n, 0o604)}
		})
	})
}

func TestFifoInPlaceOfAFileEnds(t *testing.T) {
	needRoot(t, "/usr/bin/mkfifo")
	dir := rootDir(t)
	path := filepath.Join(dir, "fifo")
	r, err := remote.Local{}.Do(t.Context(), remote.Run{Argv: []string{"mkfifo", path}},
		remote.SetAttr{Path: path, Mode: 0o600}, remote.WriteFile{Path: path, Data: []byte("1")},
		remote.Remove{Path: path, Was: remote.Absent})
	require.NoError(t, err)
	for _, one := range r[1:] {
		require.Error(t, one.Err)
	}
}
