//go:build cgo

package radosconn

import (
	"context"

	"github.com/ceph/go-ceph/rados"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/radoslock"
)

const (
	lockOp   = "rados lock get"
	holderOp = "rados lock info"
	unlockOp = "rados lock break"

	mayRenew = 1 // LIBRADOS_LOCK_FLAG_RENEW
)

// Lock implements ceph.Locker.
//
// Similar To: rados -p <pool> lock get <object> cephstack --lock-duration <s>
func (c *Conn) Lock(ctx context.Context, lock ceph.Lock) error {
	at := lock.Pool + "/" + lock.Object
	tag, err := radoslock.Tag(lock)
	if err != nil {
		return err
	}
	code, err := read(ctx, c, task{lockOp, lock.Pool, at}, func(ioctx *rados.IOContext) (int, error) {
		flags := byte(mayRenew)
		return ioctx.LockShared(lock.Object, radoslock.Name, lock.ID, tag, "", lock.Term, &flags)
	})
	if err == nil && code != 0 {
		err = &ceph.CommandError{Op: lockOp, Object: at, Code: ebusy, Status: "somebody else holds the lock"}
	}
	return err
}

// Unlock implements ceph.Locker.
//
// Similar To: rados -p <pool> lock break <object> cephstack <client>
func (c *Conn) Unlock(ctx context.Context, lock ceph.Lock) error {
	gone, err := read(ctx, c, task{unlockOp, lock.Pool, lock.Pool + "/" + lock.Object},
		func(ioctx *rados.IOContext) (error, error) {
			info, err := lockInfo(ioctx, lock.Object)
			if err != nil {
				return nil, err
			}
			gone := radoslock.Gone(lock.Pool, lock.Object)
			if holder, err := info.Holder(lock.Pool, lock.Object); err != nil || holder.ID != lock.ID {
				return gone, nil
			}
			for _, l := range info.Lockers {
				code, err := ioctx.BreakLock(lock.Object, radoslock.Name, l.Name, l.Cookie)
				if err != nil {
					return nil, err
				}
				if code == 0 { // what has expired meanwhile is not found
					gone = nil
				}
			}
			return gone, nil
		})
	if err != nil {
		return err
	}
	return gone
}

// Holder implements ceph.Locker.
//
// Similar To: rados -p <pool> lock info <object> cephstack
func (c *Conn) Holder(ctx context.Context, pool, object string) (ceph.Lock, error) {
	info, err := read(ctx, c, task{holderOp, pool, pool + "/" + object},
		func(ioctx *rados.IOContext) (radoslock.Info, error) { return lockInfo(ioctx, object) })
	if err != nil {
		return ceph.Lock{}, err
	}
	return info.Holder(pool, object)
}

func lockInfo(ioctx *rados.IOContext, object string) (info radoslock.Info, err error) {
	list, err := ioctx.ListLockers(object, radoslock.Name)
	if err != nil {
		return info, err
	}
	info.Tag = list.Tag
	for i := range min(list.NumLockers, len(list.Clients), len(list.Cookies)) {
		info.Lockers = append(info.Lockers, radoslock.Locker{Name: list.Clients[i], Cookie: list.Cookies[i]})
	}
	return info, nil
}
