package audit_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/openstack/api"
)

func TestWhatIsOddAndRightIsNoFinding(t *testing.T) {
	c := newCloud(t, specOf())
	c.furnish()
	r := c.audit(nil)
	assert.Empty(t, codes(r), "%s", r.Full())
	assert.Contains(t, r.String(), "Nothing was found; looked at ")
	assert.Positive(t, r.Looked["RBD images that were opened"])
}

// A fault is planted, and gives what audit has to say of it.
type fault struct {
	code, name string
	plant      func(c *cloud, image string) []string
}

func one(code, object string) []string { return []string{code + " " + object} }

func faults() []fault {
	return slices.Concat(orphans(), missing(), left(), notCloned(), disagreed())
}

func orphans() []fault {
	return []fault{
		{"orphan-image", "an image of nobody", func(c *cloud, _ string) []string {
			id := c.id()
			c.rbd("images", id)
			return one("orphan-image", "RBD image images/"+id)
		}},
		{"orphan-volume", "a volume of nobody", func(c *cloud, _ string) []string {
			id := c.id()
			c.rbd("volumes", "volume-"+id)
			return one("orphan-volume", "RBD image volumes/volume-"+id)
		}},
		{"orphan-disk", "a disk of nobody", func(c *cloud, image string) []string {
			id := c.id()
			c.clone(image, "vms", id+"_disk")
			c.rbd("vms", id+"_disk.config")
			return []string{"orphan-disk RBD image vms/" + id + "_disk", "orphan-disk RBD image vms/" + id + "_disk.config"}
		}},
		{"orphan-backup", "a backup of nobody", func(c *cloud, _ string) []string {
			name := "volume-" + c.id() + ".backup." + c.id()
			c.rbd("backups", name)
			return one("orphan-backup", "RBD image backups/"+name)
		}},
		{"orphan-backup", "a base of backups of nobody", func(c *cloud, _ string) []string {
			name := "volume-" + c.id() + ".backup.base"
			c.rbd("backups", name)
			return one("orphan-backup", "RBD image backups/"+name)
		}},
		{"foreign-images", "an image of somebody else", func(c *cloud, _ string) []string {
			c.rbd("vms", "my-own-disk")
			c.rbd("vms", c.id())
			return one("foreign-images", "pool vms")
		}},
	}
}

func missing() []fault {
	return []fault{
		{"missing-image", "an image that lost its data", func(c *cloud, _ string) []string {
			id := c.image(nil)
			return one("missing-image", "RBD image images/"+id)
		}},
		{"missing-volume", "a volume that lost its data", func(c *cloud, _ string) []string {
			return one("missing-volume", "RBD image volumes/volume-"+c.volume(nil))
		}},
		{"missing-volume", "a moved volume that lost its data", func(c *cloud, _ string) []string {
			name := c.id()
			id := c.volume(func(v *api.Volume) { v.NameID = name })
			c.rbd("volumes", "volume-"+id)
			return []string{"missing-volume RBD image volumes/volume-" + name}
		}},
		{"missing-backup", "a backup that lost its data", func(c *cloud, _ string) []string {
			volume := c.id()
			return one("missing-backup", "RBD image backups/volume-"+volume+".backup."+c.backup(volume, nil))
		}},
		{"missing-disk", "a disk that is gone", func(c *cloud, image string) []string {
			return one("missing-disk", "RBD image vms/"+c.server(func(v *api.Server) { v.ImageID = image })+"_disk")
		}},
		{"in-trash", "a volume in the trash", func(c *cloud, _ string) []string {
			id := c.keptVolume(nil)
			c.ok(c.ceph.MoveToTrash("volumes", "volume-"+id))
			return one("in-trash", "RBD image volumes/volume-"+id)
		}},
	}
}

func left() []fault {
	return []fault{
		{"copy-in-another-pool", "a copy that a migration left", func(c *cloud, _ string) []string {
			name := c.id()
			id := c.keptVolume(func(v *api.Volume) { v.NameID, v.Migration = name, "success" })
			c.rbd("volumes", "volume-"+name)
			return one("copy-in-another-pool", "RBD image volumes/volume-"+id)
		}},
		{"deleted-volume-left", "a deleted volume that nothing holds", func(c *cloud, _ string) []string {
			name := "volume-" + c.id() + ".deleted"
			c.rbd("volumes", name)
			return one("deleted-volume-left", "RBD image volumes/"+name)
		}},
		{"rescue-disk-left", "a disk of a rescue that is over", func(c *cloud, image string) []string {
			id := c.booted(image, nil)
			c.rbd("vms", id+"_disk.rescue")
			return one("rescue-disk-left", "RBD image vms/"+id+"_disk.rescue")
		}},
		{"converted-disk-left", "a disk under its temporary name", func(c *cloud, image string) []string {
			id := c.booted(image, nil)
			c.rbd("vms", id+"_new")
			return one("converted-disk-left", "RBD image vms/"+id+"_new")
		}},
		{"resize-snapshot-left", "a snapshot of a resize that is over", func(c *cloud, image string) []string {
			id := c.booted(image, nil)
			c.ok(c.ceph.AddSnapshot("vms", id+"_disk", "nova-resize", false))
			return one("resize-snapshot-left", "RBD image vms/"+id+"_disk")
		}},
	}
}

func notCloned() []fault {
	return []fault{
		{"image-not-raw", "a qcow2 image", func(c *cloud, _ string) []string {
			return one("image-not-raw", "image "+c.stored(func(i *api.Image) { i.DiskFormat = "qcow2" }))
		}},
		{"image-first-location", "an image whose first location is a file", func(c *cloud, _ string) []string {
			return one("image-first-location", "image "+c.stored(func(i *api.Image) {
				i.Stores, i.DirectURL = []string{"file", "rbd"}, "file:///var/lib/glance/images/"+i.ID
			}))
		}},
		{"image-of-another-cluster", "an image of another cluster", func(c *cloud, _ string) []string {
			return one("image-of-another-cluster", "image "+c.image(func(i *api.Image) {
				i.Stores, i.DirectURL = nil, "rbd://11111111-2222-4333-8444-555555555555/images/"+i.ID+"/snap"
			}))
		}},
		{"image-snap-missing", "an image without its snapshot", func(c *cloud, _ string) []string {
			id := c.image(nil)
			c.rbd("images", id)
			return one("image-snap-missing", "RBD image images/"+id)
		}},
		{"image-snap-unprotected", "an image with a snapshot that is not protected", func(c *cloud, _ string) []string {
			id := c.image(nil)
			c.rbd("images", id)
			c.ok(c.ceph.AddSnapshot("images", id, "snap", false))
			return one("image-snap-unprotected", "RBD image images/"+id)
		}},
		{"lost-copy-on-write", "volumes that are whole copies", func(c *cloud, _ string) []string {
			id := c.stored(nil)
			c.keptVolume(func(v *api.Volume) { v.ImageID = id })
			c.keptVolume(func(v *api.Volume) { v.ImageID = id })
			return one("lost-copy-on-write", "image "+id+" in pool volumes")
		}},
		{"lost-copy-on-write", "a disk that is a whole copy", func(c *cloud, _ string) []string {
			id := c.stored(nil)
			vm := c.server(func(v *api.Server) { v.ImageID = id })
			c.rbd("vms", vm+"_disk")
			return one("lost-copy-on-write", "image "+id+" in pool vms")
		}},
	}
}

func disagreed() []fault {
	return []fault{
		{"image-upload-stuck", "an upload that never ends", func(c *cloud, _ string) []string {
			id := c.image(func(i *api.Image) {
				i.Status, i.Stores, i.DirectURL, i.Created = "saving", nil, "", ago(72*time.Hour)
			})
			return one("image-upload-stuck", "image "+id)
		}},
		{"volume-used-by-nobody", "a volume in use by nobody", func(c *cloud, _ string) []string {
			return one("volume-used-by-nobody", "volume "+c.keptVolume(func(v *api.Volume) { v.Status = "in-use" }))
		}},
		{"attachment-of-gone-server", "a volume of a server that is gone", func(c *cloud, _ string) []string {
			return one("attachment-of-gone-server", "volume "+c.keptVolume(func(v *api.Volume) {
				v.Status, v.Servers = "in-use", []string{c.id()}
			}))
		}},
		{"volume-stuck", "a volume that attaches for hours", func(c *cloud, _ string) []string {
			return one("volume-stuck", "volume "+c.keptVolume(func(v *api.Volume) {
				v.Status, v.Updated = "attaching", ago(5*time.Hour)
			}))
		}},
		{"volume-stuck", "a volume that is reserved for nobody", func(c *cloud, _ string) []string {
			return one("volume-stuck", "volume "+c.keptVolume(func(v *api.Volume) {
				v.Status, v.Updated = "reserved", ago(5*time.Hour)
			}))
		}},
		{"server-of-gone-volume", "a server of a volume that is gone", func(c *cloud, image string) []string {
			return one("server-of-gone-volume", "server "+c.booted(image, func(v *api.Server) {
				v.Volumes = []string{c.id()}
			}))
		}},
		{"volume-free-but-used", "a volume that is free, and that a server has", func(c *cloud, image string) []string {
			id := c.keptVolume(nil)
			c.booted(image, func(v *api.Server) { v.Volumes = []string{id} })
			return one("volume-free-but-used", "volume "+id)
		}},
	}
}

func TestEachFaultIsFoundAlone(t *testing.T) {
	require.Greater(t, len(faults()), 15)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			c := newCloud(t, specOf())
			want := f.plant(c, c.furnish())
			r := c.audit(nil)
			assert.ElementsMatch(t, want, codes(r), "%s", r.Full())
			for _, found := range r.Findings {
				assert.NotEmpty(t, found.Evidence)
				assert.NotEmpty(t, found.Next)
				assert.NotEmpty(t, found.Message)
				assert.NotContains(t, found.Next+found.Message, "%!", "a verb without its value")
			}
		})
	}
}

func TestAllFaultsAreFoundTogether(t *testing.T) {
	c := newCloud(t, specOf())
	image := c.furnish()
	var want []string
	for _, f := range faults() {
		for _, w := range f.plant(c, image) {
			if !strings.HasPrefix(w, "foreign-images") {
				want = append(want, w)
			}
		}
	}
	want = append(want, "foreign-images pool vms")
	r := c.audit(nil)
	assert.ElementsMatch(t, want, codes(r), "%s", r.Full())
	assert.Equal(t, audit.Danger, r.Findings[0].Severity, "the worst comes first")
}

// TestWhatIsAsExpected is not read out of one list: no image of a pool is there, so the pool may be the wrong one.
func TestAPoolWithoutAnyOfItsVolumesIsNotTold(t *testing.T) {
	c := newCloud(t, specOf())
	for range 30 {
		c.volume(nil)
	}
	r, err := audit.Run(t.Context(), c.config(), audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Millisecond})
	require.ErrorIs(t, err, audit.ErrUnable)
	assert.Empty(t, codes(r))
	require.Len(t, r.Unable, 1)
	assert.Contains(t, r.String(), "UNABLE  volumes in pool volumes of cluster ceph: the APIs tell of 30 volumes")
}

func TestImagesOfSomebodyElseCanBeIgnored(t *testing.T) {
	c := newCloud(t, specOf())
	c.rbd("volumes", "volume-"+c.id())
	c.rbd("vms", "golden-1")
	r := c.audit(func(o *audit.Options) { o.Ignore = []string{"volumes/volume-*", "vms/golden-*"} })
	assert.Empty(t, codes(r), "%s", r)
	_, err := audit.Run(t.Context(), c.config(), audit.Options{Ignore: []string{"golden"}})
	assert.ErrorContains(t, err, `"golden" is not a pattern of RBD images, such as vms/golden-*`)
}

// TestWhatCannotBeReadIsNotAbsent makes each list fail.
func TestWhatCannotBeReadIsNotAbsent(t *testing.T) {
	for _, pool := range []string{"images", "volumes", "vms", "backups"} {
		t.Run(pool, func(t *testing.T) {
			c := newCloud(t, specOf())
			c.furnish()
			c.ceph.Fail = func(op cephtest.Op) error {
				if op.Name == "rbd ls" && op.Object == pool {
					return ceph.ErrUnreachable
				}
				return nil
			}
			r, err := audit.Run(t.Context(), c.config(), audit.Options{Parts: []audit.Part{audit.Data},
				Pause: time.Millisecond})
			require.ErrorIs(t, err, audit.ErrUnable)
			require.ErrorIs(t, err, ceph.ErrUnreachable)
			assert.Empty(t, codes(r), "%s", r)
		})
	}
}

// TestVolumesByOtherNames: where volume_name_template is not the default, no volume is missing, and no image is a
// stranger's. What cannot be told is told.
func TestVolumesByOtherNames(t *testing.T) {
	c := newCloud(t, specOf())
	c.rbd("volumes", "prod-"+c.volume(nil)+"-a")
	lost := c.volume(nil)
	c.rbd("volumes", "prod-"+c.id())
	r, err := audit.Run(t.Context(), c.config(), audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Millisecond})
	require.ErrorIs(t, err, audit.ErrUnable)
	assert.Equal(t, []string{"missing-volume RBD image volumes/volume-" + lost, "foreign-images pool volumes"}, codes(r),
		"%s", r.Full())
	require.Len(t, r.Unable, 1)
	assert.Contains(t, r.String(), "volume_name_template in cinder.conf is not the default")
}
