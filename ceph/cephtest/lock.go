package cephtest

import (
	"context"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/radoslock"
)

var _ ceph.Locker = (*Cluster)(nil)

// held is a lock that somebody took.
type held struct {
	id, tag string
	expires time.Time
}

// Lock implements ceph.Locker. Now is the clock of the OSDs.
func (c *Cluster) Lock(ctx context.Context, lock ceph.Lock) error {
	tag, err := radoslock.Tag(lock)
	if err != nil {
		return err
	}
	op := Op{"rados lock get", lock.Pool + "/" + lock.Object, true}
	return c.rbd(ctx, op, lock.Pool, func(*pool) error {
		if h, ok := c.holder(lock.Pool, lock.Object); ok && h.id != lock.ID {
			return refuse(op.Name, op.Object, ebusy, "Device or resource busy")
		}
		c.locks[[2]string{lock.Pool, lock.Object}] = held{lock.ID, tag, c.Now().Add(lock.Term)}
		return nil
	})
}

// Unlock implements ceph.Locker.
func (c *Cluster) Unlock(ctx context.Context, lock ceph.Lock) error {
	op := Op{"rados lock break", lock.Pool + "/" + lock.Object, true}
	return c.rbd(ctx, op, lock.Pool, func(*pool) error {
		if h, ok := c.holder(lock.Pool, lock.Object); !ok || h.id != lock.ID {
			return radoslock.Gone(lock.Pool, lock.Object)
		}
		delete(c.locks, [2]string{lock.Pool, lock.Object})
		return nil
	})
}

// Holder implements ceph.Locker.
func (c *Cluster) Holder(ctx context.Context, poolName, object string) (lock ceph.Lock, err error) {
	err = c.rbd(ctx, Op{"rados lock info", poolName + "/" + object, false}, poolName, func(*pool) error {
		info := radoslock.Info{}
		if h, ok := c.holder(poolName, object); ok {
			info = radoslock.Info{Tag: h.tag, Lockers: []radoslock.Locker{{Name: "client.4127", Cookie: h.id}}}
		}
		lock, err = info.Holder(poolName, object)
		return err
	})
	return lock, err
}

// holder is who has a lock that has not expired.
func (c *Cluster) holder(poolName, object string) (held, bool) {
	h, ok := c.locks[[2]string{poolName, object}]
	return h, ok && c.Now().Before(h.expires)
}
