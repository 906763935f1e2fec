package cephcli

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/radoslock"
	"github.com/cephstack/cephstack/remote"
)

const (
	lockOp   = "rados lock get"
	holderOp = "rados lock info"
	unlockOp = "rados lock break"
)

func (c programs) rados(pool string, args ...string) remote.Run {
	return c.program(cmp.Or(c.options.Rados, "rados"), append([]string{"--pool", pool, "lock"}, args...)...)
}

// Lock implements ceph.Locker.
//
// Similar To: rados -p <pool> lock get <object> cephstack --lock-duration <s>
func (c programs) Lock(ctx context.Context, lock ceph.Lock) error {
	at := lock.Pool + "/" + lock.Object
	tag, err := radoslock.Tag(lock)
	if err != nil {
		return err
	}
	if strings.HasPrefix(lock.Object, "-") {
		return &ceph.CommandError{Op: lockOp, Object: at, Code: einval, Status: "the object would be an option"}
	}
	_, err = c.do(ctx, lockOp, at, c.rados(lock.Pool, "get", lock.Object, radoslock.Name, "--lock-type=shared",
		"--lock-tag="+tag, "--lock-cookie="+lock.ID, "--lock-duration="+seconds(lock.Term)))
	return err
}

// Unlock implements ceph.Locker. It breaks the lock, because the programs that took it
// were clients of their own, which are gone.
//
// Similar To: rados -p <pool> lock break <object> cephstack <client>
func (c programs) Unlock(ctx context.Context, lock ceph.Lock) error {
	info, err := c.lockInfo(ctx, lock.Pool, lock.Object)
	if err != nil {
		return err
	}
	if holder, err := info.Holder(lock.Pool, lock.Object); err != nil || holder.ID != lock.ID {
		return radoslock.Gone(lock.Pool, lock.Object)
	}
	var breaks []remote.Run
	for _, l := range info.Lockers {
		breaks = append(breaks, c.rados(lock.Pool, "break", lock.Object, radoslock.Name, l.Name, "--lock-cookie="+l.Cookie))
	}
	at := lock.Pool + "/" + lock.Object
	results, err := c.exchange(ctx, unlockOp, breaks...)
	if err != nil {
		return err
	}
	gone := radoslock.Gone(lock.Pool, lock.Object)
	for _, r := range results {
		switch err := c.programError(unlockOp, at, r); {
		case err == nil:
			gone = nil
		case !errors.Is(err, ceph.ErrNotFound): // what has expired meanwhile is not found
			return err
		}
	}
	return gone
}

// Holder implements ceph.Locker.
//
// Similar To: rados -p <pool> lock info <object> cephstack
func (c programs) Holder(ctx context.Context, pool, object string) (ceph.Lock, error) {
	info, err := c.lockInfo(ctx, pool, object)
	if err != nil {
		return ceph.Lock{}, err
	}
	return info.Holder(pool, object)
}

func (c programs) lockInfo(ctx context.Context, pool, object string) (info radoslock.Info, err error) {
	results, err := c.do(ctx, holderOp, pool+"/"+object, c.rados(pool, "info", object, radoslock.Name, "--format", "json"))
	if err != nil {
		return info, err
	}
	return info, decode(holderOp, results[0].Data, &info)
}
