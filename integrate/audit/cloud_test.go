package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// A cloud is a fake cloud in which a test plants objects and images.
type cloud struct {
	*testing.T
	*integratetest.World
	ceph *cephtest.Cluster
	n    int
}

func specOf() spec.Spec {
	return spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}}, {Name: "compute2", Services: []string{"nova-compute"}}},
		Glance: &spec.Glance{}, Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"}}},
		Backup: &spec.Backup{}, Nova: &spec.Nova{}}
}

func newCloud(t *testing.T, s spec.Spec) *cloud {
	w := integratetest.Integrated(t, s)
	return &cloud{T: t, World: w, ceph: w.Ceph["ceph"]}
}

// id makes an ID.
func (c *cloud) id() string {
	c.n++
	return fmt.Sprintf("%08x-aaaa-4bbb-8ccc-%012x", c.n, c.n)
}

// ago is a time in the past.
func ago(d time.Duration) time.Time { return time.Now().Add(-d) }

func (c *cloud) ok(err error) {
	c.Helper()
	require.NoError(c, err)
}

// rbd makes an RBD image.
func (c *cloud) rbd(pool, image string) {
	c.Helper()
	c.ok(c.ceph.AddImage(ceph.Image{Pool: pool, Name: image, Size: 1 << 30}))
}

func (c *cloud) clone(image, pool, name string) {
	c.Helper()
	c.ok(c.ceph.Clone(ceph.Parent{Pool: "images", Image: image, Snapshot: "snap"}, pool, name))
}

// url is the location of an image.
func (c *cloud) url(image string) string {
	return "rbd://" + c.ceph.FSID + "/images/" + image + "/snap"
}

// image makes an image of Glance that is as it should be. Change changes it before.
func (c *cloud) image(change func(*api.Image)) string {
	c.Helper()
	id := c.id()
	i := api.Image{ID: id, DiskFormat: "raw", Stores: []string{"rbd"}, DirectURL: c.url(id), Created: ago(time.Hour)}
	if change != nil {
		change(&i)
	}
	return c.API.AddImage(i, []byte("some data"))
}

// stored is image with its RBD image.
func (c *cloud) stored(change func(*api.Image)) string {
	c.Helper()
	id := c.image(change)
	c.rbd("images", id)
	c.ok(c.ceph.AddSnapshot("images", id, "snap", true))
	return id
}

// volume makes a volume of Cinder on backend ceph, without its RBD image.
func (c *cloud) volume(change func(*api.Volume)) string {
	c.Helper()
	v := api.Volume{ID: c.id(), Host: "controller@ceph#ceph", SizeGiB: 1, Created: ago(time.Hour)}
	if change != nil {
		change(&v)
	}
	return c.API.AddVolume(v)
}

func (c *cloud) keptVolume(change func(*api.Volume)) string {
	c.Helper()
	id := c.volume(change)
	c.rbd("volumes", "volume-"+id)
	return id
}

// server makes a server on compute1, without its disks.
func (c *cloud) server(change func(*api.Server)) string {
	c.Helper()
	v := api.Server{ID: c.id(), Host: "compute1", Created: ago(time.Hour)}
	if change != nil {
		change(&v)
	}
	return c.API.AddServer(v)
}

// booted is a server of an image whose disk is a clone.
func (c *cloud) booted(image string, change func(*api.Server)) string {
	c.Helper()
	id := c.server(func(v *api.Server) {
		v.ImageID = image
		if change != nil {
			change(v)
		}
	})
	c.clone(image, "vms", id+"_disk")
	return id
}

// backup makes a backup of a volume that may be gone, without its RBD image.
func (c *cloud) backup(volume string, change func(*api.Backup)) string {
	c.Helper()
	b := api.Backup{ID: c.id(), VolumeID: volume, Container: "backups"}
	if change != nil {
		change(&b)
	}
	return c.API.AddBackup(b)
}

// config is what an audit needs.
func (c *cloud) config() integrate.Config {
	return integrate.Config{Spec: c.Spec(), World: c.World.World, Settle: time.Millisecond, Poll: time.Millisecond}
}

// audit looks at the data.
func (c *cloud) audit(change func(*audit.Options)) audit.Report {
	c.Helper()
	o := audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Millisecond}
	if change != nil {
		change(&o)
	}
	writes := c.Writes()
	r, err := audit.Run(c.Context(), c.config(), o)
	c.ok(err)
	require.Equal(c, writes, c.Writes(), "an audit writes nothing")
	return r
}

// codes are the findings, as "code object".
func codes(r audit.Report) []string {
	all := []string{}
	for _, f := range r.Findings {
		all = append(all, f.Code+" "+f.Object)
	}
	return all
}

// furnish makes what is odd and right.
func (c *cloud) furnish() (image string) {
	image = c.stored(nil)
	c.oddImages()
	c.oddVolumes(image)
	c.oddServers(image)
	c.oddBackups()
	return image
}

func (c *cloud) oddImages() {
	c.stored(func(i *api.Image) { i.DiskFormat = "iso" })
	c.stored(func(i *api.Image) { i.Status = "deactivated" })
	c.image(func(i *api.Image) { i.Status, i.Stores, i.DirectURL = "queued", nil, "" })
	half := c.image(func(i *api.Image) { i.Status, i.Stores, i.DirectURL = "saving", nil, "" })
	c.rbd("images", half)                                         // an upload under way
	c.API.AddImage(api.Image{ID: c.id(), DiskFormat: "raw"}, nil) // of a server that boots from a volume
	c.image(func(i *api.Image) { i.Stores, i.DirectURL = []string{"file"}, "file:///var/lib/glance/images/"+i.ID })
	twice := c.stored(func(i *api.Image) { i.Stores = []string{"rbd", "file"} })
	_ = twice
	registered := c.image(func(i *api.Image) { i.Stores, i.DirectURL = nil, c.url("golden-image") })
	_ = registered
	c.rbd("images", "golden-image")
	c.rbd("images", "to-trash")
	c.ok(c.ceph.MoveToTrash("images", "to-trash"))
}

func (c *cloud) oddVolumes(image string) {
	c.keptVolume(nil)
	cloned := c.volume(func(v *api.Volume) { v.ImageID = image; v.Created = ago(time.Minute) })
	c.clone(image, "volumes", "volume-"+cloned)
	c.keptVolume(func(v *api.Volume) { v.ImageID = image; v.Created = ago(100 * time.Hour) }) // flattened long ago
	moved := c.id()
	c.volume(func(v *api.Volume) { v.NameID, v.Migration = moved, "success" })
	c.rbd("volumes", "volume-"+moved)
	deleted := "volume-" + c.id() + ".deleted"
	c.rbd("volumes", deleted)
	c.ok(c.ceph.AddSnapshot("volumes", deleted, "volume-x.clone_snap", true))
	trashed := "volume-" + c.id()
	c.rbd("volumes", trashed)
	c.ok(c.ceph.MoveToTrash("volumes", trashed))
	for _, status := range []string{"creating", "error", "deleting", "error_deleting", "downloading", "restoring-backup"} {
		c.volume(func(v *api.Volume) { v.Status = status })
	}
	c.volume(func(v *api.Volume) { v.Host = "controller@nfs#nfs" })
	c.volume(func(v *api.Volume) { v.Host = ""; v.Status = "creating" })
	c.keptVolume(func(v *api.Volume) { v.Host = "controller@archive#archive" }) // another backend with this pool
	c.keptVolume(func(v *api.Volume) { v.Status = "retyping" })
	c.keptVolume(func(v *api.Volume) { v.Migration = "target:" + moved })
}

func (c *cloud) oddServers(image string) {
	all := c.booted(image, nil)
	for _, disk := range []string{"_disk.config", "_disk.eph0", "_disk.swap", "_disk.local"} {
		c.rbd("vms", all+disk)
	}
	rescue := c.booted(image, func(v *api.Server) { v.Status = "RESCUE" })
	c.rbd("vms", rescue+"_disk.rescue")
	resized := c.booted(image, func(v *api.Server) { v.Status = "VERIFY_RESIZE" })
	c.ok(c.ceph.AddSnapshot("vms", resized+"_disk", "nova-resize", false))
	soft := c.booted(image, func(v *api.Server) { v.Status, v.State = "SOFT_DELETED", "soft-delete" })
	_ = soft
	c.server(func(v *api.Server) { v.ImageID, v.Host = image, "compute2" }) // on local disks
	off := c.keptVolume(func(v *api.Volume) { v.Status, v.Updated = "reserved", ago(48*time.Hour) })
	c.server(func(v *api.Server) {
		v.ImageID, v.Status, v.State, v.Host, v.Volumes = image, "SHELVED_OFFLOADED", "shelved_offloaded", "", []string{off}
	})
	convert := c.server(func(v *api.Server) { v.Status, v.Host = "SHUTOFF", "compute2" })
	c.rbd("vms", convert+"_new")
	c.server(func(v *api.Server) { v.Status, v.ImageID = "ERROR", image })
	c.server(func(v *api.Server) { v.Status, v.ImageID, v.Task = "BUILD", image, "spawning" })
	shared := c.id()
	var servers []string
	for range 2 {
		servers = append(servers, c.server(func(v *api.Server) { v.Volumes = []string{shared} }))
	}
	c.API.AddVolume(api.Volume{ID: shared, Host: "controller@ceph#ceph", Status: "in-use", Multiattach: true,
		Servers: servers})
	c.rbd("volumes", "volume-"+shared)
}

func (c *cloud) oddBackups() {
	full := c.id()
	volume := c.id() // deleted since
	c.backup(volume, func(b *api.Backup) { b.ID = full })
	c.backup(volume, func(b *api.Backup) { b.Incremental = true })
	c.rbd("backups", "volume-"+volume+".backup."+full)
	old := c.id()
	c.backup(old, nil)
	c.rbd("backups", "volume-"+old+".backup.base")
	c.backup(c.id(), func(b *api.Backup) { b.Container = "volumebackups" }) // in Swift
	c.backup(c.id(), func(b *api.Backup) { b.Status = "creating" })
	c.backup(c.id(), func(b *api.Backup) { b.Status = "error" })
}
