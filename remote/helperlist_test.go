package remote_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

func TestAnAllowListThatCannotBeTrusted(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		list, good := s.dir+"/list/allow", string(helper.AllowList([]remote.Op{idle()}))
		h := s.helped(t)
		for name, change := range map[string]func(){
			"for a group":       func() { require.NoError(t, os.Chmod(list, 0o664)) },
			"for all":           func() { require.NoError(t, os.Chmod(list, 0o646)) },
			"of a user":         func() { require.NoError(t, os.Chown(list, 4002, 0)) },
			"a folder for all":  func() { require.NoError(t, os.Chmod(s.dir+"/list", 0o777)) },
			"a folder of users": func() { require.NoError(t, os.Chown(s.dir+"/list", 4002, 0)) },
			"missing":           func() { require.NoError(t, os.Remove(list)) },
			"a symlink": func() {
				s.put(t, "list/other", good, 0o644)
				require.NoError(t, os.Remove(list))
				require.NoError(t, os.Symlink("other", list))
			},
			"a directory": func() {
				require.NoError(t, os.Remove(list))
				require.NoError(t, os.Mkdir(list, 0o755))
			},
			"huge":       func() { s.put(t, "list/allow", good+strings.Repeat("read /x\n", 33_000), 0o644) },
			"empty":      func() { s.put(t, "list/allow", "", 0o644) },
			"no head":    func() { s.put(t, "list/allow", strings.TrimPrefix(good, "cephstack allow 1\n"), 0o644) },
			"newer":      func() { s.put(t, "list/allow", strings.Replace(good, "allow 1", "allow 2", 1), 0o644) },
			"cut":        func() { s.put(t, "list/allow", strings.TrimSuffix(good, "\n"), 0o644) },
			"CRLF":       func() { s.put(t, "list/allow", strings.ReplaceAll(good, "\n", "\r\n"), 0o644) },
			"a CR":       func() { s.put(t, "list/allow", good+"read /a\r\n", 0o644) },
			"a NUL":      func() { s.put(t, "list/allow", good+"read /a\x00b\n", 0o644) },
			"NUL at end": func() { s.put(t, "list/allow", good+"\x00", 0o644) },
		} {
			require.NoError(t, os.RemoveAll(list))
			s.put(t, "list/allow", good, 0o644)
			require.NoError(t, os.Chmod(list, 0o644))
			require.NoError(t, os.Chmod(s.dir+"/list", 0o755))
			require.NoError(t, os.Chown(s.dir+"/list", 0, 0))
			require.NoError(t, single(t, h, idle()).Err, "%s: before %s", shell, name)
			change()
			r := single(t, h, idle())
			assert.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %s", shell, name)
			assert.ErrorContains(t, r.Err, "the allow-list /etc/cephstack/allow cannot be trusted: ", "%s: %s", shell, name)
			r = single(t, h, remote.ReadFile{Path: "/etc/passwd"})
			assert.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %s", shell, name)
			require.NoError(t, os.RemoveAll(s.dir+"/list/other"))
		}
	}
}

// malformed are operations with bad in the place of a number, a name or an option.
func malformed(d, own, bad string) [][]string {
	digest := strings.Repeat("0", 64)
	return [][]string{
		{"files", bad, "1", "0", "r" + d + "/file"}, {"files", "9", bad, "0", "r" + d + "/file"},
		{"files", "9", "1", bad, "r" + d + "/file"}, {"dir", d, "", bad},
		{"write", own + "/file", "", "", "", bad + "1", digest, "rnd", "t0", "x"},
		{"write", own + "/file", "", "", "", "", digest, "x/../../../work/evil", "t0", "x"},
		{"write", own + "/file", "", "", "", "", digest, "rnd", bad},
		{"write", own + "/file", "", "", "", "", digest, "rnd", "t" + bad},
		{"attr", d + "/file", "", "", bad + "1"}, {"mkdir", d + "/folder", "", "", bad + "1"},
		{"attr", d + "/file", bad + "1", "", ""}, {"restart", "good.service", bad, "0", "0"},
		{"restart", "bad.service", "1", "0", bad}, {"restart", "bad.service", "1", "0", "1", bad, "/x"},
		{"run", "", bad + ".000", "60000", "text", "2", "0", "cat", "0", "/dev/null", "0"},
		{"run", "", "60.000", bad, "text", "2", "0", "cat", "0", "/dev/null", "0"},
		{"run", bad + "x", "60.000", "60000", "text", "2", "0", "cat", "0", "/dev/null", "0"},
		{"run", "", "60.000", "60000", "text", "2", "0", "cat", "0", "/dev/null", bad},
		{"need", bad, "0", "0", "unit", "x"}, {"need", "0", bad, "0", "unit", "x"}, {"need", "0", "0", bad, "unit", "x"},
		{"packages", bad, "0", "x"}, {bad}, {"need", "", "0", "0", bad},
	}
}

// TestRequestsThatNobodySends: what a shell would take for arithmetic, a name or an option.
func TestRequestsThatNobodySends(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d := s.dir + "/work"
		own := s.dir + "/home/plain"
		s.put(t, "work/file", "x", 0o600)
		run := remote.Run{Argv: []string{"cat", "/dev/null"}}
		s.allow(t, run, idle(), remote.ReadFile{Path: d + "/file"}, remote.WriteFile{Path: own + "/file"},
			remote.Mkdir{Path: d + "/folder"},
			remote.SetAttr{Path: d + "/file"}, remote.ReadDir{Path: d},
			remote.RestartUnit{Unit: "good.service"})
		for _, bad := range []string{
			"a[$(touch " + own + "/pwned)]", "$(touch " + own + "/pwned)", "0;touch " + own + "/pwned", "*", "-1", "",
		} {
			for _, lines := range malformed(d, own, bad) {
				r := s.raw(t, "cd "+own+"; mkdir -p .cephstack.$$.x; ", lines)
				assert.NotContains(t, string(r.Data), " changed 1", "%s %q: %q", shell, bad, lines)
				assert.NoFileExists(t, own+"/pwned", "%s %q: %q", shell, bad, lines)
			}
		}
		assert.NoFileExists(t, d+"/evil")
		// What is not an operation, whatever functions the program has.
		for _, name := range []string{"allow", "rules", "op_run", "known", "programs", "eval", "need", "end end", "run ",
			"RUN"} {
			r := s.raw(t, "", append([]string{name}, ran(idle())...))
			assert.NotContains(t, string(r.Data), " exit 0", "%s: %s", shell, name)
		}
		for _, request := range []string{
			"", "\n", "cephstack 1 x\n", "allow() { :; }\ncephstack 2 x\n", "cephstack 2 x\n99999999999999999999\n",
			"cephstack 2 x\n5\nab",
			"cephstack 2 x\n9\nfiles\n", "cephstack 2 x\n4\nend\ncephstack 2 x\nrun\n",
		} {
			r := s.rawText(t, "", request)
			assert.NotEqual(t, 0, r.Exit, "%s: %q", shell, request)
		}
	}
}

// TestTheListOfTheMomentCounts: the program that waits on the host reads it again.
func TestTheListOfTheMomentCounts(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	h := s.helped(t)
	require.ErrorIs(t, single(t, h, idle()).Err, helper.ErrDenied)
	s.allow(t, idle())
	require.NoError(t, single(t, h, idle()).Err)
	s.allow(t)
	require.ErrorIs(t, single(t, h, idle()).Err, helper.ErrDenied)
}

// TestSecretsThatAScriptMayName: of the arguments behind a script, each has to be in the list.
func TestSecretsThatAScriptMayName(t *testing.T) {
	const known, other = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
	start := remote.Run{Argv: []string{"sh", "-c", `echo "$*"; cat`, "virsh", "qemu:///system"}}
	long := remote.Run{Argv: append([]string{"sh", "-c", `shift; exec "$@"`, "sh", "container"}, start.Argv...)}
	with := func(r remote.Run, args ...string) remote.Run {
		return remote.Run{Argv: append(slices.Clone(r.Argv), args...), User: r.User,
			Stdin: cephstack.Redact("value\n")}
	}
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		list := helper.AllowList(nil,
			helper.Script{Start: start, Secrets: []string{known}, Arguments: []string{"<secret/>\n", "no"}},
			helper.Script{Start: long, Secrets: []string{known}})
		s.put(t, "list/allow", string(list), 0o644)
		h := s.helped(t)
		for _, run := range []remote.Run{
			with(start, known), with(start, known, "<secret/>\n", "no"), with(long, known), with(start, known, known),
		} {
			r := single(t, h, run)
			require.NoError(t, r.Err, shell)
			require.Contains(t, string(r.Data), known)
			require.Contains(t, string(r.Data), "value\n")
		}
		for _, run := range []remote.Run{
			start, with(start, other), with(start, known, other), with(start, ""), with(start, known, "<secret/>"),
			with(start, known, "<secret uuid="+other+"/>\n", "no"), with(start, known+"\nsecret "+other), with(start, "secret"),
			with(remote.Run{Argv: append([]string{"sh", "-c", "id"}, start.Argv[3:]...)}, known),
			with(remote.Run{Argv: start.Argv, User: "daemon"}, known), with(long, other), long,
		} {
			require.ErrorIs(t, single(t, h, run).Err, helper.ErrDenied, "%s: %q", shell, run.Argv)
		}
	}
}

// TestTheHelperTellsDigestsOfWhatMayBeRead: a restart notes digests of files, which tell what is in
// a short file. Whoever may restart a unit need not be whoever may read a file.
func TestTheHelperTellsDigestsOfWhatMayBeRead(t *testing.T) {
	const unit = "good.service"
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d, own := s.dir+"/work", s.dir+"/home/plain"
		s.put(t, "work/file", "content", 0o600)
		s.put(t, "work/conf.d/a.conf", "content", 0o600)
		s.put(t, "work/bare", "content", 0o600)
		s.put(t, "units/good", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
		s.put(t, "units/other", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
		s.allow(t, remote.RestartUnit{Unit: unit}, remote.UnitState{Unit: unit}, remote.ReadFile{Path: d},
			remote.ReadFile{Path: d + "/file"}, remote.ReadFile{Path: d + "/none \\n"},
			remote.ReadDir{Path: d + "/conf.d", Suffix: ".conf"}, remote.ReadFile{Path: own + "/link"},
			remote.ReadFile{Path: own + "/sub/bare"})
		s.asPlain(t, "ln -s "+d+"/bare link; ln -s "+d+" sub; ln -s /etc/shadow conf")
		h := s.helped(t)
		restart := func(unit string, inputs ...string) remote.Result {
			return single(t, h, remote.RestartUnit{Unit: unit, Settle: 1, Inputs: inputs})
		}
		want := map[string]string{}
		for _, p := range []string{d + "/file", d + "/conf.d/a.conf"} {
			want[p] = fmt.Sprintf("%x", sha256.Sum256([]byte("content")))
		}
		want[d+"/none \\n"] = remote.Absent
		inputs := []string{d + "/file", d + "/conf.d/a.conf", d + "/none \\n", d}
		r := restart(unit, inputs...)
		require.NoError(t, r.Err, shell)
		require.Equal(t, want, r.Unit.Read, shell)
		require.Equal(t, want, single(t, h, remote.UnitState{Unit: unit}).Unit.Read, shell)
		notes := func() string {
			r := single(t, s.open(t, "root"),
				remote.Run{Argv: []string{"sh", "-c", "cd /run/cephstack && ls -A && cat *"}})
			require.NoError(t, r.Err, shell)
			return string(r.Data)
		}
		note := notes()
		require.Equal(t, 1, strings.Count(note, unit), note)
		for _, p := range []string{
			d + "/bare", "/etc/shadow", d + "/absent", "/etc", d + "/conf.d/a.txt", d + "/conf.d/.a.conf", d + "/conf.d",
			d + "/conf.d/x/a.conf", own + "/link", own + "/sub/bare", own + "/conf", "/run/cephstack/" + unit,
		} {
			r := restart(unit, append(inputs, p)...)
			require.NoError(t, r.Err, "%s: %s", shell, p)
			require.True(t, r.Changed, "%s: %s", shell, p)
			require.Nil(t, r.Unit.Read, "%s: %s", shell, p)
		}
		require.ErrorIs(t, restart("other.service", inputs...).Err, helper.ErrDenied)
		require.ErrorIs(t, single(t, h, remote.UnitState{Unit: "other.service"}).Err, helper.ErrDenied)
		require.Equal(t, note, notes(), "%s: the note about an earlier run", shell)
	}
}

// TestTheTempFileIsNotForeseen: the user may write a file of its own folder by the helper, and puts
// symlinks to the list where the temp file will be. The list must stay.
func TestTheTempFileIsNotForeseen(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		own := s.dir + "/home/plain"
		s.allow(t, remote.WriteFile{Path: own + "/file", Mode: 0o600})
		list, err := os.ReadFile(s.dir + "/list/allow")
		require.NoError(t, err)
		lines := []string{"write", own + "/file", "", "", "", "00600", fmt.Sprintf("%x", sha256.Sum256([]byte("x"))),
			"rnd", "t0", "x"}
		for _, acl := range []bool{false, true} {
			if acl {
				needRoot(t, "/usr/bin/setfacl")
				s.asPlain(t, "setfacl -d -m u:daemon:rwx .")
			}
			var pid int
			_, err := fmt.Sscan(string(s.asPlain(t, "rm -f file; echo $$").Data), &pid)
			require.NoError(t, err)
			for i := range 300 { // the helper has one of the next numbers
				_ = os.Symlink(helper.AllowPath, fmt.Sprintf("%s/.cephstack.%d.rnd", own, pid+i)) // it may be there
			}
			r := s.raw(t, "", lines)
			now, err := os.ReadFile(s.dir + "/list/allow")
			require.NoError(t, err)
			require.Equal(t, string(list), string(now), shell)
			require.Equal(t, acl, strings.Contains(string(r.Data), " err denied "), "%s: %s", shell, r.Data)
			require.Equal(t, !acl, strings.Contains(string(r.Data), " changed 1"), "%s: %s", shell, r.Data)
		}
	}
}
