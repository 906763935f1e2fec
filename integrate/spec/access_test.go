package spec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/spec"
)

func TestWaysToACluster(t *testing.T) {
	const none = " is none of ceph, librados, container NAME, image NAME, cephadm"
	for access, fault := range map[string]string{
		"": "", "ceph": "", "librados": "", "cephadm": "", "container ceph-mon-ceph01": "",
		"image quay.io/ceph/ceph:v18": "", "image registry:5000/ceph/ceph@sha256:0123": "",
		"cephadn":               `"cephadn"` + none + `; did you mean "cephadm"?`,
		"contaner x":            `"contaner x"` + none + `; did you mean "container"?`,
		"podman exec mon ceph":  `"podman exec mon ceph"` + none,
		"container":             `"container" is not the word container and the name of the container`,
		"container ":            `"container " is not the word container and the name of the container`,
		"container a b":         `"container a b" is not the word container and the name of the container`,
		"container --help":      `"container --help" is not the word container and the name of the container`,
		"container $(reboot)":   `"container $(reboot)" is not the word container and the name of the container`,
		"image -v /:/host evil": `"image -v /:/host evil" is not the word image and the name of the image`,
		"cephadm shell":         `"cephadm shell" has more than the word cephadm`,
	} {
		s := exampleSpec()
		s.Clusters[0].Host, s.Clusters[0].Access = "controller", access
		assert.Equal(t, fault, faults(t, s)["clusters[0].access"], access)
	}
}

func TestWhatRunsOnAHostNeedsTheHost(t *testing.T) {
	for _, access := range []string{"ceph", "cephadm", "container x", "image x"} {
		s := exampleSpec()
		s.Clusters[0].Access = access
		assert.Contains(t, faults(t, s)["clusters[0].host"], "is missing; access: ", access)
	}
}

func TestWithin(t *testing.T) {
	within := func(access string) []any {
		container, image, cephadm := spec.Cluster{Access: access}.Within()
		return []any{container, image, cephadm}
	}
	assert.Equal(t, []any{"mon", "", false}, within("container mon"))
	assert.Equal(t, []any{"", "ceph:v18", false}, within("image ceph:v18"))
	assert.Equal(t, []any{"", "", true}, within("cephadm"))
	for _, access := range []string{"", "ceph", "librados"} {
		assert.Equal(t, []any{"", "", false}, within(access))
	}
}
