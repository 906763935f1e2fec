package remote

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
)

// TestFilesOfALoginAreFiles: no key, certificate or known_hosts keeps the reader, or fills the memory.
func TestFilesOfALoginAreFiles(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, odd := range []string{fifo, "/dev/zero"} {
		_, err := readPrivate(odd)
		require.ErrorContains(t, err, odd+": is not a regular file")
		_, err = knownhosts.Load([]string{odd})
		require.ErrorContains(t, err, odd+": is not a regular file")
	}
	_, err := knownhosts.Load([]string{os.DevNull})
	require.NoError(t, err, "as a UserKnownHostsFile of ssh")
}
