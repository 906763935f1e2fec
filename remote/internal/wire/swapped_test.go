package wire

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofDaemon is a folder that another user owns, with a file of that user.
func ofDaemon(t *testing.T) (dir, theirs string) {
	t.Helper()
	if os.Geteuid() != 0 {
		require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "it needs root")
		t.Skip("it needs root")
	}
	dir = t.TempDir()
	theirs = filepath.Join(dir, "theirs")
	require.NoError(t, os.WriteFile(theirs, []byte("theirs"), 0o755))
	for _, name := range []string{dir, theirs} {
		require.NoError(t, os.Chown(name, 1, 1))
	}
	return dir, theirs
}

// kept checks that what is in a folder of another user, under whatever name, is still of that user.
func kept(t *testing.T, dir, content string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range all {
		info, err := e.Info()
		require.NoError(t, err)
		if b, _ := os.ReadFile(filepath.Join(dir, e.Name())); string(b) != content {
			continue
		}
		require.Equal(t, uint32(1), info.Sys().(*syscall.Stat_t).Gid, "the group of %s", e.Name())
		require.Equal(t, uint32(1), info.Sys().(*syscall.Stat_t).Uid, "the owner of %s", e.Name())
		require.Equal(t, os.FileMode(0o755), info.Mode(), e.Name())
	}
}

// TestSomethingElseInPlaceOfANewFolder: a user who may change the folder around it renames the new folder away as soon
// as it is there, and puts a file there that would become a program with the group root; or a folder.
func TestSomethingElseInPlaceOfANewFolder(t *testing.T) {
	for _, shell := range shells() {
		for name, swap := range map[string]string{
			"a file": "cp -p DIR/theirs $d", "a folder": "mkdir $d; chown 1:1 $d",
			"a folder with a file": "mkdir -m 700 $d; cp -p DIR/theirs $d/",
		} {
			t.Run(shell+" "+name, func(t *testing.T) {
				dir, _ := ofDaemon(t)
				script := `/usr/bin/mkdir "$@" || exit; for d; do :; done; mv $d DIR/aside; PATH=/usr/bin:/bin; ` + swap
				bin := programs(t, map[string]string{"mkdir": strings.ReplaceAll(script, "DIR", dir)})
				op := Op{Name: "mkdir", Args: []string{filepath.Join(dir, "new"), "", "root", "02755"}}
				facts, _ := trial{shell, bin, faster()}.finish(t, op)
				require.Equal(t, "conflict", facts["err"])
				require.NotContains(t, facts, "changed")
				kept(t, dir, "theirs")
				require.NoFileExists(t, filepath.Join(dir, "new"))
			})
		}
	}
}

// TestSomethingElseInPlaceOfATempFile: the same with a file that would become a program of root. The user can foresee
// the content.
func TestSomethingElseInPlaceOfATempFile(t *testing.T) {
	for _, shell := range shells() {
		t.Run(shell, func(t *testing.T) {
			dir, theirs := ofDaemon(t)
			// It is put there when the program asks what the temp file is.
			script := "case $* in *.cephstack.*) for d; do :; done; rm $d; ln " + theirs +
				` $d ;; esac; exec /usr/bin/stat "$@"`
			bin := programs(t, map[string]string{"stat": strings.ReplaceAll(script, "DIR", dir)})
			digest := fmt.Sprintf("%x", sha256.Sum256([]byte("theirs")))
			op := Op{Name: "write", Args: []string{filepath.Join(dir, "new"), "", "", "", "04755", digest, "r"},
				Data: []byte("theirs")}
			facts, _ := trial{shell, bin, faster()}.finish(t, op)
			require.NotEmpty(t, facts["err"])
			require.NotContains(t, facts, "changed")
			kept(t, dir, "theirs")
			require.NoFileExists(t, filepath.Join(dir, "new"))
		})
	}
}
