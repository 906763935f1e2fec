package remote_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

const ownMachine = "CEPHSTACK_TEST_OWN_MACHINE"

// onOwnMachine runs the test again in a process of its own, in a mount namespace where programs
// are what the test makes of them: replace gives a program a script, in which REAL is the program
// itself.
func onOwnMachine(t *testing.T, run func(t *testing.T, replace func(program, script string))) {
	t.Helper()
	needRoot(t, "/usr/bin/unshare")
	if os.Getenv(ownMachine) != t.Name() {
		cmd := exec.Command("unshare", "-m", "--propagation", "private", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), ownMachine+"="+t.Name())
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: "+t.Name())
		return
	}
	bin := rootDir(t)
	run(t, func(program, script string) {
		path, err := exec.LookPath(program)
		require.NoError(t, err)
		path, err = filepath.EvalSymlinks(path)
		require.NoError(t, err)
		real, mine := filepath.Join(bin, program+".real"), filepath.Join(bin, program)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		mode := fs.FileMode(0o755)
		if script == "" {
			mode = 0o644 // as if there were no such program
		}
		if _, err := os.Stat(real); err != nil {
			require.NoError(t, os.WriteFile(real, data, 0o755))
			require.NoError(t, os.WriteFile(mine, nil, mode))
			require.NoError(t, exec.Command("mount", "--bind", mine, path).Run())
		}
		text := "#!/bin/sh\n" + strings.ReplaceAll(script, "REAL", real) + "\n"
		require.NoError(t, os.WriteFile(mine, []byte(text), mode))
		require.NoError(t, os.Chmod(mine, mode))
	})
}

func one(t *testing.T, op remote.Op) remote.Result {
	t.Helper()
	r, err := remote.Local{}.Do(t.Context(), op)
	require.NoError(t, err)
	return r[0]
}

func TestResultOfAWriteIsTheTruth(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		dir := rootDir(t)
		name := filepath.Join(dir, "file")
		write := remote.WriteFile{Path: name, Data: []byte("new"), Was: digest("old")}
		for _, c := range []struct {
			what, program, script string
			written               bool
			err                   error // of a write that took place; nil for success
		}{
			{"mv is killed before it renames", "mv", "kill -9 $$", false, nil},
			{"mv fails", "mv", "exit 1", false, nil},
			{"mv is killed after it renamed", "mv", `REAL "$@"; kill -9 $$`, true, nil},
			{"mv fails after it renamed", "mv", `REAL "$@"; exit 1`, true, nil},
			{"the folder is not synced", "sync", `[ "$1" = . ] && kill -9 $$; exec REAL "$@"`, true, remote.ErrUnknown},
			{"the file is not synced", "sync", `[ "$1" = . ] || kill -9 $$; exec REAL "$@"`, false, nil},
			{"stat is killed", "stat", "kill -9 $$", false, nil},
			{"stat is killed after the rename", "stat", "grep -q new " + name + ` && kill -9 $$; exec REAL "$@"`, true,
				remote.ErrUnknown},
			{"sha256sum is killed", "sha256sum", "kill -9 $$", false, nil},
		} {
			require.NoError(t, os.WriteFile(name, []byte("old"), 0o600))
			replace(c.program, c.script)
			r := one(t, write)
			replace(c.program, `exec REAL "$@"`)
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, c.written, string(data) == "new", "%s: %q, %v", c.what, data, r.Err)
			switch {
			case !c.written:
				require.Error(t, r.Err, c.what)
				require.NotErrorIs(t, r.Err, remote.ErrUnknown, c.what)
				require.False(t, r.Changed, c.what)
			case c.err != nil:
				require.ErrorIs(t, r.Err, c.err, c.what)
			default:
				require.NoError(t, r.Err, c.what)
				require.True(t, r.Changed, c.what)
			}
			left, err := filepath.Glob(dir + "/.cephstack.*")
			require.NoError(t, err)
			require.Empty(t, left, c.what)
		}
	})
}

func TestUnknownAccountIsNotRoot(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		name := filepath.Join(rootDir(t), "file")
		require.NoError(t, os.WriteFile(name, []byte("old"), 0o600))
		for _, script := range []string{"exit 0", "kill -9 $$", "echo x:y", "echo error; exit 0"} {
			replace("getent", script)
			replace("id", script)
			for _, op := range []remote.Op{
				remote.WriteFile{Path: name, Data: []byte("new"), Group: "daemon"},
				remote.WriteFile{Path: name, Data: []byte("new"), Owner: "daemon"},
				remote.SetAttr{Path: name, Group: "daemon", Mode: 0o640},
				remote.Mkdir{Path: name + ".d", Owner: "daemon"},
			} {
				require.Error(t, one(t, op).Err, "%s: %v", script, op)
			}
		}
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, "old", string(data))
		require.NoDirExists(t, name+".d")
	})
}

func TestOwnerThatDidNotTakeIsAnError(t *testing.T) {
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		name := filepath.Join(rootDir(t), "file")
		replace("chown", "exit 0")
		require.ErrorContains(t, one(t, remote.WriteFile{Path: name, Owner: "daemon"}).Err, "owner or mode")
		require.NoFileExists(t, name)
		require.NoError(t, os.WriteFile(name, nil, 0o600))
		require.ErrorContains(t, one(t, remote.SetAttr{Path: name, Owner: "daemon"}).Err, "owner or mode")
		require.ErrorContains(t, one(t, remote.Mkdir{Path: name + ".d", Owner: "daemon"}).Err, "owner or mode")
	})
}

func TestHostWithoutSetfaclAndFlock(t *testing.T) {
	needRoot(t, "/usr/bin/setfacl")
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		dir := rootDir(t)
		name, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
		require.NoError(t, os.WriteFile(name, []byte("1"), 0o640))
		require.NoError(t, os.Mkdir(folder, 0o750))
		setfacl(t, "-m", "u:daemon:r", name, folder)
		setfacl(t, "-d", "-m", "u:daemon:r", folder, dir)
		replace("setfacl", "")
		replace("flock", "")
		r := do(t, remote.WriteFile{Path: name, Data: []byte("1")},
			remote.WriteFile{Path: folder + "/new", Data: []byte("1")}, remote.Stat{Path: name},
			remote.Stat{Path: folder + "/new"})
		for _, one := range r {
			require.False(t, one.File.ACL)
		}
		// cp of coreutils 9.2 and newer leaves the list: as this cp does.
		newer := `for a; do [ "$a" = --preserve=mode ] && exit 0; done; exec REAL "$@"`
		for _, script := range []string{`exec REAL "$@"`, newer} {
			replace("cp", script)
			for _, op := range []remote.Op{remote.SetAttr{Path: folder}, remote.Mkdir{Path: dir + "/d"}} {
				if err := one(t, op).Err; err != nil {
					require.ErrorContains(t, err, "install the package acl")
				} else {
					_, path := remote.Describe(op)
					require.False(t, one(t, remote.Stat{Path: path}).File.ACL)
				}
			}
		}
		require.ErrorContains(t, one(t, remote.Mkdir{Path: dir + "/e"}).Err, "install the package acl")
		// cp that leaves the default list on a new file.
		replace("cp", `cat >"$3"; chmod 600 "$3"`)
		do(t, remote.Remove{Path: dir + "/f"})
		r[0] = one(t, remote.WriteFile{Path: dir + "/f", Data: []byte("1")})
		require.ErrorContains(t, r[0].Err, "access control list")
		require.NoFileExists(t, dir+"/f")
	})
}

// TestNothingIsLeftOfAProgramThatWasKilled: cp removes access control lists where there is no
// setfacl, and is killed with its shell.
func TestNothingIsLeftOfAProgramThatWasKilled(t *testing.T) {
	needRoot(t, "/usr/bin/setfacl")
	onOwnMachine(t, func(t *testing.T, replace func(program, script string)) {
		dir := rootDir(t)
		folder := filepath.Join(dir, "folder")
		require.NoError(t, os.Mkdir(folder, 0o750))
		setfacl(t, "-m", "u:daemon:r", folder)
		replace("setfacl", "")
		replace("mktemp", "exec REAL -d "+dir+"/left.XXXXXX")
		replace("cp", "kill -9 $PPID")
		require.Error(t, one(t, remote.SetAttr{Path: folder}).Err)
		left, err := filepath.Glob(dir + "/left.*")
		require.NoError(t, err)
		require.Empty(t, left)
		replace("cp", `exec REAL "$@"`)
		require.NoError(t, one(t, remote.SetAttr{Path: folder}).Err)
		require.False(t, one(t, remote.Stat{Path: folder}).File.ACL)
	})
}
