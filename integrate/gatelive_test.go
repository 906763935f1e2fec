package integrate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// TestLiveGate has a real cluster, without a manager: nobody knows the states of its PGs. Pools and users are made, and
// no host is begun.
func TestLiveGate(t *testing.T) {
	live := cephlive.Start(t, 1)
	s := gated(exampleSpec())
	w := integratetest.Open(t, s)
	cli := cephcli.New(remote.Local{}, cephcli.Options{Conf: live.Conf})
	w.Clusters["ceph"] = world.Cluster{Mon: cli, Images: cli}
	var waits []world.Wait
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 100 * time.Millisecond,
		Observer: func(e integrate.Event) {
			if wait, ok := e.(world.Wait); ok {
				waits = append(waits, wait)
			}
		}})
	require.NoError(t, err)
	r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{MaxWait: 3 * time.Second})
	require.ErrorIs(t, err, world.ErrUnhealthy)
	for _, o := range r.Outcomes {
		want := integrate.Cancelled
		if o.Change.Target == "ceph" {
			want = integrate.Applied
		}
		assert.Equal(t, want, o.Status, "%s: %v", o.Change.ID, o.Err)
	}
	const unknown = "no manager is active, so that the states of PGs are not known"
	require.Len(t, waits, 1)
	assert.Equal(t, []string{unknown}, waits[0].Reasons)
	notes := plan(t, in).Findings
	require.NotEmpty(t, notes)
	assert.Equal(t, "cluster-unhealthy", notes[0].Code)
	assert.Contains(t, notes[0].Message, unknown)
}
