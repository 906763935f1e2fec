package remote_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func rootDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func TestLocalKeepsTheContract(t *testing.T) {
	needRoot(t, "/usr/bin/sha256sum")
	remotetest.TestHost(t, func(t *testing.T) (remote.Host, string) { return remote.Local{}, rootDir(t) })
}

func TestSSHKeepsTheContract(t *testing.T) {
	s := startSSHD(t)
	t.Run("root", func(t *testing.T) {
		h := s.open(t, "root")
		remotetest.TestHost(t, func(t *testing.T) (remote.Host, string) { return h, rootDir(t) })
	})
	t.Run("sudo", func(t *testing.T) {
		h := s.open(t, "admin")
		remotetest.TestHost(t, func(t *testing.T) (remote.Host, string) { return h, rootDir(t) })
	})
}
