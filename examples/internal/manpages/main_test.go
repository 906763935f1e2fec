package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/examples/internal/cli"
)

// TestPages: each command has a page, the same source gives the same pages, and groff has nothing to say about a page.
func TestPages(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "new"), t.TempDir()
	require.NoError(t, run([]string{one}, "1700000000"))
	t.Setenv("TZ", "Asia/Tokyo")
	require.NoError(t, run([]string{two}, "1700000000"))
	pages, err := os.ReadDir(one)
	require.NoError(t, err)
	var names []string
	for _, page := range pages {
		names = append(names, page.Name())
		text, err := os.ReadFile(filepath.Join(one, page.Name()))
		require.NoError(t, err)
		again, err := os.ReadFile(filepath.Join(two, page.Name()))
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again))
		assert.Contains(t, string(text), `"Nov 2023"`)
		groff(t, filepath.Join(one, page.Name()))
	}
	assert.Contains(t, names, "cephstack.1")
	for _, c := range cli.Commands().Commands() {
		if c.IsAvailableCommand() {
			assert.Contains(t, names, "cephstack-"+c.Name()+".1")
		}
	}
	text, err := os.ReadFile(filepath.Join(one, "cephstack.1"))
	require.NoError(t, err)
	assert.Contains(t, string(text), ".SH EXIT STATUS")
}

// groff checks a page.
func groff(t *testing.T, page string) {
	t.Helper()
	if _, err := exec.LookPath("groff"); err != nil || os.Getenv("CEPHSTACK_LIVE") == "0" {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			require.NoError(t, err)
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), "groff", "-man", "-Tutf8", "-K", "utf8", "-t", "-ww", "-z", page)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))
}

func TestWrongUsage(t *testing.T) {
	require.ErrorContains(t, run(nil, "0"), "usage: manpages DIR")
	require.ErrorContains(t, run([]string{t.TempDir()}, ""), "SOURCE_DATE_EPOCH is the date of the pages")
}
