package api

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLoginFilesThatAreNotFiles: no file that a login names keeps the reader, or fills the memory.
func TestLoginFilesThatAreNotFiles(t *testing.T) {
	const auth = "auth: {auth_url: 'http://x/v3', username: a, password: b, project_name: p}"
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	file := filepath.Join(dir, "clouds.yaml")
	is := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	try := func(says string) {
		t.Helper()
		_, err := credentials(t.Context(), Config{Cloud: "s", CloudsFile: file})
		require.ErrorContains(t, err, says)
	}
	for _, field := range []string{"cacert: /dev/zero", "cert: /dev/zero, key: /dev/null"} {
		is("clouds: {s: {" + field + ", " + auth + "}}")
		try("/dev/zero: is not a regular file")
	}
	is("clouds: {s: {" + auth + "}}")
	t.Setenv("OS_CACERT", "/dev/zero")
	try("/dev/zero: is not a regular file")
	t.Setenv("OS_CACERT", "")
	secure := filepath.Join(dir, "secure.yaml")
	require.NoError(t, syscall.Mkfifo(secure, 0o600))
	try(secure + ": is not a regular file")
	require.NoError(t, os.Remove(secure))
	public := filepath.Join(dir, "config", "openstack", "clouds-public.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(public), 0o700))
	require.NoError(t, os.Symlink("/dev/zero", public))
	is("clouds: {s: {profile: big, " + auth + "}}")
	try(public + ": is not a regular file")
	require.NoError(t, os.Remove(public))
	require.NoError(t, os.WriteFile(public, []byte("public-clouds: {big: {cacert: /dev/zero}}"), 0o600))
	try("/dev/zero: is not a regular file")
	is(strings.Repeat("#", maxLoginFile+1))
	try("has more than 1048576 bytes")
}

// TestACloudsFileIsAPipe: it is read once, and no longer than ctx lasts.
func TestACloudsFileIsAPipe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	require.NoError(t, syscall.Mkfifo(file, 0o600))
	w, err := os.OpenFile(file, os.O_RDWR, 0)
	require.NoError(t, err)
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	_, err = credentials(ctx, Config{Cloud: "s", CloudsFile: file})
	require.ErrorIs(t, err, why)
	_, err = w.WriteString("clouds: {s: {auth: {auth_url: 'http://localhost/v3', username: a, password: b}}}")
	require.NoError(t, err)
	time.AfterFunc(20*time.Millisecond, func() { w.Close() })
	l, err := credentials(t.Context(), Config{Cloud: "s", CloudsFile: file})
	require.NoError(t, err)
	require.Equal(t, "a", l.auth.Username)
}
