package cephtest

import (
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/ceph"
)

// A Seeder puts things into a cluster that an OpenStack service would. It is
// what TestImages needs besides ceph.Images; Cluster is one.
type Seeder interface {
	// AddPool creates a pool for RBD.
	AddPool(ceph.Pool) error
	// AddImage creates an image of that pool, name, size and data pool.
	AddImage(ceph.Image) error
	// AddSnapshot takes a snapshot of an image, protected or not.
	AddSnapshot(pool, image, snapshot string, protect bool) error
	// Clone makes a copy-on-write clone of a protected snapshot.
	Clone(from ceph.Parent, pool, name string) error
	// MoveToTrash moves an image to its pool's trash.
	MoveToTrash(pool, name string) error
	// Watch opens an image for writing, as a client of its own, until stop is called.
	Watch(pool, image string) (stop func(), err error)
}

var _ Seeder = (*Cluster)(nil)

// seed changes the images of a pool behind the back of the code under test:
// it is in no log and no hook sees it.
func (c *Cluster) seed(op, poolName, name string, effect func(*pool, *ceph.Image) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.pools[poolName]
	if !ok {
		return refuse(op, poolName, enoent, "error opening pool")
	}
	img, ok := p.images[name]
	if !ok && op != "rbd create" {
		return refuse(op, poolName+"/"+name, enoent, "error opening image")
	}
	return effect(p, img)
}

// AddImage puts an image into its pool, with Ceph's default features when it
// has none. An image that is there is ErrExists.
func (c *Cluster) AddImage(img ceph.Image) error {
	return c.seed("rbd create", img.Pool, img.Name, func(p *pool, old *ceph.Image) error {
		if old != nil || img.Name == "" {
			return refuse("rbd create", img.Pool+"/"+img.Name, eexist, "image exists")
		}
		if img.DataPool != "" && c.pools[img.DataPool] == nil {
			return refuse("rbd create", img.DataPool, enoent, "error opening data pool")
		}
		img = copyImage(img)
		if img.Features == nil {
			img.Features = []string{"layering", "exclusive-lock", "object-map", "fast-diff", "deep-flatten"}
			if img.DataPool != "" {
				img.Features = append(img.Features, "data-pool")
			}
		}
		p.images[img.Name] = &img
		return nil
	})
}

// AddSnapshot takes a snapshot of an image.
func (c *Cluster) AddSnapshot(poolName, image, snapshot string, protect bool) error {
	return c.seed("rbd snap create", poolName, image, func(_ *pool, img *ceph.Image) error {
		if slices.ContainsFunc(img.Snapshots, func(s ceph.Snapshot) bool { return s.Name == snapshot }) {
			return refuse("rbd snap create", poolName+"/"+image+"@"+snapshot, eexist, "snapshot exists")
		}
		img.Snapshots = append(img.Snapshots, ceph.Snapshot{Name: snapshot, Size: img.Size, Protected: protect})
		return nil
	})
}

// Clone makes a copy-on-write clone of a protected snapshot.
func (c *Cluster) Clone(from ceph.Parent, poolName, name string) error {
	size := int64(0)
	err := c.seed("rbd clone", from.Pool, from.Image, func(_ *pool, img *ceph.Image) error {
		i := slices.IndexFunc(img.Snapshots, func(s ceph.Snapshot) bool { return s.Name == from.Snapshot })
		switch {
		case i < 0:
			return refuse("rbd clone", from.Image+"@"+from.Snapshot, enoent, "no such snapshot")
		case !img.Snapshots[i].Protected:
			return refuse("rbd clone", from.Image+"@"+from.Snapshot, einval, "parent snapshot must be protected")
		}
		size = img.Snapshots[i].Size
		return nil
	})
	if err != nil {
		return err
	}
	return c.AddImage(ceph.Image{Pool: poolName, Name: name, Size: size, Parent: &from})
}

// MoveToTrash moves an image to its pool's trash.
func (c *Cluster) MoveToTrash(poolName, name string) error {
	return c.seed("rbd trash mv", poolName, name, func(p *pool, img *ceph.Image) error {
		p.trash = append(p.trash, trashed{ceph.TrashEntry{ID: fmt.Sprintf("%012x", len(p.trash)+1), Name: name}, img})
		delete(p.images, name)
		return nil
	})
}

// RemoveSnapshot removes a snapshot. A snapshot with clones is ErrLocked (EBUSY).
func (c *Cluster) RemoveSnapshot(poolName, image, snapshot string) error {
	return c.seed("rbd snap rm", poolName, image, func(_ *pool, img *ceph.Image) error {
		object := poolName + "/" + image + "@" + snapshot
		i := slices.IndexFunc(img.Snapshots, func(s ceph.Snapshot) bool { return s.Name == snapshot })
		if i < 0 {
			return refuse("rbd snap rm", object, enoent, "no such snapshot")
		}
		if c.hasChild(ceph.Parent{Pool: poolName, Image: image, Snapshot: snapshot}) {
			return refuse("rbd snap rm", object, ebusy, "snapshot has clones")
		}
		img.Snapshots = slices.Delete(img.Snapshots, i, i+1)
		return nil
	})
}

// RemoveImage removes an image. An image with snapshots is refused (ENOTEMPTY).
func (c *Cluster) RemoveImage(poolName, name string) error {
	return c.seed("rbd rm", poolName, name, func(p *pool, img *ceph.Image) error {
		if len(img.Snapshots) > 0 {
			return refuse("rbd rm", poolName+"/"+name, enotempty, "image has snapshots")
		}
		delete(p.images, name)
		return nil
	})
}

func (c *Cluster) hasChild(parent ceph.Parent) bool {
	for _, p := range c.pools {
		for _, img := range p.images {
			if img.Parent != nil && *img.Parent == parent {
				return true
			}
		}
		if slices.ContainsFunc(p.trash, func(t trashed) bool { return t.image.Parent != nil && *t.image.Parent == parent }) {
			return true
		}
	}
	return false
}
