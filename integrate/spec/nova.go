package spec

// A Nova keeps the disks of VMs in Ceph.
type Nova struct {
	Cluster    string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	Pool       string `json:"pool,omitempty" yaml:"pool,omitempty"` // vms
	User       string `json:"user,omitempty" yaml:"user,omitempty"` // cinder
	SecretUUID string `json:"secret_uuid,omitempty" yaml:"secret_uuid,omitempty"`
	// DataPool is where the objects of the disks go, most often an erasure-coded
	// pool. Pool then has the headers. A Ceph user has one data pool at most.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// DirectSnapshots makes a snapshot of a VM by a clone inside Ceph, without a
	// download and an upload. For that, Nova's user gets the right to write images,
	// and Glance shows and takes multiple locations. Owners of images can then change
	// the images, so the image API must not be public (OSSN-0065).
	DirectSnapshots bool `json:"direct_snapshots,omitempty" yaml:"direct_snapshots,omitempty"`
}
