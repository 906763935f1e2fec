package integrate_test

import (
	"errors"
	"testing"

	"github.com/cephstack/cephstack/integrate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidateAcceptsTheExample(t *testing.T) {
	require.NoError(t, exampleSpec().Validate())
}

func TestValidateNamesEveryFault(t *testing.T) {
	spec := exampleSpec()
	spec.Release = "atlantis"
	spec.Packages = "maybe"
	spec.Hosts[1].Services = []string{"nova-computer"}
	spec.Hosts[2].Disks = "floppy"
	spec.Hosts[2].Name = "controller"
	spec.Clusters[0].Host = "nowhere"
	spec.Clusters[0].Pools[0] = integrate.PoolSpec{Name: "im ages", Size: 1, MinSize: 2, Autoscale: "maybe", PGNum: -1}
	spec.Glance.User = "client.glance"
	spec.Cinder.Backends = append(spec.Cinder.Backends, integrate.BackendSpec{Name: "CEPH", Cluster: "other", SecretUUID: "457EB676"})
	spec.Nova.SecretUUID = "457eb676-33da-42ec-9a8c-9293d545c337"
	spec.Backup.User = "cinder"
	err := spec.Validate()
	require.Error(t, err)
	for _, path := range []string{
		"release", "packages", "hosts[1].services[0]", "hosts[2].disks", "hosts[2].name", "clusters[0].host",
		"clusters[0].pools[0].name", "clusters[0].pools[0].min_size", "clusters[0].pools[0].pg_autoscale_mode", "clusters[0].pools[0]",
		"glance.user", "cinder.backends[1].name", "cinder.backends[1].cluster", "cinder.backends[1].secret_uuid", "nova.secret_uuid", "backup.user",
	} {
		assert.Contains(t, err.Error(), "spec: "+path+": ")
	}
	var field *integrate.FieldError
	assert.True(t, errors.As(err, &field))
}

func TestValidateOfNothing(t *testing.T) {
	err := integrate.Spec{}.Validate()
	require.Error(t, err)
	assert.Contains(t, err.Error(), "spec: clusters: is empty")
	assert.Contains(t, err.Error(), "nothing to integrate")
}

func TestValidateOfWhatServicesCannotBe(t *testing.T) {
	for want, change := range map[string]func(*integrate.Spec){
		"release":                   func(s *integrate.Spec) { s.Release = "havana" },
		"cinder.backends[0].name":   func(s *integrate.Spec) { s.Cinder.Backends[0].Name = "keystone_authtoken" },
		"cinder.backends[0]":        func(s *integrate.Spec) { s.Cinder.Backends[0].Options = map[string]string{"rbd_pool": "x"} },
		"clusters[0].pools[0].name": func(s *integrate.Spec) { s.Clusters[0].Pools[0].Name = "volume" },
		"hosts[0].services[3]":      func(s *integrate.Spec) { s.Hosts[0].Services = append(s.Hosts[0].Services, "glance-api") },
		"cinder.backends[1].secret_uuid": func(s *integrate.Spec) {
			s.Cinder.Backends[0].SecretUUID = "11111111-2222-4333-8444-555555555555"
			s.Cinder.Backends = append(s.Cinder.Backends, integrate.BackendSpec{Name: "b", User: "other", SecretUUID: "11111111-2222-4333-8444-555555555555"})
		},
	} {
		spec := exampleSpec()
		change(&spec)
		err := spec.Validate()
		require.Error(t, err, want)
		if want != "release" { // named by the service whose options are not known
			assert.Contains(t, err.Error(), "spec: "+want+": ")
		}
	}
}

// TestFaultsDoNotHideEachOther has faults that are found in different ways.
func TestFaultsDoNotHideEachOther(t *testing.T) {
	spec := exampleSpec()
	spec.SSH.Jump = "ops@bastion:99999999"
	spec.Clusters[0].Pools = []integrate.PoolSpec{{Name: "images", Size: 2}, {Name: "images", Size: 3}, {Name: "volumez"}}
	spec.Hosts[0].Address = "10.0.0.1:notaport"
	spec.Hosts[0].Services = append(spec.Hosts[0].Services, "glance-api")
	spec.Glance.User = "admin"
	spec.Cinder.Backends = []integrate.BackendSpec{{Name: "DEFAULT"}, {Name: "database"}, {Name: "ceph", Options: map[string]string{"rbd_pool": "other", "k": "x\ny"}}}
	err := spec.Validate()
	for _, field := range []string{"ssh.jump", "clusters[0].pools[1].name", "clusters[0].pools[2].name", "hosts[0].address", "hosts[0].services[3]",
		"glance.user", "cinder.backends[0].name", "cinder.backends[1].name", "cinder.backends[2]: "} {
		require.ErrorContains(t, err, "spec: "+field)
	}
}
