package remote_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// idle is an operation that the tests allow.
func idle() remote.Run { return remote.Run{Argv: []string{"id", "-u"}} }

func TestSudoRunsTheHelperAlone(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	s.allow(t, idle())
	listed := s.asPlain(t, "sudo -n -l")
	_, commands, found := strings.Cut(string(listed.Data), "may run the following commands")
	require.True(t, found, "%s", listed.Data)
	require.Equal(t, 1, strings.Count(commands, "NOPASSWD"), "%s", commands)
	require.Equal(t, 1, strings.Count(commands, "("), "%s", commands)
	require.Contains(t, commands, helper.Path)
	s.asPlain(t, "cp "+helper.Path+" copy; chmod 755 copy; ln -s "+helper.Path+" link")
	for _, command := range []string{
		helper.Path + " x", helper.Path + ` ""`, helper.Path + " -c id", "-u daemon " + helper.Path,
		"-g daemon " + helper.Path, "/bin/sh " + helper.Path, "/bin/sh -c id", "-s", "-i", "id", "~/copy",
		"-e " + helper.AllowPath, "-e " + helper.Path, "cat " + helper.AllowPath, "-E " + helper.Path,
		"LD_PRELOAD=/tmp/x " + helper.Path, "-D /tmp " + helper.Path,
		"-C 9 " + helper.Path, "-T 1 " + helper.Path, "-R / " + helper.Path, "-u root -g daemon " + helper.Path,
		"-s " + helper.Path, "-i " + helper.Path, "-K id", "-b id", "-u '#-1' " + helper.Path,
		"/usr/local/libexec/../libexec/cephstack-helper x",
	} {
		r := s.asPlain(t, "sudo -n "+command+" </dev/null")
		assert.Equal(t, 1, r.Exit, "%s: %s", command, r.Stderr)
		assert.Contains(t, string(r.Stderr), "sudo", command)
		assert.NotContains(t, string(r.Stderr), "cephstack:", "%s: it ran", command)
	}
	r := s.asPlain(t, helper.Path+" x")
	assert.Equal(t, 94, r.Exit, "without sudo: %s", r.Stderr)
}

func TestSudoRefusesAnotherHelper(t *testing.T) {
	text := string(helper.Text())
	s := startHelper(t, text)
	s.allow(t, idle())
	require.NoError(t, single(t, s.helped(t), idle()).Err)
	for name, change := range map[string]func(){
		"a byte more": func() { s.put(t, "local/libexec/cephstack-helper", text+"\n", 0o755) },
		"a byte less": func() { s.put(t, "local/libexec/cephstack-helper", text[:len(text)-1], 0o755) },
		"no guard": func() {
			s.put(t, "local/libexec/cephstack-helper", strings.Replace(text, "allow()", "other()", 2), 0o755)
		},
		"another script": func() { s.put(t, "local/libexec/cephstack-helper", "#!/bin/sh\nid\n", 0o755) },
		"missing":        func() { require.NoError(t, os.Remove(s.dir+"/local/libexec/cephstack-helper")) },
	} {
		change()
		r, err := s.helped(t).Do(t.Context(), idle())
		require.ErrorIs(t, err, remote.ErrSudo, name)
		require.ErrorContains(t, err, "the helper on the host is missing, changed or of another version", name)
		require.ErrorContains(t, err, "run prepare again", name)
		require.NotErrorIs(t, r[0].Err, remote.ErrUnknown, name)
	}
	s.put(t, "local/libexec/cephstack-helper", text, 0o755)
	require.NoError(t, single(t, s.helped(t), idle()).Err)
}

// hostileEnv are variables with which shells and programs do more than they are told.
const hostileEnv = `cd; mkdir -p bin; printf "#!/bin/sh\ntouch $HOME/pwned\n" >bin/stat; chmod 755 bin/stat
for p in cat id sh bash env dd ls sha256sum timeout base64 sudoers; do cp bin/stat bin/$p; done
export ENV="$HOME/bin/stat" BASH_ENV="$HOME/bin/stat" LD_PRELOAD="$HOME/x.so" LD_LIBRARY_PATH="$HOME/bin"
export PS4='$(touch '"$HOME"'/pwned)'
export SHELLOPTS=xtrace IFS=/ CDPATH="$HOME" TMPDIR="$HOME" allowed="
run" why= list="$HOME/list" POSIXLY_CORRECT=1 PERL5OPT="-M$HOME" GCONV_PATH="$HOME" PROMPT_COMMAND="touch $HOME/pwned"
`

func TestTheEnvironmentDoesNothingToTheHelper(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		s.allow(t, idle())
		for _, defaults := range []string{"", "Defaults:plain !env_reset\n"} {
			s.put(t, "sudoers", testSudoers+defaults+helperRule(text), 0o440)
			for _, run := range []remote.Run{idle(), {Argv: []string{"env"}}} {
				r := s.raw(t, hostileEnv+
					`/usr/bin/env "BASH_FUNC_allow%%=() { :; }" "BASH_FUNC_stat%%=() { :; }" PATH="$HOME/bin" `, ran(run))
				if run.Argv[0] == "id" {
					assert.Contains(t, string(r.Data), " exit 0\n", "%s %s: %s", shell, defaults, r.Stderr)
				} else {
					assert.Contains(t, string(r.Data), " err denied ", "%s %s: %s", shell, defaults, r.Stderr)
				}
			}
			assert.NoFileExists(t, s.dir+"/home/plain/pwned")
		}
		s.allow(t, remote.Run{Argv: []string{"env"}})
		r := s.raw(t, hostileEnv, ran(remote.Run{Argv: []string{"env"}}))
		for _, name := range []string{"LD_", "ENV", "PS4", "SHELLOPTS", "IFS", "CDPATH", "PERL5OPT", "SUDO_", "home/plain"} {
			assert.NotContains(t, string(r.Data), name, shell)
		}
	}
}

// ran are the lines of a Run.
func ran(r remote.Run) []string {
	lines := []string{"run", r.User, "60.000", "60000", "text", fmt.Sprint(len(r.Argv))}
	for _, a := range r.Argv {
		lines = append(lines, "0", a)
	}
	return append(lines, "0")
}

// raw gives the helper a request of these lines, from a shell of plain that runs text first.
func (s *sshd) raw(t *testing.T, text string, lines []string) remote.Result {
	t.Helper()
	part := strings.Join(append(lines, "end", ""), "\n")
	request := fmt.Sprintf("cephstack 2 %s\n%d\n%s", strings.Repeat("a", 32), len(part), part)
	return s.rawText(t, text, request)
}

func (s *sshd) rawText(t *testing.T, text, request string) remote.Result {
	t.Helper()
	r := single(t, s.unprivileged(t), remote.Run{
		Argv:  []string{"sh", "-c", s.home() + text + "/usr/bin/sudo -n " + helper.Path},
		Stdin: cephstack.Redact(request)})
	require.NoError(t, r.Err)
	return r
}

func TestPathTricksOnTheHelper(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	d, own := s.dir+"/work", s.dir+"/home/plain"
	s.put(t, "work/file", "secret", 0o600)
	s.put(t, "work/own/a.conf", "secret", 0o600)
	s.allow(t, remote.ReadFile{Path: d + "/file"}, remote.Stat{Path: d + "/file"})
	for _, path := range []string{
		d + "/x/../file", d + "/../work/file", d + "//file", "/" + d + "/file", d + "/./file", d + "/file/", d + "/file/.",
		"work/file", "file", "", "/", d + "/file ", " " + d + "/file", d + "/file\r", d + "/file*",
	} {
		for _, kind := range []string{"r", "s"} {
			r := s.raw(t, "", []string{"files", "9999", "1", "0", kind + path})
			assert.Contains(t, string(r.Data), " err0 denied ", "%q", path)
			assert.NotContains(t, string(r.Data), "secret", "%q", path)
		}
	}
	r := s.raw(t, "", []string{"files", "9999", "1", "1", "r/etc/passwd", "read " + d + "/file"})
	assert.Contains(t, string(r.Data), " err0 denied ", "two lines")

	// Folders of the user: symlinks there lead to files of others.
	inside := []remote.Op{remote.ReadFile{Path: own + "/sub/file"}, remote.Stat{Path: own + "/sub/file"},
		remote.WriteFile{Path: own + "/sub/file", Data: []byte("x")}, remote.SetAttr{Path: own + "/sub/file", Mode: 0o644},
		remote.Mkdir{Path: own + "/sub/folder"}, remote.Mkdir{Path: own + "/sub/own", Mode: 0o755},
		remote.Remove{Path: own + "/sub/file"}, remote.ReadDir{Path: own + "/sub/own", Suffix: ".conf"},
		remote.ReadDir{Path: own + "/sub", Suffix: "e"}}
	s.allow(t, append(inside, remote.ReadFile{Path: own + "/file"}, remote.WriteFile{Path: own + "/file"},
		remote.SetAttr{Path: own + "/file"})...)
	h := s.helped(t)
	s.asPlain(t, "ln -s "+d+" sub; ln -s "+d+"/file file")
	for _, op := range inside {
		r := single(t, h, op)
		require.ErrorIs(t, r.Err, helper.ErrDenied, "%v", op)
		require.Empty(t, r.Data, "%v", op)
		require.Empty(t, r.Files, "not even names: %v", op)
	}
	require.ErrorIs(t, single(t, h, remote.ReadFile{Path: own + "/file"}).Err, helper.ErrDenied)
	require.Error(t, single(t, h, remote.WriteFile{Path: own + "/file", Data: []byte("x")}).Err)
	require.Error(t, single(t, h, remote.SetAttr{Path: own + "/file", Mode: 0o644}).Err)
	content, err := os.ReadFile(d + "/file")
	require.NoError(t, err)
	require.Equal(t, "secret", string(content))
	require.NoDirExists(t, d+"/folder")
	info, err := os.Stat(d + "/own")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode().Perm())
	// The same folder without a symlink.
	s.asPlain(t, "rm sub file; mkdir sub; echo mine >sub/file")
	require.Equal(t, "mine\n", string(single(t, h, remote.ReadFile{Path: own + "/sub/file"}).Data))
}

// TestTheHelperIsNotLedAwayInBetween: the user changes a file to a symlink and back, all the time.
func TestTheHelperIsNotLedAwayInBetween(t *testing.T) {
	s := startHelper(t, string(helper.Text()))
	own := s.dir + "/home/plain"
	s.put(t, "work/file", "secret", 0o600)
	read := remote.ReadFile{Path: own + "/sub/file"}
	s.allow(t, read)
	s.asPlain(t, `mkdir real; echo mine >real/file; cp real/file other; (i=0; while [ $i -lt 1500 ] && ! [ -e end ]; do
		ln -sfn `+s.dir+`/work sub; rm sub; mv real sub; ln -sf `+s.dir+`/work/file sub/file
		mv -f other sub/file; cp sub/file other; mv sub real; i=$((i + 1)); done; touch ended) >/dev/null 2>&1 &`)
	h := s.helped(t)
	read.Max = 4096
	for range 60 {
		r := single(t, h, read)
		require.NotContains(t, string(r.Data), "secret")
	}
	s.asPlain(t, "touch end; until [ -e ended ]; do sleep 0.1; done")
}
