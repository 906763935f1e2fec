package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
)

// TestAnotherSpellingOfAPath is the same ceph.conf, and the same cluster.
func TestAnotherSpellingOfAPath(t *testing.T) {
	for _, c := range []struct{ path, text string }{
		{cinderOnHost, cephBackend + "rbd_pool = volumes\nvolume_backend_name = ceph\nrbd_ceph_conf = "},
		{cinderOnHost, "[DEFAULT]\nbackup_driver = cinder.backup.drivers.ceph.CephBackupDriver\nbackup_ceph_conf = "},
		{glanceOnHost, "[DEFAULT]\nenabled_backends = rbd:rbd\n[glance_store]\ndefault_backend = rbd\n[rbd]\n" +
			"rbd_store_pool = images\nrbd_store_ceph_conf = "},
		{novaOnHost, "[libvirt]\nimages_type = rbd\nimages_rbd_pool = vms\nimages_rbd_ceph_conf = "},
	} {
		for file, same := range map[string]bool{"/etc/ceph//ceph.conf": true, "/etc/./ceph/ceph.conf": true,
			"/etc/ceph/old/../ceph.conf": false, "/etc/ceph/Ceph.conf": false} {
			w, in := with(t, exampleSpec(), c.path, c.text+file+"\n")
			w.API.AddServer(api.Server{Name: "vm", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true, ImageID: "i"})
			host := "controller"
			if c.path == novaOnHost {
				host = "compute1"
				w.Machines[host].AddFile(c.path, []byte(c.text+file+"\n"), 0o640)
			}
			p := plan(t, in)
			if !same {
				assert.Contains(t, finds(t, p, "cluster-in-use").Message, "in use with the cluster of "+file)
				continue
			}
			require.Empty(t, p.Problems(), "%s: %s", file, p)
			assert.NotNil(t, change(p, "settings/"+host+"/"+c.path), "%s", p)
		}
	}
}
