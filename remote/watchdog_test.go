package remote_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

// TestNoWatchdogStays: where others than root may change a folder, a watchdog ends the program
// on the host if a file cannot be opened. The watchdog of a file that was opened must not end the
// program 20 s later.
func TestNoWatchdogStays(t *testing.T) {
	s := startSSHD(t)
	dir := filepath.Join(s.dir, "of-daemon")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.Chown(dir, 1, 1))
	h := s.open(t, "root")
	for range 5 {
		results, err := h.Do(t.Context(),
			remote.WriteFile{Path: dir + "/file", Data: []byte(time.Now().String()), Mode: 0o640},
			remote.SetAttr{Path: dir + "/file", Mode: 0o600},
			remote.Mkdir{Path: dir + "/folder", Mode: 0o750}, remote.Remove{Path: dir + "/file"})
		require.NoError(t, err)
		for _, r := range results {
			require.NoError(t, r.Err)
		}
	}
	require.Eventually(t, func() bool { return watchdogs(t) == 0 }, 5*time.Second, 100*time.Millisecond)
}

// watchdogs counts the processes that sleep on behalf of a program of this module.
func watchdogs(t *testing.T) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range all {
		command, _ := os.ReadFile(name) // the process may be gone
		if !bytes.Equal(command, []byte("sleep\x0020\x00")) {
			continue
		}
		status, _ := os.ReadFile(filepath.Dir(name) + "/status")
		_, rest, _ := strings.Cut(string(status), "PPid:\t")
		parent, _, _ := strings.Cut(rest, "\n")
		command, _ = os.ReadFile("/proc/" + parent + "/cmdline")
		if bytes.Contains(command, []byte("cephstack 2")) {
			n++
		}
	}
	return n
}
