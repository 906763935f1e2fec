package openstack

import "strings"

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
	for _, at := range f.Sections(section) {
		if v, ok := f.Current.Lookup(at, option); ok && v != "" {
			return v, true
		}
	}
	return ownDefault(f.Service, option), false
}

// Sections are the sections that the service looks into for an option of a section, in their order.
func (f InForce) Sections(section string) []string {
	if f.Service == CinderVolume && section != "DEFAULT" && !f.Release.Before("pike") {
		return []string{section, "backend_defaults"}
	}
	return []string{section}
}

// OwnOption reports whether services have an option of that name in the sections where they keep data
// in Ceph, so that $name in such a section never means an option of [DEFAULT].
func OwnOption(section, option string) bool {
	switch option {
	case "volume_driver", "volume_backend_name", "backend_host", "backend_availability_zone":
		return section != "DEFAULT"
	}
	return section != "DEFAULT" && (strings.HasPrefix(option, "rbd_") || strings.HasPrefix(option, "images_"))
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
