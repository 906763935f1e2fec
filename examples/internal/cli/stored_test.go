package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stored is the file of a plan of the cloud, after an edit.
func (c *cloud) stored(t *testing.T, edit func(string) string) string {
	t.Helper()
	code, stdout, stderr := c.run(t.Context(), "", "plan", "--output", "json")
	require.Equal(t, exitChanges, code, stderr)
	file := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, os.WriteFile(file, []byte(edit(stdout)), 0o600))
	return file
}

func same(text string) string { return text }

func TestAStoredPlanIsApplied(t *testing.T) {
	c := newCloud(t, 2)
	code, stdout, stderr := c.run(t.Context(), "", "apply", "--yes", "--plan", c.stored(t, same))
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, " 0 unchanged, 0 failed, ")
	code, _, _ = c.run(t.Context(), "", "plan")
	assert.Equal(t, exitDone, code)
	code, stdout, stderr = c.run(t.Context(), "", "apply", "--yes")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "Nothing to do.")
}

// TestAStoredPlanIsShown as it was when it was made, by a program that cannot reach the cloud.
func TestAStoredPlanIsShown(t *testing.T) {
	c := newCloud(t, 2)
	file := c.stored(t, same)
	_, text, _ := c.run(t.Context(), "", "plan")
	_, one, _ := c.run(t.Context(), "", "plan", "--limit", "compute0")
	code, _, stderr := c.run(t.Context(), "", "apply", "--yes")
	require.Equal(t, exitDone, code, stderr)
	before := c.Writes()
	for name := range c.Machines {
		c.down(name)
	}
	code, stdout, stderr := c.run(t.Context(), "", "plan", "--plan", file)
	assert.Equal(t, exitChanges, code, stderr)
	assert.Equal(t, text, stdout)
	code, stdout, stderr = c.run(t.Context(), "", "plan", "--plan", file, "--limit", "compute0")
	assert.Equal(t, exitChanges, code, stderr)
	assert.Equal(t, one, stdout)
	code, stdout, stderr = c.run(t.Context(), "", "plan", "--plan", file, "--output", "html")
	assert.Equal(t, exitChanges, code, stderr)
	assert.Contains(t, stdout, "</html>")
	assert.Equal(t, before, c.Writes())

	code, stdout, stderr = newCloud(t, 3).run(t.Context(), "", "plan", "--plan", file)
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, file+": the plan is of another Spec, or the Spec was changed since")
	code, _, stderr = c.run(t.Context(), "", "plan", "--plan", file, "--bundle", filepath.Join(t.TempDir(), "b.tar.gz"))
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "[bundle plan]")
}

// TestAForeignPlanIsRefused, and the message has the name of its file.
func TestAForeignPlanIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(string) string
		says string
	}{
		"renamed hosts": {func(s string) string {
			return strings.ReplaceAll(s, "compute0", "compute9")
		}, "edited after it was made"},
		"a renamed cluster": {func(s string) string {
			return strings.ReplaceAll(s, `"ceph"`, `"hdd"`)
		}, "edited after it was made"},
		"more after it": {func(s string) string { return s + "x" }, "there is more after the plan"},
		"another format": {func(s string) string {
			return strings.Replace(s, `"format": 1`, `"format": 7`, 1)
		}, "its format is 7"},
		"not a plan": {func(string) string { return `{"changes": []}` }, "this is not a plan"},
		"nothing":    {func(string) string { return "" }, "EOF"},
	} {
		cloud := newCloud(t, 2)
		file := cloud.stored(t, c.edit)
		code, _, stderr := cloud.run(t.Context(), "", "apply", "--yes", "--plan", file)
		assert.Equal(t, 1, code, name)
		assert.Contains(t, stderr, file, name)
		assert.Contains(t, stderr, c.says, name)
		assert.Zero(t, cloud.Writes(), name)
	}
}

// TestAPlanOfAnotherSpecIsRefused: a host left the Spec after the plan was stored.
func TestAPlanOfAnotherSpecIsRefused(t *testing.T) {
	before := newCloud(t, 3)
	file := before.stored(t, same)
	now := newCloud(t, 2)
	code, _, stderr := now.run(t.Context(), "", "apply", "--yes", "--plan", file)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, file)
	assert.Contains(t, stderr, "the Spec does not have compute2")
	assert.Contains(t, stderr, "to finish, make a new plan, or run apply without --plan")
	assert.NotContains(t, stderr, "run apply again", "the same plan would be refused again")
	assert.Zero(t, now.Writes())
	code, _, stderr = now.run(t.Context(), "", "apply", "--yes", "--plan", "/nonexistent/p.json")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "/nonexistent/p.json")
}

// TestAVerificationNeedsAnImage that boots, before anything is made.
func TestAVerificationNeedsAnImage(t *testing.T) {
	c := newCloud(t, 1)
	code, _, stderr := c.run(t.Context(), "", "apply", "--yes")
	require.Equal(t, exitDone, code, stderr)
	writes := c.Writes()
	images := map[string]string{"qcow2": "QFI\xfb\x00\x00\x00\x03", "gzip": "\x1f\x8b\x08\x00", "empty": "",
		"xz": "\xfd7zXZ\x00"}
	for name, data := range images {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(data), 0o600))
		code, stdout, stderr := c.run(t.Context(), "", "verify", "--image", file)
		assert.Equal(t, exitUsage, code, name)
		assert.Contains(t, stderr, "the guest image", name)
		assert.NotContains(t, stdout, "PASS", name)
	}
	code, _, stderr = c.run(t.Context(), "", "verify")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "image")
	assert.Equal(t, writes, c.Writes())
	assert.Empty(t, c.API.Images())
}
