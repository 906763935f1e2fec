package remote_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

func TestResultOfAChangedModeIsTheTruth(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		name := filepath.Join(rootDir(t), "file")
		for _, c := range []struct {
			what, program, script string
			mode                  fs.FileMode
			err                   error // besides an error that says that nothing changed
		}{
			{"chmod is killed", "chmod", "kill -9 $$", 0o644, nil},
			{"the second chmod fails", "chmod", `case $1 in *660) exit 1 ;; esac; exec REAL "$@"`, 0o644, nil},
			{"chmod fails after it is done", "chmod", `REAL "$@"; case $1 in *660) exit 1 ;; esac`, 0o660, nil},
			{"chown is killed", "chown", "kill -9 $$", 0o640, remote.ErrUnknown},
			{"chown fails once", "chown", `[ "$1" = 0:1 ] && exit 1; exec REAL "$@"`, 0o644, nil},
			{"the file is not synced", "sync", "exit 1", 0o660, remote.ErrUnknown},
			{"stat is killed", "stat", "kill -9 $$", 0o644, nil},
			{"stat is killed after chmod", "stat", `[ "$(REAL -c %a ` + name + `)" = 660 ] && kill -9 $$; exec REAL "$@"`, 0o660,
				remote.ErrUnknown},
		} {
			require.NoError(t, os.RemoveAll(name))
			require.NoError(t, os.WriteFile(name, nil, 0o600))
			require.NoError(t, os.Chmod(name, 0o644))
			replace(c.program, c.script)
			r := one(t, remote.SetAttr{Path: name, Mode: 0o660, Group: "daemon"})
			replace(c.program, `exec REAL "$@"`)
			info, err := os.Stat(name)
			require.NoError(t, err)
			require.Equal(t, c.mode, info.Mode(), c.what)
			switch {
			case c.err != nil:
				require.ErrorIs(t, r.Err, c.err, c.what)
			case c.mode == 0o660:
				require.NoError(t, r.Err, c.what)
				require.True(t, r.Changed, c.what)
			default:
				require.Error(t, r.Err, c.what)
				require.NotErrorIs(t, r.Err, remote.ErrUnknown, c.what)
				require.False(t, r.Changed, c.what)
			}
		}
	})
}

func TestAFolderAppearsWholeOrNotAtAll(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		dir := rootDir(t)
		for _, c := range []struct {
			what, program, script string
			made                  bool
			err                   error
		}{
			{"mkdir fails", "mkdir", "exit 1", false, nil},
			{"mkdir is killed when it is done", "mkdir", `REAL "$@"; kill -9 $$`, true, nil},
			{"chmod is killed", "chmod", "kill -9 $$", false, nil},
			{"chown is killed", "chown", "kill -9 $$", false, nil},
			{"mv is killed", "mv", "kill -9 $$", false, nil},
			{"mv is killed when it is done", "mv", `REAL "$@"; kill -9 $$`, true, nil},
			{"nothing can be synced", "sync", "exit 1", false, nil},
			{"the folder above is not synced", "sync", `[ "$1" = . ] && exit 1; exec REAL "$@"`, true, remote.ErrUnknown},
		} {
			replace(c.program, c.script)
			r := one(t, remote.Mkdir{Path: dir + "/folder", Mode: 0o750, Group: "daemon"})
			replace(c.program, `exec REAL "$@"`)
			switch {
			case !c.made:
				require.Error(t, r.Err, c.what)
				require.NotErrorIs(t, r.Err, remote.ErrUnknown, c.what)
				require.NoDirExists(t, dir+"/folder", c.what)
				require.False(t, r.Changed, c.what)
			case c.err != nil:
				require.ErrorIs(t, r.Err, c.err, c.what)
			default:
				require.NoError(t, r.Err, c.what)
				require.True(t, r.Changed, c.what)
				require.Equal(t, fs.FileMode(0o750), r.File.Mode, c.what)
			}
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			if c.made {
				require.NoError(t, os.Remove(dir+"/folder"), c.what)
				left = left[:len(left)-1]
			}
			require.Empty(t, left, c.what)
		}
	})
}

func TestFoldersAboveAreUndone(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		dir := rootDir(t)
		require.NoError(t, os.Mkdir(dir+"/kept", 0o755))
		op := remote.Mkdir{Path: dir + "/kept/it's * b/c/folder", Mode: 0o750, Group: "daemon"}
		replace("chown", "exit 1")
		r := one(t, op)
		replace("chown", `exec REAL "$@"`)
		require.Error(t, r.Err)
		require.NotErrorIs(t, r.Err, remote.ErrUnknown)
		left, err := os.ReadDir(dir + "/kept")
		require.NoError(t, err)
		require.Empty(t, left)
		require.NoError(t, one(t, op).Err)
		info, err := os.Stat(dir + "/kept/it's * b/c")
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o755)|fs.ModeDir, info.Mode())
	})
}

func TestResultOfARemovalIsTheTruth(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		name := filepath.Join(rootDir(t), "file")
		for script, gone := range map[string]bool{
			"exit 1": false, "kill -9 $$": false, `REAL "$@"; kill -9 $$`: true, `exec REAL "$@"`: true,
		} {
			require.NoError(t, os.WriteFile(name, nil, 0o600))
			replace("rm", script)
			r := one(t, remote.Remove{Path: name})
			replace("rm", `exec REAL "$@"`)
			require.Equal(t, gone, r.Err == nil, "%s: %v", script, r.Err)
			require.Equal(t, gone, r.Changed, script)
			require.NotErrorIs(t, r.Err, remote.ErrUnknown, script)
		}
	})
}

// TestDataThatNobodyReads: whatever fails to read the data of an operation, the exchange ends, and
// the operations that follow run.
func TestDataThatNobodyReads(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		name := filepath.Join(rootDir(t), "file")
		data := bytes.Repeat([]byte("a line\n"), 3000)
		for _, script := range []string{"exit 1", "head -c 1000; exit 1", "kill -9 $$", `REAL "$@"; kill -9 $$`, "exit 0"} {
			replace("dd", `case "$*" in *count=21000*) `+script+`; exit ;; esac; exec REAL "$@"`)
			begin := time.Now()
			r, err := remote.Local{}.Do(t.Context(), remote.WriteFile{Path: name, Data: data},
				remote.Run{Argv: []string{"cat"},
					Stdin: cephstack.Redact(data)}, remote.If{OK: []int{0}, Op: remote.Run{
					Argv:  []string{"cat"},
					Stdin: cephstack.Redact(data)}}, remote.Run{Argv: []string{"echo", "end"}})
			replace("dd", `exec REAL "$@"`)
			require.NoError(t, err, script)
			require.Less(t, time.Since(begin), 20*time.Second, script)
			require.Error(t, r[0].Err, script)
			require.NotErrorIs(t, r[0].Err, remote.ErrUnknown, script)
			require.NoFileExists(t, name, script)
			require.ErrorIs(t, r[2].Err, remote.ErrSkipped, script)
			require.Equal(t, "end\n", string(r[3].Data), script)
		}
	})
}
