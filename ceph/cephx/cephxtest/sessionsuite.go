package cephxtest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
)

func asLockout(err error, into **cephx.LockoutError) bool { return errors.As(err, into) }

func contains(list []string, name string) bool { return slices.Contains(list, name) }

func (s *suite) sessions() {
	u := s.user()
	s.hold("nobody is logged in", len(s.has(u.Entity)) == 0)
	stop, err := s.Login(u, "")
	s.ok(err)
	found := s.has(u.Entity)
	s.hold("one session", len(found) == 1)
	s.hold("with all that is known", found[0].Mon != "" && found[0].Client > 0 &&
		strings.Contains(found[0].Address, ":0/"))
	all, err := s.auth.Sessions(s.ctx)
	s.ok(err)
	s.hold("found by its ID", cephx.ByClient(all)[found[0].Client].Entity == u.Entity)
	self := slices.ContainsFunc(all, func(x cephx.Session) bool {
		return x.Entity == "client.admin" || x.Entity == s.Self
	})
	s.hold("who asks is logged in, too", self)
	for _, x := range all {
		s.hold("each session has an entity", x.Entity != "" && x.Mon != "")
	}
	stop()
	s.eventually("the session ends", func() bool { return len(s.has(u.Entity)) == 0 })
}

func (s *suite) noMonitor() {
	text, err := json.Marshal(map[string]string{"prefix": "sessions", "format": "json"})
	s.ok(err)
	_, err = s.Batcher.Command(s.ctx, ceph.Command{JSON: text, Mon: "none-of-that-name"})
	s.is(err, ceph.ErrNotFound)
	_, err = s.Batcher.Command(s.ctx, ceph.Command{JSON: text})
	s.is(err, ceph.ErrInvalid)
}

func (s *suite) reclaim() {
	status, err := s.cluster.Status(s.ctx)
	s.ok(err)
	insecure, err := s.auth.InsecureReclaim(s.ctx, status.Release)
	s.ok(err)
	s.hold("the monitors of a cluster for tests are secure", len(insecure) == 0)
	text, err := json.Marshal(map[string]string{"prefix": "config get", "who": "mon", "key": "none_of_that_name",
		"format": "json"})
	s.ok(err)
	_, err = s.Batcher.Command(s.ctx, ceph.Command{JSON: text})
	s.is(err, ceph.ErrNotFound)
}

func (s *suite) watchers() {
	pool := "cephxtest-" + strings.TrimPrefix(s.entity(), "client.cephxtest-")
	s.ok(s.Seeder.AddPool(ceph.Pool{Name: pool, PGNum: 4, Size: 1, Autoscale: "off", Application: "rbd"}))
	for _, name := range []string{"free", "used"} {
		s.ok(s.Seeder.AddImage(ceph.Image{Pool: pool, Name: name, Size: 4 << 20}))
	}
	u := s.user()
	stop, err := s.Login(u, pool+"/used")
	s.ok(err)
	sessions, err := s.auth.Sessions(s.ctx)
	s.ok(err)
	for _, images := range [][]string{nil, {"free", "used", "gone"}} {
		found, err := s.auth.Watchers(s.ctx, pool, images...)
		s.ok(err)
		s.hold("the images that are there", len(found) == 2 && len(found["free"]) == 0 && len(found["used"]) == 1)
		session := cephx.ByClient(sessions)[found["used"][0].Client]
		s.hold("the watcher is the user", session.Entity == u.Entity && session.Address == found["used"][0].Address)
	}
	stop()
	s.eventually("the watcher ends", func() bool {
		found, err := s.auth.Watchers(s.ctx, pool, "used")
		s.ok(err)
		return len(found["used"]) == 0
	})
	_, err = s.auth.Watchers(s.ctx, "no-such-pool")
	s.is(err, ceph.ErrNotFound)
}

// refused: by what a rotated key does to a client that is connected, a rotation in place has no way back.
func (s *suite) refused() {
	stays, changed := s.user(), s.user()
	for _, u := range []ceph.User{stays, changed} {
		stop, err := s.Login(u, "")
		s.ok(err)
		defer stop()
	}
	_, err := s.auth.Rotate(s.ctx, changed.Entity, "")
	s.ok(err)
	s.hold("the client is still logged in", len(s.has(changed.Entity)) == 1)
	s.Renew()
	s.eventually("the other client is logged in again", func() bool { return len(s.has(stays.Entity)) == 1 })
	s.eventually("the client is refused", func() bool { return len(s.has(changed.Entity)) == 0 })
	s.ok(s.auth.Restore(s.ctx, changed))
	s.hold("a new client logs in with the key before", s.logsIn(changed, changed.Key))
	for end := time.Now().Add(s.patience()); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		s.hold("the client does not come back", len(s.has(changed.Entity)) == 0)
	}
}

// patience is how long is watched that nothing happens.
func (s *suite) patience() time.Duration { return 5 * time.Second }

func (s *suite) block() {
	s.ok(s.auth.Block(s.ctx, "192.0.2.7:0/953100561", time.Minute))
	s.is(s.auth.Block(s.ctx, "192.0.2.7", time.Minute), ceph.ErrInvalid)
	s.is(s.auth.Block(s.ctx, "garbage/1", time.Minute), ceph.ErrInvalid)
}
