package openstack

import (
	"strings"
	"sync"
)

// An optionRow is one option of the tables. Names in braces are filled in by
// the value's owner; a row whose value or section needs an empty one is left
// out.
type optionRow struct {
	service                Service
	section, option, value string
	from, until            Release // both included; until is open when empty
	reason                 string
}

// remove is the value of rows that want an option gone.
const remove = "{remove}"

// optionRows is the knowledge of this package: which service needs which
// option, from which release until which. The order is that of the result.
var optionRows = sync.OnceValue(optionTable)

func optionTable() []optionRow {
	const (
		cinderSection = "{backend}"
		longAgo       = havana
	)
	return []optionRow{
		// Until Icehouse all is in [DEFAULT], and every store is known there by itself.
		{GlanceAPI, "DEFAULT", "default_store", "rbd", longAgo, icehouse, "new images go to Ceph"},
		{GlanceAPI, "DEFAULT", "rbd_store_pool", "{pool}", longAgo, icehouse, "pool of the images"},
		{GlanceAPI, "DEFAULT", "rbd_store_user", "{user}", longAgo, icehouse, "Ceph user of Glance"},
		{GlanceAPI, "DEFAULT", "rbd_store_ceph_conf", "{conf}", longAgo, icehouse, "where the monitors are"},
		{GlanceAPI, "DEFAULT", "rbd_store_chunk_size", "{chunk}", longAgo, icehouse, "object size in MiB"},
		// From Juno on in [glance_store]; the stores that are used have to be listed.
		{GlanceAPI, "glance_store", "stores", "{stores}", juno, stein, "a store that is not listed is not served"},
		{GlanceAPI, "glance_store", "default_store", "rbd{?stores}", juno, stein, "new images go to Ceph"},
		{GlanceAPI, "glance_store", "rbd_store_pool", "{pool}{?stores}", juno, stein, "pool of the images"},
		{GlanceAPI, "glance_store", "rbd_store_user", "{user}{?stores}", juno, stein, "Ceph user of Glance"},
		{GlanceAPI, "glance_store", "rbd_store_ceph_conf", "{conf}{?stores}", juno, stein, "where the monitors are"},
		{GlanceAPI, "glance_store", "rbd_store_chunk_size", "{chunk}{?stores}", juno, stein, "object size in MiB"},
		// Several backends: an experiment in Rocky and Stein, for whoever has them already.
		{GlanceAPI, "DEFAULT", "enabled_backends", "{enabled}", rocky, "", "stores beside each other, so that images in the old stores stay served"},
		{GlanceAPI, "glance_store", "default_backend", "{store}{?enabled}", rocky, "", "new images go to Ceph"},
		{GlanceAPI, "{store}", "rbd_store_pool", "{pool}{?enabled}", rocky, "", "pool of the images"},
		{GlanceAPI, "{store}", "rbd_store_user", "{user}{?enabled}", rocky, "", "Ceph user of Glance"},
		{GlanceAPI, "{store}", "rbd_store_ceph_conf", "{conf}{?enabled}", rocky, "", "where the monitors are; there is no default since Train"},
		{GlanceAPI, "{store}", "rbd_store_chunk_size", "{chunk}{?enabled}", rocky, "", "object size in MiB"},
		{GlanceAPI, "DEFAULT", "show_image_direct_url", "True", longAgo, "", "Nova and Cinder clone an image only when they see where it is"},
		{GlanceAPI, "DEFAULT", "show_multiple_locations", "{locations}", "mitaka", "", "Nova registers a clone that it made as the image's location"},

		{CinderVolume, "DEFAULT", "enabled_backends", "{enabled}", longAgo, "", "backends that are not enabled here are not served"},
		{CinderVolume, "DEFAULT", "glance_api_version", "2", longAgo, ocata, "version 1, the default until Ocata, does not tell where an image is: no copy-on-write"},
		{CinderVolume, cinderSection, "volume_driver", "cinder.volume.drivers.rbd.RBDDriver", longAgo, "", "the RBD driver"},
		{CinderVolume, cinderSection, "volume_backend_name", "{named}", longAgo, "", "volume types refer to it"},
		{CinderVolume, cinderSection, "rbd_pool", "{pool}", longAgo, "", "pool of the volumes"},
		{CinderVolume, cinderSection, "rbd_ceph_conf", "{conf}", longAgo, "", "where the monitors are"},
		{CinderVolume, cinderSection, "rbd_user", "{user}", longAgo, "", "Ceph user of Cinder"},
		{CinderVolume, cinderSection, "rbd_secret_uuid", "{uuid}", longAgo, "", "the libvirt secret that computes attach with; it wins over nova.conf since Ocata"},
		{CinderVolume, "DEFAULT", "storage_availability_zone", "{zone}", longAgo, ocata, "the zone of all backends of the service; Pike is the first release with one for each"},
		{CinderVolume, cinderSection, "backend_availability_zone", "{zone}", pike, "", "the zone of this backend's volumes"},
		{CinderVolume, cinderSection, "rbd_flatten_volume_from_snapshot", "{flatten}", longAgo, "", "volumes from snapshots are clones unless set"},
		{CinderVolume, cinderSection, "rbd_max_clone_depth", "{depth}", longAgo, "", "longer chains of clones are flattened"},
		{CinderVolume, cinderSection, "rbd_store_chunk_size", "{chunk}", juno, "", "object size in MiB"},
		// The driver hands the number to librados as the bound of a connection and of each
		// operation. Without one (-1) a request on unreachable monitors hangs for five minutes
		// and one on stopped OSDs for ever; few seconds would fail while a cluster recovers.
		{CinderVolume, cinderSection, "rados_connect_timeout", "30", juno, "", "seconds; without a bound the service hangs when the cluster does not answer"},
		{CinderVolume, cinderSection, "rbd_exclusive_cinder_pool", "True", rocky, victoria, "without it statistics list every image of the pool; the default since Wallaby"},
		{CinderVolume, cinderSection, "rbd_keyring_conf", remove, pike, "", "hands the key to users of the volume API (OSSN-0085); ignored since Victoria"},

		{CinderBackup, "DEFAULT", "backup_driver", "cinder.backup.drivers.ceph", longAgo, pike, "the Ceph driver, as a module until Pike"},
		{CinderBackup, "DEFAULT", "backup_driver", "cinder.backup.drivers.ceph.CephBackupDriver", queens, "", "the Ceph driver, as a class from Queens; the default is Swift"},
		{CinderBackup, "DEFAULT", "backup_ceph_conf", "{conf}", longAgo, "", "where the monitors are"},
		{CinderBackup, "DEFAULT", "backup_ceph_user", "{user}", longAgo, "", "Ceph user of the backup service"},
		{CinderBackup, "DEFAULT", "backup_ceph_pool", "{pool}", longAgo, "", "pool of the backups"},
		{CinderBackup, "DEFAULT", "backup_ceph_chunk_size", "134217728", longAgo, "", "bytes at a time"},
		{CinderBackup, "DEFAULT", "backup_ceph_stripe_unit", "0", longAgo, "", "no striping"},
		{CinderBackup, "DEFAULT", "backup_ceph_stripe_count", "0", longAgo, "", "no striping"},
		{CinderBackup, "DEFAULT", "restore_discard_excess_bytes", "True", longAgo, "", "a restored volume that is larger reads as zeros behind the data"},

		{NovaCompute, "DEFAULT", "rbd_user", "{user}", longAgo, longAgo, "Ceph user of the VM disks; it wins over Cinder's for volumes"},
		{NovaCompute, "DEFAULT", "rbd_secret_uuid", "{uuid}", longAgo, longAgo, "the libvirt secret that holds its key; it wins over Cinder's for volumes"},
		{NovaCompute, "DEFAULT", "libvirt_images_type", "rbd{?pool}", longAgo, longAgo, "VM disks in Ceph"},
		{NovaCompute, "DEFAULT", "libvirt_images_rbd_pool", "{pool}", longAgo, longAgo, "pool of the VM disks"},
		{NovaCompute, "DEFAULT", "libvirt_images_rbd_ceph_conf", "{conf}{?pool}", longAgo, longAgo, "where the monitors are"},
		{NovaCompute, "DEFAULT", "disk_cachemodes", "{modes}", longAgo, longAgo, "write-back is safe for RBD, which honours flushes"},
		{NovaCompute, "DEFAULT", "libvirt_inject_key", "False{?pool}", longAgo, longAgo, "a disk in Ceph cannot be mounted to put a key in; not the default until Icehouse"},
		{NovaCompute, "DEFAULT", "libvirt_inject_partition", "-2{?pool}", longAgo, longAgo, "the same for files"},
		{NovaCompute, "libvirt", "rbd_user", "{user}", icehouse, "", "Ceph user of the VM disks"},
		{NovaCompute, "libvirt", "rbd_secret_uuid", "{uuid}", icehouse, "", "the libvirt secret that holds its key"},
		{NovaCompute, "libvirt", "images_type", "rbd{?pool}", icehouse, "", "VM disks in Ceph"},
		{NovaCompute, "libvirt", "images_rbd_pool", "{pool}", icehouse, "", "pool of the VM disks"},
		{NovaCompute, "libvirt", "images_rbd_ceph_conf", "{conf}{?pool}", icehouse, "", "where the monitors are"},
		// Of use to Cinder's volumes too, thus without a pool as well.
		{NovaCompute, "libvirt", "disk_cachemodes", "{modes}", icehouse, "", "write-back is safe for RBD, which honours flushes"},
		{NovaCompute, "libvirt", "hw_disk_discard", "unmap{?pool}", juno, "", "what a guest trims is freed in the pool; volumes ask for it themselves"},
	}
}

// fill gives the rows of service s that hold on release r.
func fill(s Service, r Release, values map[string]string) []Setting {
	var out []Setting
	for _, row := range optionRows() {
		if row.service != s || r.Before(row.from) || row.until != "" && row.until.Before(r) {
			continue
		}
		set := Setting{Option: row.option, Remove: row.value == remove, Reason: row.reason}
		var whole bool
		set.Section, whole = expand(row.section, values)
		if !set.Remove {
			var all bool
			set.Value, all = expand(row.value, values)
			whole = whole && all
		}
		if whole {
			out = append(out, set)
		}
	}
	return out
}

// expand fills in the names in braces; {?name} only asks for one. It is not
// whole when one of them is empty.
func expand(text string, values map[string]string) (out string, whole bool) {
	whole = true
	for {
		before, rest, found := strings.Cut(text, "{")
		out += before
		if !found {
			return out, whole
		}
		name, after, _ := strings.Cut(rest, "}")
		asked, only := strings.CutPrefix(name, "?")
		value := values[asked]
		whole = whole && value != ""
		if !only {
			out += value
		}
		text = after
	}
}
