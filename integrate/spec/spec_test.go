package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/require"
)

func exampleSpec() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph", Pools: []spec.Pool{{Name: "images", PGNum: 16}}}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
			{Name: "compute2", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"}}},
		Backup: &spec.Backup{},
		Nova:   &spec.Nova{},
	}
}

// faults are the messages of a Spec's faults, by field.
func faults(t *testing.T, s spec.Spec) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := s.Validate()
	if err == nil {
		return found
	}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var f *spec.FieldError
		require.ErrorAs(t, e, &f)
		found[f.Path] = f.Message
	}
	return found
}
