package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
)

// TestAReleaseThatIsLeftOutIsDetected, and the plan is as if it were given.
func TestAReleaseThatIsLeftOutIsDetected(t *testing.T) {
	c := newCloud(t, 2)
	code, given, _ := c.run(t.Context(), "", "plan", "--output", "json")
	require.Equal(t, exitChanges, code)
	text, err := os.ReadFile(c.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.file, []byte(strings.Replace(string(text), "release: zed\n", "", 1)), 0o600))

	code, detected, stderr := c.run(t.Context(), "", "plan", "--output", "json")
	assert.Equal(t, exitChanges, code)
	assert.Equal(t, given, detected)
	var plan integrate.Plan
	require.NoError(t, json.Unmarshal([]byte(detected), &plan))
	assert.Equal(t, "zed", plan.Release)
	assert.Contains(t, stderr, "The Spec names no release; the hosts tell:\nOpenStack zed: nova-compute 2:26.0.0-1 on "+
		"compute0, nova-compute 2:26.0.0-1 on compute1, glance-api ")
	_, stdout, _ := c.run(t.Context(), "", "plan")
	assert.True(t, strings.HasPrefix(stdout, "For OpenStack zed\n"), stdout)

	c.Machines["compute1"].AddPackage("nova-compute", "2:31.0.0-6", true)
	code, stdout, stderr = c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitUsage, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "spec: release: is missing, and the hosts do not agree; name the one that is wanted")
	assert.Contains(t, stderr, "OpenStack 2025.1: nova-compute 2:31.0.0-6 on compute1\n")
	assert.Zero(t, c.Writes())

	file := filepath.Join(t.TempDir(), "b.tar.gz")
	code, _, stderr = c.run(t.Context(), "", "plan", "--bundle", file)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "has what a colleague needs")
	assert.FileExists(t, file)
}
