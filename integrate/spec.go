package integrate

// A Spec says what the cloud should be: which Ceph clusters there are, which
// services run on which hosts, and what of them is kept in Ceph. It is plain
// data with YAML and JSON tags. A zero field has the documented default.
type Spec struct {
	// Release is the cloud's OpenStack release, such as zed. Programs that leave
	// it to the hosts fill in what DetectRelease tells.
	Release string `json:"release" yaml:"release"`
	// Layout says how the hosts' distribution names packages, files and units:
	// debian (the default; Ubuntu too), rdo (the RHEL family), upstart (Ubuntu
	// 12.04 and 14.04, whose World.Hosts are of package remote/upstart, and for
	// which prepare has neither repository nor guests) or kolla
	// (containers that kolla-ansible deployed; see the package documentation).
	Layout   string        `json:"layout,omitempty" yaml:"layout,omitempty"`
	Clusters []ClusterSpec `json:"clusters" yaml:"clusters"`
	SSH      SSHSpec       `json:"ssh" yaml:"ssh"`
	Hosts    []HostSpec    `json:"hosts" yaml:"hosts"`
	Glance   *GlanceSpec   `json:"glance,omitempty" yaml:"glance,omitempty"`
	Cinder   *CinderSpec   `json:"cinder,omitempty" yaml:"cinder,omitempty"`
	Backup   *BackupSpec   `json:"backup,omitempty" yaml:"backup,omitempty"`
	Nova     *NovaSpec     `json:"nova,omitempty" yaml:"nova,omitempty"`
	Cloud    CloudSpec     `json:"cloud" yaml:"cloud"`
	// Packages says what to do about missing Ceph client packages: check
	// (the default: report them) or install.
	Packages string `json:"packages,omitempty" yaml:"packages,omitempty"`
	// Prepare is for hosts that are not prepared yet; nil changes nothing there.
	Prepare *PrepareSpec `json:"prepare,omitempty" yaml:"prepare,omitempty"`
}

// A ClusterSpec is a Ceph cluster and what it should hold.
type ClusterSpec struct {
	// Name is how the Spec calls the cluster, and the name of its
	// configuration file on the hosts: /etc/ceph/<name>.conf.
	Name string `json:"name" yaml:"name"`
	// Host is a host of the Spec on which the ceph program works as
	// client.admin. Programs that reach the monitors another way leave it out.
	Host string `json:"host,omitempty" yaml:"host,omitempty"`
	// Access is what the program that opens the World reaches the cluster through:
	// ceph, the ceph program on Host (the default when there is a Host), or
	// librados, the library of the machine that the program runs on, with Host
	// for when that library is too old for the cluster. Plans say it where the
	// Spec asks for ceph, or where librados was too old.
	Access string `json:"access,omitempty" yaml:"access,omitempty"`
	// Pools adds details to the pools that the services name; pools that it
	// does not list are created with the cluster's defaults.
	Pools []PoolSpec `json:"pools,omitempty" yaml:"pools,omitempty"`
	// ErasureProfiles are profiles of erasure code that are made if they are not
	// there; pools name them.
	ErasureProfiles []ErasureProfileSpec `json:"erasure_profiles,omitempty" yaml:"erasure_profiles,omitempty"`
	// MinClient is the oldest version of Ceph, such as 16.2.11, that the
	// packages of this cluster's clients may have. Older ones are upgraded
	// with packages: install, and a Problem otherwise, or where one is held.
	MinClient string `json:"min_client,omitempty" yaml:"min_client,omitempty"`
	// RemoveForeignCaps makes the users' rights exactly the computed ones,
	// dropping clauses that speak of other pools.
	RemoveForeignCaps bool `json:"remove_foreign_caps,omitempty" yaml:"remove_foreign_caps,omitempty"`
	// Caps is the form of the users' rights: profiles (the default), or classic
	// for clusters before Luminous, which know no profiles. In those before
	// Nautilus, pools that are made need a pg_num.
	Caps string `json:"caps,omitempty" yaml:"caps,omitempty"`
	// Conf are further options of the configuration file on the hosts, by
	// section and name.
	Conf map[string]map[string]string `json:"conf,omitempty" yaml:"conf,omitempty"`
}

// A PoolSpec gives details of a pool; zero fields are not owned.
type PoolSpec struct {
	Name       string `json:"name" yaml:"name"`
	PGNum      int    `json:"pg_num,omitempty" yaml:"pg_num,omitempty"`
	Autoscale  string `json:"pg_autoscale_mode,omitempty" yaml:"pg_autoscale_mode,omitempty"` // on, off or warn
	Size       int    `json:"size,omitempty" yaml:"size,omitempty"`
	MinSize    int    `json:"min_size,omitempty" yaml:"min_size,omitempty"`
	CRUSHRule  string `json:"crush_rule,omitempty" yaml:"crush_rule,omitempty"`
	MaxBytes   int64  `json:"max_bytes,omitempty" yaml:"max_bytes,omitempty"`
	MaxObjects int64  `json:"max_objects,omitempty" yaml:"max_objects,omitempty"`
	// ErasureProfile makes a data pool erasure-coded. The profile is one of the
	// Spec's, or there already; a pool keeps the one that it was made with.
	ErasureProfile string `json:"erasure_profile,omitempty" yaml:"erasure_profile,omitempty"`
}

// An ErasureProfileSpec is a profile of erasure code: k chunks of data and m of
// code, each in another failure domain. A profile that is there is never changed.
type ErasureProfileSpec struct {
	Name          string `json:"name" yaml:"name"`
	K             int    `json:"k" yaml:"k"`
	M             int    `json:"m" yaml:"m"`
	FailureDomain string `json:"failure_domain,omitempty" yaml:"failure_domain,omitempty"` // host when empty
	DeviceClass   string `json:"device_class,omitempty" yaml:"device_class,omitempty"`     // any when empty
}

// An SSHSpec says how hosts are reached; a HostSpec may override the address.
type SSHSpec struct {
	User       string   `json:"user,omitempty" yaml:"user,omitempty"`
	KeyFiles   []string `json:"key_files,omitempty" yaml:"key_files,omitempty"`
	Agent      string   `json:"agent,omitempty" yaml:"agent,omitempty"` // socket path
	KnownHosts []string `json:"known_hosts,omitempty" yaml:"known_hosts,omitempty"`
	Sudo       bool     `json:"sudo,omitempty" yaml:"sudo,omitempty"`
	Jump       string   `json:"jump,omitempty" yaml:"jump,omitempty"` // [user@]host[:port]
	// Timeouts are those of every connection, of Jump and Entry too.
	Timeouts TimeoutsSpec `json:"timeouts,omitzero" yaml:"timeouts,omitempty"`
	// Entry is used only for a host that refuses the login, and only if
	// prepare.authorize or prepare.sudo is asked for.
	Entry *EntrySpec `json:"entry,omitempty" yaml:"entry,omitempty"`
}

// A HostSpec is a machine and the services that run on it.
type HostSpec struct {
	// Name is the host's name, as the OpenStack APIs know it too.
	Name string `json:"name" yaml:"name"`
	// Address is what SSH connects to, host or host:port; Name when empty.
	Address string `json:"address,omitempty" yaml:"address,omitempty"`
	// Services are among glance-api, cinder-volume, cinder-backup and
	// nova-compute.
	Services []string `json:"services,omitempty" yaml:"services,omitempty"`
	// Disks says where Nova puts the disks of VMs on this compute: auto (the
	// default: in Ceph, unless VMs with local disks are there, which the
	// switch would break), ceph (always), or keep (leave as it is).
	Disks string `json:"disks,omitempty" yaml:"disks,omitempty"`
	// Layout is that of this host, where it differs from the Spec's.
	Layout string `json:"layout,omitempty" yaml:"layout,omitempty"`
}

// A GlanceSpec keeps images in Ceph.
type GlanceSpec struct {
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"` // the first one when empty
	Pool    string `json:"pool,omitempty" yaml:"pool,omitempty"`       // images
	User    string `json:"user,omitempty" yaml:"user,omitempty"`       // glance
	Store   string `json:"store,omitempty" yaml:"store,omitempty"`     // rbd
	// DataPool is where the objects of the images go, an erasure-coded pool most
	// often; Pool then has their headers. All that a user makes goes there.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// Stores are rbd stores beside Store, from Rocky on. New images go to Store
	// unless they ask for another.
	Stores []StoreSpec `json:"stores,omitempty" yaml:"stores,omitempty"`
}

// A StoreSpec is an rbd store of Glance beside its default one.
type StoreSpec struct {
	Name     string `json:"name" yaml:"name"`
	Cluster  string `json:"cluster,omitempty" yaml:"cluster,omitempty"`     // the first one when empty
	Pool     string `json:"pool,omitempty" yaml:"pool,omitempty"`           // images
	User     string `json:"user,omitempty" yaml:"user,omitempty"`           // glance
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"` // as of GlanceSpec
}

// A CinderSpec keeps volumes in Ceph.
type CinderSpec struct {
	Backends []BackendSpec `json:"backends" yaml:"backends"`
}

// A BackendSpec is one Cinder RBD backend, beside whatever backends exist.
type BackendSpec struct {
	// Name is the section and the volume_backend_name. Until Newton it may be
	// DEFAULT: Cinder's one backend, which has no name.
	Name    string `json:"name" yaml:"name"`
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	Pool    string `json:"pool,omitempty" yaml:"pool,omitempty"` // volumes
	User    string `json:"user,omitempty" yaml:"user,omitempty"` // cinder
	// AvailabilityZone is that of the backend's volumes; left as it is when empty.
	// Until Ocata all backends of a cloud have one zone.
	AvailabilityZone string `json:"availability_zone,omitempty" yaml:"availability_zone,omitempty"`
	// SecretUUID names the libvirt secret on the computes; derived from the
	// cluster's fsid and the user when empty.
	SecretUUID string `json:"secret_uuid,omitempty" yaml:"secret_uuid,omitempty"`
	// VolumeType, when given, is created in Cinder and bound to the backend.
	VolumeType string `json:"volume_type,omitempty" yaml:"volume_type,omitempty"`
	// ExtraSpecs are further extra specs of the volume type; others that it has
	// stay. Cinder refuses to change those of a type that has volumes.
	ExtraSpecs map[string]string `json:"extra_specs,omitempty" yaml:"extra_specs,omitempty"`
	// DataPool is where the objects of the volumes go, an erasure-coded pool most
	// often; Pool then has their headers. All that a user makes goes there.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
	// Options are further options of the backend's section. Those of the RBD
	// driver, and their values, must be ones that the release knows; others are
	// written as they are given, and the plan notes those that no Cinder is known to read.
	Options map[string]string `json:"options,omitempty" yaml:"options,omitempty"`
}

// A BackupSpec keeps volume backups in Ceph.
type BackupSpec struct {
	Cluster string `json:"cluster,omitempty" yaml:"cluster,omitempty"`
	Pool    string `json:"pool,omitempty" yaml:"pool,omitempty"` // backups
	User    string `json:"user,omitempty" yaml:"user,omitempty"` // cinder-backup
	// DataPool is where the objects of the backups go, an erasure-coded pool most
	// often; Pool then has their headers. All that a user makes goes there.
	DataPool string `json:"data_pool,omitempty" yaml:"data_pool,omitempty"`
}

// A NovaSpec keeps the disks of VMs in Ceph.
type NovaSpec struct {
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

// A CloudSpec names the cloud whose APIs are asked.
type CloudSpec struct {
	Name       string `json:"name,omitempty" yaml:"name,omitempty"`               // entry of clouds.yaml
	CloudsFile string `json:"clouds_file,omitempty" yaml:"clouds_file,omitempty"` // found as other clients do when empty
}
