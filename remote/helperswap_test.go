package remote_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// believing is a text of the helper whose shell believes to be in the folder sub of own whenever it
// enters that folder, and is in the folder behind: what a bash believes if somebody puts a symlink
// in place of the folder while the bash enters it, and the folder back after that.
func believing(text, own, behind string) string {
	return strings.Replace(text, "\nrules() {\n", `
cd() {
	case $2 in `+own+`/sub/) command cd -P `+behind+` && PWD=`+own+`/sub ;;
	*) command cd "$@" ;;
	esac
}
rules() {
`, 1)
}

// TestAShellThatBelievesToBeInAFolder: what the kernel says counts.
func TestAShellThatBelievesToBeInAFolder(t *testing.T) {
	for shell, text := range helperShells() {
		s := startHelper(t, text)
		d, own := s.dir+"/work", s.dir+"/home/plain"
		s.put(t, "work/file", "secret", 0o600)
		s.put(t, "units/good", "active 1 Sat 2026-01-03 10:11:12.345678 UTC\n", 0o644)
		s.asPlain(t, "mkdir sub; echo mine >sub/file")
		file := own + "/sub/file"
		ops := []remote.Op{remote.ReadFile{Path: file}, remote.Stat{Path: file},
			remote.WriteFile{Path: file, Data: []byte("x")}, remote.SetAttr{Path: file, Mode: 0o644},
			remote.Mkdir{Path: own + "/sub/folder"}, remote.Remove{Path: file},
			remote.ReadDir{Path: own + "/sub", Suffix: "e"}}
		restart := remote.RestartUnit{Unit: "good.service", Settle: 1, Inputs: []string{file}}
		led := believing(text, own, d)
		require.NotEqual(t, text, led)
		s.put(t, "local/libexec/cephstack-helper", led, 0o755)
		s.put(t, "sudoers", testSudoers+helperRule(led), 0o440)
		s.allow(t, append(ops, restart)...)
		h := s.helped(t)
		for _, op := range ops {
			r := single(t, h, op)
			require.ErrorIs(t, r.Err, helper.ErrDenied, "%s: %v", shell, op)
			require.Empty(t, r.Data, "%s: %v", shell, op)
			require.Empty(t, r.Files, "%s: %v", shell, op)
			require.False(t, r.Changed, "%s: %v", shell, op)
		}
		r := single(t, h, restart)
		require.NoError(t, r.Err, shell)
		require.Nil(t, r.Unit.Read, shell)
		content, err := os.ReadFile(d + "/file")
		require.NoError(t, err)
		require.Equal(t, "secret", string(content))
		info, err := os.Stat(d + "/file")
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
		require.NoDirExists(t, d+"/folder")
	}
}

// TestAFileSystemThatSaysItIsRoots: below a folder of the user is one that says it is root's alone, as a file system
// in user space may say, and a file there becomes a symlink after the helper looked at it for the last time.
func TestAFileSystemThatSaysItIsRoots(t *testing.T) {
	for shell, text := range helperShells() {
		for name, looks := range map[string]int{"attr": 3, "write": 2, "remove": 2} {
			s := startHelper(t, text)
			d, own := s.dir+"/work", s.dir+"/home/plain"
			s.put(t, "work/secret", "secret", 0o600)
			s.put(t, "home/plain/sub/file", "mine", 0o600)
			file := own + "/sub/file"
			op := map[string]remote.Op{"attr": remote.SetAttr{Path: file, Owner: "plain", Mode: 0o644},
				"write":  remote.WriteFile{Path: file, Data: []byte("secret"), Owner: "plain", Mode: 0o644},
				"remove": remote.Remove{Path: file, Was: digest("secret")}}[name]
			led := strings.Replace(text, "\nrules() {\n", fmt.Sprintf(`
ls() {
	command ls "$@"
	c=$?
	case $* in *"-- . ./file") echo >>%[1]s/count ;; *) return $c ;; esac
	[ "$(wc -l <%[1]s/count)" != %[2]d ] || { rm -f ./file; ln -s %[1]s/secret ./file; }
	return $c
}
rules() {
`, d, looks), 1)
			s.put(t, "local/libexec/cephstack-helper", led, 0o755)
			s.put(t, "sudoers", testSudoers+helperRule(led), 0o440)
			s.allow(t, op)
			r := single(t, s.helped(t), op)
			require.ErrorIs(t, r.Err, remote.ErrConflict, "%s: %s", shell, name)
			require.False(t, r.Changed, "%s: %s", shell, name)
			info, err := os.Stat(d + "/secret")
			require.NoError(t, err)
			require.Zero(t, info.Sys().(*syscall.Stat_t).Uid, "%s: %s", shell, name)
			require.Equal(t, os.FileMode(0o600), info.Mode(), "%s: %s", shell, name)
		}
	}
}
