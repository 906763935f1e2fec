package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidateOfClusters(t *testing.T) {
	for want, mutate := range map[string]func(*spec.Spec){
		"clusters[1].name":                     func(s *spec.Spec) { s.Clusters[1].Name = "hdd" },
		"clusters[0].access":                   func(s *spec.Spec) { s.Clusters[0].Access = "rados" },
		"clusters[0].host":                     func(s *spec.Spec) { s.Clusters[0].Access = "ceph" },
		"clusters[0].caps":                     func(s *spec.Spec) { s.Clusters[0].Caps = "modern" },
		"clusters[0].conf.global.fsid":         func(s *spec.Spec) { conf(s, "global", "fsid", "x") },
		"clusters[0].conf.global.mon host":     func(s *spec.Spec) { conf(s, "global", "mon host", "x") },
		"clusters[0].conf.client.nova.keyring": func(s *spec.Spec) { conf(s, "client.nova", "keyring", "/x") },
		"clusters[0].conf.client.key":          func(s *spec.Spec) { conf(s, "client", "key", "AQ") },
		"clusters[0].conf.cli]ent":             func(s *spec.Spec) { conf(s, "cli]ent", "a", "b") },
		"clusters[0].conf.client":              func(s *spec.Spec) { conf(s, "client", "a=b", "c") },
		"clusters[0].conf.client.a":            func(s *spec.Spec) { conf(s, "client", "a", "b\nc = d") },
		"cinder.backends[1].name":              func(s *spec.Spec) { s.Cinder.Backends[1].Name = "Slow" },
		"cinder.backends[0].name":              func(s *spec.Spec) { s.Cinder.Backends[0].Name = "DEFAULT" },
		"nova.cluster":                         func(s *spec.Spec) { s.Nova.Cluster = "nvme" },
		"glance.user":                          func(s *spec.Spec) { s.Glance.User = "admin" },
		"clusters[0].user":                     func(s *spec.Spec) { s.Clusters[0].User = "cinder" },
		"cinder.backends[1].secret_uuid": func(s *spec.Spec) {
			s.Cinder.Backends[0].SecretUUID = "11111111-2222-4333-8444-555555555555" // of client.cinder in hdd
			s.Cinder.Backends[1].SecretUUID = "11111111-2222-4333-8444-555555555555" // of client.cinder in ssd
		},
	} {
		s := twoClusters()
		require.NoError(t, s.Validate())
		mutate(&s)
		assert.ErrorContains(t, s.Validate(), "spec: "+want+": ", want)
	}
}

func conf(s *spec.Spec, section, option, value string) {
	s.Clusters[0].Conf = map[string]map[string]string{section: {option: value}}
}

func TestThePoolOfTheOperatorLockIsTaken(t *testing.T) {
	s := exampleSpec()
	s.Clusters[0].Pools = append(s.Clusters[0].Pools, spec.Pool{Name: "cephstack", Size: 3})
	s.Nova.Pool, s.Glance.DataPool = "cephstack", "cephstack"
	faults := faultsOf(t, s.Validate())
	for _, path := range []string{"clusters[0].pools[1].name", "nova.pool", "glance.data_pool"} {
		assert.Contains(t, faults, path+": \"cephstack\" is the pool of the operator lock; take another name")
	}
}
