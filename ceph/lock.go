package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/ceph/internal/words"
)

// A Locker is a Commander that also keeps locks on objects of the cluster. A lock has one
// holder, expires by itself unless its holder takes it again in time, and outlives the
// connection that took it. The clock of its OSD decides when it expires.
//
// Implementations: radosconn, cephcli, cephtest. cephtest.TestLocker is the contract in
// executable form. Holders that come through different implementations keep each other out.
type Locker interface {
	Commander
	// Lock takes the lock for lock.Term from now on. The holder that has the lock already
	// extends it so, and may repeat a Lock whose answer did not come. ErrLocked says
	// that another holder has the lock, and ErrNotFound that there is no such pool.
	//
	// Similar To: rados -p <pool> lock get <object> cephstack --lock-duration <s>
	Lock(ctx context.Context, lock Lock) error
	// Unlock takes the lock away from the holder lock.ID, whoever calls. It is
	// ErrNotFound if that holder does not have the lock, and leaves another's alone.
	//
	// Similar To: rados -p <pool> lock break <object> cephstack <client>
	Unlock(ctx context.Context, lock Lock) error
	// Holder gives the lock as its holder took it. It is ErrNotFound if nobody has the
	// lock. If it was taken in another way, ID and Owner are the client, such as
	// client.4127, and what else is not known is empty.
	//
	// Similar To: rados -p <pool> lock info <object> cephstack
	Holder(ctx context.Context, pool, object string) (Lock, error)
}

// A Lock is an exclusive lock on an object of a pool. ID tells its holder from all others:
// make it with crypto/rand.Text. The rest is for people who ask who has the lock.
type Lock struct {
	Pool, Object string
	ID           string
	Owner        string        // a person, or what works for it
	Host         string        // where the owner's program runs
	Purpose      string        // such as apply
	Since        time.Time     // by the clock of Host
	Term         time.Duration // after which the lock expires by itself, in whole seconds
}

// String tells people who holds the lock, from where, for what and since when.
func (l Lock) String() string {
	text := cmp.Or(words.Line(l.Owner), "somebody without a name")
	if l.Host != "" {
		text += " on " + words.Line(l.Host)
	}
	if l.Purpose != "" {
		text += " for " + words.Line(l.Purpose)
	}
	if !l.Since.IsZero() {
		text += " since " + l.Since.UTC().Format("2006-01-02 15:04:05 MST")
	}
	if l.Term > 0 {
		text += fmt.Sprintf("; the lock expires within %s if that program is gone", l.Term)
	}
	return text
}

// Holder names who holds the lock, as owner@host. Several people may be the owner root.
func (l Lock) Holder() string { return l.Owner + "@" + l.Host }

// TakeLock takes a lock, as Locker.Lock. It makes the pool if there is none, with one
// placement group and its own name as the application. If another holder has the lock, the
// error is ErrLocked, and CommandError.Holder says who it is. A Commander that is not a Locker is ErrInvalid.
//
// Similar To: rados -p <pool> lock get <object> cephstack --lock-duration <s>
func (c *Cluster) TakeLock(ctx context.Context, lock Lock) error {
	locker, err := c.locker()
	if err != nil {
		return err
	}
	err = locker.Lock(ctx, lock)
	if errors.Is(err, ErrNotFound) {
		if err = c.makeLockPool(ctx, lock.Pool); err == nil {
			err = locker.Lock(ctx, lock)
		}
	}
	return locked(ctx, locker, lock, err)
}

// makeLockPool makes a pool with its application in one exchange: a later TakeLock does not
// look whether a pool that is there is whole.
func (c *Cluster) makeLockPool(ctx context.Context, pool string) error {
	enable := write("osd pool application enable", fields{"pool": pool, "app": pool})
	enable.After = []int{0}
	answers := c.Batch(ctx, write("osd pool create", fields{"pool": pool, "pg_num": 1}), enable)
	if err := answers[0].Err; err != nil {
		return err
	}
	err := answers[1].Err
	if errors.Is(err, ErrInvalid) && c.before(ctx, "luminous") { // the first release with applications
		return nil
	}
	return err
}

// RenewLock extends a lock that its holder still has. A holder that has lost the lock gets
// ErrLocked if there is another holder, and ErrNotFound if there is none: it does not
// get the lock back, as others may have held it meanwhile.
//
// Similar To: rados -p <pool> lock info <object> cephstack; rados -p <pool> lock get <object> cephstack
func (c *Cluster) RenewLock(ctx context.Context, lock Lock) error {
	locker, err := c.locker()
	if err != nil {
		return err
	}
	holder, err := locker.Holder(ctx, lock.Pool, lock.Object)
	switch {
	case err != nil:
		return err
	case holder.ID != lock.ID:
		return heldBy(holder)
	}
	return locked(ctx, locker, lock, locker.Lock(ctx, lock))
}

func (c *Cluster) locker() (Locker, error) {
	locker, ok := c.mon.(Locker)
	if !ok {
		return nil, fmt.Errorf("%w: this way to the cluster keeps no locks", ErrInvalid)
	}
	return locker, nil
}

// locked says who has the lock, if that is the error.
func locked(ctx context.Context, locker Locker, lock Lock, err error) error {
	if !errors.Is(err, ErrLocked) {
		return err
	}
	holder, fault := locker.Holder(ctx, lock.Pool, lock.Object)
	switch {
	case errors.Is(fault, ErrNotFound):
		return err // it was given back right now
	case fault != nil:
		return fmt.Errorf("%w; who holds the lock cannot be read: %w", err, fault)
	}
	return heldBy(holder)
}

func heldBy(holder Lock) error {
	return &CommandError{Op: "rados lock get", Object: holder.Pool + "/" + holder.Object, Code: ebusy,
		Status: "held by " + holder.String(), Holder: &holder}
}
