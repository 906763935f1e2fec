package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOneHostOfACloud is changed, while another host is down and stays as it is.
func TestOneHostOfACloud(t *testing.T) {
	for _, change := range [][]string{{"apply", "--yes"}, {"converge", "--yes"}} {
		c := newCloud(t, 3)
		c.down("compute1")
		flags := []string{"--limit", "compute0", "--limit", "compute2"}
		code, stdout, stderr := c.run(t.Context(), "", "plan", flags...)
		require.Equal(t, exitChanges, code, stderr)
		assert.Contains(t, stdout, "\n  compute[0,2] (2 hosts)\n")
		assert.NotContains(t, stdout, "compute1: ")
		assert.Contains(t, stdout, "Left out, as it was not asked for: the rest of ceph, compute1, controller, cloud.")
		code, _, stderr = c.run(t.Context(), "", change[0], append(change[1:], flags...)...)
		require.Equal(t, exitDone, code, stderr)
		assert.Zero(t, c.Machines["compute1"].Changes("/etc/ceph/ceph.conf"))
		code, _, stderr = c.run(t.Context(), "", "plan", flags...)
		assert.Equal(t, exitDone, code, stderr)
		code, stdout, stderr = c.run(t.Context(), "", "verify", append(flags, "--static")...)
		assert.Equal(t, exitDone, code, stderr)
		assert.NotContains(t, stdout, "compute1: ")
		code, _, _ = c.run(t.Context(), "", "plan")
		assert.Equal(t, exitFailed, code, "compute1 is down")
	}
}

// TestAPartOfAStoredPlan is applied; the rest stays to be done.
func TestAPartOfAStoredPlan(t *testing.T) {
	c := newCloud(t, 2)
	code, stdout, stderr := c.run(t.Context(), "", "apply", "--yes", "--plan", c.stored(t, same), "--limit", "compute0")
	require.Equal(t, exitDone, code, stderr)
	assert.NotContains(t, stdout, "compute1: ")
	code, _, _ = c.run(t.Context(), "", "plan", "--limit", "compute0")
	assert.Equal(t, exitDone, code)
	code, _, _ = c.run(t.Context(), "", "plan", "--limit", "compute1")
	assert.Equal(t, exitChanges, code)
}

// TestOnlyNamesOfTheSpec are taken, and nothing is asked before.
func TestOnlyNamesOfTheSpec(t *testing.T) {
	c := newCloud(t, 1)
	code, _, stderr := c.run(t.Context(), "", "apply", "--yes", "--limit", "compute0,compute7", "--clusters", "west")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, `--limit: the Spec has no host or group "compute7"; did you mean "compute0"?`)
	assert.Contains(t, stderr, `--clusters: the Spec has no cluster "west"`)
	assert.Zero(t, c.Machines["compute0"].Exchanges())
}

// TestAHostWithoutServicesIsRefused, as is one whose services the Spec leaves alone.
func TestAHostWithoutServicesIsRefused(t *testing.T) {
	c := newCloud(t, 1)
	plan := c.stored(t, same)
	for _, args := range [][]string{{"plan"}, {"apply", "--yes"}, {"apply", "--yes", "--plan", plan},
		{"converge", "--yes"}, {"verify", "--static"}} {
		code, stdout, stderr := c.run(t.Context(), "", args[0], append(args[1:], "--limit", "monitor")...)
		assert.Equal(t, exitUsage, code, "%q", args)
		assert.Empty(t, stdout, "%q", args)
		assert.Contains(t, stderr, `--limit: "monitor" has no services in the Spec`, "%q", args)
	}
	text, err := os.ReadFile(c.file)
	require.NoError(t, err)
	edited := strings.Replace(string(text), "{name: monitor}", "{name: monitor, services: [cinder-backup]}", 1)
	require.NoError(t, os.WriteFile(c.file, []byte(edited), 0o600))
	plan = c.stored(t, same)
	for _, args := range [][]string{{"plan"}, {"apply", "--yes"}, {"apply", "--yes", "--plan", plan},
		{"converge", "--yes"}, {"verify", "--static"}} {
		code, _, stderr := c.run(t.Context(), "", args[0], append(args[1:], "--limit", "monitor")...)
		assert.Equal(t, exitFailed, code, "%q", args)
		assert.Contains(t, stderr, `the Spec has no host "monitor" with services to configure`, "%q", args)
	}
	assert.Zero(t, c.Writes())
}

// TestConvergeSaysOfWhichHostsSomebodyApproves.
func TestConvergeSaysOfWhichHostsSomebodyApproves(t *testing.T) {
	c := newCloud(t, 2)
	code, _, stderr := c.run(t.Context(), "n\n", "converge", "--limit", "compute1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "You approve all that "+c.file+" asks for of compute1, and")
}

// TestEqualHostsAreToldOnce, and --full tells each. --hosts takes ranges.
func TestEqualHostsAreToldOnce(t *testing.T) {
	c := newCloud(t, 12)
	code, stdout, stderr := c.run(t.Context(), "", "plan")
	assert.Equal(t, exitChanges, code, stderr)
	assert.Contains(t, stdout, "\n  compute[0-11] (12 hosts)\n")
	assert.NotContains(t, stdout, "compute7: ")
	_, stdout, _ = c.run(t.Context(), "", "plan", "--full")
	assert.NotContains(t, stdout, "hosts)")
	assert.Contains(t, stdout, "compute7: ")
	_, stdout, _ = c.run(t.Context(), "", "plan", "--limit", "compute[0-1,11],compute3")
	assert.Contains(t, stdout, "\n  compute[0-1,3,11] (4 hosts)\n")
	assert.Contains(t, stdout, "Left out, as it was not asked for: the rest of ceph, compute[2,4-10], controller, cloud.")
	code, stdout, _ = c.run(t.Context(), "n\n", "apply", "--full")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "compute7: ")
	_, _, stderr = c.run(t.Context(), "n\n", "converge", "--limit", "compute[1-3]")
	assert.Contains(t, stderr, " asks for of compute[1-3], and")
}
