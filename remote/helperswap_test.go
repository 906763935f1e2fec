package remote_test

import (
	"os"
	"strings"
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
