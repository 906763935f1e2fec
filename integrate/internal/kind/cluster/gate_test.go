package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
)

// TestAGateTellsHowTheClusterServes in notes; only a rollout waits.
func TestAGateTellsHowTheClusterServes(t *testing.T) {
	s := withHosts(example())
	s.Gate = "health"
	var asked []string
	for _, r := range resources(s) {
		asked = append(asked, r.Asks().Cluster.Serving...)
	}
	assert.Equal(t, []string{"backups", "images", "vms", "volumes"}, asked)

	seen := see(t, cephtest.New(), nil)
	assert.Empty(t, compareSeen(t, s, seen).findings())
	seen.Stops, seen.Notes = []string{"osd.1 is full", "pool vms: full"}, []string{"osd.3 is nearly full"}
	c := compareSeen(t, s, seen)
	assert.Equal(t, []string{"cluster-unhealthy health", "cluster-weakened health"}, c.codes())
	for i, message := range []string{
		"is not enough for gate: health, so that a rollout waits before each host: osd.1 is full; pool vms: full",
		"is not what it should be, though gate: health does not wait for this: osd.3 is nearly full",
	} {
		assert.Equal(t, message, c.findings()[i].Message)
		assert.False(t, c.findings()[i].Problem)
	}
	assert.False(t, c.at(cluster.ID("ceph")).Refused)

	s.Gate = ""
	for _, r := range resources(s) {
		assert.Empty(t, r.Asks().Cluster.Serving, "nothing is asked for without a gate")
	}
}
