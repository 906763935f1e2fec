package openstack

import "strings"

// InForce is the configuration of a service as it takes effect, with the service's own defaults.
type InForce struct {
	Release Release
	Service Service
	Current Current
}

// An OptionName is where an option is looked for.
type OptionName struct{ Section, Option string }

// Lookup is the value that takes effect of an option which says where the service keeps data in
// Ceph, or as whom it logs in. Where no file sets the option, the value is the service's own
// default, and set is false. The default is empty where the service has none. An option that is
// set to nothing counts as not set.
//
// cinder-volume looks into [backend_defaults], too, from Pike on. The ceph.conf that it reads by
// default is that of rbd_cluster_name.
func (f InForce) Lookup(section, option string) (value string, set bool) {
	for _, at := range f.Names(section, option) {
		if v, ok := f.Current.Lookup(at.Section, at.Option); ok && v != "" {
			return v, true
		}
	}
	if f.Service == CinderVolume && option == "rbd_ceph_conf" && !f.Release.Before("liberty") {
		cluster, _ := f.Lookup(section, "rbd_cluster_name")
		return "/etc/ceph/" + cluster + ".conf", false
	}
	return ownDefault(f.Service, option), false
}

// Names are where the service looks for an option of a section, in that order: in sections that share
// it, and under the name that it had a release ago.
func (f InForce) Names(section, option string) []OptionName {
	names := []OptionName{{section, option}}
	switch {
	case f.Service == CinderVolume && section != "DEFAULT" && !f.Release.Before("pike"):
		names = append(names, OptionName{"backend_defaults", option})
	case f.Service == GlanceAPI && section == "glance_store" && f.Release == juno && option == "stores":
		names = append(names, OptionName{"DEFAULT", "known_stores"})
	case f.Service == GlanceAPI && section == "glance_store" && f.Release == juno:
		names = append(names, OptionName{"DEFAULT", option})
	case f.Service == NovaCompute && section == "libvirt" && f.Release == icehouse:
		old := option
		if strings.HasPrefix(option, "images_") {
			old = "libvirt_" + option
		}
		names = append(names, OptionName{"DEFAULT", old})
	}
	return names
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
	const conf, lvm = "/etc/ceph/ceph.conf", "cinder.volume.drivers.lvm.LVMVolumeDriver"
	return map[Service]map[string]string{
		GlanceAPI: {"rbd_store_pool": "images", "rbd_store_ceph_conf": conf, "default_store": "file"},
		CinderVolume: {"rbd_pool": "rbd", "rbd_ceph_conf": conf, "rbd_cluster_name": "ceph", "volume_driver": lvm,
			"volume_backend_name": "RBD"}, // the RBD driver's own
		CinderBackup: {"backup_driver": "cinder.backup.drivers.swift.SwiftBackupDriver", // until Pike by its module
			"backup_ceph_pool": "backups", "backup_ceph_user": "cinder", "backup_ceph_conf": conf},
		NovaCompute: {"images_type": "default", "images_rbd_pool": "rbd", "images_rbd_ceph_conf": conf,
			"libvirt_images_type": "default", "libvirt_images_rbd_pool": "rbd", "libvirt_images_rbd_ceph_conf": conf},
	}[s][option]
}
