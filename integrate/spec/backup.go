package spec

// A Backup keeps volume backups in Ceph.
type Backup struct {
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	Pool    string `json:"pool,omitempty" yaml:"pool,omitempty"` // backups
	User    string `json:"user,omitempty" yaml:"user,omitempty"` // cinder-backup
	// DataPool is where the objects of the backups go, an erasure-coded pool most
	// often; Pool then has their headers. All that a user makes goes there.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
}
