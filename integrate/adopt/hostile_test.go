package adopt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

// misplaced is a key of Ceph where somebody should have put something else.
const misplaced = "AQBSdFhkAAAAABAA6LC1Pq3yXn5Rr9mWb0Q0Yw=="

// adopted finds the Spec of a cloud in which somebody has edited files, and gives all that it tells.
func adopted(t *testing.T, computes int, edit func(*integratetest.World)) (*adopt.Adoption, string) {
	t.Helper()
	w := integratetest.Integrated(t, plain(computes))
	edit(w)
	a, err := find(t, w.World, bare(plain(computes)))
	require.NoError(t, err)
	text, err := a.Text()
	require.NoError(t, err)
	return a, text + fmt.Sprintf("%+v %+v", a.Spec, a.Remarks) + a.Plan.String()
}

// TestAKeyInPlaceOfAName: people put the key of a user where the UUID of its libvirt secret belongs, or its name.
func TestAKeyInPlaceOfAName(t *testing.T) {
	const nova, cinder = "/etc/nova/nova.conf", "/etc/cinder/cinder.conf"
	for name, edits := range map[string][][]string{
		"for all computes":   {{"compute1", nova, "rbd_secret_uuid = "}, {"compute2", nova, "rbd_secret_uuid = "}},
		"for one compute":    {{"compute2", nova, "rbd_secret_uuid = "}},
		"for a backend":      {{"controller", cinder, "rbd_secret_uuid = "}},
		"as a user":          {{"controller", cinder, "rbd_user = "}},
		"as a pool":          {{"controller", cinder, "rbd_pool = "}},
		"as a backup's user": {{"controller", cinder, "backup_ceph_user = "}},
	} {
		t.Run(name, func(t *testing.T) {
			_, told := adopted(t, 2, func(w *integratetest.World) {
				for _, e := range edits {
					spot{w, e[0], e[1]}.edit(t, e[2], e[2]+misplaced+"\n# ")
				}
			})
			assert.NotContains(t, told, misplaced)
			assert.NotContains(t, told, strings.TrimRight(misplaced, "="))
		})
	}
}

// TestWhatDoesNotPrint is escaped in a comment, and does not end it.
func TestWhatDoesNotPrint(t *testing.T) {
	a, told := adopted(t, 1, func(w *integratetest.World) {
		spot{w, "controller", "/etc/cinder/cinder.conf"}.edit(t, "backup_driver = ",
			"backup_driver = \x1b[31mred\x00\u2028hosts: []\n# ")
	})
	assert.Nil(t, a.Spec.Backup)
	assert.Contains(t, told, `cinder-backup has the driver \x1b[31mred\x00 hosts: []`)
	assert.NotContains(t, told, "\x1b")
}

// TestTheNameOfAFile that a Spec cannot have is not the name of a cluster.
func TestTheNameOfAFile(t *testing.T) {
	a, told := adopted(t, 1, func(w *integratetest.World) {
		conf, ok := w.Machines["controller"].Contents("/etc/ceph/ceph.conf")
		require.True(t, ok)
		w.Machines["controller"].AddFile("/etc/ceph/a b;c.conf", conf, 0o644)
		for _, path := range []string{"/etc/cinder/cinder.conf", "/etc/glance/glance-api.conf"} {
			spot{w, "controller", path}.edit(t, "/etc/ceph/ceph.conf", "/etc/ceph/a b;c.conf")
		}
	})
	assert.Equal(t, "ceph", a.Spec.Clusters[0].Name)
	assert.Contains(t, told, "It is reached by /etc/ceph/a b;c.conf")
}

// TestAUserOfSomethingElse: a host that lies asks for the key of a user that is not OpenStack's.
func TestAUserOfSomethingElse(t *testing.T) {
	a, told := adopted(t, 1, func(w *integratetest.World) {
		for _, name := range []string{"osd", "mds"} {
			_, err := ceph.New(w.Ceph["ceph"]).CreateUser(t.Context(), "client.bootstrap-"+name,
				ceph.Caps{"mon": "profile bootstrap-" + name})
			require.NoError(t, err)
		}
		spot{w, "controller", "/etc/cinder/cinder.conf"}.edit(t, "rbd_user = cinder", "rbd_user = bootstrap-osd")
	})
	assert.Contains(t, told, "Options of hosts name client.bootstrap-osd for pool volumes, which it may not write now.")
	assert.Contains(t, told, "DANGER: options of hosts name client.bootstrap-osd for pool volumes.")
	assert.Contains(t, a.Plan.String(), "user client.bootstrap-osd  (its rights are not what the layout needs)",
		"what an apply would do to it is not hidden")
	assert.NotContains(t, told, "bootstrap-mds", "no option names it")
}

// TestManyComputesThatDiffer are named together.
func TestManyComputesThatDiffer(t *testing.T) {
	a, _ := adopted(t, 9, func(w *integratetest.World) {
		for n := 6; n <= 9; n++ {
			spot{w, fmt.Sprintf("compute%d", n), "/etc/nova/nova.conf"}.edit(t, "images_rbd_pool = vms",
				"images_rbd_pool = other")
		}
	})
	var told []string
	for _, r := range a.Remarks {
		if strings.Contains(r.Text, "other options than most computes") {
			told = append(told, r.Text)
		}
	}
	require.Len(t, told, 1)
	assert.Contains(t, told[0], "compute[6-9] has other options")
}

// TestAPasswordInAVolumeType is not copied into the Spec.
func TestAPasswordInAVolumeType(t *testing.T) {
	a, told := adopted(t, 1, func(w *integratetest.World) {
		require.NoError(t, w.World.Cloud.SetVolumeTypeSpecs(t.Context(), "ceph",
			map[string]string{"vendor:san_password": "word-of-secrecy"}))
	})
	assert.Equal(t, "ceph", a.Spec.Cinder.Backends[0].VolumeType)
	assert.NotContains(t, told, "word-of-secrecy")
}

// TestAnOptionThatIsWrong takes neither its backend nor its service out of the Spec.
func TestAnOptionThatIsWrong(t *testing.T) {
	for _, value := range []string{"*", "not set", "%(x)s", "{a: [b", "&a *b", "~", "!!python/object", "|", "5 # y"} {
		a, told := adopted(t, 1, func(w *integratetest.World) {
			spot{w, "controller", "/etc/cinder/cinder.conf"}.edit(t, "rbd_max_clone_depth = 5", "rbd_max_clone_depth = "+value)
		})
		require.NotNil(t, a.Spec.Cinder, value)
		assert.Len(t, a.Spec.Cinder.Backends, 1, value)
		assert.Contains(t, told, "A Spec cannot have what was found for cinder.backends[0]", value)
		text, err := a.Text()
		require.NoError(t, err)
		again, err := spec.Load(strings.NewReader(text), ".")
		require.NoError(t, err, text)
		assert.Equal(t, a.Spec.Digest(), again.Digest(), value)
	}
}
