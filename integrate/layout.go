package integrate

import "github.com/cephstack/cephstack/openstack"

// A service's place on a host of the Debian family.
type serviceLayout struct {
	service  openstack.Service
	unit     string
	config   []string // read in this order, the first is the one edited
	confDirs []string // read after config, sorted by file name
	account  string   // the service's user and group
	packages []string // Ceph client packages that the service needs
}

const (
	cephDir  = "/etc/ceph"
	rootName = "root"
)

var services = map[string]serviceLayout{
	"glance-api": {
		service:  openstack.GlanceAPI,
		unit:     "glance-api.service",
		config:   []string{"/etc/glance/glance-api.conf"},
		confDirs: []string{"/etc/glance/glance-api.conf.d", "/etc/glance/glance.conf.d"},
		account:  "glance",
		packages: []string{"ceph-common", "python3-rados", "python3-rbd"},
	},
	"cinder-volume": {
		service:  openstack.CinderVolume,
		unit:     "cinder-volume.service",
		config:   []string{"/etc/cinder/cinder.conf"},
		confDirs: []string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-volume.conf.d"},
		account:  "cinder",
		packages: []string{"ceph-common", "python3-rados", "python3-rbd"},
	},
	"cinder-backup": {
		service:  openstack.CinderBackup,
		unit:     "cinder-backup.service",
		config:   []string{"/etc/cinder/cinder.conf"},
		confDirs: []string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-backup.conf.d"},
		account:  "cinder",
		packages: []string{"ceph-common", "python3-rados", "python3-rbd"},
	},
	"nova-compute": {
		service:  openstack.NovaCompute,
		unit:     "nova-compute.service",
		config:   []string{"/etc/nova/nova.conf", "/etc/nova/nova-compute.conf"},
		confDirs: []string{"/etc/nova/nova.conf.d", "/etc/nova/nova-compute.conf.d"},
		account:  "nova",
		packages: []string{"ceph-common", "python3-rados", "python3-rbd", "qemu-block-extra"},
	},
}

func confPath(cluster string) string { return cephDir + "/" + cluster + ".conf" }

func keyringPath(cluster, entity string) string {
	return cephDir + "/" + cluster + "." + entity + ".keyring"
}
