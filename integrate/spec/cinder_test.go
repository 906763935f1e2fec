package spec_test

import (
	"testing"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidateOfVolumeTypes(t *testing.T) {
	for want, mutate := range map[string]func(*spec.Spec){
		"cinder.backends[1].volume_type": func(s *spec.Spec) { s.Cinder.Backends[1].VolumeType = "slow" },
		"cinder.backends[1].extra_specs": func(s *spec.Spec) { s.Cinder.Backends[1].VolumeType = "" },
		"cinder.backends[1].extra_specs.volume_backend_name": func(s *spec.Spec) {
			s.Cinder.Backends[1].ExtraSpecs["volume_backend_name"] = "slow"
		},
		"cinder.backends[1].extra_specs.multiattach": func(s *spec.Spec) {
			s.Cinder.Backends[1].ExtraSpecs["multiattach"] = ""
		},
	} {
		s := withSpecs()
		require.NoError(t, s.Validate())
		mutate(&s)
		assert.ErrorContains(t, s.Validate(), "spec: "+want+": ", want)
	}
	s := withSpecs()
	s.Cinder.Backends[1].ExtraSpecs["a=b"] = "c"
	assert.ErrorContains(t, s.Validate(), `spec: cinder.backends[1].extra_specs: "a=b" may hold`)
}

func TestValidateOfZones(t *testing.T) {
	s := twoZones()
	s.Cinder.Backends[1].AvailabilityZone = "a z"
	assert.ErrorContains(t, s.Validate(), "spec: cinder.backends[1].availability_zone: ")
	s = twoZones()
	s.Cinder.Backends[1].Options = map[string]string{"backend_availability_zone": "az3"}
	assert.ErrorContains(t, s.Validate(), "spec: cinder.backends[1]: ")
}
