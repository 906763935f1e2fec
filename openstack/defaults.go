package openstack

// InForce is the configuration of a service as it takes effect, with the service's own defaults.
type InForce struct {
	Release Release
	Service Service
	Current Current
}

// Lookup is the value that takes effect of an option which says where the service keeps data in
// Ceph, or as whom it logs in. Where no file sets the option, the value is the service's own
// default, and set is false. The default is empty where the service has none. An option that is
// set to nothing counts as not set.
//
// cinder-volume looks into [backend_defaults], too, from Pike on.
func (f InForce) Lookup(section, option string) (value string, set bool) {
	sections := []string{section}
	if f.Service == CinderVolume && section != "DEFAULT" && !f.Release.Before("pike") {
		sections = append(sections, "backend_defaults")
	}
	for _, at := range sections {
		if v, ok := f.Current.Lookup(at, option); ok && v != "" {
			return v, true
		}
	}
	return ownDefault(f.Service, option), false
}

// ownDefault is what a service takes for an option that is not set. Without the path of a
// ceph.conf, librados reads its own.
func ownDefault(s Service, option string) string {
	const conf = "/etc/ceph/ceph.conf"
	return map[Service]map[string]string{
		GlanceAPI: {"rbd_store_pool": "images", "rbd_store_ceph_conf": conf, "default_store": "file"},
		CinderVolume: {"rbd_pool": "rbd", "rbd_ceph_conf": conf, "rbd_cluster_name": "ceph",
			"volume_backend_name": "RBD"}, // the RBD driver's own
		CinderBackup: {"backup_ceph_pool": "backups", "backup_ceph_user": "cinder", "backup_ceph_conf": conf},
		NovaCompute: {"images_type": "default", "images_rbd_pool": "rbd", "images_rbd_ceph_conf": conf,
			"libvirt_images_type": "default", "libvirt_images_rbd_pool": "rbd", "libvirt_images_rbd_ceph_conf": conf},
	}[s][option]
}
