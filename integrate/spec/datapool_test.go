package spec_test

import (
	"slices"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidateOfDataPools(t *testing.T) {
	for want, mutate := range map[string]func(*spec.Spec){
		"clusters[0].erasure_profiles[0].k":    func(s *spec.Spec) { s.Clusters[0].ErasureProfiles[0].K = 1 },
		"clusters[0].erasure_profiles[0].m":    func(s *spec.Spec) { s.Clusters[0].ErasureProfiles[0].M = 0 },
		"clusters[0].erasure_profiles[0].name": func(s *spec.Spec) { s.Clusters[0].ErasureProfiles[0].Name = "" },
		"clusters[0].pools[1].min_size":        func(s *spec.Spec) { s.Clusters[0].Pools[1].MinSize = 1 },
		"clusters[0].pools[0].size":            func(s *spec.Spec) { s.Clusters[0].Pools[0].Size = 3 },
		"clusters[0].pools[4].erasure_profile": func(s *spec.Spec) { addPool(s, "vms") },
		"glance.data_pool":                     func(s *spec.Spec) { s.Glance.DataPool = "vms" },
		"cinder.backends[0].data_pool":         func(s *spec.Spec) { s.Cinder.Backends[0].DataPool = "unknown" },
		"backup.data_pool":                     func(s *spec.Spec) { s.Clusters[0].Pools[3].Size = 0 },
		"nova.data_pool":                       func(s *spec.Spec) { s.Nova.User = "cinder" },
		"nova.direct_snapshots":                func(s *spec.Spec) { s.Nova.DirectSnapshots = true },
		"clusters[0].conf.client.rbd_default_data_pool": func(s *spec.Spec) {
			s.Clusters[0].Conf = map[string]map[string]string{"client": {"rbd_default_data_pool": "images-data"}}
		},
	} {
		s := erasureCoded()
		require.NoError(t, s.Validate())
		mutate(&s)
		assert.ErrorContains(t, s.Validate(), "spec: "+want+": ", want)
	}
	s := erasureCoded()
	s.Clusters[0].Caps = "classic"
	assert.ErrorContains(t, s.Validate(), "spec: glance.data_pool: there are no data pools before Luminous")
	s = erasureCoded()
	s.Nova.User, s.Nova.DataPool = "cinder", "volumes-data"
	s.Clusters[0].Pools = slices.Delete(s.Clusters[0].Pools, 2, 3) // vms-data
	assert.NoError(t, s.Validate(), "a shared user, with one data pool")
}

// addPool adds an erasure-coded pool.
func addPool(s *spec.Spec, name string) {
	s.Clusters[0].Pools = append(s.Clusters[0].Pools, spec.Pool{Name: name, ErasureProfile: "k4m2"})
}
