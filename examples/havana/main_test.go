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

	"github.com/cephstack/cephstack/integrate"
)

var update = flag.Bool("update", false, "write the golden file")

// notAsTheGuide are the guide's lines that the plan does not have, each with
// the reason.
func notAsTheGuide() map[string]string {
	const (
		prepared = "the Spec asks for no preparation of the hosts"
		modes    = "root owns a keyring, and the service's group reads it: the service cannot change it, nobody else reads it"
		stdin    = "the key goes to virsh on its standard input, never into a file"
	)
	return map[string]string{
		"2 workstation: ssh-copy-id user@controller":                                    prepared,
		"2 workstation: ssh-copy-id user@compute":                                       prepared,
		"3 controller: tee /etc/sudoers.d/user":                                         prepared,
		"3 compute: tee /etc/sudoers.d/user":                                            prepared,
		"4 controller: apt-key add release.asc":                                         prepared,
		"4 controller: tee /etc/apt/sources.list.d/ceph.list":                           prepared,
		"4 compute: apt-key add release.asc":                                            prepared,
		"4 compute: tee /etc/apt/sources.list.d/ceph.list":                              prepared,
		"7 controller: chown glance:glance /etc/ceph/ceph.client.glance.keyring":        modes,
		"7 controller: chown cinder:cinder /etc/ceph/ceph.client.cinder.keyring":        modes,
		"7 controller: chown cinder:cinder /etc/ceph/ceph.client.cinder-backup.keyring": modes,
		"8 compute: tee client.cinder.key":                                              stdin,
		"9 compute: rm client.cinder.key secret.xml":                                    stdin,
		"9 compute: usage name 'client.cinder secret'":                                  "two clusters may both have a client.cinder, and libvirt has each usage once",
		"13 controller: glance-control api restart":                                     "the init system restarts it, so that its state can be read afterwards",
	}
}

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

	missing, same := map[string]bool{}, 0
	for line := range strings.Lines(got) {
		line = strings.TrimSpace(line)
		if l, ok := strings.CutPrefix(line, "- "); ok {
			missing[l] = true
			assert.NotEmpty(t, notAsTheGuide()[l], "the plan does not have: %s", l)
		} else if strings.Contains("\n"+guide, "\n"+line+"\n") {
			same++
		}
	}
	for l := range notAsTheGuide() {
		assert.True(t, missing[l], "the plan has it by now: %s", l)
	}
	assert.Equal(t, strings.Count(guide, "\n"), same+len(missing), "every line of the guide is told of once")
}

// TestOrder wants the cluster, the compute and then the controller, and
// restarts last on each host.
func TestOrder(t *testing.T) {
	in, _, closeAll, err := open()
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeAll()) }()
	plan, err := in.Plan(t.Context())
	require.NoError(t, err)
	require.Empty(t, plan.Problems(), "%s", plan)
	stages := map[integrate.Stage]int{integrate.StageCluster: 1, integrate.StageComputes: 2, integrate.StageControllers: 3}
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
	plan, err := in.Plan(t.Context())
	require.NoError(t, err)
	began := time.Now()
	_, err = in.Apply(t.Context(), plan, integrate.ApplyOptions{})
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 10*time.Second)
	second, err := in.Plan(t.Context())
	require.NoError(t, err)
	assert.True(t, second.Empty(), "%s", second)
	cinder, _ := world.Machines["controller"].Contents("/etc/cinder/cinder.conf")
	assert.NotContains(t, string(cinder), "enabled_backends")
	conf, _ := world.Machines["controller"].Contents("/etc/ceph/ceph.conf")
	assert.Contains(t, string(conf), "[client.keyring]")
	assert.Empty(t, world.API.Violations())
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err, "%s", report)
}
