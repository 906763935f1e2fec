package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// drifted is what a year does to a cloud that was integrated.
func drifted(t *testing.T, w *integratetest.World) {
	mon := ceph.New(w.Ceph["ceph"])
	glance, err := mon.User(t.Context(), "client.glance")
	require.NoError(t, err)
	w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: fixedKey(t), Caps: glance.Caps})
	cinder, err := mon.User(t.Context(), "client.cinder")
	require.NoError(t, err)
	wide, err := ceph.ParseCaps(map[string]string{"mon": "allow r",
		"osd": "profile rbd pool=volumes, allow r pool=operator-data"})
	require.NoError(t, err)
	w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder", Key: cinder.Key, Caps: wide})

	do(t, w, "controller", remote.SetAttr{Path: "/etc/ceph/ceph.client.cinder.keyring", Owner: "root",
		Group: "root", Mode: 0o666})
	addFile(w, "controller", "/etc/ceph/ceph.conf", "[global]\nfsid = "+w.Ceph["ceph"].FSID+"\nmon_host = 198.51.100.77\n")
	w.Machines["controller"].StopUnit("cinder-backup.service")
	w.Machines["compute1"].RemovePackage("python3-rbd")
	w.Machines["compute1"].AddPackage("python3-rbd", "16.2.15+ds-0+deb12u1", false)
	conf, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	addFile(w, "compute1", "/etc/nova/nova.conf", string(conf)+"[libvirt]\nrbd_user = somebody\n")
	secrets, err := w.Secrets["compute2"].List(t.Context())
	require.NoError(t, err)
	value, err := libvirtsecret.ParseValue(fixedKey(t).Reveal())
	require.NoError(t, err)
	secrets[0].Value = value
	w.Libvirt["compute2"].Put(secrets[0])
	w.Ceph["ceph"].Health, w.Ceph["ceph"].Checks = "HEALTH_WARN", []string{"OSD_DOWN"}
	w.API.SetUp("nova-compute", "compute2", false)
}

// driftedContainers is the same of a cloud in containers.
func driftedContainers(t *testing.T, w *integratetest.World) {
	const dir = "/etc/kolla/nova-libvirt/secrets/"
	m := w.Machines["compute1"]
	uuid := libvirtsecret.DeriveUUID(w.Ceph["ceph"].FSID, "client.nova")
	m.AddFile(dir+uuid+".base64", []byte(fixedKey(t).Reveal()), 0o600)
	m.AddFile(dir+uuid+".xml", []byte("<secret/>"), 0o600)
	do(t, w, "compute1", remote.SetAttr{Path: "/etc/kolla/nova-compute/ceph.client.nova.keyring", Mode: 0o664})
	config, _ := w.Machines["compute2"].Contents("/etc/kolla/nova-compute/config.json")
	w.Machines["compute2"].AddFile("/etc/kolla/nova-compute/config.json", append(config, '\n'), 0o660)
	w.Machines["controller"].StopUnit("kolla-glance_api-container.service")
	addFile(w, "controller", "/etc/kolla/cinder-volume/cinder.conf",
		"[DEFAULT]\nenabled_backends = lvm\n[lvm]\nvolume_driver = x\n")
}

// driftedPreparation is that of hosts that were prepared.
func driftedPreparation(t *testing.T, w *integratetest.World) {
	addFile(w, "compute1", "/home/deploy/.ssh/authorized_keys", "# mine\nssh-rsa AAAA other\n")
	addFile(w, "compute1", "/etc/sudoers.d/cephstack-deploy", "# edited\n")
	addFile(w, "compute2", "/etc/apt/keyrings/cephstack.asc", "another key\n")
	addFile(w, "compute2", "/etc/tmpfiles.d/cephstack-guests.conf", "# edited\n")
	do(t, w, "compute2", remote.SetAttr{Path: "/run/ceph", Mode: 0o750},
		remote.SetAttr{Path: "/run/ceph/guests", Owner: "root"})
	w.Machines["controller"].AddPackage("ceph-common", "2:16.2.9-1", true)
}

// brownfieldCluster is a cluster that others use already.
func brownfieldCluster(t *testing.T, w *integratetest.World) {
	c := w.Ceph["ceph"]
	require.NoError(t, c.AddPool(ceph.Pool{Name: "volumes-data", Application: "cephfs"}))
	require.NoError(t, c.AddPool(ceph.Pool{Name: "images", Application: "rbd", PGNum: 8, Size: 2}))
	require.NoError(t, c.AddPool(ceph.Pool{Name: "vms", Application: "rbd", ErasureProfile: "default"}))
	c.AddErasureProfile(ceph.ErasureProfile{Name: "k4m2", K: 4, M: 2, FailureDomain: "host", DeviceClass: "hdd"})
	caps, err := ceph.ParseCaps(map[string]string{"mon": "allow r",
		"osd": "allow class-read object_prefix rbd_children, allow rwx pool=volumes, allow r pool=operator-data"})
	require.NoError(t, err)
	c.AddUser(ceph.User{Entity: "client.glance", Key: fixedKey(t), Caps: caps})
	c.AddUser(ceph.User{Entity: "client.cinder-backup", Key: fixedKey(t),
		Caps: ceph.Caps{"mon": "allow *", "osd": "allow *"}})
	c.Health, c.Checks = "HEALTH_ERR", []string{"PG_DAMAGED", "OSD_DOWN"}
}

// brownfieldHosts has something wrong on each host, and something to be careful
// with.
func brownfieldHosts(t *testing.T, w *integratetest.World) {
	addFile(w, "controller", "/etc/cinder/cinder.conf",
		"[DEFAULT]\nenabled_backends = ceph, junk,\nglance_api_version = 2\n"+
			"backup_driver = cinder.backup.drivers.swift.SwiftBackupDriver\nbackup_ceph_pool = old\n[junk]\n[ceph]\n"+
			"volume_driver = cinder.volume.drivers.rbd.RBDDriver\nrbd_pool = prod\n")
	addFile(w, "controller", "/etc/ceph/ceph.client.glance.keyring", "[client.admin]\n\tkey = "+fixedKey(t).Reveal()+"\n")
	addFile(w, "compute1", "/etc/ceph/ceph.conf",
		"[global]\nfsid = 00000000-1111-4222-8333-444444444444\nmon_host = 192.0.2.1\n")
	w.API.AddServer(api.Server{Name: "old", Host: "compute2", Status: "ACTIVE", HasLocalDisk: true,
		ImageID: "an-image"})
	addFile(w, "compute2", "/etc/nova/nova-compute.conf", "[libvirt]\nrbd_user = someone\n")
	w.Machines["compute2"].AddPackage("nova-compute", "2:31.0.0-6", true)
}

// brownfieldContainers are those that kolla-ansible deployed otherwise.
func brownfieldContainers(_ *testing.T, w *integratetest.World) {
	delete(w.Containers["controller"], "glance_api")
	w.Containers["controller"]["cinder_volume"].Strategy = "COPY_ONCE"
	w.Containers["controller"]["cinder_backup"].Folder = "/opt/kolla/cinder-backup"
	w.Machines["compute1"].AddFile("/etc/kolla/nova-libvirt/config.json", []byte(`{"config_files": []}`), 0o660)
	w.Containers["compute2"]["nova_compute"].Version = "20.1.0"
}
