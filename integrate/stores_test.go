package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// threeStores has Glance's images in two clusters, and in two pools of the first.
func threeStores() spec.Spec {
	s := twoClusters()
	s.Glance.Store = "slow"
	s.Glance.Stores = []spec.Store{
		{Name: "fast", Cluster: "ssd"},
		{Name: "safe", Pool: "safe-images", User: "glance-safe"},
	}
	return s
}

func TestSeveralStores(t *testing.T) {
	w, in := open(t, threeStores())
	old, err := w.Cloud.UploadImage(t.Context(), api.ImageRequest{Name: "old", DiskFormat: "raw"},
		strings.NewReader("old"))
	require.NoError(t, err)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))

	t.Run("settings", func(t *testing.T) { threeStoresSettings(t, w) })
	t.Run("files", func(t *testing.T) {
		for _, file := range []string{"/etc/ceph/hdd.conf", "/etc/ceph/ssd.conf", "/etc/ceph/hdd.client.glance.keyring",
			"/etc/ceph/ssd.client.glance.keyring", "/etc/ceph/hdd.client.glance-safe.keyring"} {
			_, ok := w.Machines["controller"].Contents(file)
			assert.True(t, ok, file)
		}
	})
	t.Run("users", func(t *testing.T) {
		const read = "profile rbd-read-only pool=images, profile rbd-read-only pool=safe-images"
		wantRights(t, w, []right{
			{"hdd", "client.glance", "profile rbd pool=images"},
			{"hdd", "client.glance-safe", "profile rbd pool=safe-images"},
			{"hdd", "client.cinder", "profile rbd pool=volumes, " + read},
			{"hdd", "client.nova", "profile rbd pool=vms, " + read},
			{"ssd", "client.glance", "profile rbd pool=images"},
			{"ssd", "client.cinder", "profile rbd pool=volumes, profile rbd-read-only pool=images"},
		}...)
	})
	t.Run("journey", func(t *testing.T) {
		report, err := verify(t, in)
		require.NoError(t, err, "%s", report)
		for name, evidence := range map[string]string{
			"image in ceph":               "images/",
			"image in ceph on store fast": "images/",
			"image in ceph on store safe": "safe-images/",
			// of the image in its own cluster
			"volume from image is a copy-on-write child on backend fast": "is a child of images/",
			"volume from image is a copy-on-write child on backend safe": "is a child of images/",
		} {
			c := check(report, name)
			require.NotNil(t, c, name)
			assert.Contains(t, c.Evidence, evidence, name)
		}
		assert.NotContains(t, report.String(), "is a full copy")
		assert.Empty(t, w.API.Violations())
	})
	t.Run("the old image", func(t *testing.T) {
		back, err := w.Cloud.DownloadImage(t.Context(), old.ID)
		require.NoError(t, err)
		require.NoError(t, back.Close())
	})
}

func threeStoresSettings(t *testing.T, w *integratetest.World) {
	data, _ := w.Machines["controller"].Contents("/etc/glance/glance-api.conf")
	text := string(data)
	assert.Contains(t, text, "enabled_backends = file:file,http:http,slow:rbd,fast:rbd,safe:rbd\n",
		"nothing that was there is lost")
	assert.Contains(t, text, "default_backend = slow\n")
	for section, lines := range map[string][]string{
		"slow": {"rbd_store_ceph_conf = /etc/ceph/hdd.conf", "rbd_store_pool = images", "rbd_store_user = glance"},
		"fast": {"rbd_store_ceph_conf = /etc/ceph/ssd.conf", "rbd_store_pool = images", "rbd_store_user = glance"},
		"safe": {"rbd_store_ceph_conf = /etc/ceph/hdd.conf", "rbd_store_pool = safe-images", "rbd_store_user = glance-safe"},
		"file": {"filesystem_store_datadir = /var/lib/glance/images/"},
	} {
		part := sectionOf(t, text, section)
		for _, line := range lines {
			assert.Contains(t, part, line, section)
		}
	}
}

func check(r *integrate.Report, name string) *integrate.Check {
	for i, c := range r.Checks {
		if c.Name == name {
			return &r.Checks[i]
		}
	}
	return nil
}

// TestImagesInAnotherClusterThanTheDisks are downloaded: Nova is not told to have
// them copied, as Glance lets only administrators do that, and others' VMs would
// not start.
func TestImagesInAnotherClusterThanTheDisks(t *testing.T) {
	s := threeStores()
	s.Nova.Cluster = "ssd"
	w, in := open(t, s)
	apply(t, in)
	data, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	assert.NotContains(t, string(data), "images_rbd_glance_store_name")
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Contains(t, check(report, "vm on compute1").Evidence, "is a full copy, as images are in cluster hdd")
}

// TestTheOperatorMayHaveImagesCopied: what they put into nova.conf, or beside it,
// for Nova to ask Glance for a copy, stays as it is and is nothing to plan.
func TestTheOperatorMayHaveImagesCopied(t *testing.T) {
	s := threeStores()
	s.Nova.Cluster = "ssd"
	w, in := open(t, s)
	const own = "[libvirt]\nimages_rbd_glance_store_name = fast\nimages_rbd_glance_copy_timeout = 900\n"
	w.Machines["compute1"].AddFile("/etc/nova/nova.conf", []byte("[DEFAULT]\n"+own), 0o640)
	w.Machines["compute2"].AddFile("/etc/nova/nova.conf.d/copy.conf", []byte(own), 0o640)
	apply(t, in)
	assert.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	assert.Empty(t, plan(t, in).Problems())
	data, _ := w.Machines["compute1"].Contents("/etc/nova/nova.conf")
	assert.Contains(t, string(data), own)
	data, _ = w.Machines["compute2"].Contents("/etc/nova/nova.conf.d/copy.conf")
	assert.Equal(t, own, string(data))
}

// TestAStoreThatIsNotServed: Verify asks for each store by its name.
func TestAStoreThatIsNotServed(t *testing.T) {
	w, in := open(t, threeStores())
	apply(t, in)
	data, _ := w.Machines["controller"].Contents("/etc/glance/glance-api.conf")
	w.Machines["controller"].AddFile("/etc/glance/glance-api.conf",
		[]byte(strings.Replace(string(data), ",fast:rbd", "", 1)), 0o640)
	_, err := w.Machines["controller"].Do(t.Context(), remote.RestartUnit{Unit: "glance-api.service"})
	require.NoError(t, err)
	report, err := verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Equal(t, integrate.Fail, check(report, "image in ceph on store fast").Status, "%s", report)
	assert.Equal(t, integrate.Pass, check(report, "image in ceph on store safe").Status, "%s", report)
	assert.Equal(t, integrate.Unable, check(report, "volume from image is a copy-on-write child on backend fast").Status)
	assert.Equal(t, integrate.Pass, check(report, "nothing is left behind").Status, "%s", report)
}

func TestStoresInRocky(t *testing.T) {
	s := threeStores()
	s.Release = "rocky"
	w, in := open(t, s)
	apply(t, in)
	data, _ := w.Machines["controller"].Contents("/etc/glance/glance-api.conf")
	assert.Contains(t, string(data), "enabled_backends = file:file,http:http,slow:rbd,fast:rbd,safe:rbd\n")
	assert.True(t, plan(t, in).Empty(), "%s", plan(t, in))
}
