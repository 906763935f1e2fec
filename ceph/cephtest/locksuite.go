package cephtest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cephstack/cephstack/ceph"
)

// TestLocker checks that a Locker keeps the contract. It is called for two Lockers in
// each subtest, which lead to the same cluster, as two operators would come to it. The
// pools that it makes stay there: use a throw-away cluster.
func TestLocker(t *testing.T, newLockers func(t *testing.T) (mine, theirs ceph.Locker)) {
	promises := []struct {
		name string
		test func(s *lockSuite)
	}{
		{"a pool that is not there is ErrNotFound", (*lockSuite).noPool},
		{"a lock makes its pool", (*lockSuite).makesPool},
		{"a lock has one holder", (*lockSuite).oneHolder},
		{"of many only one gets the lock", (*lockSuite).race},
		{"the holder is told as it took the lock", (*lockSuite).holder},
		{"whoever comes second is told who holds the lock", (*lockSuite).busy},
		{"a lock expires by itself", (*lockSuite).expiry},
		{"a lock that is renewed does not expire", (*lockSuite).renewal},
		{"a holder that lost the lock learns it at its renewal", (*lockSuite).lost},
		{"a lock is taken away from its holder alone", (*lockSuite).broken},
		{"a lock that is not whole is ErrInvalid", (*lockSuite).invalid},
		{"a context that has ended is the error", (*lockSuite).endedContext},
	}
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			mine, theirs := newLockers(t)
			s := &lockSuite{suite{T: t, ctx: ctx, mon: mine, cluster: ceph.New(mine)}, mine, theirs, unique()}
			p.test(s)
		})
	}
}

type lockSuite struct {
	suite
	mine, theirs ceph.Locker
	pool         string
}

func (s *lockSuite) lock(owner string) ceph.Lock {
	return ceph.Lock{Pool: s.pool, Object: "operator-lock", ID: rand.Text(), Owner: owner, Host: "ops1",
		Purpose: "apply \"é\"", Since: time.Now().UTC().Truncate(time.Second), Term: time.Minute}
}

// take takes a lock for anna, and the pool is there then.
func (s *lockSuite) take() ceph.Lock {
	s.Helper()
	l := s.lock("anna")
	s.ok(s.cluster.TakeLock(s.ctx, l))
	return l
}

func (s *lockSuite) noPool() {
	l := s.lock("anna")
	s.is(s.mine.Lock(s.ctx, l), ceph.ErrNotFound)
	s.is(s.mine.Unlock(s.ctx, l), ceph.ErrNotFound)
	_, err := s.mine.Holder(s.ctx, l.Pool, l.Object)
	s.is(err, ceph.ErrNotFound)
	s.is(s.cluster.RenewLock(s.ctx, l), ceph.ErrNotFound)
}

func (s *lockSuite) makesPool() {
	_, err := s.mine.Holder(s.ctx, s.pool, "operator-lock")
	s.is(err, ceph.ErrNotFound)
	s.ok(s.mine.Unlock(s.ctx, s.take()))
	p := s.find(s.pool)
	s.equal([]any{p.Application, p.PGNum}, []any{s.pool, 1})
	_, err = s.mine.Holder(s.ctx, s.pool, "operator-lock")
	s.is(err, ceph.ErrNotFound)
}

func (s *lockSuite) oneHolder() {
	l := s.take()
	s.ok(s.mine.Lock(s.ctx, l)) // its answer was lost
	s.is(s.mine.Lock(s.ctx, s.lock("anna")), ceph.ErrLocked)
	s.is(s.theirs.Lock(s.ctx, s.lock("ben")), ceph.ErrLocked)
	other := s.lock("ben")
	other.Object = "another"
	s.ok(s.theirs.Lock(s.ctx, other))
	s.ok(s.mine.Unlock(s.ctx, l))
	s.is(s.mine.Unlock(s.ctx, l), ceph.ErrNotFound)
	s.ok(s.theirs.Lock(s.ctx, s.lock("ben")))
}

func (s *lockSuite) race() {
	s.ok(s.mine.Unlock(s.ctx, s.take()))
	var wg sync.WaitGroup
	var held atomic.Int32
	for _, locker := range []ceph.Locker{s.mine, s.mine, s.theirs, s.theirs} {
		wg.Go(func() {
			err := locker.Lock(s.ctx, s.lock("anna"))
			switch {
			case err == nil:
				held.Add(1)
			case !errors.Is(err, ceph.ErrLocked):
				s.Error(err)
			}
		})
	}
	wg.Wait()
	s.equal(held.Load(), 1)
}

func (s *lockSuite) holder() {
	l := s.take()
	for _, locker := range []ceph.Locker{s.mine, s.theirs} {
		found, err := locker.Holder(s.ctx, l.Pool, l.Object)
		s.ok(err)
		s.equal(found, l)
	}
}

func (s *lockSuite) busy() {
	l := s.take()
	err := ceph.New(s.theirs).TakeLock(s.ctx, s.lock("ben"))
	s.is(err, ceph.ErrLocked)
	var e *ceph.CommandError
	if !errors.As(err, &e) || e.Holder == nil {
		s.Fatalf("error is %#v", err)
	}
	s.equal(*e.Holder, l)
	for _, word := range []string{"anna", "ops1", l.Purpose, l.Since.Format(time.DateTime), "within 1m0s"} {
		if !strings.Contains(err.Error(), word) {
			s.Fatalf("%q does not name %q", err, word)
		}
	}
}

// until tries until the lock is free. It may take some seconds more than the term.
func (s *lockSuite) until(l ceph.Lock) {
	s.Helper()
	for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		err := s.theirs.Lock(s.ctx, l)
		if err == nil {
			return
		}
		s.is(err, ceph.ErrLocked)
		if time.Since(start) > 20*time.Second {
			s.Fatal("the lock does not expire")
		}
	}
}

func (s *lockSuite) expiry() {
	s.ok(s.mine.Unlock(s.ctx, s.take()))
	late, next := s.lock("anna"), s.lock("ben")
	late.Term = time.Second
	s.ok(s.mine.Lock(s.ctx, late))
	s.until(next)
	// Whoever comes late must not take the next holder's lock away.
	s.is(s.mine.Unlock(s.ctx, late), ceph.ErrNotFound)
	s.is(s.mine.Lock(s.ctx, late), ceph.ErrLocked)
	found, err := s.mine.Holder(s.ctx, s.pool, next.Object)
	s.ok(err)
	s.equal(found.ID, next.ID)
}

func (s *lockSuite) renewal() {
	s.ok(s.mine.Unlock(s.ctx, s.take()))
	l := s.lock("anna")
	l.Term = 3 * time.Second
	s.ok(s.mine.Lock(s.ctx, l))
	for start := time.Now(); time.Since(start) < 5*time.Second; time.Sleep(500 * time.Millisecond) {
		s.ok(s.cluster.RenewLock(s.ctx, l))
		s.is(s.theirs.Lock(s.ctx, s.lock("ben")), ceph.ErrLocked)
	}
	s.until(s.lock("ben"))
}

func (s *lockSuite) lost() {
	l := s.take()
	s.ok(s.cluster.RenewLock(s.ctx, l))
	s.ok(s.theirs.Unlock(s.ctx, l))
	s.is(s.cluster.RenewLock(s.ctx, l), ceph.ErrNotFound)
	_, err := s.mine.Holder(s.ctx, l.Pool, l.Object)
	s.is(err, ceph.ErrNotFound) // the renewal did not take the lock back
	s.ok(s.theirs.Lock(s.ctx, s.lock("ben")))
	err = s.cluster.RenewLock(s.ctx, l)
	s.is(err, ceph.ErrLocked)
	var e *ceph.CommandError
	if !errors.As(err, &e) || e.Holder == nil || e.Holder.Owner != "ben" {
		s.Fatalf("error is %v", err)
	}
}

func (s *lockSuite) broken() {
	l := s.take()
	s.ok(s.cluster.RenewLock(s.ctx, l))
	s.is(s.theirs.Unlock(s.ctx, s.lock("ben")), ceph.ErrNotFound)
	found, err := s.theirs.Holder(s.ctx, l.Pool, l.Object)
	s.ok(err)
	s.ok(s.theirs.Unlock(s.ctx, found))
	s.is(s.mine.Unlock(s.ctx, l), ceph.ErrNotFound)
	s.ok(s.theirs.Lock(s.ctx, s.lock("ben")))
}

func (s *lockSuite) invalid() {
	s.ok(s.mine.Unlock(s.ctx, s.take()))
	for _, spoil := range []func(*ceph.Lock){
		func(l *ceph.Lock) { l.Term = 0 }, func(l *ceph.Lock) { l.Term = time.Millisecond },
		func(l *ceph.Lock) { l.Object = "" }, func(l *ceph.Lock) { l.ID = "" }, func(l *ceph.Lock) { l.Pool = "" },
		func(l *ceph.Lock) { l.Owner = strings.Repeat("a", 2000) },
	} {
		l := s.lock("anna")
		spoil(&l)
		s.is(s.mine.Lock(s.ctx, l), ceph.ErrInvalid)
	}
}

func (s *lockSuite) endedContext() {
	l := s.take()
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	s.is(s.mine.Lock(ctx, l), context.Canceled)
	s.is(s.mine.Unlock(ctx, l), context.Canceled)
	_, err := s.mine.Holder(ctx, l.Pool, l.Object)
	s.is(err, context.Canceled)
}
