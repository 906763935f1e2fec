package adopt_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
)

const rbd = "rbd"

// TestACloudMadeByHandIn2014 has what the guides of the time say: everything in [DEFAULT], rights without profiles, a
// UUID of uuidgen, one keyring section in ceph.conf.
func TestACloudMadeByHandIn2014(t *testing.T) {
	h := byHand(t, "icehouse", "", controllerAndComputes()...)
	h.Ceph["ceph"].Release, h.Ceph["ceph"].Version = "firefly", "0.80.11"
	for _, pool := range []string{"images", "volumes", "backups"} {
		h.pool("ceph", ceph.Pool{Name: pool, PGNum: 128})
	}
	read := "allow class-read object_prefix rbd_children, "
	h.user("ceph", "glance", map[string]string{"mon": "allow r", "osd": read + "allow rwx pool=images"}, "glance",
		"controller")
	key := h.user("ceph", "cinder", map[string]string{"mon": "allow r",
		"osd": read + "allow rwx pool=volumes, allow rx pool=images"}, "cinder", "controller")
	h.user("ceph", "cinder-backup", map[string]string{"mon": "allow r", "osd": read + "allow rwx pool=backups"}, "cinder",
		"controller")
	h.secret("6d1f0c3e-58b4-4f7a-9a51-0c2b7e4d9f10", "client.cinder secret", key, "compute1", "compute2")
	h.conf("ceph", "/etc/ceph/ceph.conf", "[client.keyring]\nkeyring = /etc/ceph/ceph.client.cinder.keyring\n",
		"controller", "compute1", "compute2")
	h.put("controller", "/etc/glance/glance-api.conf", `[DEFAULT]
default_store = rbd
rbd_store_user = glance
rbd_store_pool = images
show_image_direct_url = True
`, "glance", 0o640)
	h.put("controller", "/etc/cinder/cinder.conf", `[DEFAULT]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
rbd_pool = volumes
rbd_ceph_conf = /etc/ceph/ceph.conf
rbd_flatten_volume_from_snapshot = false
rbd_max_clone_depth = 3
glance_api_version = 2
rbd_user = cinder
rbd_secret_uuid = 6d1f0c3e-58b4-4f7a-9a51-0c2b7e4d9f10
backup_driver = cinder.backup.drivers.ceph
backup_ceph_conf = /etc/ceph/ceph.conf
backup_ceph_user = cinder-backup
backup_ceph_chunk_size = 134217728
backup_ceph_pool = backups
backup_ceph_stripe_unit = 0
backup_ceph_stripe_count = 0
restore_discard_excess_bytes = true
`, "cinder", 0o640)
	h.started()
	a, text := h.adopt()
	t.Log(text)
	assert.Empty(t, left(a))
}

// TestACloudOfOpenStackAnsible has what the templates of its roles write: os_glance's glance-api.conf.j2 with
// glance_available_stores and glance_default_store, os_cinder's cinder.conf.j2 with cinder_backends, os_nova's
// nova.conf.j2 with nova_ceph_client, nova_ceph_client_uuid and nova_libvirt_images_rbd_pool.
func TestACloudOfOpenStackAnsible(t *testing.T) {
	h := byHand(t, "2024.1", "", controllerAndComputes()...)
	h.another("ssd")
	h.osaCloud()
	h.started()
	a, text := h.adopt()
	t.Log(text)
	assert.Empty(t, left(a))
}

func (h *hand) osaCloud() {
	for _, pool := range []string{"osa-images", "osa-volumes", "osa-backups", "ephemeral-vms"} {
		h.pool("ceph", ceph.Pool{Name: pool, PGNum: 32, Application: rbd})
	}
	h.pool("ssd", ceph.Pool{Name: "fast", PGNum: 32, Application: rbd})
	h.pool("ssd", ceph.Pool{Name: "fast-images", PGNum: 32, Application: rbd})
	h.user("ceph", "glance-osa", map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=osa-images"}, "glance",
		"controller")
	h.user("ssd", "glance-osa", map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=fast-images"}, "glance",
		"controller")
	cinder := h.user("ceph", "cinder", map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=osa-volumes, " +
		"profile rbd pool=ephemeral-vms, profile rbd-read-only pool=osa-images, profile rbd pool=other"}, "cinder",
		"controller", "compute1", "compute2")
	h.user("ceph", "cinder-backup", map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=osa-backups, " +
		"profile rbd pool=osa-volumes"}, "cinder", "controller")
	fast := h.user("ssd", "cinder-fast", map[string]string{"mon": "profile rbd",
		"osd": "profile rbd pool=fast, profile rbd-read-only pool=fast-images"}, "cinder", "controller", "compute1", "compute2")
	computes := []string{"compute1", "compute2"}
	h.secret("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "client.cinder secret", cinder, computes...)
	h.secret("1b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "client.cinder-fast secret", fast, computes...)
	all := append([]string{"controller"}, computes...)
	h.conf("ceph", "/etc/ceph/ceph.conf", "[client]\nrbd_cache = true\n", all...)
	h.conf("ssd", "/etc/ceph/ssd.conf", "", all...)
	h.put("controller", "/etc/glance/glance-api.conf", osaGlance, "glance", 0o640)
	h.put("controller", "/etc/cinder/cinder.conf", osaCinder, "cinder", 0o640)
	for _, name := range computes {
		h.put(name, "/etc/nova/nova.conf", osaNova, "nova", 0o640)
	}
}

const (
	osaGlance = `[DEFAULT]
use_stderr = False
show_image_direct_url = True
show_multiple_locations = True
enabled_backends = file:file,http:http,rbd:rbd,fast:rbd
[glance_store]
default_backend = rbd
[file]
filesystem_store_datadir = /var/lib/glance/images/
[rbd]
rbd_store_pool = osa-images
rbd_store_user = glance-osa
rbd_store_ceph_conf = /etc/ceph/ceph.conf
rbd_store_chunk_size = 8
[fast]
rbd_store_pool = fast-images
rbd_store_user = glance-osa
rbd_store_ceph_conf = /etc/ceph/ssd.conf
rbd_store_chunk_size = 8
`
	osaCinder = `[DEFAULT]
backup_driver = cinder.backup.drivers.ceph.CephBackupDriver
backup_ceph_user = cinder-backup
backup_ceph_pool = osa-backups
storage_availability_zone = nova
enabled_backends=fast_hdd,nfs_volume,rbd_inventory
[fast_hdd]
volume_backend_name=fast_nvme
volume_driver=cinder.volume.drivers.rbd.RBDDriver
rbd_pool=fast
rbd_ceph_conf=/etc/ceph/ssd.conf
rbd_cluster_name=ssd
rbd_user=cinder-fast
rbd_secret_uuid=1b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
backend_host=rbd:cinder
rados_connect_timeout=-1
[nfs_volume]
volume_driver=cinder.volume.drivers.nfs.NfsDriver
[rbd_inventory]
volume_backend_name=rbd_inventory
volume_driver=cinder.volume.drivers.rbd.RBDDriver
rbd_pool=osa-volumes
rbd_ceph_conf=/etc/ceph/ceph.conf
rbd_store_chunk_size=8
rbd_user=cinder
rbd_secret_uuid=0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
report_discard_supported=true
[database]
connection = mysql+pymysql://cinder:a-password@192.0.2.1/cinder
`
	osaNova = `[DEFAULT]
compute_driver = libvirt.LibvirtDriver
[glance]
enable_rbd_download = True
rbd_user = cinder
rbd_pool = osa-images
rbd_ceph_conf = /etc/ceph/ceph.conf
[libvirt]
rbd_user = cinder
rbd_secret_uuid = 0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9
images_type = rbd
images_rbd_pool = ephemeral-vms
images_rbd_ceph_conf = /etc/ceph/ceph.conf
hw_disk_discard = ignore
disk_cachemodes = network=writeback
`
)
