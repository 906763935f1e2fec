package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
)

// TestANameThatDiffersByCase is one section of the file: what is known by the enabled name is not
// changed under it.
func TestANameThatDiffersByCase(t *testing.T) {
	for name, c := range map[string]struct{ path, text, says string }{
		"a backend in another pool": {cinderOnHost, "[DEFAULT]\nenabled_backends = CEPH\n[ceph]\n" + rbdBackend +
			"rbd_pool = prod\n", "is enabled as CEPH: section names do not differ by case"},
		"a backend in the pool": {cinderOnHost, "[DEFAULT]\nenabled_backends = lvm, Ceph\n[Ceph]\n" + rbdBackend +
			"rbd_pool = volumes\nvolume_backend_name = Ceph\n", "call the backend Ceph in the Spec"},
		"a backend that is not in Ceph": {cinderOnHost, "[DEFAULT]\nenabled_backends = Ceph\n[Ceph]\n" +
			"volume_driver = cinder.volume.drivers.nfs.NfsDriver\n", "is enabled as Ceph"},
		"a store": {glanceOnHost, "[DEFAULT]\nenabled_backends = RBD:rbd\n[glance_store]\ndefault_backend = RBD\n[RBD]\n" +
			"rbd_store_pool = prod\n", "set store: RBD for glance in the Spec"},
		"a store that is not in Ceph": {glanceOnHost, "[DEFAULT]\nenabled_backends = Rbd:file\n[glance_store]\n" +
			"default_backend = Rbd\n[Rbd]\nfilesystem_store_datadir = /x\n", "is enabled as Rbd"},
	} {
		t.Run(name, func(t *testing.T) {
			_, in := with(t, exampleSpec(), c.path, c.text)
			p := plan(t, in)
			assert.Contains(t, finds(t, p, "name-in-other-case").Message, c.says)
			assert.Nil(t, change(p, "settings/controller/"+c.path), "%s", p)
		})
	}
	s := exampleSpec()
	s.Cinder.Backends[0].Name = "CEPH"
	w, in := with(t, s, cinderOnHost, "[DEFAULT]\nenabled_backends = CEPH\n[ceph]\n"+rbdBackend+
		"rbd_pool = volumes\nvolume_backend_name = CEPH\n")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents(cinderOnHost)
	assert.Contains(t, string(data), "enabled_backends = CEPH\n")
}

// TestADriverThatIsTheDefault: Cinder keeps volumes in LVM where a section names no driver.
func TestADriverThatIsTheDefault(t *testing.T) {
	for _, text := range []string{"volume_group = vg\n", "volume_backend_name = LVM\n", "target_helper = lioadm\n"} {
		_, in := with(t, exampleSpec(), cinderOnHost, "[DEFAULT]\nenabled_backends = ceph\n[ceph]\n"+text)
		p := plan(t, in)
		assert.Contains(t, finds(t, p, "driver-in-use").Message,
			"[ceph] is in use with volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver (the default)")
		assert.Nil(t, change(p, "settings/controller/"+cinderOnHost))
	}
	_, in := with(t, exampleSpec(), cinderOnHost, "[DEFAULT]\nenabled_backends = ceph\n[ceph]\n")
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
}

// TestTheClusterByItsName: librados reads the ceph.conf of the name, where Cinder gives it no other.
func TestTheClusterByItsName(t *testing.T) {
	const text = cephBackend + "rbd_pool = volumes\nvolume_backend_name = ceph\nrbd_cluster_name = prod\n"
	s := exampleSpec()
	s.Cinder.Backends[0].Options = map[string]string{"rbd_cluster_name": "prod"}
	_, in := with(t, s, cinderOnHost, text)
	p := plan(t, in)
	assert.Contains(t, finds(t, p, "cluster-in-use").Message, "in use with the cluster of /etc/ceph/prod.conf")
	assert.Nil(t, change(p, "settings/controller/"+cinderOnHost))
	s = exampleSpec()
	s.Clusters[0].Name = "prod"
	_, in = with(t, s, cinderOnHost, text)
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
	s.Release = "kilo" // which does not read the name
	_, in = with(t, s, cinderOnHost, text)
	assert.Contains(t, finds(t, plan(t, in), "cluster-in-use").Message, "in use with the cluster of /etc/ceph/ceph.conf")
}

// TestFormerNamesOfOptions are read for a release after options have moved.
func TestFormerNamesOfOptions(t *testing.T) {
	const nova = "[DEFAULT]\nlibvirt_images_type = rbd\nlibvirt_images_rbd_pool = prod\n"
	const user = "[DEFAULT]\nrbd_user = nova\nrbd_secret_uuid = " + oldSecret + "\n[libvirt]\nimages_type = rbd\n" +
		"images_rbd_pool = vms\n"
	const glance = "[DEFAULT]\ndefault_store = rbd\nknown_stores = glance.store.rbd.Store\nrbd_store_pool = prod\n"
	for _, c := range []struct{ release, host, path, text, says string }{
		{"icehouse", "compute1", novaOnHost, nova, "in use with images_rbd_pool = prod"},
		{"icehouse", "compute1", novaOnHost, user, "set user: nova and secret_uuid: " + oldSecret},
		{"juno", "compute1", novaOnHost, nova, ""},
		{"juno", "controller", glanceOnHost, glance, "in use with rbd_store_pool = prod"},
		{"kilo", "controller", glanceOnHost, glance, ""},
	} {
		s := exampleSpec()
		s.Release = c.release
		w, in := open(t, s)
		w.Machines[c.host].AddFile(c.path, []byte(c.text), 0o640)
		w.API.AddServer(api.Server{Name: "vm", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true, ImageID: "i"})
		p := plan(t, in)
		if c.says == "" {
			require.Empty(t, p.Problems(), "%s: %s", c.release, p)
			continue
		}
		require.NotEmpty(t, p.Problems(), "%s: %s", c.release, p)
		assert.Contains(t, p.Problems()[0].Message, c.says)
		assert.Nil(t, change(p, "settings/"+c.host+"/"+c.path))
	}
}

// TestStoresUnderTheirFormerName stay served.
func TestStoresUnderTheirFormerName(t *testing.T) {
	s := exampleSpec()
	s.Release = "juno"
	w, in := with(t, s, glanceOnHost, "[DEFAULT]\nknown_stores = glance.store.swift.Store\ndefault_store = swift\n")
	apply(t, in)
	data, _ := w.Machines["controller"].Contents(glanceOnHost)
	assert.Contains(t, string(data), "stores = glance.store.swift.Store,rbd\n")
}

// TestDisksThatAreKeptElsewhere are read with the user and the secret that Nova has now.
func TestDisksThatAreKeptElsewhere(t *testing.T) {
	const login = "rbd_secret_uuid = " + oldSecret + "\n"
	for name, c := range map[string]struct {
		text    string
		problem bool
	}{
		"another pool and user": {"images_rbd_pool = prod\nrbd_user = nova\n" + login, true},
		"another cluster and secret": {"images_rbd_pool = vms\nimages_rbd_ceph_conf = /etc/ceph/b.conf\n" + login,
			true},
		"another pool, the user and login": {"images_rbd_pool = prod\nrbd_user = cinder\n", false},
	} {
		for _, status := range []string{"ACTIVE", "SHUTOFF", ""} {
			s := exampleSpec()
			s.Hosts[1].Disks = "keep"
			w, in := open(t, s)
			w.Machines["compute1"].AddFile(novaOnHost, []byte("[libvirt]\nimages_type = rbd\n"+c.text), 0o640)
			if status != "" {
				w.API.AddServer(api.Server{Name: "vm", Host: "compute1", Status: status, HasLocalDisk: true, ImageID: "i"})
			}
			p := plan(t, in)
			if !c.problem || status == "" {
				require.Empty(t, p.Problems(), "%s: %s", name, p)
				continue
			}
			assert.Contains(t, finds(t, p, "user-in-use").Message, "where `disks: keep` leaves it, and vm (", name)
			assert.Nil(t, change(p, "settings/compute1/"+novaOnHost), name)
		}
	}
}

// TestTheDriverOfBackupsUnderItsOtherName is the same driver.
func TestTheDriverOfBackupsUnderItsOtherName(t *testing.T) {
	_, in := with(t, exampleSpec(), cinderOnHost, "[DEFAULT]\nbackup_driver = cinder.backup.drivers.ceph\n"+
		"backup_ceph_user = cinder-backup\n")
	p := plan(t, in)
	assert.NotContains(t, p.String(), "backups made with")
	assert.NotNil(t, change(p, "settings/controller/"+cinderOnHost))
}

// TestMonitorsThatOverrideTheOthers are asked in place of those of mon_host.
func TestMonitorsThatOverrideTheOthers(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.conf", []byte("[client]\nmon host override = 198.51.100.9\n"), 0o644)
	assert.Contains(t, finds(t, plan(t, in), "conf-bypasses").Message,
		"has the option mon_host_override in [client], which client.cinder takes in place of mon_host")
}
