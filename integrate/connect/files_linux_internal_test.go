package connect

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFilesOfCephAreFiles: no ceph.conf, keyring or password file keeps the reader, or fills the memory.
func TestFilesOfCephAreFiles(t *testing.T) {
	dir := t.TempDir()
	fifo, conf := filepath.Join(dir, "fifo"), filepath.Join(dir, "ceph.conf")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, odd := range []string{fifo, "/dev/zero"} {
		_, err := keyringOf(odd, "ceph", "client.admin")
		require.ErrorContains(t, err, odd+": is not a regular file")
		require.NoError(t, os.WriteFile(conf, []byte("[global]\nkeyring = "+odd+"\n"), 0o600))
		_, err = keyringOf(conf, "ceph", "client.admin")
		require.ErrorContains(t, err, odd+": is not a regular file")
		require.Empty(t, keyType(odd, "client.admin"))
		_, err = readPassword(odd)
		require.ErrorContains(t, err, odd+": is not a regular file")
	}
}
