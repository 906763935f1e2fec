package words_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
)

// TestReadFile reads regular files within a limit. Nothing else keeps the reader, or fills its memory.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	file, link, fifo := filepath.Join(dir, "f"), filepath.Join(dir, "l"), filepath.Join(dir, "p")
	require.NoError(t, os.WriteFile(file, []byte("1234567890"), 0o640))
	require.NoError(t, os.Chmod(file, 0o640))
	require.NoError(t, os.Symlink(file, link))
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, name := range []string{file, link} {
		text, info, err := cephstack.ReadFile(name, 10)
		require.NoError(t, err)
		assert.Equal(t, "1234567890", string(text))
		assert.Equal(t, fs.FileMode(0o640), info.Mode())
		_, _, err = cephstack.ReadFile(name, 9)
		require.ErrorContains(t, err, name+": has more than 9 bytes")
	}
	text, _, err := cephstack.ReadFile(os.DevNull, 0)
	require.NoError(t, err, "as a known_hosts file of ssh")
	assert.Empty(t, text)
	text, _, err = cephstack.ReadFile("/proc/self/status", 1<<20)
	require.NoError(t, err)
	assert.NotEmpty(t, text, "its description has no size")
	for name, says := range map[string]string{"/dev/zero": "is not a regular file", fifo: "is not a regular file",
		dir: "is a directory", dir + "/none": "no such file or directory"} {
		_, _, err := cephstack.ReadFile(name, 1<<20)
		require.EqualError(t, err, "open "+name+": "+says)
		_, err = cephstack.OpenFile(name)
		require.EqualError(t, err, "open "+name+": "+says)
	}
	_, _, err = cephstack.ReadFile(dir+"/none", 1)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestReadInput reads pipes, too: to their end, within the limit, and until ctx ends.
func TestReadInput(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "p")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	text, _, err := cephstack.ReadInput(t.Context(), fifo, 10)
	require.NoError(t, err)
	assert.Empty(t, text, "nobody writes to it")

	w, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	_, _, err = cephstack.ReadInput(ctx, fifo, 10)
	require.ErrorIs(t, err, why)
	require.EqualError(t, err, "read "+fifo+": interrupted")

	_, err = w.WriteString(strings.Repeat("x", 100))
	require.NoError(t, err)
	_, _, err = cephstack.ReadInput(t.Context(), fifo, 99)
	require.ErrorContains(t, err, "has more than 99 bytes")

	r, w, err := os.Pipe() // as <(…) of a shell is
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	time.AfterFunc(50*time.Millisecond, func() {
		_, _ = w.WriteString("late")
		w.Close()
	})
	text, _, err = cephstack.ReadInput(t.Context(), fmt.Sprintf("/dev/fd/%d", r.Fd()), 10)
	require.NoError(t, err)
	assert.Equal(t, "late", string(text))
	_, _, err = cephstack.ReadInput(t.Context(), "/dev/zero", 10)
	require.EqualError(t, err, "open /dev/zero: is neither a regular file nor a pipe")
}
