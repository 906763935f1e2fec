package cli

import (
	"context"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

// grouped is a Spec whose groups are of each kind.
const grouped = `release: zed
groups:
  computes: {services: [nova-compute]}
  monitors: {}
  mixed: {disks: keep}
  c1: {services: [nova-compute]}
hosts:
  - {name: "c[1-3]", group: computes}
  - {name: "mon[1-2]", group: monitors}
  - {name: m1, group: mixed, services: [nova-compute]}
  - {name: m2, group: mixed}
  - {name: g, group: c1}
`

// TestLimit finds the hosts of names, ranges and groups.
func TestLimit(t *testing.T) {
	from := source{data: []byte(grouped), file: "cloud.yaml"}
	s, err := from.parse(spec.Read)
	require.NoError(t, err)
	groups, err := from.groups()
	require.NoError(t, err)
	for limit, want := range map[string][]string{
		"c3": {"c3"}, "c[2-3],m1": {"c2", "c3", "m1"}, "computes": {"c1", "c2", "c3"}, "mixed,c2": {"m1", "c2"},
	} {
		var o options
		require.NoError(t, list(&o.limit)(limit))
		require.NoError(t, o.restrict(s, groups, false), limit)
		assert.Equal(t, want, o.only.Hosts, limit)
	}
	for limit, want := range map[string]string{
		"monitors":  `--limit: no host of the group "monitors" has services in the Spec, so there is nothing to do`,
		"c1":        `--limit: "c1" is a host and a group of the Spec: give the group another name`,
		"compute":   `--limit: the Spec has no host or group "compute"; did you mean "computes"?`,
		"c[3-4]":    `--limit: the Spec has no host "c4"`,
		"mon1,mon9": `--limit: "mon1" has no services in the Spec`,
	} {
		var o options
		require.NoError(t, list(&o.limit)(limit))
		require.ErrorContains(t, o.restrict(s, groups, false), want)
	}
}

// TestStandardInputThatNeverEnds is left when somebody interrupts the program.
func TestStandardInputThatNeverEnds(t *testing.T) {
	silent, never, err := os.Pipe()
	require.NoError(t, err)
	defer never.Close()
	defer silent.Close()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	code := Program{Stdin: silent, Stdout: io.Discard, Stderr: io.Discard, Open: opener(nil)}.Run(ctx,
		[]string{"plan", "-f", "-"})
	assert.Equal(t, exitUsage, code)
}

// TestTheVersion tells what is known of the build.
func TestTheVersion(t *testing.T) {
	on := ", " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.2.3"}}
	assert.Equal(t, "cephstack v1.2.3 (go1.26.0"+on, versionOf(info))
	info.Main.Version = "(devel)"
	info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "0a1b2c"}, {Key: "vcs.modified", Value: "true"}}
	assert.Equal(t, "cephstack without a version (commit 0a1b2c, with changes, go1.26.0"+on, versionOf(info))
}
