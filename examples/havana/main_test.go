package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
)

var update = flag.Bool("update", false, "write the golden file")

func output(t *testing.T) string {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	return out.String()
}

func TestPlanIsTheGuide(t *testing.T) {
	got := output(t)
	if *update {
		require.NoError(t, os.WriteFile("plan.golden", []byte(got), 0o644))
	}
	want, err := os.ReadFile("plan.golden")
	require.NoError(t, err)
	assert.Equal(t, string(want), got)

	of, reasons := map[string]int{}, map[string]bool{}
	for line := range strings.Lines(got) {
		mark, rest := line[:2], strings.TrimSpace(line[2:])
		rest, why, _ := strings.Cut(rest, because)
		of[mark]++
		reasons[why] = true
		assert.Equal(t, mark != "  ", why != "", "a difference, and nothing else, has its reason: %s", line)
		assert.Equal(t, mark != "+ ", strings.Contains("\n"+guide, "\n"+rest+"\n"), line)
	}
	assert.Equal(t, strings.Count(guide, "\n"), of["  "]+of["- "], "every line of the guide is told of once")
	for _, d := range differences() {
		assert.True(t, reasons[d.why], "no line differs for this reason by now: %s", d.why)
	}
}

// TestOrder wants the cluster, the compute and then the controller, and
// restarts last on each host.
func TestOrder(t *testing.T) {
	in, _, closeAll, err := open()
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeAll()) }()
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	require.Empty(t, plan.Problems(), "%s", plan)
	stages := map[integrate.Stage]int{"cluster": 1, "computes": 2, "controllers": 3}
	last := 0
	restarted := map[string]bool{}
	for _, c := range plan.Changes {
		assert.GreaterOrEqual(t, stages[c.Stage], last, c.ID)
		last = stages[c.Stage]
		assert.True(t, !restarted[c.Target] || c.Action == integrate.Restart, c.ID)
		restarted[c.Target] = restarted[c.Target] || c.Action == integrate.Restart
	}
}

func TestApplyReachesTheGuidesCloud(t *testing.T) {
	in, world, closeAll, err := open()
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeAll()) }()
	plan, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	began := time.Now()
	_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Less(t, time.Since(began), time.Minute)
	second, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	assert.True(t, second.Empty(), "%s", second)
	cinder, _ := world.Machines["controller"].Contents("/etc/cinder/cinder.conf")
	assert.NotContains(t, string(cinder), "enabled_backends")
	conf, _ := world.Machines["controller"].Contents("/etc/ceph/ceph.conf")
	assert.Contains(t, string(conf), "[client.keyring]")
	assert.Empty(t, world.API.Violations())
	keys, _ := world.Machines["compute"].Contents("/home/" + loginUser + "/.ssh/authorized_keys")
	assert.Contains(t, string(keys), "operator@workstation")
	pool, err := ceph.New(world.Ceph["ceph"]).Pools(t.Context())
	require.NoError(t, err)
	for _, p := range pool {
		assert.Empty(t, p.Application, "Firefly knows none")
	}
	for name := range world.Entries {
		delete(world.Entries, name) // the operator logs in from now on
	}
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
}
