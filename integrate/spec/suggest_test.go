package spec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/spec"
)

// TestNamesThatWereMeant: dashes, underscores, spaces and capitals do not count.
func TestNamesThatWereMeant(t *testing.T) {
	known := map[string]bool{"files/compute1": true, "ceph-health": true, "volume_type": true}
	for name, want := range map[string]string{"file/compute1": `; did you mean "files/compute1"?`,
		"Ceph_Health": `; did you mean "ceph-health"?`, "volume type": `; did you mean "volume_type"?`,
		"nothing like it": "", "": ""} {
		assert.Equal(t, want, spec.DidYouMean(name, known), name)
	}
	assert.Empty(t, spec.DidYouMean("x", map[string]int{}))
}
