package spec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

func TestUsesOfPools(t *testing.T) {
	s := twoZones()
	s.Glance.Stores = []spec.Store{{Name: "fast", Cluster: "ssd", User: "g"}}
	s.Nova.DataPool = "vms-data"
	before := s.Clone()
	assert.Equal(t, []spec.Use{
		{"glance", spec.ForImages, spec.User{Cluster: "hdd", Entity: "client.glance"}, "images", ""},
		{"glance.stores[0]", spec.ForImages, spec.User{Cluster: "ssd", Entity: "client.g"}, "images", ""},
		{"cinder.backends[0]", spec.ForVolumes, spec.User{Cluster: "hdd", Entity: "client.cinder"}, "volumes", ""},
		{"cinder.backends[1]", spec.ForVolumes, spec.User{Cluster: "ssd", Entity: "client.cinder"}, "volumes", ""},
		{"cinder.backends[2]", spec.ForVolumes, spec.User{Cluster: "hdd", Entity: "client.safe"}, "safe", ""},
		{"backup", spec.ForBackups, spec.User{Cluster: "ssd", Entity: "client.cinder-backup"}, "backups", ""},
		{"nova", spec.ForDisks, spec.User{Cluster: "hdd", Entity: "client.nova"}, "vms", "vms-data"},
	}, s.Uses())
	assert.Equal(t, before, s, "the Spec stays as it is")
	assert.Empty(t, spec.Spec{}.Uses())

	u := s.Uses()[6]
	assert.Equal(t, "nova", u.User.Name())
	assert.True(t, u.In("hdd", spec.ForImages, spec.ForDisks))
	assert.False(t, u.In("ssd", spec.ForDisks))
	assert.False(t, u.In("hdd", spec.ForImages))
}

func TestDefaultsAreFilledInOnce(t *testing.T) {
	s := twoClusters()
	full := s.WithDefaults()
	assert.Equal(t, spec.Glance{Cluster: "hdd", Pool: "images", User: "glance", Store: "rbd"}, *full.Glance)
	assert.Equal(t, full, full.WithDefaults())
	assert.Equal(t, twoClusters(), s, "the Spec stays as it is")
	require.NoError(t, full.Validate())
	assert.Equal(t, spec.Spec{}, spec.Spec{}.WithDefaults(), "what is not asked for has no defaults")
}

func TestGlanceStores(t *testing.T) {
	s := threeStores()
	s.Nova.DirectSnapshots = true
	store := s.GlanceStore()
	assert.Equal(t, "slow", store.Store)
	assert.Equal(t, "/etc/ceph/hdd.conf", store.Conf)
	assert.True(t, store.MultipleLocations)
	require.Len(t, store.Further, 2)
	assert.Equal(t, "/etc/ceph/ssd.conf", store.Further[0].Conf)
	assert.Equal(t, "safe-images", store.Further[1].Pool)
	s.Nova.Cluster = "ssd"
	s.Glance.Stores = nil
	assert.False(t, s.GlanceStore().MultipleLocations, "snapshots go to another cluster")
}
