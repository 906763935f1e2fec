package remote_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// setfacl changes access control lists.
func setfacl(t *testing.T, args ...string) {
	t.Helper()
	needRoot(t, "/usr/bin/setfacl")
	out, err := exec.Command("setfacl", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// do runs ops on this machine, all of which must succeed.
func do(t *testing.T, ops ...remote.Op) []remote.Result {
	t.Helper()
	results, err := remote.Local{}.Do(t.Context(), ops...)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
	}
	return results
}

func TestAccessControlListsAreTold(t *testing.T) {
	needRoot(t, "/usr/bin/setfacl")
	dir := rootDir(t)
	listed, bare := filepath.Join(dir, "listed"), filepath.Join(dir, "bare")
	for _, name := range []string{listed, bare} {
		require.NoError(t, os.WriteFile(name, []byte("1"), 0o600))
	}
	require.NoError(t, os.Symlink("listed", filepath.Join(dir, "link")))
	setfacl(t, "-m", "u:daemon:r", listed)
	setfacl(t, "-m", "d:u:daemon:r", dir)
	link := filepath.Join(dir, "link")
	r := do(t, remote.ReadFile{Path: bare}, remote.ReadFile{Path: listed}, remote.Stat{Path: listed},
		remote.Stat{Path: bare}, remote.ReadFile{Path: link}, remote.Stat{Path: link},
		remote.Stat{Path: dir}, remote.ReadDir{Path: dir})
	for i, want := range []bool{false, true, true, false, true, false, true} {
		require.Equal(t, want, r[i].File.ACL, "%d", i)
	}
	for i, want := range []bool{false, true, true} { // bare, link, listed
		require.Equal(t, want, r[7].Files[i].File.ACL, "%d", i)
	}
	require.True(t, do(t, remote.ReadFile{Path: listed})[0].File.ACL, "read alone")
}

func TestAccessControlListsAreRemoved(t *testing.T) {
	needRoot(t, "/usr/bin/setfacl")
	dir := rootDir(t)
	name, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
	require.NoError(t, os.WriteFile(name, []byte("1"), 0o640))
	require.NoError(t, os.Mkdir(folder, 0o750))
	for _, op := range []remote.Op{
		remote.WriteFile{Path: name, Data: []byte("1")},
		remote.WriteFile{Path: name, Data: []byte("1"), Was: remote.Absent},
		remote.WriteFile{Path: name, Data: []byte("2"), Mode: 0o640},
		remote.SetAttr{Path: name, Owner: "daemon", Mode: 0o640},
		remote.SetAttr{Path: name},
		remote.Mkdir{Path: folder, Mode: 0o750},
		remote.SetAttr{Path: folder, Owner: "daemon"},
	} {
		_, path := remote.Describe(op)
		setfacl(t, "-m", "u:daemon:r", path)
		if path == folder {
			setfacl(t, "-m", "d:u:daemon:r", path)
		}
		r := do(t, op, op, remote.Stat{Path: path})
		require.True(t, r[0].Changed, "%v", op)
		require.False(t, r[0].File.ACL)
		require.False(t, r[1].Changed, "%v", op)
		require.False(t, r[2].File.ACL, "%v", op)
		want := os.FileMode(0o640)
		if path == folder {
			want = 0o750
		}
		require.Equal(t, want, r[2].File.Mode, "%v", op)
	}
}

func TestFolderWithADefaultListGetsNone(t *testing.T) {
	needRoot(t, "/usr/bin/setfacl")
	dir := rootDir(t)
	setfacl(t, "-d", "-m", "u:daemon:r,g::r,o::r", dir)
	name, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
	do(t, remote.WriteFile{Path: name, Data: []byte("1"), Mode: 0o640, Group: "daemon"},
		remote.WriteFile{Path: name + "2", Data: make([]byte, 100_000)}, remote.Mkdir{Path: folder, Mode: 0o750})
	r := do(t, remote.Stat{Path: name}, remote.Stat{Path: name + "2"}, remote.Stat{Path: folder})
	for i, want := range []os.FileMode{0o640, 0o600, 0o750} {
		require.False(t, r[i].File.ACL, "%d", i)
		require.Equal(t, want, r[i].File.Mode, "%d", i)
	}
}

// A watcher looks at the mode of each temp file as soon as it sees the name. The folder's default
// list lets others read what is made without a mode of its own.
func TestTempFileIsNeverReadableForOthers(t *testing.T) {
	t.Parallel()
	needRoot(t, "/usr/bin/setfacl")
	dir := rootDir(t)
	setfacl(t, "-d", "-m", "u:daemon:r,g::r,o::r", dir)
	var met, open int
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			names, _ := filepath.Glob(dir + "/.cephstack.*")
			for _, name := range names {
				info, err := os.Stat(name)
				if err != nil {
					continue
				}
				met++
				if info.Mode()&0o077 != 0 {
					open++
				}
			}
		}
	})
	for range 20 {
		var ops []remote.Op
		for range 10 {
			ops = append(ops, remote.WriteFile{Path: filepath.Join(dir, "file"), Data: []byte(random(t))})
		}
		do(t, ops...)
	}
	close(stop)
	reader.Wait()
	require.Positive(t, met)
	require.Zero(t, open, "of %d looks", met)
}

func random(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	require.NoError(t, err)
	return strings.TrimSpace(string(b))
}
