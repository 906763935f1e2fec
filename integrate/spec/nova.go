package spec

// A Nova keeps the disks of VMs in Ceph.
type Nova struct {
	// Cluster is the cluster of the pool.
	// Default: the first of clusters.
	// Limits: the name of a cluster in clusters.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// Pool is the pool of the disks of VMs.
	// Default: vms.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not
	// cephstack, the pool of the operator lock.
	Pool string `json:"pool,omitempty" yaml:"pool,omitempty"`
	// User is the Ceph user that Nova works as, without client. in front.
	// Default: cinder.
	// Limits: a name: letters, digits, '_', '-' and '.', a letter or digit first; at most 200
	// together with the name of the cluster; not admin.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// SecretUUID names the libvirt secret on the computes that has the key of the Ceph user.
	// Default: derived from the cluster's fsid and the user.
	// Limits: a UUID in lower case that is not an example of a guide; one for each Ceph user.
	SecretUUID string `json:"secret_uuid,omitempty" yaml:"secret_uuid,omitempty"`
	// DataPool is where the objects of the disks go, most often an erasure-coded
	// pool. The pool beside it then has the headers.
	// Default: left out; the objects are in the pool, too.
	// Limits: a pool that clusters has, with erasure_profile or size; not a pool of headers; one data
	// pool for each Ceph user; not with caps: classic.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// DirectSnapshots makes a snapshot of a VM by a clone inside Ceph, without a
	// download and an upload. For that, Nova's user gets the right to write images,
	// and Glance shows and takes multiple locations. Owners of images can then change
	// the images, so the image API must not be public (OSSN-0065).
	// Default: false.
	// Limits: true or false; Glance and Nova have the same data_pool, or none.
	DirectSnapshots bool `json:"direct_snapshots,omitempty" yaml:"direct_snapshots,omitempty"`
	// Retire takes the place of VM disks out of the cloud: the next plan takes back what cephstack has made for it,
	// and refuses while its pool has images. Pools and data stay.
	// Default: false.
	// Limits: true or false.
	Retire bool `json:"retire,omitempty" yaml:"retire,omitempty"`
}
