package cli

import (
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoCoreDump runs in a process of its own: what it switches off cannot be switched on again.
func TestNoCoreDump(t *testing.T) {
	if os.Getenv("CEPHSTACK_TEST_DUMPLESS") == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestNoCoreDump$")
		cmd.Env = append(os.Environ(), "CEPHSTACK_TEST_DUMPLESS=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	require.NoError(t, dumpless())
	limits, err := os.ReadFile("/proc/self/limits")
	require.NoError(t, err)
	assert.Regexp(t, regexp.MustCompile(`Max core file size +0 +0 `), string(limits))
	dumpable, _, errno := syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	require.Zero(t, errno)
	assert.Zero(t, dumpable)
}
