package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidateOfStores(t *testing.T) {
	for want, mutate := range map[string]func(*spec.Spec){
		"glance.stores":            func(s *spec.Spec) { s.Release = "queens" },
		"glance.stores[0].name":    func(s *spec.Spec) { s.Glance.Stores[0].Name = "" },
		"glance.stores[1].name":    func(s *spec.Spec) { s.Glance.Stores[1].Name = "Slow" },
		"glance.stores[0].cluster": func(s *spec.Spec) { s.Glance.Stores[0].Cluster = "nvme" },
		"glance.stores[1].pool":    func(s *spec.Spec) { s.Glance.Stores[1].Pool = "images" },
		"glance.stores[1].user":    func(s *spec.Spec) { s.Glance.Stores[1].User = "client.cinder" },
		"glance.stores[0].user":    func(s *spec.Spec) { s.Glance.Stores[0].User = "admin" },
		"glance":                   func(s *spec.Spec) { s.Glance.Stores[0].Name = "http" },
	} {
		s := threeStores()
		require.NoError(t, s.Validate())
		mutate(&s)
		assert.ErrorContains(t, s.Validate(), "spec: "+want+": ", want)
	}
	s := threeStores()
	s.Glance.Stores[1].User = "glance" // one user for two pools
	assert.NoError(t, s.Validate())
	s.Glance.Stores[1].User, s.Backup.User = "cinder", "cinder" // and for several services
	assert.NoError(t, s.Validate())
}
