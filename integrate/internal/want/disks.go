package want

import (
	"slices"

	"github.com/cephstack/cephstack/openstack/api"
)

// Disks say where a compute keeps the disks of VMs: the pool in Ceph, or nothing where they are
// local. Now is by its files as they are, and After once its plan is applied.
type Disks struct{ Host, Now, After string }

// Unconfirmed is the status of a VM whose resize or migration waits to be confirmed or reverted.
const Unconfirmed = "VERIFY_RESIZE"

// Moving reports whether a VM is on its way from one compute to another, or could be taken back.
// An evacuation looks like a rebuild.
func Moving(s api.Server) bool {
	return slices.Contains([]string{Unconfirmed, "RESIZE", "REVERT_RESIZE", "MIGRATING", "REBUILD"}, s.Status)
}
