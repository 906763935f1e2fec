package rotate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestUsersOfOneNameInTwoClusters: guests with a volume of the other cluster, whose user has the same name, are not
// touched for it, and do not keep the user that goes.
func TestUsersOfOneNameInTwoClusters(t *testing.T) {
	first := before()
	first.Clusters = []spec.Cluster{{Name: "hdd"}, {Name: "ssd"}}
	first.Nova.User = "nova"
	first.Cinder.Backends = []spec.Backend{{Name: "slow", VolumeType: "slow"},
		{Name: "fast", Cluster: "ssd", VolumeType: "fast"}}
	first.Backup = nil
	c := &cloud{World: integratetest.Integrated(t, first), t: t}
	c.upload()
	guest := func(name, kind string) api.Server {
		s := c.guest(name, "compute1", false)
		v, err := c.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: name, SizeGiB: 1, Type: kind})
		require.NoError(t, err)
		require.NoError(t, c.Cloud.Attach(t.Context(), s.ID, v.ID))
		return s
	}
	slow, fast := guest("slow", "slow"), guest("fast", "fast")
	s := first.Clone()
	s.Cinder.Backends[1].User = "cinder.1"
	s.Rotate = []spec.Rotation{{From: "cinder", To: "cinder.1", Cluster: "ssd",
		Guests: []spec.GuestRule{{May: []string{"live-migration", "hard-reboot"}}}}}
	report, err := rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
	now, err := c.Cloud.Server(t.Context(), slow.ID)
	require.NoError(t, err)
	assert.Equal(t, "compute1", now.Host, "it was not touched")
	assert.Contains(t, c.users(slow.ID), "volume:cinder ")
	assert.Contains(t, c.users(fast.ID), "volume:cinder.1 ")
	s.Cinder.Backends[0].User = "cinder.1"
	s.Rotate = append(s.Rotate, spec.Rotation{From: "cinder", To: "cinder.1", Cluster: "hdd"})
	_, err = rotate.Plan(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.ErrorContains(t, err, "client.cinder goes from several clusters; write the cluster in front, such as "+
		"ssd/client.cinder")
	_, err = rotate.Plan(t.Context(), c.config(s), rotate.Options{Revoke: []string{"hdd/client.cinder"}})
	require.NoError(t, err)
	s.Cinder.Backends[0].User, s.Rotate = "", s.Rotate[:1]
	p, err := c.integration(s).Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	assert.True(t, p.Empty(), "%s", p)
}
