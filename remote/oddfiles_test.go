package remote_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// TestFilesWithoutAnHonestSize: the kernel says that files in /proc have no bytes, and files in /sys
// a page. They are read together with others.
func TestFilesWithoutAnHonestSize(t *testing.T) {
	needRoot(t, "/usr/bin/sha256sum")
	dir := rootDir(t)
	plain, empty, link := filepath.Join(dir, "plain"), filepath.Join(dir, "empty"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(plain, []byte("plain\n"), 0o600))
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	require.NoError(t, os.Symlink("/proc/sys/kernel/ostype", link))
	for _, odd := range []string{
		"/proc/sys/kernel/hostname", "/proc/filesystems", "/sys/kernel/mm/transparent_hugepage/enabled", link,
	} {
		want, err := os.ReadFile(odd)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		r := do(t, remote.ReadFile{Path: plain}, remote.ReadFile{Path: odd}, remote.ReadFile{Path: empty},
			remote.Stat{Path: odd}, remote.ReadFile{Path: plain})
		for i, data := range []string{"plain\n", string(want), "", "", "plain\n"} {
			require.Equal(t, data, string(r[i].Data), "%s %d", odd, i)
		}
		require.Equal(t, string(want), string(do(t, remote.ReadFile{Path: odd})[0].Data), "%s alone", odd)
	}
}

// TestAProgramThatPrintsTooMuch fails alone, and is not ended for it.
func TestAProgramThatPrintsTooMuch(t *testing.T) {
	onBoth(t, func(t *testing.T, h remote.Host) {
		done := filepath.Join(rootDir(t), "done")
		script := "head -c 100000000 /dev/zero; touch " + done + "; exit 3"
		r, err := h.Do(t.Context(), remote.Run{Argv: []string{"sh", "-c", script}}, remote.Stat{Path: done},
			remote.Run{Argv: []string{"head", "-c", "8388608", "/dev/zero"}})
		require.NoError(t, err)
		require.ErrorIs(t, r[0].Err, remote.ErrTooLarge)
		require.Equal(t, 3, r[0].Exit)
		require.NoError(t, r[1].Err, "it went on")
		require.NoError(t, r[2].Err)
		require.Len(t, r[2].Data, 8<<20)
		require.True(t, bytes.Equal(make([]byte, 8<<20), r[0].Data))
	})
}
