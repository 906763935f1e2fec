package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPagesOfPlanAndVerify have the exit status of the text, and are whole where something is wrong.
func TestPagesOfPlanAndVerify(t *testing.T) {
	c := newCloud(t, 2)
	whole := func(stdout string) {
		assert.True(t, strings.HasPrefix(stdout, "<!DOCTYPE html>"), stdout[:min(40, len(stdout))])
		assert.True(t, strings.HasSuffix(stdout, "</html>\n"))
		assert.Contains(t, stdout, "cephstack without a version")
	}
	code, stdout, _ := c.run(t.Context(), "", "plan", "--output", "html")
	assert.Equal(t, exitChanges, code)
	whole(stdout)
	assert.Contains(t, stdout, `data-id="pool/ceph/volumes"`)

	code, stdout, stderr := c.run(t.Context(), "", "verify", "--static", "-o", "html")
	assert.Equal(t, exitFailed, code)
	whole(stdout)
	assert.Contains(t, stdout, "What to do next")
	assert.Contains(t, stderr, "checks did not pass")

	code, _, _ = c.run(t.Context(), "", "apply", "--yes")
	assert.Equal(t, exitDone, code)
	code, stdout, _ = c.run(t.Context(), "", "plan", "--output", "html")
	assert.Equal(t, exitDone, code)
	whole(stdout)
	assert.Contains(t, stdout, "Nothing to do")
	code, stdout, _ = c.run(t.Context(), "", "verify", "--static", "--output", "html")
	assert.Equal(t, exitDone, code)
	whole(stdout)

	c.down("compute1")
	code, stdout, stderr = c.run(t.Context(), "", "plan", "--output", "html")
	assert.Equal(t, exitFailed, code)
	whole(stdout)
	assert.Contains(t, stdout, "host-unreadable")
	assert.Contains(t, stderr, "keep the plan from being whole")
}
