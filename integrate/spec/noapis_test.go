package spec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
)

func TestNoAPIs(t *testing.T) {
	s := exampleSpec()
	for i := range s.Cinder.Backends {
		s.Cinder.Backends[i].VolumeType, s.Cinder.Backends[i].ExtraSpecs = "", nil
	}
	s.Cloud = spec.Cloud{APIs: "none"}
	require.NoError(t, s.Validate())

	s.Cloud = spec.Cloud{APIs: "none", Name: "lab", CloudsFile: "/clouds.yaml"}
	s.Cinder.Backends[0].VolumeType = "ceph"
	err := s.Validate()
	for _, field := range []string{"cloud.name: is of no use", "cloud.clouds_file: is of no use",
		"cinder.backends[0].volume_type: is made by the APIs"} {
		assert.ErrorContains(t, err, field)
	}
	s.Cloud = spec.Cloud{APIs: "nova"}
	assert.ErrorContains(t, s.Validate(), `spec: cloud.apis: "nova" is not none`)
}
