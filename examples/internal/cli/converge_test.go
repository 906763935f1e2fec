package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/connect"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A cloud is one in memory, with the file of its Spec: a cluster, a host without
// services, a controller and computes.
type cloud struct {
	*integratetest.World
	file string
}

func newCloud(t *testing.T, computes int) *cloud {
	t.Helper()
	text := "release: zed\npackages: install\nclusters: [{name: ceph}]\nglance: {}\nnova: {}\ncinder: {backends: " +
		"[{name: ceph, volume_type: ceph}]}\n" +
		"hosts:\n  - {name: monitor}\n  - {name: controller, services: [glance-api, cinder-volume]}\n"
	for i := range computes {
		text += fmt.Sprintf("  - {name: compute%d, services: [nova-compute]}\n", i)
	}
	file := write(t, text)
	s, err := source{file: file, data: []byte(text)}.parse(spec.Load)
	require.NoError(t, err)
	w, err := integratetest.New(s)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	return &cloud{w, file}
}

// run runs a command of the program; answer is what somebody types.
func (c *cloud) run(ctx context.Context, answer, name string, flags ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	world := func(context.Context, spec.Spec) (*connect.World, error) {
		return &connect.World{World: c.World.World}, nil
	}
	code = Program{strings.NewReader(answer), &out, &errs, world, 1}.Run(ctx,
		append([]string{name, "-f", c.file}, flags...))
	return code, out.String(), errs.String()
}

func (c *cloud) down(name string) {
	c.Machines[name].Fail = func(context.Context, remote.Op) error {
		return &remote.HostError{Host: name, Step: "connect", Err: remote.ErrUnreachable}
	}
}

func TestConvergeChangesNothingUnlessApproved(t *testing.T) {
	c := newCloud(t, 2)
	for _, answer := range []string{"", "\n", "n\n", "converge\n"} {
		code, stdout, stderr := c.run(t.Context(), answer, "converge")
		assert.Equal(t, exitFailed, code)
		assert.Empty(t, stdout)
		for _, want := range []string{"shows no plan", "all that " + c.file + " asks for",
			"in cluster ceph, on 3 hosts with the restarts",
			"no failure of one keeps the others from being changed", "cephstack plan -f " + c.file, "Converge? [y/N]",
			"nothing was changed"} {
			assert.Contains(t, stderr, want)
		}
		assert.Equal(t, answer == "", strings.Contains(stderr, "give --yes"), "%s", stderr)
	}
	_, _, stderr := c.run(t.Context(), "", "converge", "--canaries", "2", "--max-failed", "7")
	assert.Contains(t, stderr, "2 computes go first, and all others only if those end well; "+
		"it stops once 7 computes failed")
	assert.Zero(t, c.Writes())

	code, stdout, stderr := c.run(t.Context(), "y\n", "converge")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "5 of 5 clusters, hosts and APIs done, 0 failed, 0 left alone.\n")
	assert.Contains(t, stderr, "done      compute0: 6 applied\n")
	assert.Positive(t, c.Writes())
}

func TestConvergeTwiceChangesNothing(t *testing.T) {
	c := newCloud(t, 2)
	code, _, _ := c.run(t.Context(), "", "plan")
	assert.Equal(t, exitChanges, code)
	code, stdout, stderr := c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitDone, code, stderr)
	assert.NotContains(t, stdout, " 0 applied")
	writes := c.Writes()
	code, stdout, stderr = c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitDone, code, stderr)
	assert.Equal(t, "5 of 5 clusters, hosts and APIs done, 0 failed, 0 left alone.\n0 applied, 0 unchanged, 0 failed, "+
		"0 unknown, 0 skipped, 0 cancelled.\n", stdout)
	assert.Empty(t, stderr)
	assert.Equal(t, writes, c.Writes())
	code, _, _ = c.run(t.Context(), "", "plan")
	assert.Equal(t, exitDone, code)
}

// TestConvergeGoesOnBesideWhatFails and says so at the end: a host that is down,
// and one with a full disk.
func TestConvergeGoesOnBesideWhatFails(t *testing.T) {
	c := newCloud(t, 4)
	c.down("compute1")
	c.Machines["compute2"].Fail = func(_ context.Context, op remote.Op) error {
		if w, ok := op.(remote.WriteFile); ok && strings.HasSuffix(w.Path, ".keyring") {
			return syscall.ENOSPC
		}
		return nil
	}
	code, stdout, stderr := c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "5 of 7 clusters, hosts and APIs done, 2 failed, 0 left alone.\n")
	assert.Contains(t, stdout, " 1 failed, ")
	for _, want := range []string{"PROBLEM: compute1: cannot be read", "FAILED    compute2: ",
		"done      compute3: 6 applied\n", "done      controller: ",
		"compute1: " + integrate.ErrIncomplete.Error(), syscall.ENOSPC.Error(), "run converge again to finish"} {
		assert.Contains(t, stderr, want)
	}
	c.Machines["compute1"].Fail, c.Machines["compute2"].Fail = nil, nil
	code, stdout, stderr = c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "7 of 7 ")
	assert.NotContains(t, stderr, "compute3", "it was done before")
}

// TestApplySaysWhetherAnotherRunHelps: it does not, where a problem has to be solved first.
func TestApplySaysWhetherAnotherRunHelps(t *testing.T) {
	c := newCloud(t, 2)
	c.down("compute1")
	code, _, stderr := c.run(t.Context(), "", "apply", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "\ndo as the problems say, and run apply again: what is done is found done\n")
	assert.NotContains(t, stderr, "run apply again to finish")
	c.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
		if w, ok := op.(remote.WriteFile); ok && strings.HasSuffix(w.Path, ".keyring") {
			return syscall.ENOSPC
		}
		return nil
	}
	code, _, stderr = c.run(t.Context(), "", "apply", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "\nrun apply again to finish: what is done is found done\n")
}

// TestConvergeSaysWhetherAnotherRunHelps, as apply does.
func TestConvergeSaysWhetherAnotherRunHelps(t *testing.T) {
	c := newCloud(t, 2)
	c.down("compute1")
	code, _, stderr := c.run(t.Context(), "", "converge", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "\ndo as the problems say, and run converge again: what is done is found done\n")
	assert.NotContains(t, stderr, "run converge again to finish")
}

// TestRolloutsStop at the first compute, which is down.
func TestRolloutsStop(t *testing.T) {
	for _, limit := range [][]string{{"--canaries", "1"}, {"--max-failed", "1", "--parallel", "1"}} {
		for _, name := range []string{"apply", "converge"} {
			t.Run(name+limit[0], func(t *testing.T) {
				c := newCloud(t, 4)
				c.down("compute0")
				code, stdout, stderr := c.run(t.Context(), "", name, append(limit, "--yes")...)
				assert.Equal(t, exitFailed, code)
				assert.Contains(t, stderr, integrate.ErrStopped.Error())
				assert.Contains(t, stderr, remote.ErrUnreachable.Error())
				assert.Positive(t, c.Ceph["ceph"].Writes())
				for _, host := range []string{"compute1", "compute2", "compute3", "controller"} {
					assert.Zero(t, c.Machines[host].Changes(""), host)
				}
				if name == "converge" {
					assert.Contains(t, stdout, "1 of 7 clusters, hosts and APIs done, 1 failed, 5 left alone.\n")
					assert.Contains(t, stderr, "5 were left alone: ")
				} else {
					assert.NotContains(t, stdout, " 0 cancelled")
					assert.NotContains(t, stderr, "cancelled ")
					assert.Contains(t, stderr, " changes were not begun: "+integrate.ErrStopped.Error())
					assert.Equal(t, 1, strings.Count(stderr, integrate.ErrStopped.Error()), stderr)
					assert.Contains(t, stderr, "\nnot begun: compute[1-3], controller, cloud\n")
				}
			})
		}
	}
}

// A counted host knows how many of its kind are worked on at once.
type counted struct {
	remote.Host
	now, most *atomic.Int64
}

func (c counted) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for old := c.most.Load(); n > old && !c.most.CompareAndSwap(old, n); old = c.most.Load() {
	}
	time.Sleep(time.Millisecond)
	return c.Host.Do(ctx, ops...)
}

func TestAtMostSoManyHostsAtOnce(t *testing.T) {
	for _, name := range []string{"apply", "converge"} {
		c := newCloud(t, 6)
		var now, most atomic.Int64
		for host, h := range c.Hosts {
			c.Hosts[host] = counted{h, &now, &most}
		}
		code, _, stderr := c.run(t.Context(), "", name, "--yes", "--parallel", "1")
		assert.Equal(t, exitDone, code, stderr)
		assert.Equal(t, int64(1), most.Load(), name)
	}
}

func TestConvergeIsInterrupted(t *testing.T) {
	c := newCloud(t, 4)
	ctx, cancel := context.WithCancelCause(t.Context())
	c.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
		if _, ok := op.(remote.RestartUnit); ok {
			cancel(errors.New("the shift is over"))
		}
		return nil
	}
	code, stdout, stderr := c.run(ctx, "", "converge", "--yes", "--parallel", "1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, " left alone.\n")
	assert.NotContains(t, stdout, " 0 left alone")
	assert.Contains(t, stderr, "were left alone: the shift is over")
	assert.Zero(t, c.Machines["controller"].Changes(""))
}

func TestConvergeAsJSON(t *testing.T) {
	c := newCloud(t, 3)
	c.down("compute1")
	code, stdout, _ := c.run(t.Context(), "", "converge", "--yes", "--output", "json")
	assert.Equal(t, exitFailed, code)
	type line struct {
		Format               int
		Stage, Target, Error string
		Outcomes             []map[string]any
		Findings             []map[string]any
		Summary              *struct {
			Parts     int
			Failed    []string
			LeftAlone int `json:"left_alone"`
			Changes   map[string]int
		}
	}
	var targets []string
	applied := 0
	for d := json.NewDecoder(strings.NewReader(stdout)); ; {
		d.DisallowUnknownFields()
		var l line
		require.NoError(t, d.Decode(&l))
		if l.Summary != nil {
			assert.Equal(t, 6, l.Summary.Parts)
			assert.Equal(t, []string{"compute1"}, l.Summary.Failed)
			assert.Zero(t, l.Summary.LeftAlone)
			assert.Equal(t, map[string]int{"applied": applied}, l.Summary.Changes)
			require.ErrorIs(t, d.Decode(&l), io.EOF, "it comes last")
			break
		}
		targets = append(targets, l.Stage+" "+l.Target)
		applied += len(l.Outcomes)
		assert.Equal(t, l.Target == "compute1", l.Error != "", l.Target)
		assert.Equal(t, l.Target == "compute1", len(l.Findings) > 0 && l.Findings[0]["problem"] == true)
	}
	assert.ElementsMatch(t, []string{"cluster ceph", "computes compute0", "computes compute1", "computes compute2",
		"controllers controller", "cloud cloud"}, targets)
	assert.Equal(t, len(targets)+1, strings.Count(stdout, "\n"), "a line each")
}

func TestApplyAsksForItsPlan(t *testing.T) {
	c := newCloud(t, 1)
	code, stdout, stderr := c.run(t.Context(), "no\n", "apply")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "+ ceph: pool images")
	assert.Contains(t, stderr, "Apply this plan? [y/N]")
	assert.Zero(t, c.Writes())
	code, stdout, stderr = c.run(t.Context(), "yes\n", "apply")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, " 0 failed, ")
	assert.Contains(t, stderr, "applied   compute0: ")
}
