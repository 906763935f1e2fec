package proof

import (
	"context"
	"fmt"
	"io"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// uploadImage puts the guest image into a store, looks for it in the store's
// pool, and reads it back.
func (j *journey) uploadImage(ctx context.Context, st spec.Store, ask bool) (string, error) {
	if j.Options.Image == nil {
		return "", unable("no guest image was given")
	}
	size, sum, err := measure(ctx, j.Options.Image)
	if err != nil {
		return "", err
	}
	r := api.ImageRequest{Name: j.name("image"), DiskFormat: "raw", Description: description(j.prefix)}
	if ask {
		r.Name, r.Store = r.Name+"-"+st.Name, st.Name
	}
	up, err := j.cloud.UploadImage(ctx, r, j.Options.Image)
	if up.ID != "" {
		j.remember(image, up.ID)
	}
	if err != nil {
		return "", err
	}
	u := st.Use()
	rbd, err := j.inspect(ctx, u, up.ID)
	if err != nil {
		return "", fmt.Errorf("uploaded, but not as it should be: %w", err)
	}
	if !hasSnapshot(rbd, "snap", true) {
		return "", fmt.Errorf("%s/%s has no protected snapshot snap", u.Pool, up.ID)
	}
	if rbd.Size < size {
		return "", fmt.Errorf("%s/%s has %d bytes, the image %d", u.Pool, up.ID, rbd.Size, size)
	}
	back, err := j.cloud.DownloadImage(ctx, up.ID)
	if err != nil {
		return "", err
	}
	defer back.Close()
	if err := readsAs(back, size, sum); err != nil {
		return "", err
	}
	j.stored[st.Name] = up
	return fmt.Sprintf("%s, snap protected, %d bytes, sha256 %.16s same after download", object(u, up.ID),
		rbd.Size, sum), nil
}

// readsAs reads an image of size bytes again, and compares its digest.
func readsAs(back io.Reader, size int64, sum string) error {
	_, got, err := digestOf(io.LimitReader(back, size+1))
	switch {
	case err != nil:
		return fmt.Errorf("the download of the image broke off: %w", err)
	case got != sum:
		return fmt.Errorf("downloaded again it is another (sha256 %.16s, not %.16s)", got, sum)
	}
	return nil
}

// object names an RBD image, and where its data are if not beside its header.
func object(u spec.Use, name string) string {
	if u.DataPool == "" {
		return u.Pool + "/" + name
	}
	return u.Pool + "/" + name + " with its data in " + u.DataPool
}

// inspect looks at an RBD image, which must have its data where they belong.
func (j *journey) inspect(ctx context.Context, u spec.Use, name string) (ceph.Image, error) {
	rbd, err := j.images(u.User.Cluster).Inspect(ctx, u.Pool, name)
	if err != nil {
		return rbd, fmt.Errorf("%s/%s in cluster %s: %w", u.Pool, name, u.User.Cluster, err)
	}
	if u.DataPool != "" && rbd.DataPool != u.DataPool {
		return rbd, misplaced(u, name, rbd.DataPool)
	}
	return rbd, nil
}

// misplaced says what may have put an image's data into another pool: what a pool
// itself says goes before ceph.conf.
func misplaced(u spec.Use, name, found string) error {
	if found == "" {
		return fmt.Errorf("%s/%s has its data beside its header, not in %s: is rbd_default_data_pool in ceph.conf, "+
			"and did the service start since?", u.Pool, name, u.DataPool)
	}
	return fmt.Errorf("%s/%s has its data in %s, not in %s: if %[1]s has an option of its own (rbd config pool get "+
		"%[5]s rbd_default_data_pool), that goes before ceph.conf; "+
		"set it with: rbd config pool set %[5]s rbd_default_data_pool %[6]s; otherwise, did the service start "+
		"since ceph.conf changed?", u.Pool, name, found, u.DataPool, cephstack.ShellQuote(u.Pool),
		cephstack.ShellQuote(u.DataPool))
}

// copyOn makes a volume of an image on a backend.
func (j *journey) copyOn(ctx context.Context, name string, b spec.Backend) {
	st, near := storeFor(j.Site, b)
	const next = "the image must be raw, exposed by show_image_direct_url, and in the same cluster; " +
		"look at cinder-volume's log"
	j.step(ctx, j.leg(name, next), func(ctx context.Context) (string, error) {
		image := j.stored[st.Name]
		vol, err := j.volumeOn(ctx, b, "copy-"+b.Name,
			api.VolumeRequest{ImageID: image.ID, SizeGiB: int((image.Size + gib - 1) / gib)})
		if err != nil {
			return "", err
		}
		var parent *ceph.Parent
		if near {
			parent = &ceph.Parent{Pool: st.Pool, Image: image.ID, Snapshot: "snap"}
		}
		return j.childOf(ctx, b.Use(), "volume-"+vol.ID, parent)
	})
}

// childOf passes when an RBD image is a clone of parent, or is there, where it
// can be no clone.
func (j *journey) childOf(ctx context.Context, u spec.Use, name string, parent *ceph.Parent) (string, error) {
	rbd, err := j.inspect(ctx, u, name)
	if err != nil {
		return "", err
	}
	if parent == nil {
		return fmt.Sprintf("%s is a full copy, as images are in cluster %s", object(u, name), j.Site.Glance.Cluster), nil
	}
	if rbd.Parent == nil || *rbd.Parent != *parent {
		return "", fmt.Errorf("%s/%s is a full copy: its parent is %v, not %v", u.Pool, name, rbd.Parent, *parent)
	}
	return fmt.Sprintf("%s is a child of %s/%s@snap", object(u, name), parent.Pool, parent.Image), nil
}

// diskParent is the image that a VM's disk is a clone of: the image of the journey. It is
// nil if images and disks are in different clusters, where disks are full copies.
func (j *journey) diskParent() *ceph.Parent {
	s := j.Site
	if s.Glance.Cluster != s.Nova.Cluster {
		return nil
	}
	return &ceph.Parent{Pool: s.Glance.Pool, Image: j.image.ID, Snapshot: "snap"}
}
