package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/openstack/api"
)

// TestTheAdviceAboutLocalDisksBreaksNoVM: a cold migration to a compute with disks in
// Ceph does.
func TestTheAdviceAboutLocalDisksBreaksNoVM(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.API.AddServer(api.Server{Name: "old", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true, ImageID: "an-image"})
	w.API.AddServer(api.Server{
		Name: "waits", Host: "compute2", Status: "VERIFY_RESIZE", HasLocalDisk: true, ImageID: "an-image",
	})
	text := plan(t, in).String()
	assert.NotContains(t, text, "delete or move")
	for _, says := range []string{"Do not resize or cold-migrate such VMs to a compute with disks in Ceph",
		"Migrate them to a compute with local disks", "convert each of their disks with qemu-img to a raw image in pool vms",
		"keep each kind in a host aggregate of its own", "wait for their resize or migration to be confirmed", "waits ("} {
		assert.Contains(t, text, says)
	}
}
