package openstack

import (
	"slices"
	"strings"
	"sync"
)

// An optionRow is an option of the tables. Names in braces are filled in. When such
// a name is empty, the row is left out.
type optionRow struct {
	service                Service
	section, option, value string
	from, until            Release // both included; an empty until has no end
	reason                 string
}

// remove is the value in a row whose option must not be in the file.
const remove = "{remove}"

// optionRows is the knowledge of this package: which service needs which
// option, from which release until which, and why. The order is that of the
// result.
var optionRows = sync.OnceValue(func() []optionRow {
	return slices.Concat(glanceRows(), volumeRows(), backupRows(), computeRows())
})

func glanceRows() []optionRow {
	const (
		newest = "new images go to this Ceph store"
		pool   = "the pool that holds this store's images"
		user   = "Glance logs in to Ceph as this user"
		conf   = "tells Glance where the monitors of the cluster are"
		chunk  = "images are stored as objects of this many MiB"
		s      = GlanceAPI
	)
	return []optionRow{
		// Until Icehouse everything is in [DEFAULT], and every store is known there without being listed.
		{s, "DEFAULT", "default_store", "rbd", havana, icehouse, newest},
		{s, "DEFAULT", "rbd_store_pool", "{pool}", havana, icehouse, pool},
		{s, "DEFAULT", "rbd_store_user", "{user}", havana, icehouse, user},
		{s, "DEFAULT", "rbd_store_ceph_conf", "{conf}", havana, icehouse, conf},
		{s, "DEFAULT", "rbd_store_chunk_size", "8", havana, icehouse, chunk},
		// From Juno on in [glance_store]; the stores that are used have to be listed.
		{s, "glance_store", "stores", "{stores}", juno, stein, "lists the stores in use: Glance serves no others"},
		{s, "glance_store", "default_store", "rbd{?stores}", juno, stein, newest},
		{s, "glance_store", "rbd_store_pool", "{pool}{?stores}", juno, stein, pool},
		{s, "glance_store", "rbd_store_user", "{user}{?stores}", juno, stein, user},
		{s, "glance_store", "rbd_store_ceph_conf", "{conf}{?stores}", juno, stein, conf},
		{s, "glance_store", "rbd_store_chunk_size", "8{?stores}", juno, stein, chunk},
		// enabled_backends is an experiment in Rocky and Stein, and is set there only where it is in use already.
		{s, "DEFAULT", "enabled_backends", "{enabled}", rocky, "",
			"lists the stores in use, old ones too, so that their images stay served"},
		{s, "glance_store", "default_backend", "{store}{?enabled}", rocky, "", newest},
		{s, "{store}", "rbd_store_pool", "{pool}{?enabled}", rocky, "", pool},
		{s, "{store}", "rbd_store_user", "{user}{?enabled}", rocky, "", user},
		// There is no default since Train.
		{s, "{store}", "rbd_store_ceph_conf", "{conf}{?enabled}", rocky, "", conf},
		{s, "{store}", "rbd_store_chunk_size", "8{?enabled}", rocky, "", chunk},
		// Nova clones images since Juno. Since 2025.2 Cinder asks another API where an image is.
		{s, "DEFAULT", "show_image_direct_url", "True", havana, icehouse,
			"Cinder clones an image only when it sees where the image is"},
		{s, "DEFAULT", "show_image_direct_url", "True", juno, r20251,
			"Nova and Cinder clone an image only when they see where it is"},
		{s, "DEFAULT", "show_image_direct_url", "True", r20252, "",
			"Nova clones an image only when it sees where the image is"},
		// Since 2025.2 Nova tries another API first, add-location.
		{s, "DEFAULT", "show_multiple_locations", "{locations}", mitaka, r20251,
			"lets Nova register the snapshot of a VM without copying it"},
		{s, "DEFAULT", "show_multiple_locations", "{locations}", r20252, "",
			"lets Nova register a snapshot without a copy where add-location is refused"},
	}
}

func volumeRows() []optionRow {
	const s, section = CinderVolume, "{backend}"
	return []optionRow{
		{s, "DEFAULT", "enabled_backends", "{enabled}", havana, "",
			"lists the backends in use: cinder-volume serves no others"},
		{s, "DEFAULT", "glance_api_version", "2", havana, ocata,
			"version 1 hides where an image is, so that Cinder could not clone it"},
		{s, section, "volume_driver", "cinder.volume.drivers.rbd.RBDDriver", havana, "",
			"the driver that keeps volumes in Ceph"},
		{s, section, "volume_backend_name", "{named}", havana, "", "volume types choose this backend by this name"},
		{s, section, "rbd_pool", "{pool}", havana, "", "the pool that holds this backend's volumes"},
		{s, section, "rbd_ceph_conf", "{conf}", havana, "", "tells Cinder where the monitors of the cluster are"},
		// The name is in the path of the keyring, also where a compute attaches a volume by os-brick.
		{s, section, "rbd_cluster_name", "{cluster}", "liberty", "",
			"the keyrings of this cluster are called by this name"},
		{s, section, "rbd_user", "{user}", havana, "", "Cinder logs in to Ceph as this user"},
		// Until Newton rbd_secret_uuid of nova.conf wins over this option; from Ocata on this option wins.
		{s, section, "rbd_secret_uuid", "{uuid}", havana, "",
			"computes attach volumes with the key in this libvirt secret"},
		{s, "DEFAULT", "storage_availability_zone", "{zone}", havana, ocata,
			"puts all backends of this cinder-volume into the zone"},
		{s, section, "backend_availability_zone", "{zone}", pike, "", "puts this backend's volumes into the zone"},
		{s, section, "rbd_flatten_volume_from_snapshot", "False", havana, "",
			"a volume from a snapshot stays a clone: nothing is copied"},
		{s, section, "rbd_max_clone_depth", "5", havana, "",
			"longer chains of clones are flattened, because reading through them is slow"},
		{s, section, "rbd_store_chunk_size", "4", juno, "", "volumes are stored as objects of this many MiB"},
		// The driver hands the number to librados as the bound of a connection and of each
		// operation. Without a bound (-1) a request on unreachable monitors hangs for five minutes
		// and a request on stopped OSDs for ever; few seconds would fail while a cluster recovers.
		{s, section, "rados_connect_timeout", "30", juno, "",
			"in seconds; without it Cinder hangs when the cluster does not answer"},
		// True is the default since Wallaby.
		{s, section, "rbd_exclusive_cinder_pool", "True", rocky, victoria,
			"without it Cinder reads every image of the pool for its statistics"},
		{s, section, "rbd_keyring_conf", remove, pike, ussuri,
			"gives the Ceph key to users of the volume API (OSSN-0085)"},
		{s, section, "rbd_keyring_conf", remove, victoria, "",
			"ignored since Victoria; older releases give the Ceph key away (OSSN-0085)"},
	}
}

func backupRows() []optionRow {
	const s = CinderBackup
	return []optionRow{
		// The driver is named by its module until Pike and by its class from Queens on.
		{s, "DEFAULT", "backup_driver", "cinder.backup.drivers.ceph", havana, pike,
			"backups go to Ceph and not to Swift, which is the default"},
		{s, "DEFAULT", "backup_driver", "cinder.backup.drivers.ceph.CephBackupDriver", queens, "",
			"backups go to Ceph and not to Swift, which is the default"},
		{s, "DEFAULT", "backup_ceph_conf", "{conf}", havana, "",
			"tells cinder-backup where the monitors of the cluster are"},
		{s, "DEFAULT", "backup_ceph_user", "{user}", havana, "", "cinder-backup logs in to Ceph as this user"},
		{s, "DEFAULT", "backup_ceph_pool", "{pool}", havana, "", "the pool that holds the backups"},
		{s, "DEFAULT", "backup_ceph_chunk_size", "134217728", havana, "",
			"backups are copied in pieces of 128 MiB, which is the default"},
		{s, "DEFAULT", "backup_ceph_stripe_unit", "0", havana, "", "backups are not striped, which is the default"},
		{s, "DEFAULT", "backup_ceph_stripe_count", "0", havana, "", "backups are not striped, which is the default"},
		{s, "DEFAULT", "restore_discard_excess_bytes", "True", havana, "",
			"a volume larger than its backup reads as zeros behind the restored data"},
	}
}

func computeRows() []optionRow {
	const (
		user   = "Nova and QEMU log in to Ceph as this user"
		secret = "QEMU takes the user's key from this libvirt secret"
		disks  = "VM disks go to Ceph"
		pool   = "the pool that holds the VM disks"
		conf   = "tells Nova where the monitors of the cluster are"
		cache  = "write-back is fast, and safe because RBD honours a guest's flushes"
		s      = NovaCompute
	)
	return []optionRow{
		{s, "DEFAULT", "rbd_user", "{user}", havana, havana, user},
		{s, "DEFAULT", "rbd_secret_uuid", "{uuid}", havana, havana, secret},
		{s, "DEFAULT", "libvirt_images_type", "rbd{?pool}", havana, havana, disks},
		{s, "DEFAULT", "libvirt_images_rbd_pool", "{pool}", havana, havana, pool},
		{s, "DEFAULT", "libvirt_images_rbd_ceph_conf", "{conf}{?pool}", havana, havana, conf},
		{s, "DEFAULT", "disk_cachemodes", "{modes}", havana, havana, cache},
		// False and -2 are the defaults since Icehouse.
		{s, "DEFAULT", "libvirt_inject_key", "False{?pool}", havana, havana,
			"Nova cannot mount a disk in Ceph to put a key into it"},
		{s, "DEFAULT", "libvirt_inject_partition", "-2{?pool}", havana, havana,
			"Nova cannot mount a disk in Ceph to put files into it"},
		{s, "libvirt", "rbd_user", "{user}", icehouse, "", user},
		{s, "libvirt", "rbd_secret_uuid", "{uuid}", icehouse, "", secret},
		{s, "libvirt", "images_type", "rbd{?pool}", icehouse, "", disks},
		{s, "libvirt", "images_rbd_pool", "{pool}", icehouse, "", pool},
		{s, "libvirt", "images_rbd_ceph_conf", "{conf}{?pool}", icehouse, "", conf},
		// Cinder's volumes need it as well, so it does not depend on a pool.
		{s, "libvirt", "disk_cachemodes", "{modes}", icehouse, "", cache},
		// Cinder asks for it itself where a volume is attached.
		{s, "libvirt", "hw_disk_discard", "unmap{?pool}", juno, "", "space that a guest trims is freed in the pool"},
	}
}

// fill gives the settings of service s on release r.
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

// expand fills in the names in braces. The text of {?name} is not filled in. The
// result is whole unless a name, with or without a question mark, is empty.
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
