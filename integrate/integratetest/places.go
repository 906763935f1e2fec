package integratetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
)

// A place is a pool of a cluster, and the user with which a service reaches the pool. The zero place is not in Ceph.
type place struct {
	cluster *cephtest.Cluster
	pool    string
	data    string // where the objects of images go, if not into pool
	user    string
}

// Options are the names of the options that say where a service keeps its data.
type options struct{ conf, pool, user string }

// place is where a service keeps its data, by the options of a section.
func (w *World) place(host, service, section string, o options) place {
	p := place{pool: w.running(host, service, section, o.pool), user: w.running(host, service, section, o.user)}
	if p.pool != "" {
		conf := w.running(host, service, section, o.conf)
		p.cluster = w.Ceph[strings.TrimSuffix(base(conf), ".conf")]
		p.data = w.dataPool(host, service, conf, p.user)
	}
	return p
}

// dataPool is the pool for the objects of the images that a service makes. It comes from the ceph.conf that was there
// when the service started.
func (w *World) dataPool(host, service, conf, user string) string {
	if w.layout(w.host(host)) == "kolla" {
		conf = w.copiedFrom(host, service, conf)
	}
	read := w.Machines[host].Look(remote.ReadFile{Path: conf})
	if read.Err != nil || !w.hasRead(host, service, read.File) {
		return ""
	}
	f, err := ceph.ParseConf(read.Data)
	if err != nil {
		return ""
	}
	pool, _ := f.Lookup("client."+user, "rbd_default_data_pool")
	return pool
}

// add makes an image as the user of the place. It fails where the rights of the user do not allow that.
func (p place) add(img ceph.Image) error {
	img.Pool, img.DataPool = p.pool, p.data
	user, err := ceph.New(p.cluster).User(context.Background(), "client."+p.user)
	if err != nil {
		return err
	}
	osd := user.Caps["osd"]
	may := permits(osd, p.pool, true) && (p.data == "" || permits(osd, p.data, true))
	if img.Parent != nil {
		parent, err := p.cluster.Inspect(context.Background(), img.Parent.Pool, img.Parent.Image)
		if err != nil {
			return err
		}
		may = may && permits(osd, parent.Pool, false) && (parent.DataPool == "" || permits(osd, parent.DataPool, false))
	}
	if !may {
		return fmt.Errorf("rbd: client.%s, %s/%s: Operation not permitted", p.user, p.pool, img.Name)
	}
	return p.cluster.AddImage(img)
}

// store is the place of a store of Glance. Without a name it is that of the default store. It is the zero place when
// the store is a folder.
func (w *World) store(name string) (where place, found string, err error) {
	host := w.hostOf("glance-api")
	rbd := options{"rbd_store_ceph_conf", "rbd_store_pool", "rbd_store_user"}
	enabled := w.running(host, "glance-api", "DEFAULT", "enabled_backends")
	if enabled == "" {
		for _, section := range []string{"glance_store", "DEFAULT"} { // without several backends
			if w.running(host, "glance-api", section, "default_store") == "rbd" {
				return w.place(host, "glance-api", section, rbd), "", nil
			}
		}
		return place{}, "", nil
	}
	if name == "" {
		name = w.running(host, "glance-api", "glance_store", "default_backend")
	}
	for b := range strings.SplitSeq(enabled, ",") {
		switch have, kind, _ := strings.Cut(strings.TrimSpace(b), ":"); {
		case have != name:
		case kind == "rbd":
			return w.place(host, "glance-api", name, rbd), name, nil
		default:
			return place{}, name, nil
		}
	}
	return place{}, name, openstacktest.ErrNoStore
}

// volumesOf is the place of the backend that a volume is on.
func (w *World) volumesOf(v api.Volume) place {
	_, backend, _ := strings.Cut(v.Host, "@")
	backend, _, _ = strings.Cut(backend, "#")
	return w.backend(backend)
}

func (w *World) backend(name string) place {
	return w.place(w.hostOf("cinder-volume"), "cinder-volume", name, options{"rbd_ceph_conf", "rbd_pool", "rbd_user"})
}

// disks is where Nova keeps the disks of VMs on a compute. It is the zero place when disks are local.
func (w *World) disks(host string) place {
	if w.running(host, "nova-compute", "DEFAULT", "libvirt_images_type") == "rbd" { // of Havana
		return w.place(host, "nova-compute", "DEFAULT", options{"libvirt_images_rbd_ceph_conf",
			"libvirt_images_rbd_pool", "rbd_user"})
	}
	if w.running(host, "nova-compute", "libvirt", "images_type") != "rbd" {
		return place{}
	}
	return w.place(host, "nova-compute", "libvirt", options{"images_rbd_ceph_conf", "images_rbd_pool", "rbd_user"})
}

func (w *World) imageUploaded(i *api.Image, data []byte) error {
	asked := ""
	if len(i.Stores) > 0 {
		asked = i.Stores[0]
	}
	p, name, err := w.store(asked)
	if err != nil {
		return err
	}
	if i.Stores = nil; name != "" {
		i.Stores = []string{name}
	}
	if p.cluster == nil {
		return nil
	}
	i.DirectURL = "rbd://" + p.cluster.FSID + "/" + p.pool + "/" + i.ID + "/snap"
	return w.keepImage(p, i.ID, int64(len(data)))
}

// keepImage puts an image, or a copy of one, into a place.
func (w *World) keepImage(p place, id string, size int64) error {
	w.mu.Lock()
	w.images[id] = append(w.images[id], p)
	w.mu.Unlock()
	return p.add(ceph.Image{Name: id, Size: size, Snapshots: []ceph.Snapshot{{Name: "snap", Size: size, Protected: true}}})
}

// imageDeleted takes an image out of all its places.
func (w *World) imageDeleted(i api.Image) error {
	for _, p := range w.placesOf(i.ID) {
		if err := p.deleted(i.ID); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.images, i.ID)
	return nil
}

func (w *World) placesOf(imageID string) []place {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.images[imageID]
}

// parent is the snapshot from which a copy-on-write child of an image is made in a cluster. It is nil when the image is
// not in that cluster.
func (w *World) parent(imageID string, in *cephtest.Cluster) *ceph.Parent {
	for _, p := range w.placesOf(imageID) {
		if p.cluster == in {
			return &ceph.Parent{Pool: p.pool, Image: imageID, Snapshot: "snap"}
		}
	}
	return nil
}
