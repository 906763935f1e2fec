package spec

// A Backup keeps volume backups in Ceph.
type Backup struct {
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	Pool    string `json:"pool,omitempty" yaml:"pool,omitempty"` // backups
	User    string `json:"user,omitempty" yaml:"user,omitempty"` // cinder-backup
	// DataPool is where the objects of the backups go, most often an erasure-coded
	// pool. Pool then has the headers. A Ceph user has one data pool at most.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
}
