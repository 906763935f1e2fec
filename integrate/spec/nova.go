package spec

// A Nova keeps the disks of VMs in Ceph.
type Nova struct {
	Cluster    string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	Pool       string `json:"pool,omitempty" yaml:"pool,omitempty"` // vms
	User       string `json:"user,omitempty" yaml:"user,omitempty"` // cinder
	SecretUUID string `json:"secret_uuid,omitempty" yaml:"secret_uuid,omitempty"`
	// DataPool is where the objects of the disks go, an erasure-coded pool most
	// often; Pool then has their headers. All that a user makes goes there.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// DirectSnapshots makes a snapshot of a VM a clone inside Ceph, and not a
	// download and an upload. For that, Nova's user may write images, and
	// Glance shows and takes multiple locations, which lets owners of images
	// change them: the image API must then not be public (OSSN-0065).
	DirectSnapshots bool `json:"direct_snapshots,omitempty" yaml:"direct_snapshots,omitempty"`
}
