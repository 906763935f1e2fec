// Package lease has the operator lock: a lock in a cluster that lets one program at a time
// change what a Spec is about.
//
// # Use
//
// Take takes the lock, and renews it in the background until Close. The context of the
// Lease ends when the lock is lost. Whoever writes asks Held right before: timers do not
// run while a process is stopped or its machine sleeps, and another program may have the
// lock when they run again.
//
// # Errors
//
// Take gives ceph.ErrLocked if another holder has the lock. What is lost is
// world.ErrLock.
//
// # Concurrency and cancellation
//
// A Lease is safe for concurrent use. It has a goroutine until Close.
//
// # Testing
//
// A test gives the clock by Config.Now, and cephtest keeps the lock.
package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/world"
)

// giveBack is how long giving the lock back may take: it expires anyway.
const giveBack = 10 * time.Second

// A Config says which lock is taken.
type Config struct {
	Locker ceph.Locker
	Lock   ceph.Lock
	// Break is the Holder whose lock is taken away before; empty for nobody's.
	Break string
	Now   func() time.Time
}

// A Lease is a lock that is held.
type Lease struct {
	Config
	ctx    context.Context
	cancel context.CancelCauseFunc
	base   context.Context // of renewals; the end of the work does not end it
	abort  context.CancelFunc
	stop   chan struct{} // closed by Close
	ended  chan struct{} // closed by the goroutine

	mu    sync.Mutex
	sure  time.Time // when the last renewal that went well was begun
	fault error     // of the last renewal
}

// Take takes the lock. The Lease ends with Close, and its Context also with ctx.
func Take(ctx context.Context, cfg Config) (*Lease, error) {
	if cfg.Break != "" {
		if err := cfg.takeAway(ctx); err != nil {
			return nil, err
		}
	}
	l := &Lease{Config: cfg, stop: make(chan struct{}), ended: make(chan struct{}), sure: cfg.Now()}
	if err := ceph.New(cfg.Locker).TakeLock(ctx, cfg.Lock); err != nil {
		if !errors.Is(err, ceph.ErrLocked) { // it may have been taken all the same
			l.unlock(ctx)
		}
		return nil, err
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.base, l.abort = context.WithCancel(context.WithoutCancel(ctx))
	go l.keep()
	return l, nil
}

// takeAway breaks the lock of one holder.
func (c Config) takeAway(ctx context.Context) error {
	holder, err := c.Locker.Holder(ctx, c.Lock.Pool, c.Lock.Object)
	if err == nil && holder.Holder() != c.Break {
		return nil // Take says who has it
	}
	if err == nil {
		err = c.Locker.Unlock(ctx, holder)
	}
	if errors.Is(err, ceph.ErrNotFound) {
		return nil
	}
	return err
}

// Context ends when the lock is lost. Its cause is world.ErrLock then.
func (l *Lease) Context() context.Context { return l.ctx }

// Held is nil while the lock is held for sure, and otherwise why it is not. It asks the
// clock only. The Context has ended when Held is an error.
func (l *Lease) Held() error {
	if l.ctx.Err() == nil && l.left() <= 0 {
		l.lose(l.late())
	}
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	return nil
}

// left is for how long the lock is held for sure. A sixth of the term is kept back for
// what is under way when the time is over, and for a clock of the cluster that runs faster.
func (l *Lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	// The monotonic clock stands still while a machine sleeps, and the other may be set.
	gone := max(now.Sub(l.sure), now.Round(0).Sub(l.sure.Round(0)))
	return l.Lock.Term - l.Lock.Term/6 - gone
}

// late says why the lock was not renewed in time.
func (l *Lease) late() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return fmt.Errorf("it could not be renewed in time: %w", l.fault)
	}
	return errors.New("it was not renewed in time, as this program or its machine was stopped, or the clock was set")
}

// lose ends the Context.
func (l *Lease) lose(why error) {
	l.cancel(fmt.Errorf("%w any more, so nothing else is begun: %w; see who else works on the cluster, and plan again",
		world.ErrLock, why))
}

// keep renews the lock three times in a term, and more often after a renewal that failed.
func (l *Lease) keep() {
	defer close(l.ended)
	wait := l.left() - l.Lock.Term/2 // to make the pool may have taken long
	for {
		timer := time.NewTimer(max(min(wait, l.left()), 0))
		select {
		case <-l.stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		if l.left() <= 0 {
			_ = l.Held() // which says why it is lost
			return
		}
		err := l.renew()
		switch {
		case errors.Is(err, ceph.ErrLocked):
			l.lose(fmt.Errorf("somebody took it away: %w", err))
			return
		case errors.Is(err, ceph.ErrNotFound):
			l.lose(errors.New("somebody took it away, or the cluster let it expire"))
			return
		case err != nil:
			wait = l.Lock.Term / 18
		default:
			wait = l.Lock.Term / 3
		}
	}
}

// renew extends the lock.
func (l *Lease) renew() error {
	ctx, cancel := context.WithTimeout(l.base, l.left())
	defer cancel()
	began := l.Now()
	err := ceph.New(l.Locker).RenewLock(ctx, l.Lock)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault = err; err == nil {
		l.sure = began
	}
	return err
}

// Close gives the lock back, also after the Context has ended. It waits for a short time
// only: a lock that is not given back expires. A renewal under way goes first, as it could
// come after the lock was given back otherwise.
func (l *Lease) Close() {
	close(l.stop)
	late := time.AfterFunc(giveBack, l.abort)
	<-l.ended
	if late.Stop() {
		l.unlock(l.ctx)
	}
	l.abort()
	l.cancel(nil)
}

// unlock gives the lock back. What goes wrong does not matter: the lock expires.
func (l *Lease) unlock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBack)
	defer cancel()
	_ = l.Locker.Unlock(ctx, l.Lock)
}
