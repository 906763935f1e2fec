package cephtest

import (
	"context"
	"maps"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
)

var _ bulk.Inspector = (*Cluster)(nil)

type trashed struct {
	ceph.TrashEntry
	image *ceph.Image
}

// rbd runs one operation on a pool.
func (c *Cluster) rbd(ctx context.Context, op Op, poolName string, effect func(*pool) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.do(op, func() error {
		p, ok := c.pools[poolName]
		if !ok {
			return refuse(op.Name, poolName, enoent, "error opening pool")
		}
		return effect(p)
	})
}

// InitPool implements ceph.Images.
func (c *Cluster) InitPool(ctx context.Context, name string) error {
	op := Op{"rbd pool init", name, true}
	if c.lacks(op.Name) {
		return refuse(op.Name, name, einval, "unknown command")
	}
	return c.rbd(ctx, op, name, func(p *pool) error {
		if len(p.apps) > 0 && !p.apps["rbd"] {
			return refuse(op.Name, name, eperm, "pool already registered to a different application.")
		}
		p.apps["rbd"] = true
		return nil
	})
}

// List implements ceph.Images.
func (c *Cluster) List(ctx context.Context, poolName string) (names []string, err error) {
	err = c.rbd(ctx, Op{"rbd ls", poolName, false}, poolName, func(p *pool) error {
		names = slices.Sorted(maps.Keys(p.images))
		return nil
	})
	return names, err
}

// Inspect implements ceph.Images.
func (c *Cluster) Inspect(ctx context.Context, poolName, name string) (img ceph.Image, err error) {
	op := Op{"rbd info", poolName + "/" + name, false}
	err = c.rbd(ctx, op, poolName, func(p *pool) error {
		i, ok := p.images[name]
		if !ok {
			return refuse(op.Name, op.Object, enoent, "error opening image")
		}
		img = copyImage(*i)
		return nil
	})
	return img, err
}

// InspectAll implements bulk.Inspector. It counts as a batch.
func (c *Cluster) InspectAll(ctx context.Context, poolName string, names []string) []bulk.Inspection {
	c.mu.Lock()
	c.batches++
	c.mu.Unlock()
	out := make([]bulk.Inspection, len(names))
	for i, name := range names {
		out[i].Image, out[i].Err = c.Inspect(ctx, poolName, name)
	}
	return out
}

// Trash implements ceph.Images.
func (c *Cluster) Trash(ctx context.Context, poolName string) (list []ceph.TrashEntry, err error) {
	op := Op{"rbd trash ls", poolName, false}
	if c.lacks(op.Name) {
		return nil, refuse(op.Name, poolName, einval, "unknown command")
	}
	err = c.rbd(ctx, op, poolName, func(p *pool) error {
		for _, t := range p.trash {
			list = append(list, t.TrashEntry)
		}
		return nil
	})
	return list, err
}

// Watchers implements ceph.Images.
func (c *Cluster) Watchers(ctx context.Context, poolName, name string) (list map[int64]string, err error) {
	op := Op{"rbd status", poolName + "/" + name, false}
	err = c.rbd(ctx, op, poolName, func(p *pool) error {
		if _, ok := p.images[name]; !ok {
			return refuse(op.Name, op.Object, enoent, "error opening image")
		}
		list = maps.Clone(p.watchers[name])
		return nil
	})
	return list, err
}

func copyImage(img ceph.Image) ceph.Image {
	if img.Parent != nil {
		parent := *img.Parent
		img.Parent = &parent
	}
	img.Snapshots, img.Features = slices.Clone(img.Snapshots), slices.Clone(img.Features)
	return img
}
