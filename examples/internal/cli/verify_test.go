package cli

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// image writes an image from which guests boot.
func image(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "image.raw")
	require.NoError(t, os.WriteFile(name, disk(t), 0o600))
	return name
}

// disk is an image from which guests boot.
func disk(t *testing.T) []byte {
	t.Helper()
	data, err := io.ReadAll(integratetest.Image())
	require.NoError(t, err)
	return data
}

// TestWhatVerifyRefusesAtTheStart, before it connects to anything.
func TestWhatVerifyRefusesAtTheStart(t *testing.T) {
	c, good, dir := newCloud(t, 12), image(t), t.TempDir()
	qcow := filepath.Join(dir, "my cirros.img")
	require.NoError(t, os.WriteFile(qcow, append([]byte("QFI\xfb\x00\x00\x00\x03"), make([]byte, 1<<20)...), 0o600))
	for says, args := range map[string]string{
		"it needs a bootable raw image for its guests; a static verification needs none": "",
		"--image: open " + dir + "/none":                                                 "--image " + dir + "/none",
		"--image: open " + dir + ": is a directory":                                      "--image " + dir,
		"is a qcow2 image, and copy-on-write clones in Ceph need a raw image; convert it: qemu-img convert -f qcow2 " +
			"-O raw '" + qcow + "'": "--image " + qcow,
		`the Spec has no compute "compute12"; did you mean`:        "--computes compute[10-12] --image " + good,
		`no check is named "fils/compute1"; did you mean "files/c`: "--check fils/compute1",
		`check "rights" does more than read: it needs a verificat`: "--static --check rights",
		`no check is named "files/compute2"`:                       "--static --limit compute1 --check files/compute2",
	} {
		flags := strings.Fields(args)
		for i, flag := range flags { // a name with a space
			if strings.HasSuffix(flag, "/my") {
				flags = append(flags[:i], qcow)
				break
			}
		}
		var out, errs strings.Builder
		world := func(context.Context, spec.Spec) (*connect.World, error) {
			assert.Fail(t, "connected", args)
			return nil, context.Canceled
		}
		code := Program{strings.NewReader(""), &out, &errs, world, 1}.Run(t.Context(),
			append([]string{"verify", "-f", c.file}, flags...))
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, errs.String(), says, args)
	}
}

// TestVerifyOfAFleet: computes by number and by name, checks by name, and a time limit.
func TestVerifyOfAFleet(t *testing.T) {
	c, good := newCloud(t, 8), image(t)
	code, _, stderr := c.run(t.Context(), "", "apply", "--yes")
	require.Equal(t, exitDone, code, stderr)
	run := func(want int, args string) *integrate.Report {
		code, stdout, stderr := c.run(t.Context(), "", "verify", append(strings.Fields(args), "--output", "json")...)
		require.Equal(t, want, code, "%s: %s", args, stderr)
		var r integrate.Report
		require.NoError(t, json.Unmarshal([]byte(stdout), &r), args)
		return &r
	}
	vms := func(r *integrate.Report) string {
		var names []string
		for _, c := range r.Checks {
			if name, ok := strings.CutPrefix(c.ID, "vm-on-"); ok {
				names = append(names, name)
			}
		}
		return strings.Join(names, " ")
	}
	assert.Equal(t, "compute0 compute1 compute2 compute3", vms(run(exitDone, "--image "+good)))
	assert.Equal(t, "compute0 compute1", vms(run(exitDone, "--guests 2 --check vm --image "+good)))
	assert.Equal(t, "compute5 compute6", vms(run(exitDone, "--computes compute[5-6] --check vm-on-* --image "+good)))
	r := run(exitDone, "--check files/compute7 --check ceph-health,units/compute7")
	require.Len(t, r.Checks, 3)
	assert.Contains(t, r.ChecksLeftOut, "vm-on-compute0")
	r = run(exitFailed, "--timeout 1ns --image "+good)
	for _, c := range r.Checks {
		assert.Equal(t, integrate.Unable, c.Status, c.ID)
		assert.Contains(t, c.Evidence, "the time limit of 1ns is over", c.ID)
	}
	assert.Empty(t, c.API.Servers())
	code, stdout, _ := c.run(t.Context(), "", "verify", "--check", "files/compute7")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout,
		"checks were not asked for: ceph-health/ceph, pools/ceph, users/ceph, packages/compute[0-7]")
}

// TestHelpOfVerify names each flag of verify.
func TestHelpOfVerify(t *testing.T) {
	code, stdout, _ := call(t, "verify", "-h")
	assert.Equal(t, exitDone, code)
	for _, flag := range []string{"--computes COMPUTES", "--guests N", "--check CHECKS", "--timeout TIME",
		"--image FILE"} {
		assert.Contains(t, stdout, flag)
	}
}
