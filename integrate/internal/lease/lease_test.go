package lease_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/lease"
	"github.com/cephstack/cephstack/integrate/world"
)

const term = 90 * time.Second

func config(locker ceph.Locker, owner string) lease.Config {
	return lease.Config{Locker: locker, Now: time.Now, Lock: ceph.Lock{Pool: "cephstack", Object: "operator-lock",
		ID: rand.Text(), Owner: owner, Host: "ops1", Term: term}}
}

func take(t *testing.T, cfg lease.Config) *lease.Lease {
	t.Helper()
	l, err := lease.Take(t.Context(), cfg)
	require.NoError(t, err)
	return l
}

// inTime runs a test with a clock that goes on when all wait.
func inTime(t *testing.T, test func(t *testing.T, fake *cephtest.Cluster)) {
	synctest.Test(t, func(t *testing.T) { test(t, cephtest.New()) })
}

func TestALeaseIsRenewedUntilItsClose(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		l := take(t, config(fake, "anna"))
		for range 100 {
			time.Sleep(term / 2)
			require.NoError(t, l.Held())
			_, err := lease.Take(t.Context(), config(fake, "ben"))
			require.ErrorIs(t, err, ceph.ErrLocked)
			require.ErrorContains(t, err, "held by anna")
		}
		l.Close()
		require.Error(t, l.Held())
		take(t, config(fake, "ben")).Close()
	})
}

func TestALeaseIsGivenBackAfterItsContextEnded(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		ctx, cancel := context.WithCancelCause(t.Context())
		l, err := lease.Take(ctx, config(fake, "anna"))
		require.NoError(t, err)
		why := errors.New("interrupted")
		cancel(why)
		require.ErrorIs(t, l.Held(), why)
		time.Sleep(2 * term) // what is under way is waited for
		_, err = lease.Take(t.Context(), config(fake, "ben"))
		require.ErrorIs(t, err, ceph.ErrLocked)
		l.Close()
		take(t, config(fake, "ben")).Close()
	})
}

// A killed holder renews nothing, and gives nothing back.
// lost takes a lock, and loses the answer.
type lost struct{ *cephtest.Cluster }

func (l lost) Lock(ctx context.Context, lock ceph.Lock) error {
	return errors.Join(l.Cluster.Lock(ctx, lock), errors.New("timed out"))
}

func TestALockWhoseAnswerWasLostIsGivenBack(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		_, err := lease.Take(t.Context(), config(lost{fake}, "anna"))
		require.ErrorContains(t, err, "timed out")
		take(t, config(fake, "ben")).Close()
	})
}

func TestAKilledHolderBlocksNobodyLongerThanTheTerm(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		require.NoError(t, ceph.New(fake).TakeLock(t.Context(), config(fake, "anna").Lock))
		time.Sleep(term - time.Second)
		_, err := lease.Take(t.Context(), config(fake, "ben"))
		require.ErrorIs(t, err, ceph.ErrLocked)
		time.Sleep(time.Second)
		take(t, config(fake, "ben")).Close()
	})
}

// A skewed clock is that of a holder whose timers stood still, as its process was stopped
// or its machine slept.
type skewed struct{ by atomic.Int64 }

func (s *skewed) now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

func TestAHolderThatWasPausedFindsOutBeforeItsNextWrite(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		clock := &skewed{}
		cfg := config(fake, "anna")
		cfg.Now = clock.now
		l := take(t, cfg)
		defer l.Close()
		require.NoError(t, l.Held())
		clock.by.Store(int64(term - term/6 - time.Second))
		require.NoError(t, l.Held())
		clock.by.Add(int64(time.Second))
		require.ErrorIs(t, l.Held(), world.ErrLock, "no timer ran, and no exchange was made")
		require.ErrorContains(t, l.Held(), "stopped")
		require.ErrorIs(t, context.Cause(l.Context()), world.ErrLock)
		clock.by.Store(0)
		require.ErrorIs(t, l.Held(), world.ErrLock, "what is lost stays lost")
	})
}

// The monotonic clock of Linux stands still while the machine sleeps.
func TestTheWallClockCountsToo(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		clock, wall := &skewed{}, time.Now().Round(0)
		cfg := config(fake, "anna")
		cfg.Now = func() time.Time { return wall.Add(time.Duration(clock.by.Load())) }
		l := take(t, cfg)
		defer l.Close()
		require.NoError(t, l.Held())
		clock.by.Store(int64(term))
		require.ErrorIs(t, l.Held(), world.ErrLock)
	})
}

func TestABrokenLockIsLearntAtTheNextRenewal(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		anna := take(t, config(fake, "anna"))
		wrong := config(fake, "ben")
		wrong.Break = "carl@ops1"
		_, err := lease.Take(t.Context(), wrong)
		require.ErrorIs(t, err, ceph.ErrLocked)
		right := config(fake, "ben")
		right.Break = "anna@ops1"
		ben := take(t, right)
		<-anna.Context().Done()
		require.ErrorIs(t, anna.Held(), world.ErrLock)
		require.ErrorContains(t, anna.Held(), "held by ben")
		anna.Close() // leaves ben's lock alone
		require.NoError(t, ben.Held())
		time.Sleep(2 * term)
		require.NoError(t, ben.Held())
		ben.Close()
		right.Lock.ID = rand.Text()
		take(t, right).Close() // nobody has it, so there is nothing to break
	})
}

// changing is a cluster whose lock gets another holder right after somebody looked.
type changing struct {
	*cephtest.Cluster
	between func()
}

func (c changing) Holder(ctx context.Context, pool, object string) (ceph.Lock, error) {
	lock, err := c.Cluster.Holder(ctx, pool, object)
	c.between()
	return lock, err
}

// TestTheLockOfANewHolderIsNotBroken, also where both have the name of one owner.
func TestTheLockOfANewHolderIsNotBroken(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		first, second := config(fake, "anna").Lock, config(fake, "anna").Lock
		require.NoError(t, ceph.New(fake).TakeLock(t.Context(), first))
		looks := 0
		cfg := config(changing{fake, func() {
			if looks++; looks == 1 {
				require.NoError(t, fake.Unlock(t.Context(), first))
				require.NoError(t, fake.Lock(t.Context(), second))
			}
		}}, "ben")
		cfg.Break = "anna@ops1"
		_, err := lease.Take(t.Context(), cfg)
		require.ErrorIs(t, err, ceph.ErrLocked)
		now, err := fake.Holder(t.Context(), second.Pool, second.Object)
		require.NoError(t, err)
		assert.Equal(t, second.ID, now.ID)
	})
}

func TestALockThatIsGoneIsNotTakenBack(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		cfg := config(fake, "anna")
		l := take(t, cfg)
		defer l.Close()
		require.NoError(t, fake.Unlock(t.Context(), cfg.Lock))
		<-l.Context().Done()
		require.ErrorIs(t, l.Held(), world.ErrLock)
		_, err := fake.Holder(t.Context(), "cephstack", "operator-lock")
		require.ErrorIs(t, err, ceph.ErrNotFound)
	})
}

func TestRenewalsThatFail(t *testing.T) {
	inTime(t, func(t *testing.T, fake *cephtest.Cluster) {
		var down atomic.Bool
		fake.Fail = func(cephtest.Op) error {
			if down.Load() {
				return ceph.ErrUnreachable
			}
			return nil
		}
		l := take(t, config(fake, "anna"))
		defer l.Close()
		down.Store(true)
		time.Sleep(term * 3 / 4)
		require.NoError(t, l.Held(), "it is tried again")
		down.Store(false)
		time.Sleep(10 * term)
		require.NoError(t, l.Held())
		down.Store(true)
		<-l.Context().Done()
		require.ErrorIs(t, l.Held(), world.ErrLock)
		require.ErrorIs(t, l.Held(), ceph.ErrUnreachable)
	})
}
