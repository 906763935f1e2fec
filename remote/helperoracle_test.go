package remote_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// inLinked are operations in the folder sub of the user, which is a symlink or has one.
func inLinked(own string) []remote.Op {
	file := own + "/sub/file"
	return []remote.Op{remote.ReadFile{Path: file}, remote.Stat{Path: file}, remote.ReadFile{Path: own + "/sub/a/b/c"},
		remote.WriteFile{Path: file, Data: []byte("x")}, remote.SetAttr{Path: file, Mode: 0o644},
		remote.Mkdir{Path: own + "/sub/a/b"}, remote.Remove{Path: file}, remote.ReadDir{Path: own + "/sub/conf.d"},
		remote.ReadDir{Path: own + "/sub"}, remote.Stat{Path: own + "/sub/x"}}
}

// TestNothingIsToldBehindASymlink: whatever is behind a symlink of the user, a folder, a file, another
// symlink or nothing, the answers are the same.
func TestNothingIsToldBehindASymlink(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d, own := s.dir+"/work", s.dir+"/home/plain"
		require.NoError(t, os.MkdirAll(d+"/full/conf.d", 0o700))
		require.NoError(t, os.MkdirAll(d+"/full/a/b", 0o700))
		require.NoError(t, os.Mkdir(d+"/empty", 0o700))
		s.put(t, "work/full/file", "secret", 0o600)
		s.put(t, "work/full/a/b/c", "secret", 0o600)
		require.NoError(t, os.Symlink("hidden-target", d+"/full/x"))
		require.NoError(t, os.Symlink(d+"/full", d+"/other"))
		ops := inLinked(own)
		s.allow(t, append(ops, remote.RestartUnit{Unit: "good.service"}, remote.UnitState{Unit: "good.service"})...)
		h := s.helped(t)
		var first []string
		for _, target := range []string{"full", "empty", "other", "full/file", "none", "none/none"} {
			s.asPlain(t, "ln -sfn "+d+"/"+target+" sub")
			results, err := h.Do(t.Context(), ops...)
			require.NoError(t, err)
			var told []string
			for i, r := range results {
				require.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %s: %v", shell, target, ops[i])
				require.NotContains(t, r.Err.Error(), d, "%s: %s: where it is", shell, target)
				require.Empty(t, r.File.Target)
				told = append(told, r.Err.Error())
			}
			if first == nil {
				first = told
			}
			require.Equal(t, first, told, "%s: %s", shell, target)
		}
	}
}

// TestNothingIsToldOfATarget: the same for a file to read that is itself a symlink, and for the notes of
// a restart.
func TestNothingIsToldOfATarget(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d, own := s.dir+"/work", s.dir+"/home/plain"
		require.NoError(t, os.MkdirAll(d+"/folder", 0o700))
		s.put(t, "work/secret", "secret", 0o600)
		s.put(t, "units/good", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
		require.NoError(t, os.Symlink(d+"/secret", d+"/link"))
		read := remote.ReadFile{Path: own + "/file"}
		s.allow(t, read, remote.ReadFile{Path: own + "/sub/none"}, remote.RestartUnit{Unit: "good.service"})
		h := s.helped(t)
		first := ""
		for _, target := range []string{"secret", "folder", "link", "none", "none/none", "secret/x"} {
			s.asPlain(t, "ln -sfn "+d+"/"+target+" file; ln -sfn "+d+"/"+target+" sub")
			r := single(t, h, read)
			require.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %s", shell, target)
			require.Empty(t, r.File.Target, "%s: %s", shell, target)
			if first == "" {
				first = r.Err.Error()
			}
			require.Equal(t, first, r.Err.Error(), "%s: %s", shell, target)
			for _, input := range []string{own + "/sub/none", own + "/file"} {
				r = single(t, h, remote.RestartUnit{Unit: "good.service", Settle: 1, Inputs: []string{input}})
				require.NoError(t, r.Err, "%s: %s", shell, target)
				require.Nil(t, r.Unit.Read, "%s: %s: %s", shell, target, input)
			}
		}
		require.NotContains(t, first, d)
	}
}

// TestACommentAllowsNothing: what is behind a # is no line, whatever an argument has.
func TestACommentAllowsNothing(t *testing.T) {
	odd := remote.Run{Argv: []string{"echo", "a\nread /etc/shadow\n", "\r\x00é"[:1], `"`, "x y"}, User: "daemon"}
	list := string(helper.AllowList([]remote.Op{odd}, helper.Script{Start: remote.Run{Argv: []string{"sh", "-c", "id\nid",
		"sh", "x"}}, Arguments: []string{"yes", "a\nread /etc/shadow\n"}}))
	require.Contains(t, list, "\n# as daemon: echo \"a\\nread /etc/shadow\\n\" \"\\r\" \"\\\"\" \"x y\"\nrun ")
	require.Contains(t, list, "\n# as root: sh -c \"id\\nid\" sh x\nscript ")
	require.Contains(t, list, "\n# yes\nargument ")
	require.NotContains(t, list, "\nread")
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		s.put(t, "list/allow", "cephstack allow 1\n# read /etc/shadow\n#read /etc/shadow\n # read /etc/shadow\n"+
			strings.TrimPrefix(list, "cephstack allow 1\n"), 0o644)
		h := s.helped(t)
		require.NoError(t, single(t, h, odd).Err, shell)
		require.ErrorIs(t, single(t, h, remote.ReadFile{Path: "/etc/shadow"}).Err, helper.ErrDenied)
		for _, verb := range []string{"#", "# read", "#read", " # read"} {
			r := s.raw(t, "", []string{verb, "/etc/shadow"})
			require.NotContains(t, string(r.Data), "root:", "%s: %q", shell, verb)
		}
	}
}
