//go:build cgo

package radosconn

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/ceph/go-ceph/rados"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
)

// A task is what is done to which object of which pool.
type task struct{ op, pool, object string }

// inPool runs fn with the task's pool, open.
func (c *Conn) inPool(ctx context.Context, t task, fn func(*rados.IOContext) error) error {
	return c.call(ctx, func() error {
		ioctx, err := c.handle.OpenIOContext(t.pool)
		if err != nil {
			return refused(t.op, t.pool, "", err)
		}
		defer ioctx.Destroy()
		return refused(t.op, t.object, "", fn(ioctx))
	})
}

// read is inPool for a result, which is only handed out by a call that ended.
func read[T any](ctx context.Context, c *Conn, t task, fn func(*rados.IOContext) (T, error)) (T, error) {
	result := make(chan T, 1)
	err := c.inPool(ctx, t, func(ioctx *rados.IOContext) error {
		v, err := fn(ioctx)
		result <- v
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return <-result, nil
}

// InitPool implements ceph.Images.
//
// Similar To: rbd pool init <pool>
func (c *Conn) InitPool(ctx context.Context, pool string) error {
	const op = "rbd pool init"
	// librbd does nothing, and says nothing, in a pool of another application.
	text, err := json.Marshal(map[string]string{"prefix": "osd pool application get", "pool": pool, "format": "json"})
	if err != nil {
		return err
	}
	reply, err := c.Command(ctx, ceph.Command{JSON: text})
	if err != nil {
		return err
	}
	var apps map[string]any
	if json.Unmarshal([]byte(reply.Data.Reveal()), &apps) == nil && len(apps) > 0 && apps["rbd"] == nil {
		return &ceph.CommandError{Op: op, Object: pool, Code: eperm,
			Status: "pool already registered to a different application"}
	}
	return c.inPool(ctx, task{op, pool, pool}, initPool)
}

// List implements ceph.Images.
//
// Similar To: rbd ls <pool>
func (c *Conn) List(ctx context.Context, pool string) ([]string, error) {
	names, err := read(ctx, c, task{"rbd ls", pool, pool}, imageNames)
	slices.Sort(names)
	return names, err
}

// Inspect implements ceph.Images.
//
// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
func (c *Conn) Inspect(ctx context.Context, pool, name string) (ceph.Image, error) {
	return read(ctx, c, task{"rbd info", pool, pool + "/" + name}, func(ioctx *rados.IOContext) (ceph.Image, error) {
		img, data, err := inspect(ioctx, name)
		img.Pool, img.Name = pool, name
		if err == nil && data != ioctx.GetPoolID() {
			img.DataPool, err = c.handle.GetPoolByID(data)
		}
		return img, err
	})
}

// InspectAll implements bulk.Inspector. As many images as Config.Calls says are open at a time.
//
// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
func (c *Conn) InspectAll(ctx context.Context, pool string, names []string) []bulk.Inspection {
	// The value hides the method InspectAll, so that the images come one by one.
	return bulk.Inspect(ctx, struct{ ceph.Images }{c}, pool, names)
}

// Trash implements ceph.Images.
//
// Similar To: rbd trash ls --all <pool>
func (c *Conn) Trash(ctx context.Context, pool string) ([]ceph.TrashEntry, error) {
	return read(ctx, c, task{"rbd trash ls", pool, pool}, trash)
}

// Watchers implements ceph.Images.
//
// Similar To: rbd status <pool>/<name>
func (c *Conn) Watchers(ctx context.Context, pool, name string) (map[int64]string, error) {
	t := task{"rbd status", pool, pool + "/" + name}
	return read(ctx, c, t, func(ioctx *rados.IOContext) (map[int64]string, error) { return watchers(ioctx, name) })
}
