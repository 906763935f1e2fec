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
	assert.NotContains(t, text, "delete")
	for _, says := range []string{"Do not resize, cold-migrate or evacuate such VMs to a compute with disks in Ceph",
		"migrate them to a compute with local disks", "converted with qemu-img to a raw image in pool vms",
		"wait for their resize or migration to be confirmed", "waits ("} {
		assert.Contains(t, text, says)
	}
}
