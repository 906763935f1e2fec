package cephxtest

import (
	"errors"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
)

func (s *suite) rotate() {
	u := s.user()
	s.hold("the first key logs in", s.logsIn(u, u.Key))
	first := u.Key
	for _, keyType := range []string{"", "aes", "aes256k"} {
		if keyType == "aes256k" && !s.choice {
			continue
		}
		next, err := s.auth.Rotate(s.ctx, u.Entity, keyType)
		s.ok(err)
		s.hold("another key, the same caps", !next.Key.Equal(u.Key) && next.Caps.Equal(caps()) && next.Entity == u.Entity)
		s.hold("the type", keyType == "" || next.Key.Type() == keyType)
		s.hold("it is the key now", s.lookup(u.Entity).Key.Equal(next.Key))
		s.hold("the key before is refused", !s.logsIn(u, u.Key))
		s.hold("the new key logs in", s.logsIn(next, next.Key))
		u = next
	}
	s.hold("the first key is refused", !s.logsIn(u, first))
}

// prepared is a user with a pending key; not ok where the cluster has no pending keys.
func (s *suite) prepared() (e cephx.Entity, ok bool) {
	u := s.user()
	e, err := s.auth.Pending(s.ctx, u.Entity)
	if !s.choice {
		s.is(err, cephx.ErrUnsupported)
		return e, false
	}
	s.ok(err)
	s.hold("the key stays, with the caps", e.Key.Equal(u.Key) && e.Caps.Equal(caps()))
	s.hold("a pending key of the preferred type", e.Pending.Type() == "aes256k")
	return e, true
}

func (s *suite) pending() {
	e, ok := s.prepared()
	if !ok {
		return
	}
	again, err := s.auth.Pending(s.ctx, e.Entity)
	s.ok(err)
	s.hold("the same pending key", again.Pending.Equal(e.Pending))
	s.hold("the key logs in", s.logsIn(e.User, e.Key))
	s.hold("the key logs in again", s.logsIn(e.User, e.Key))
	s.hold("nothing was committed", s.lookup(e.Entity).Pending.Equal(e.Pending))
	s.hold("the pending key logs in", s.logsIn(e.User, e.Pending))
	s.eventually("the pending key is the key", func() bool {
		now := s.lookup(e.Entity)
		return now.Pending.IsZero() && now.Key.Equal(e.Pending) && now.Caps.Equal(caps())
	})
	s.hold("the old key is refused", !s.logsIn(e.User, e.Key))
	s.hold("the new key logs in", s.logsIn(e.User, e.Pending))
}

func (s *suite) settle() {
	e, ok := s.prepared()
	if !ok {
		return
	}
	s.ok(s.auth.ClearPending(s.ctx, e.Entity))
	s.ok(s.auth.ClearPending(s.ctx, e.Entity))
	s.ok(s.auth.CommitPending(s.ctx, e.Entity))
	now := s.lookup(e.Entity)
	s.hold("only the key is left", now.Pending.IsZero() && now.Key.Equal(e.Key))
	s.hold("the pending key is refused", !s.logsIn(e.User, e.Pending))
	e, err := s.auth.Pending(s.ctx, e.Entity)
	s.ok(err)
	s.ok(s.auth.CommitPending(s.ctx, e.Entity))
	now = s.lookup(e.Entity)
	s.hold("the pending key is the key", now.Pending.IsZero() && now.Key.Equal(e.Pending))
	s.hold("the old key is refused", !s.logsIn(e.User, e.Key))
	s.hold("the new key logs in", s.logsIn(e.User, e.Pending))
}

func (s *suite) rotatePending() {
	e, ok := s.prepared()
	if !ok {
		return
	}
	_, err := s.auth.Rotate(s.ctx, e.Entity, "")
	s.is(err, ceph.ErrConflict)
	now := s.lookup(e.Entity)
	s.hold("nothing changed", now.Key.Equal(e.Key) && now.Pending.Equal(e.Pending))
}

func (s *suite) ordinary() {
	e, ok := s.prepared()
	if !ok {
		return
	}
	u, err := s.cluster.User(s.ctx, e.Entity)
	s.ok(err)
	s.hold("the key that is in use", u.Key.Equal(e.Key) && u.Caps.Equal(caps()))
	u, err = s.cluster.CreateUser(s.ctx, e.Entity, caps())
	s.ok(err)
	s.hold("the key that is in use", u.Key.Equal(e.Key))
	other := ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=none"}
	s.ok(s.cluster.SetCaps(s.ctx, e.Entity, caps(), other))
	now := s.lookup(e.Entity)
	s.hold("both keys stay", now.Key.Equal(e.Key) && now.Pending.Equal(e.Pending) && now.Caps.Equal(other))
	all, err := s.auth.Keys(s.ctx)
	s.ok(err)
	found := false
	for _, x := range all {
		found = found || x.Entity == e.Entity && x.Key.Equal(e.Key) && x.Pending.IsZero()
	}
	s.hold("the list has the key, and no pending key", found)
}

func (s *suite) restore() {
	u := s.user()
	_, err := s.auth.Rotate(s.ctx, u.Entity, "")
	s.ok(err)
	s.hold("the key before is refused", !s.logsIn(u, u.Key))
	s.ok(s.auth.Restore(s.ctx, u))
	now := s.lookup(u.Entity)
	s.hold("as before", now.Key.Equal(u.Key) && now.Caps.Equal(caps()))
	s.hold("it logs in again", s.logsIn(u, u.Key))
	s.ok(s.auth.Remove(s.ctx, u.Entity))
	s.hold("a removed user is refused", !s.logsIn(u, u.Key))
	quoted := u
	quoted.Caps = ceph.Caps{"mon": `allow command "osd blacklist", allow r`,
		"osd": "allow class-read object_prefix rbd_children"}
	s.ok(s.auth.Restore(s.ctx, quoted))
	now = s.lookup(u.Entity)
	s.hold("it is there again, with caps that have quotes", now.Key.Equal(u.Key) && now.Caps.Equal(quoted.Caps))
	if s.choice {
		e, err := s.auth.Pending(s.ctx, u.Entity)
		s.ok(err)
		s.ok(s.auth.Restore(s.ctx, u))
		s.hold("no pending key is left", s.lookup(u.Entity).Pending.IsZero() && !s.logsIn(u, e.Pending))
	}
	s.is(s.auth.Restore(s.ctx, ceph.User{Entity: u.Entity, Caps: caps()}), ceph.ErrInvalid)
}

func (s *suite) guarded() {
	names := []string{"client.admin", "mon.", "osd.0", "mgr.x", "client.", "bogus"}
	if s.Self != "" {
		names = append(names, s.Self)
	}
	key, err := cephx.NewKey("aes")
	s.ok(err)
	for _, name := range names {
		_, err := s.auth.Rotate(s.ctx, name, "")
		s.is(err, ceph.ErrInvalid)
		_, err = s.auth.Pending(s.ctx, name)
		s.is(err, ceph.ErrInvalid)
		s.is(s.auth.CommitPending(s.ctx, name), ceph.ErrInvalid)
		s.is(s.auth.Remove(s.ctx, name), ceph.ErrInvalid)
		s.is(s.auth.Restore(s.ctx, ceph.User{Entity: name, Key: key, Caps: caps()}), ceph.ErrInvalid)
	}
}

func (s *suite) lockout() {
	s.is(s.auth.AllowCiphers(s.ctx, nil), ceph.ErrInvalid)
	s.is(s.auth.AllowCiphers(s.ctx, []string{"aes", "bogus"}), ceph.ErrInvalid)
	if !s.choice {
		return
	}
	u := s.user()
	before, err := s.auth.Ciphers(s.ctx)
	s.ok(err)
	var locked *cephx.LockoutError
	s.hold("a LockoutError", asLockout(s.auth.AllowCiphers(s.ctx, []string{"aes256k"}), &locked))
	s.hold("names the user", contains(locked.Entities, u.Entity))
	s.hold("it can be given up", !contains(locked.Never, u.Entity))
	s.ok(s.auth.PreferCipher(s.ctx, "aes"))
	all, err := s.auth.Keys(s.ctx)
	s.ok(err)
	var names []string
	for _, e := range all {
		names = append(names, e.Entity)
	}
	err = s.auth.AllowCiphers(s.ctx, []string{"aes"}, append(names, "mon.")...)
	s.hold("a LockoutError whoever is given up", asLockout(err, &locked))
	s.hold("names client.admin and the monitors", contains(locked.Never, "client.admin") && contains(locked.Never, "mon."))
	s.is(err, ceph.ErrDenied)
	after, err := s.auth.Ciphers(s.ctx)
	s.ok(err)
	s.hold("nothing was allowed or forbidden", len(after.Allowed) == len(before.Allowed))
}

func (s *suite) givenUp() {
	if !s.choice {
		return
	}
	u, err := s.auth.Create(s.ctx, s.entity(), caps(), "aes")
	s.ok(err)
	pending, err := s.auth.Create(s.ctx, s.entity(), caps(), "aes256k")
	s.ok(err)
	s.ok(s.auth.PreferCipher(s.ctx, "aes"))
	err = s.auth.AllowCiphers(s.ctx, []string{"aes256k"}, u.Entity, s.Self)
	s.hold("the preferred type is an allowed type", errors.Is(err, ceph.ErrInvalid) || errors.Is(err, ceph.ErrDenied))
	s.ok(s.auth.PreferCipher(s.ctx, "aes256k"))
	err = s.auth.AllowCiphers(s.ctx, []string{"aes256k"}, u.Entity, s.Self)
	if s.Self != "" && s.lookup(s.Self).Key.Type() == "aes" {
		var locked *cephx.LockoutError
		s.hold("who asks is never given up", asLockout(err, &locked) && contains(locked.Never, s.Self))
		return
	}
	s.ok(err)
	s.hold("it is locked out", !s.logsIn(u, u.Key))
	s.hold("others are not", s.logsIn(pending, pending.Key))
	_, err = s.auth.Create(s.ctx, s.entity(), caps(), "aes")
	s.is(err, ceph.ErrInvalid)
	s.is(s.auth.AllowCiphers(s.ctx, nil), ceph.ErrInvalid)
	_, err = s.auth.Rotate(s.ctx, pending.Entity, "aes")
	s.is(err, ceph.ErrInvalid)
	s.is(s.auth.PreferCipher(s.ctx, "aes"), ceph.ErrInvalid)
	s.ok(s.auth.AllowCiphers(s.ctx, []string{"aes", "aes256k"}))
	s.hold("it logs in again", s.logsIn(u, u.Key))
}

func (s *suite) prefer() {
	s.is(s.auth.PreferCipher(s.ctx, "bogus"), ceph.ErrInvalid)
	if !s.choice {
		return
	}
	s.ok(s.auth.PreferCipher(s.ctx, "aes"))
	s.ok(s.auth.PreferCipher(s.ctx, "aes"))
	u, err := s.auth.Create(s.ctx, s.entity(), caps(), "")
	s.ok(err)
	s.hold("new keys are of type aes", u.Key.Type() == "aes")
	e, err := s.auth.Pending(s.ctx, u.Entity)
	s.ok(err)
	s.hold("pending keys are of type aes", e.Pending.Type() == "aes")
	s.ok(s.auth.PreferCipher(s.ctx, "aes256k"))
	s.ok(s.auth.CommitPending(s.ctx, u.Entity))
	u, err = s.auth.Rotate(s.ctx, u.Entity, "aes256k")
	s.ok(err)
	s.ok(s.auth.PreferCipher(s.ctx, "aes"))
	_, err = s.auth.Pending(s.ctx, u.Entity)
	s.ok(err)
	s.ok(s.auth.PreferCipher(s.ctx, "aes256k"))
	var locked *cephx.LockoutError
	err = s.auth.AllowCiphers(s.ctx, []string{"aes256k"})
	s.hold("a pending key is a key in use", asLockout(err, &locked) && contains(locked.Entities, u.Entity))
}
