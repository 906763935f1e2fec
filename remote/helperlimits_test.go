package remote_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// TestAStrangeStartOfTheHelper: what a process hands on to the one that it starts, apart from the
// environment. The helper does what is allowed or nothing, and never what is denied.
func TestAStrangeStartOfTheHelper(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d := s.dir + "/work"
		s.put(t, "work/file", "old", 0o600)
		s.put(t, "work/secret", "secret", 0o600)
		write := remote.WriteFile{Path: d + "/file", Mode: 0o600}
		s.allow(t, idle(), write)
		for name, start := range map[string]string{
			"files":   "ulimit -f 0; ",
			"fds":     "ulimit -n 12; ",
			"stack":   "ulimit -s 64; ",
			"memory":  "ulimit -v 60000; ",
			"cpu":     "ulimit -t 1; ",
			"core":    "ulimit -c unlimited; ",
			"umask":   "umask 0; ",
			"cwd":     "mkdir gone; cd gone; rmdir ../gone; ",
			"fds 3-9": "exec 3<. 4>out 5<. 6>out2 7<. 8<. 9<.; ",
			"signals": "trap '' HUP INT QUIT TERM PIPE CHLD USR1 ALRM; ",
		} {
			r := s.raw(t, start, slices.Concat([]string{"files", "9999", "1", "0", "r" + d + "/secret"},
				ran(remote.Run{Argv: []string{"id"}}), ran(remote.Run{Argv: []string{"id", "-u", strings.Repeat("x", 9000)}}),
				[]string{"write", d + "/file", "", "", "", "00600", digest("new"), "rnd", "t0", "new"}))
			assert.NotContains(t, string(r.Data), "secret\n", "%s: %s", shell, name)
			assert.NotContains(t, string(r.Data), " exit ", "%s: %s", shell, name)
			content, err := os.ReadFile(d + "/file")
			require.NoError(t, err)
			if strings.Contains(string(r.Data), " changed 1") {
				assert.Equal(t, "new", string(content), "%s: %s", shell, name)
			} else {
				assert.Equal(t, "old", string(content), "%s: %s: %s", shell, name, r.Data)
			}
			info, err := os.Stat(d + "/file")
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode())
			require.NoError(t, os.WriteFile(d+"/file", []byte("old"), 0o600))
		}
		var closed strings.Builder
		for _, how := range []string{"<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "<. >&-"} {
			closed.WriteString("echo end | sudo -n " + helper.Path + " " + how + "\n")
		}
		s.asPlain(t, closed.String()+":")
		needRoot(t, "/usr/bin/script")
		r := s.asPlain(t, `printf "cephstack 2 x\n" >in; script -qec "sudo -n `+helper.Path+`" /dev/null <in || :`)
		assert.NotContains(t, string(r.Data), "root@", "%s: a terminal", shell)
		left, err := os.ReadDir(d)
		require.NoError(t, err)
		for _, e := range left {
			assert.NotContains(t, e.Name(), ".cephstack.", "%s: a temp file stays", shell)
		}
	}
}

// TestHugeRequests: numbers and parts that are too large end the request.
func TestHugeRequests(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	s.allow(t, idle())
	for _, request := range []string{
		"cephstack 2 x\n99999999999\n" + strings.Repeat("x", 1000), "cephstack 2 x\n99999999999999999999999\nend\n",
		"cephstack 2 x\n-5\nend\n", "cephstack 2 x\n+4\nend\n", "cephstack 2 x\n0x4\nend\n",
	} {
		r := s.rawText(t, "", request)
		assert.NotContains(t, string(r.Data), " exit 0", "%q", request)
	}
}

// TestHardLinksInAFolderOfTheUser: the user links files of root into its own folder, on a host whose
// kernel allows it. The test links them as root.
func TestHardLinksInAFolderOfTheUser(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		own := s.dir + "/home/plain"
		s.put(t, "work/secret", "secret", 0o600)
		require.NoError(t, os.Link(s.dir+"/work/secret", own+"/file"))
		ops := []remote.Op{remote.ReadFile{Path: own + "/file"}, remote.SetAttr{Path: own + "/file", Mode: 0o644},
			remote.WriteFile{Path: own + "/file", Data: []byte("x")}, remote.ReadDir{Path: own, Suffix: "file"}}
		s.allow(t, ops...)
		h := s.helped(t)
		require.NoError(t, single(t, h, ops[0]).Err, "the kernel keeps users from linking")
		s.put(t, "links", "0\n", 0o644)
		for _, op := range ops {
			r := single(t, h, op)
			if len(r.Files) > 0 {
				r = r.Files[0]
			}
			require.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %v", shell, op)
			require.ErrorContains(t, r.Err, "set the sysctl fs.protected_hardlinks to 1", "%s: %v", shell, op)
			require.Empty(t, r.Data)
		}
		info, err := os.Stat(s.dir + "/work/secret")
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	}
}

// TestModesThatNobodyMayHave: the user gives its own file such a mode, and lets the helper keep it.
func TestModesThatNobodyMayHave(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		own := s.dir + "/home/plain"
		ops := []remote.Op{remote.WriteFile{Path: own + "/file", Data: []byte("x"), Owner: "daemon"},
			remote.WriteFile{Path: own + "/file", Data: []byte("mine\n"), Owner: "daemon"},
			remote.SetAttr{Path: own + "/file", Owner: "daemon"}}
		s.allow(t, ops...)
		h := s.helped(t)
		for _, op := range ops {
			s.asPlain(t, "rm -f file; echo mine >file; chmod 6757 file")
			r := single(t, h, op)
			require.NoError(t, r.Err, "%s: %v", shell, op)
			info, err := os.Stat(own + "/file")
			require.NoError(t, err)
			require.Equal(t, fs.FileMode(0o755), info.Mode(), "%s: %v", shell, op)
		}
	}
}

// TestFoldersAboveOthers: the helper makes them where only root can put something in their place.
func TestFoldersAboveOthers(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		own := s.dir + "/home/plain"
		deep := "/etc/nova/a/b"
		ops := []remote.Op{remote.Mkdir{Path: deep, Owner: "daemon", Mode: 0o750}, remote.Mkdir{Path: own + "/a/b"},
			remote.Mkdir{Path: own + "/sub/a/b"}}
		s.allow(t, ops...)
		h := s.helped(t)
		r := single(t, h, ops[0])
		require.NoError(t, r.Err, shell)
		require.True(t, r.Changed)
		info, err := os.Stat(s.dir + "/etc/nova/a")
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o755), info.Mode().Perm())
		s.asPlain(t, "ln -s /etc sub")
		for _, op := range ops[1:] {
			r := single(t, h, op)
			require.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %v", shell, op)
			require.False(t, r.Changed)
		}
		require.NoDirExists(t, own+"/a")
		require.NoDirExists(t, s.dir+"/etc/a")
		require.ErrorIs(t, single(t, h, remote.Mkdir{Path: "/etc/nova/a/c/d"}).Err, helper.ErrDenied)
	}
}

// TestTheBeginningOfArgumentsIsNotAllOfThem: a digest is never one of other texts.
func TestTheBeginningOfArgumentsIsNotAllOfThem(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	s.allow(t, remote.Run{Argv: []string{"id", "-u"}}, remote.Run{Argv: []string{"echo", "a b"}})
	h := s.helped(t)
	for _, argv := range [][]string{{"id"}, {"id", "-u", "-n"}, {"echo", "a", "b"}, {"echo", "a b", ""},
		{"echo", "a b "}, {"3", "", "id", "-u"}} {
		require.ErrorIs(t, single(t, h, remote.Run{Argv: argv}).Err, helper.ErrDenied, "%q", argv)
	}
	require.NotEqual(t, fmt.Sprint(helper.AllowList([]remote.Op{remote.Run{Argv: []string{"a", "b"}}})),
		fmt.Sprint(helper.AllowList([]remote.Op{remote.Run{Argv: []string{"a"}, User: "b"}})))
}

// TestTwoHelpersAtOnce: each does its own request, and one write wins.
func TestTwoHelpersAtOnce(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	d := s.dir + "/work"
	s.put(t, "work/file", "old", 0o600)
	write := remote.WriteFile{Path: d + "/file", Mode: 0o600, Was: digest("old")}
	s.allow(t, write)
	results := make(chan remote.Result, 2)
	for _, text := range []string{"one", "two"} {
		h, op := s.helped(t), write
		op.Data = []byte(text)
		go func() {
			r, err := h.Do(t.Context(), op)
			if err != nil {
				r = []remote.Result{{Err: err}}
			}
			results <- r[0]
		}()
	}
	a, b := <-results, <-results
	require.True(t, (a.Err == nil) != (b.Err == nil), "%v, %v", a.Err, b.Err)
	for _, r := range []remote.Result{a, b} {
		if r.Err != nil {
			require.ErrorIs(t, r.Err, remote.ErrConflict)
		}
	}
}

// TestNamesOfProbes: of such a name, only the digits are free.
func TestNamesOfProbes(t *testing.T) {
	const name = helper.AnyProbe + "0123abcd-20260102T150405Z"
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		s.allow(t, remote.Run{Argv: []string{"echo", "pool/" + helper.AnyProbe, "--size", "1"}, User: "daemon"},
			remote.Run{Argv: []string{"echo", helper.AnyProbe}})
		h := s.helped(t)
		for _, run := range []remote.Run{
			{Argv: []string{"echo", "pool/" + name, "--size", "1"}, User: "daemon"}, {Argv: []string{"echo", name}},
		} {
			r := single(t, h, run)
			require.NoError(t, r.Err, shell)
			require.Contains(t, string(r.Data), name)
		}
		for _, arg := range []string{
			helper.AnyProbe, name + "x", name + "\n", "x" + name, "--" + name, "other/" + name, "pool/" + name, name + "/x",
			"/" + name, helper.AnyProbe + "0123ABCD-20260102T150405Z", helper.AnyProbe + "0123abcd-2026010xT150405Z",
			helper.AnyProbe + "*", strings.Replace(name, "0123abcd", "[0-9a-f]", 1), name + " x", "\n" + name, "a\n/" + name,
		} {
			require.ErrorIs(t, single(t, h, remote.Run{Argv: []string{"echo", arg}}).Err, helper.ErrDenied, "%s: %q", shell, arg)
		}
		for _, argv := range [][]string{{"echo", name, name}, {"echo"}, {"echo", "", name}, {"rm", name}} {
			require.ErrorIs(t, single(t, h, remote.Run{Argv: argv}).Err, helper.ErrDenied, "%s: %q", shell, argv)
		}
	}
}

// TestAHelperThatDoesNotKnowTheRequest is of another version, with its own rule.
func TestAHelperThatDoesNotKnowTheRequest(t *testing.T) {
	s := startHelper(t, strings.ReplaceAll(string(helper.Text()), `"cephstack 2 "*)`, `"cephstack 1 "*)`))
	s.allow(t, idle())
	_, err := s.helped(t).Do(t.Context(), idle())
	require.ErrorIs(t, err, remote.ErrSudo)
	require.ErrorContains(t, err, "the helper on the host is missing, changed or of another version of cephstack")
	require.ErrorContains(t, err, "run prepare again")
}
