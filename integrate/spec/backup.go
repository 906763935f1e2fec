package spec

// A Backup keeps volume backups in Ceph.
type Backup struct {
	// Cluster is the cluster of the pool.
	// Default: the first of clusters.
	// Limits: the name of a cluster in clusters.
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	// Pool is the pool of backups.
	// Default: backups.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not
	// cephstack, the pool of the operator lock.
	Pool string `json:"pool,omitempty" yaml:"pool,omitempty"`
	// User is the Ceph user that the backup service works as, without client. in front.
	// Default: cinder-backup.
	// Limits: a name: letters, digits, '_', '-' and '.', a letter or digit first; at most 200
	// together with the name of the cluster; not admin.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// DataPool is where the objects of the backups go, most often an erasure-coded
	// pool. The pool beside it then has the headers.
	// Default: left out; the objects are in the pool, too.
	// Limits: a pool that clusters has, with erasure_profile or size; not a pool of headers; one data
	// pool for each Ceph user; not with caps: classic.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// Retire takes the driver of backups out of the cloud: the next plan takes back what cephstack has made for it,
	// and refuses while its pool has images. Pools and data stay.
	// Default: false.
	// Limits: true or false.
	Retire bool `json:"retire,omitempty" yaml:"retire,omitempty"`
}
