package remote_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// helperRule is the rule that the documentation has, for the user plain.
func helperRule(text string) string {
	return strings.Replace(helper.Rule("plain"), fmt.Sprintf("%x", sha256.Sum256(helper.Text())),
		fmt.Sprintf("%x", sha256.Sum256([]byte(text))), 1)
}

// helperShells gives the helper's text as each shell runs it that a host may have as /bin/sh.
func helperShells() map[string]string {
	text := string(helper.Text())
	return map[string]string{"sh": text, "bash": strings.Replace(text, " /bin/sh\n", " /bin/bash --posix\n", 1)}
}

// startHelper starts a server on which plain may run the helper as root, and nothing else.
func startHelper(t *testing.T, text string) *sshd {
	t.Helper()
	s := startSSHD(t, withHelper)
	s.put(t, "local/libexec/cephstack-helper", text, 0o755)
	s.put(t, "sudoers", testSudoers+helperRule(text), 0o440)
	s.allow(t)
	require.NoError(t, os.Chown(s.dir+"/home/plain", 4002, 4002))
	return s
}

// allow writes the allow-list.
func (s *sshd) allow(t *testing.T, allowed ...remote.Op) {
	t.Helper()
	s.put(t, "list/allow", strings.ReplaceAll(string(helper.AllowList(allowed)), "DIR", s.dir), 0o644)
}

// helped opens the server as plain, by the helper.
func (s *sshd) helped(t *testing.T) *remote.SSH {
	t.Helper()
	cfg := s.config(t, "plain", s.address)
	cfg.Sudo, cfg.Helper = false, true
	return open(t, cfg)
}

// home begins a shell's text with the home of plain.
func (s *sshd) home() string { return "export HOME=" + s.dir + "/home/plain; cd || exit 99\n" }

// unprivileged opens the server as plain, without sudo, once.
func (s *sshd) unprivileged(t *testing.T) *remote.SSH {
	t.Helper()
	if s.plain == nil {
		cfg := s.config(t, "plain", s.address)
		cfg.Sudo = false
		s.plain = open(t, cfg)
	}
	return s.plain
}

// asPlain runs a shell's text as plain, without root's rights.
func (s *sshd) asPlain(t *testing.T, text string) remote.Result {
	t.Helper()
	r := single(t, s.unprivileged(t), remote.Run{Argv: []string{"sh", "-c", s.home() + text}})
	require.NoError(t, r.Err)
	return r
}

// single does one operation.
func single(t *testing.T, h remote.Host, op remote.Op) remote.Result {
	t.Helper()
	r, err := h.Do(t.Context(), op)
	require.NoError(t, err)
	return r[0]
}

func TestTheHelperDoesWhatItsListHas(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	d := s.dir + "/work"
	require.NoError(t, os.Mkdir(d, 0o755))
	s.put(t, "work/conf.d/a.conf", "a", 0o600)
	s.put(t, "work/conf.d/b.conf", "b", 0o600)
	s.put(t, "work/link.txt", "behind", 0o600)
	require.NoError(t, os.Symlink(d+"/link.txt", d+"/link"))
	s.put(t, "units/good", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
	long := strings.Repeat("line\n", 3000)
	ops := []remote.Op{
		remote.WriteFile{Path: d + "/file", Data: []byte("content\n"), Owner: "daemon", Group: "daemon", Mode: 0o640},
		remote.WriteFile{Path: d + "/long", Data: []byte(long), Mode: 0o600},
		remote.ReadFile{Path: d + "/file"},
		remote.ReadFile{Path: d + "/long"},
		remote.ReadFile{Path: d + "/link"},
		remote.ReadFile{Path: d + "/none"},
		remote.ReadFile{Path: d + "/conf.d/a.conf"},
		remote.Stat{Path: d + "/link"},
		remote.Stat{Path: "/"},
		remote.ReadDir{Path: d + "/conf.d", Suffix: ".conf"},
		remote.SetAttr{Path: d + "/file", Owner: "root", Mode: 0o600},
		remote.Mkdir{Path: d + "/folder", Owner: "daemon", Mode: 0o770 | fs.ModeSetgid},
		remote.Remove{Path: d + "/long"},
		remote.UnitState{Unit: "good.service"},
		remote.RestartUnit{Unit: "good.service"},
		remote.Packages{Names: []string{"coreutils", "nothing"}},
		remote.Run{Argv: []string{"sh", "-c", `id -un; cat; echo "$1"`, "sh", "two\nlines"},
			Stdin: cephstack.Redact("input\n")}, remote.Run{Argv: []string{"id", "-un"}, User: "daemon"},
	}
	s.allow(t, append(ops, remote.ReadFile{Path: d + "/link.txt"})...)
	for _, h := range []*remote.SSH{s.helped(t), s.open(t, "admin")} { // the two ways give the same
		r, err := h.Do(t.Context(), ops...)
		require.NoError(t, err)
		for i := range ops {
			if i == 5 {
				assert.ErrorIs(t, r[i].Err, fs.ErrNotExist)
				continue
			}
			assert.NoError(t, r[i].Err, "%v", ops[i])
		}
		assert.Equal(t, "content\n", string(r[2].Data))
		assert.Equal(t, "daemon", r[2].File.Owner)
		assert.Equal(t, long, string(r[3].Data))
		assert.Equal(t, "behind", string(r[4].Data))
		assert.Equal(t, d+"/link.txt", r[4].File.Target)
		assert.Equal(t, "a", string(r[6].Data))
		assert.Equal(t, "symlink", r[7].File.Kind)
		assert.Equal(t, "dir", r[8].File.Kind)
		require.Len(t, r[9].Files, 2)
		assert.Equal(t, "b", string(r[9].Files[1].Data))
		assert.Equal(t, d+"/conf.d/a.conf", r[9].Files[0].File.Path)
		assert.NoFileExists(t, d+"/long")
		assert.Equal(t, "active", r[14].Unit.Active)
		assert.Equal(t, map[string]string{"coreutils": "9.1"}, r[15].Versions)
		assert.Equal(t, "root\ninput\ntwo\nlines\n", string(r[16].Data))
		assert.Equal(t, "daemon\n", string(r[17].Data))
		require.NoError(t, os.Remove(d+"/file"))
	}
}

// beside are operations that are not those of TestTheHelperRefusesAllElse, but nearly.
func beside(d string) []remote.Op {
	file, data := d+"/file", []byte("x")
	return []remote.Op{
		remote.ReadFile{Path: "/etc/shadow"}, remote.ReadFile{Path: d + "/bare"}, remote.ReadFile{Path: d},
		remote.ReadFile{Path: file + " x"}, remote.ReadFile{Path: d + "/*"}, remote.ReadFile{Path: d + "/fil?"},
		remote.Stat{Path: file}, remote.Stat{Path: "/"}, remote.ReadDir{Path: d, Suffix: ".conf"},
		remote.ReadDir{Path: d + "/conf.d"}, remote.ReadFile{Path: d + "/conf.d/a.conf"},
		remote.WriteFile{Path: d + "/bare", Data: data}, remote.WriteFile{Path: d + "/attr", Data: data},
		remote.WriteFile{Path: file, Data: data, Owner: "plain"}, remote.WriteFile{Path: file, Data: data, Group: "plain"},
		remote.WriteFile{Path: file, Data: data, Owner: "4002"},
		remote.WriteFile{Path: file, Data: data, Mode: 0o755 | fs.ModeSetuid},
		remote.WriteFile{Path: file, Data: data, Mode: 0o755 | fs.ModeSetgid},
		remote.WriteFile{Path: file, Data: data, Mode: 0o666}, remote.SetAttr{Path: file, Mode: 0o644},
		remote.SetAttr{Path: d + "/attr", Mode: 0o755 | fs.ModeSetuid}, remote.Mkdir{Path: d + "/other"},
		remote.Mkdir{Path: d + "/new/er"}, remote.Mkdir{Path: d + "/new", Owner: "plain"},
		remote.Mkdir{Path: d + "/new", Mode: 0o777},
		remote.Remove{Path: file}, remote.Remove{Path: d + "/none"},
		remote.UnitState{Unit: "bad.service"}, remote.RestartUnit{Unit: "good.service"},
		remote.RestartUnit{Unit: "bad.service"},
		remote.Packages{Names: []string{"coreutils", "bash"}}, remote.InstallPackages{Names: []string{"bash"}},
		remote.Run{Argv: []string{"id"}}, remote.Run{Argv: []string{"id", "-u", ""}},
		remote.Run{Argv: []string{"id", "-u\n"}},
		remote.Run{Argv: []string{"id", "-u"}, User: "daemon"}, remote.Run{Argv: []string{"sh", "-c", "id -u"}},
		remote.Run{Argv: []string{"sh"}, Stdin: cephstack.Redact("id")},
	}
}

// TestTheHelperRefusesAllElse: the list has what is beside each of these operations.
func TestTheHelperRefusesAllElse(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	h := s.helped(t)
	d := s.dir + "/work"
	s.put(t, "work/conf.d/a.conf", "secret", 0o600)
	s.put(t, "work/file", "secret", 0o600)
	s.put(t, "work/bare", "secret", 0o600)
	s.put(t, "units/good", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
	s.put(t, "units/bad", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
	require.NoError(t, os.Symlink("/etc/shadow", d+"/conf.d/shadow.conf"))
	file := d + "/file"
	s.allow(t, remote.ReadFile{Path: file}, remote.Stat{Path: d}, remote.WriteFile{Path: file},
		remote.SetAttr{Path: d + "/attr"},
		remote.Mkdir{Path: d + "/new"}, remote.ReadDir{Path: d + "/conf.d", Suffix: ".conf"},
		remote.UnitState{Unit: "good.service"}, remote.Packages{Names: []string{"coreutils"}},
		remote.InstallPackages{Names: []string{"coreutils"}}, remote.Run{Argv: []string{"id", "-u"}})
	for _, op := range beside(d) {
		r := single(t, h, op)
		require.ErrorIs(t, r.Err, helper.ErrDenied, "%v", op)
		require.False(t, r.Changed, "%v", op)
		require.Empty(t, r.Data, "%v", op)
	}
	r := single(t, h, remote.ReadDir{Path: d + "/conf.d", Suffix: ".conf"})
	require.Len(t, r.Files, 2)
	require.NoError(t, r.Files[0].Err)
	require.ErrorIs(t, r.Files[1].Err, helper.ErrDenied, "a symlink to a file that is not allowed")
	require.Empty(t, r.Files[1].Data)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "secret", string(content))
	// What is denied does not keep what comes after from being read as it was sent.
	all, err := h.Do(t.Context(), remote.WriteFile{Path: d + "/bare", Data: make([]byte, 100_000)},
		remote.Run{Argv: []string{"sh"},
			Stdin: cephstack.Redact(make([]byte, 100_000))}, remote.ReadFile{Path: file},
		remote.If{OK: []int{0}, Op: remote.WriteFile{Path: file, Data: []byte("x")}})
	require.NoError(t, err)
	require.NoError(t, all[2].Err)
	require.ErrorIs(t, all[3].Err, remote.ErrSkipped)
	require.EqualError(t, all[0].Err, "host: write "+d+"/bare: "+helper.ErrDenied.Error()+
		": the allow-list does not have: write "+d+"/bare - - -")
}
