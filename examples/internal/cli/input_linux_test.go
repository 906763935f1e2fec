package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFilesThatAreNotFiles end the program with an error that names the file, at once.
func TestFilesThatAreNotFiles(t *testing.T) {
	dir := t.TempDir()
	fifo, known := filepath.Join(dir, "fifo"), filepath.Join(dir, "known_hosts")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	require.NoError(t, os.WriteFile(known, nil, 0o600))
	w, err := os.OpenFile(fifo, os.O_RDWR, 0) // somebody who never writes
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	const small = "release: zed\nclusters: [{name: ceph, host: h}]\nhosts: [{name: h, address: '127.0.0.1:1', services: " +
		"[glance-api]}]\nglance: {}\n"
	for _, odd := range []string{"/dev/zero", fifo} {
		says := odd + ": is not a regular file"
		c := newCloud(t, 1)
		code, _, stderr := c.run(t.Context(), "", "verify", "--image", odd)
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, stderr, says)
		file := write(t, small+"ssh: {user: root, known_hosts: ["+odd+"], key_files: ["+known+"]}\n")
		_, stdout, stderr := call(t, "plan", "-f", file)
		assert.Contains(t, stdout+stderr, says)
		code, _, stderr = call(t, "trust", "-f", file)
		assert.Equal(t, exitFailed, code)
		assert.NotEmpty(t, stderr)
		file = write(t, small+"ssh: {user: root, known_hosts: ["+known+"], key_files: ["+odd+"]}\n")
		code, _, _ = call(t, "plan", "-f", file)
		assert.Equal(t, exitFailed, code)
	}
	c := newCloud(t, 1)
	for _, flags := range [][]string{{"apply", "--yes", "--plan", "/dev/zero"}, {"plan", "-f", "/dev/zero"}} {
		code, _, stderr := c.run(t.Context(), "", flags[0], flags[1:]...)
		assert.NotEqual(t, exitDone, code)
		assert.Contains(t, stderr, "/dev/zero: is neither a regular file nor a pipe")
	}
}

// TestAnInterruptWhileAPipeIsRead: whoever should write to it may never do that.
func TestAnInterruptWhileAPipeIsRead(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	w, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	for _, flags := range [][]string{{"plan", "-f", fifo}, {"apply", "--yes", "-f", newCloud(t, 1).file, "--plan", fifo}} {
		p := newProcess(t, 1, flags[0], flags[1:]...)
		require.NoError(t, p.Start())
		time.Sleep(300 * time.Millisecond)
		require.NoError(t, p.Process.Signal(syscall.SIGTERM))
		code, _ := p.ended(t)
		assert.NotEqual(t, exitDone, code)
	}
}

// TestTheTextOfAProgramIsASpec, as <(…) of a shell gives it.
func TestTheTextOfAProgramIsASpec(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		require.NotEqual(t, "1", os.Getenv("CEPHSTACK_LIVE"), "bash is not installed: make deps installs it")
		t.Skip("bash is not installed")
	}
	p := newProcess(t, 1, "plan")
	cmd := exec.Command(bash, "-c", `"$0" plan -f <(sleep 0.2; cat "$1")`, p.Path, p.Args[3])
	cmd.Env = p.Env
	out, err := cmd.CombinedOutput()
	var status *exec.ExitError
	require.ErrorAs(t, err, &status, "%s", out)
	assert.Equal(t, exitChanges, status.ExitCode(), "%s", out)
}
