package hostkeys

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAFullDiskLeavesTheOldFile: a limit of the size of files cuts a write as a full disk does.
func TestAFullDiskLeavesTheOldFile(t *testing.T) {
	const old = "c1 ssh-ed25519 AAAA\n"
	dir := t.TempDir()
	file, link := filepath.Join(dir, "known_hosts"), filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(file, link))
	for _, end := range []string{"", "# no end"} {
		require.NoError(t, os.WriteFile(file, []byte(old+end), 0o600))
		signal.Ignore(syscall.SIGXFSZ)
		var before syscall.Rlimit
		require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
		limit := before
		limit.Cur = uint64(len(old+end) + 10)
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
		err := appendLines(link, "c2 ssh-ed25519 BBBB\n")
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
		signal.Reset(syscall.SIGXFSZ)
		require.ErrorIs(t, err, syscall.EFBIG)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, old+end, string(text))
	}
	require.NoError(t, appendLines(link, "c2 ssh-ed25519 BBBB\n"))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, old+"# no end\nc2 ssh-ed25519 BBBB\n", string(text))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink, "the link stays")
	require.ErrorContains(t, appendLines(os.DevNull, "x\n"), "/dev/null: is not a regular file")
}

// TestALineOfSSHStays, which ssh added behind a write that failed.
func TestALineOfSSHStays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(file, []byte("old\ntorn\nof ssh\n"), 0o600))
	f, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND, 0)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	require.NoError(t, takeBack(f, 4, 4))
	info, err := f.Stat()
	require.NoError(t, err)
	require.Equal(t, int64(16), info.Size())
}

// TestRivalsLoseNoLine: each waits for the other's lock.
func TestRivalsLoseNoLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known_hosts")
	var all sync.WaitGroup
	faults := make([]error, 16)
	for i := range faults {
		all.Go(func() { faults[i] = appendLines(file, fmt.Sprintf("line %d\n", i)) })
	}
	all.Wait()
	require.NoError(t, errors.Join(faults...))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for i := range faults {
		require.Contains(t, "\n"+string(text), fmt.Sprintf("\nline %d\n", i))
	}
	require.Equal(t, len(faults), strings.Count(string(text), "\n"))
}
