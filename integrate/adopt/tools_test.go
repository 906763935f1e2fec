package adopt_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
)

const rbd = "rbd"

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a Spec with that of testdata. Digests of keys differ from run to run.
func golden(t *testing.T, name, text string) {
	t.Helper()
	text = regexp.MustCompile(`sha256:[0-9a-f]+`).ReplaceAllString(text, "sha256:12345678")
	file := filepath.Join("testdata", name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

// TestACloudMadeByHandIn2014 has what the guides of the time say: everything in [DEFAULT], rights without profiles, a
// UUID of uuidgen, one keyring section in ceph.conf.
func TestACloudMadeByHandIn2014(t *testing.T) {
	h := byHand(t, "icehouse", "", controllerAndComputes()...)
	h.Ceph["ceph"].Release, h.Ceph["ceph"].Version = "firefly", "0.80.11"
	for _, pool := range []string{"images", "volumes", "backups"} {
		h.pool("ceph", ceph.Pool{Name: pool, PGNum: 128})
	}
	read := "allow class-read object_prefix rbd_children, "
	h.user(login{"ceph", "glance", "allow r", read + "allow rwx pool=images", "glance"},
		"controller")
	key := h.user(login{"ceph", "cinder", "allow r", read + "allow rwx pool=volumes, allow rx pool=images", "cinder"},
		"controller")
	h.user(login{"ceph", "cinder-backup", "allow r", read + "allow rwx pool=backups", "cinder"},
		"controller")
	h.secret("6d1f0c3e-58b4-4f7a-9a51-0c2b7e4d9f10", "client.cinder secret", key, "compute1", "compute2")
	h.conf("ceph", "/etc/ceph/ceph.conf", "[client.keyring]\nkeyring = /etc/ceph/ceph.client.cinder.keyring\n",
		"controller", "compute1", "compute2")
	h.put("controller", "/etc/glance/glance-api.conf", `[DEFAULT]
default_store = rbd
rbd_store_user = glance
rbd_store_pool = images
show_image_direct_url = True
`, "glance")
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
`, "cinder")
	h.started()
	a, text := h.adopt()
	golden(t, "by-hand-2014", text)
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
	golden(t, "openstack-ansible", text)
	assert.Empty(t, left(a))
}

func (h *hand) osaCloud() {
	for _, pool := range []string{"osa-images", "osa-volumes", "osa-backups", "ephemeral-vms"} {
		h.pool("ceph", ceph.Pool{Name: pool, PGNum: 32, Application: rbd})
	}
	h.pool("ssd", ceph.Pool{Name: "fast", PGNum: 32, Application: rbd})
	h.pool("ssd", ceph.Pool{Name: "fast-images", PGNum: 32, Application: rbd})
	h.user(login{"ceph", "glance-osa", "profile rbd", "profile rbd pool=osa-images", "glance"},
		"controller")
	h.user(login{"ssd", "glance-osa", "profile rbd", "profile rbd pool=fast-images", "glance"},
		"controller")
	cinder := h.user(login{"ceph", "cinder", "profile rbd", "profile rbd pool=osa-volumes, " +
		"profile rbd pool=ephemeral-vms, profile rbd-read-only pool=osa-images, profile rbd pool=other", "cinder"},
		"controller", "compute1", "compute2")
	h.user(login{"ceph", "cinder-backup", "profile rbd", "profile rbd pool=osa-backups, " +
		"profile rbd pool=osa-volumes", "cinder"},
		"controller")
	fast := h.user(login{"ssd", "cinder-fast", "profile rbd",
		"profile rbd pool=fast, profile rbd-read-only pool=fast-images", "cinder"},
		"controller", "compute1", "compute2")
	computes := []string{"compute1", "compute2"}
	h.secret("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "client.cinder secret", cinder, computes...)
	h.secret("1b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "client.cinder-fast secret", fast, computes...)
	all := append([]string{"controller"}, computes...)
	h.conf("ceph", "/etc/ceph/ceph.conf", "[client]\nrbd_cache = true\n", all...)
	h.conf("ssd", "/etc/ceph/ssd.conf", "", all...)
	h.put("controller", "/etc/glance/glance-api.conf", osaGlance, "glance")
	h.put("controller", "/etc/cinder/cinder.conf", osaCinder, "cinder")
	for _, name := range computes {
		h.put(name, "/etc/nova/nova.conf", osaNova, "nova")
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

// TestACloudOfKollaAnsible has what kolla-ansible writes with external Ceph: glance_backend_ceph, cinder_backend_ceph,
// nova_backend_ceph, ceph_glance_pool_name and so on, cinder_rbd_secret_uuid and rbd_secret_uuid of passwords.yml, and
// node_custom_config with options of an operator's own.
func TestACloudOfKollaAnsible(t *testing.T) {
	h := byHand(t, "2023.1", "kolla", controllerAndComputes()...)
	for _, pool := range []string{"images", "volumes", "backups", "vms"} {
		h.pool("ceph", ceph.Pool{Name: pool, PGNum: 32, Application: rbd})
	}
	both := "profile rbd pool=volumes, profile rbd pool=vms, profile rbd-read-only pool=images"
	users := map[string]login{"glance": {"ceph", "glance", "profile rbd", "profile rbd pool=images", "root"},
		"cinder":        {"ceph", "cinder", "profile rbd", both, "root"},
		"cinder-backup": {"ceph", "cinder-backup", "profile rbd", "profile rbd pool=backups", "root"},
		"nova":          {"ceph", "nova", "profile rbd", "profile rbd pool=vms, profile rbd-read-only pool=images", "root"}}
	keys := map[string]ceph.Key{}
	for name, l := range users {
		keys[name] = h.user(l)
	}
	for service, name := range map[string]string{"glance-api": "glance", "cinder-volume": "cinder",
		"cinder-backup": "cinder-backup"} {
		h.keyring(users[name], keys[name], "controller", "/etc/kolla/"+service+"/ceph")
	}
	h.keyring(users["cinder"], keys["cinder"], "controller", "/etc/kolla/cinder-backup/ceph")
	const secrets = "/etc/kolla/nova-libvirt/secrets/"
	for _, compute := range []string{"compute1", "compute2"} {
		h.keyring(users["nova"], keys["nova"], compute, "/etc/kolla/nova-compute")
		for name, uuid := range map[string]string{"cinder": kollaUUID, "nova": kollaNovaUUID} {
			h.secret(uuid, "client."+name+" secret", keys[name], compute)
			h.put(compute, secrets+uuid+".xml", "<secret ephemeral='no' private='no'>\n  <uuid>"+uuid+"</uuid>\n  "+
				"<usage type='ceph'>\n    <name>client."+name+" secret</name>\n  </usage>\n</secret>\n", "root")
			h.put(compute, secrets+uuid+".base64", keys[name].Reveal(), "root")
		}
	}
	for _, service := range []string{"glance-api", "cinder-volume", "cinder-backup"} {
		h.conf("ceph", "/etc/kolla/"+service+"/ceph/ceph.conf", "", "controller")
	}
	h.put("controller", "/etc/kolla/glance-api/glance-api.conf", "[DEFAULT]\nshow_image_direct_url = True\n"+
		"enabled_backends = rbd:rbd, http:http\n[glance_store]\ndefault_backend = rbd\n[rbd]\nrbd_store_user = glance\n"+
		"rbd_store_pool = images\nrbd_store_chunk_size = 8\n", "root")
	h.put("controller", "/etc/kolla/cinder-volume/cinder.conf", kollaCinder, "root")
	h.put("controller", "/etc/kolla/cinder-backup/cinder.conf", kollaCinder+kollaBackup, "root")
	for _, compute := range []string{"compute1", "compute2"} {
		h.conf("ceph", "/etc/kolla/nova-compute/ceph.conf", "", compute)
		h.conf("ceph", "/etc/kolla/nova-libvirt/ceph.conf", "", compute)
		h.put(compute, "/etc/kolla/nova-compute/nova.conf", kollaNova, "root")
	}
	h.started()
	a, text := h.adopt()
	golden(t, "kolla-ansible", text)
	assert.Empty(t, left(a))
}

const (
	kollaUUID     = "2c7a3f0e-9d51-4b86-a1e4-5f60718293a4"
	kollaNovaUUID = "3c7a3f0e-9d51-4b86-a1e4-5f60718293a4"
	kollaCinder   = `[DEFAULT]
enabled_backends = rbd-1
[rbd-1]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
volume_backend_name = rbd-1
rbd_pool = volumes
rbd_ceph_conf = /etc/ceph/ceph.conf
rados_connect_timeout = 5
rbd_user = cinder
rbd_cluster_name = ceph
rbd_keyring_conf = /etc/ceph/ceph.client.cinder.keyring
rbd_secret_uuid = 2c7a3f0e-9d51-4b86-a1e4-5f60718293a4
report_discard_supported = True
`
	kollaBackup = `[DEFAULT]
backup_driver = cinder.backup.drivers.ceph.CephBackupDriver
backup_ceph_conf = /etc/ceph/ceph.conf
backup_ceph_user = cinder-backup
backup_ceph_chunk_size = 134217728
backup_ceph_pool = backups
backup_ceph_stripe_unit = 0
backup_ceph_stripe_count = 0
restore_discard_excess_bytes = true
`
	kollaNova = `[libvirt]
images_type = rbd
images_rbd_pool = vms
images_rbd_ceph_conf = /etc/ceph/ceph.conf
rbd_user = nova
disk_cachemodes = network=writeback
hw_disk_discard = unmap
rbd_secret_uuid = 3c7a3f0e-9d51-4b86-a1e4-5f60718293a4
`
)
