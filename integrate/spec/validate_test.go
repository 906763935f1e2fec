package spec_test

import (
	"errors"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidateAcceptsTheExample(t *testing.T) {
	require.NoError(t, exampleSpec().Validate())
}

func TestValidateNamesEveryFault(t *testing.T) {
	s := exampleSpec()
	s.Release = "atlantis"
	s.Packages = "maybe"
	s.Hosts[1].Services = []string{"nova-computer"}
	s.Hosts[2].Disks = "floppy"
	s.Hosts[2].Name = "controller"
	s.Clusters[0].Host = "nowhere"
	s.Clusters[0].Pools[0] = spec.Pool{Name: "im ages", Size: 1, MinSize: 2, Autoscale: "maybe", PGNum: -1}
	s.Glance.User = "client.glance"
	s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: "CEPH", Cluster: "other", SecretUUID: "457EB676"})
	s.Nova.SecretUUID = "457eb676-33da-42ec-9a8c-9293d545c337"
	s.Backup.User = "client.cinder"
	err := s.Validate()
	require.Error(t, err)
	for _, path := range []string{
		"release", "packages", "hosts[1].services[0]", "hosts[2].disks", "hosts[2].name", "clusters[0].host",
		"clusters[0].pools[0].name", "clusters[0].pools[0].min_size", "clusters[0].pools[0].pg_autoscale_mode",
		"clusters[0].pools[0]", "glance.user", "cinder.backends[1].name", "cinder.backends[1].cluster",
		"cinder.backends[1].secret_uuid", "nova.secret_uuid", "backup.user",
	} {
		assert.Contains(t, err.Error(), "spec: "+path+": ")
	}
	var field *spec.FieldError
	assert.True(t, errors.As(err, &field))
}

func TestValidateOfNothing(t *testing.T) {
	err := spec.Spec{}.Validate()
	require.Error(t, err)
	assert.Contains(t, err.Error(), "spec: clusters: is empty")
	assert.Contains(t, err.Error(), "nothing to integrate")
}

func TestValidateOfWhatServicesCannotBe(t *testing.T) {
	for want, change := range map[string]func(*spec.Spec){
		"release":                   func(s *spec.Spec) { s.Release = "havana" },
		"cinder.backends[0].name":   func(s *spec.Spec) { s.Cinder.Backends[0].Name = "keystone_authtoken" },
		"cinder.backends[0]":        func(s *spec.Spec) { s.Cinder.Backends[0].Options = map[string]string{"rbd_pool": "x"} },
		"clusters[0].pools[0].name": func(s *spec.Spec) { s.Clusters[0].Pools[0].Name = "volume" },
		"hosts[0].services[3]":      func(s *spec.Spec) { s.Hosts[0].Services = append(s.Hosts[0].Services, "glance-api") },
		"cinder.backends[1].secret_uuid": func(s *spec.Spec) {
			s.Cinder.Backends[0].SecretUUID = "11111111-2222-4333-8444-555555555555"
			s.Cinder.Backends = append(s.Cinder.Backends,
				spec.Backend{Name: "b", User: "other", SecretUUID: "11111111-2222-4333-8444-555555555555"})
		},
	} {
		given := exampleSpec()
		change(&given)
		err := given.Validate()
		require.Error(t, err, want)
		if want != "release" { // named by the service whose options are not known
			assert.Contains(t, err.Error(), "spec: "+want+": ")
		}
	}
}

// TestFaultsDoNotHideEachOther has faults that are found in different ways.
func TestFaultsDoNotHideEachOther(t *testing.T) {
	s := exampleSpec()
	s.SSH.Jump = "none"
	require.NoError(t, s.Validate())
	s.SSH.Jump = "ops@bastion:99999999"
	s.Clusters[0].Pools = []spec.Pool{{Name: "images", Size: 2}, {Name: "images", Size: 3}, {Name: "volumez"}}
	s.Hosts[0].Address = "10.0.0.1:notaport"
	s.Hosts[0].Services = append(s.Hosts[0].Services, "glance-api")
	s.Glance.User = "admin"
	s.Cinder.Backends = []spec.Backend{{Name: "DEFAULT"}, {Name: "database"},
		{Name: "ceph", Options: map[string]string{"rbd_pool": "other", "k": "x\ny"}}}
	err := s.Validate()
	for _, field := range []string{"ssh.jump", "clusters[0].pools[1].name", "clusters[0].pools[2].name",
		"hosts[0].address", "hosts[0].services[3]", "glance.user", "cinder.backends[0].name", "cinder.backends[1].name",
		"cinder.backends[2]: "} {
		require.ErrorContains(t, err, "spec: "+field)
	}
}
