package cephtest

import (
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

func (s *suite) caps() ceph.Caps {
	return ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=volumes, profile rbd-read-only pool=images"}
}

func (s *suite) noUser() {
	entity := "client." + unique()
	_, err := s.cluster.User(s.ctx, entity)
	s.is(err, ceph.ErrNotFound)
	s.is(s.cluster.SetCaps(s.ctx, entity, nil, s.caps()), ceph.ErrNotFound)
	_, err = s.send(nil, object{"prefix": "auth caps", "entity": entity, "caps": []string{"mon", "allow r"},
		"format": "json"})
	s.is(err, ceph.ErrNotFound)
}

func (s *suite) createUser() {
	entity := s.entity()
	first, err := s.cluster.CreateUser(s.ctx, entity, s.caps())
	s.ok(err)
	// Other words for the same rights.
	again, err := s.cluster.CreateUser(s.ctx, entity,
		ceph.Caps{"mon": "profile rbd", "osd": "profile rbd-read-only pool=images,profile rbd pool volumes"})
	s.ok(err)
	found, err := s.cluster.User(s.ctx, entity)
	s.ok(err)
	if first.Key.IsZero() || !first.Key.Equal(again.Key) || !first.Key.Equal(found.Key) {
		s.Fatal("keys differ")
	}
	s.equal(found.Entity, entity)
	s.equal(found.Caps, s.caps())
}

func (s *suite) otherCaps() {
	entity := s.entity()
	_, err := s.cluster.CreateUser(s.ctx, entity, s.caps())
	s.ok(err)
	for _, caps := range []ceph.Caps{
		{"mon": "profile rbd", "osd": "profile rbd pool=vms"},
		{"mon": "profile rbd"}, // Ceph by itself finds nothing wrong with fewer
		{"mon": "profile rbd", "osd": s.caps()["osd"], "mgr": "profile rbd"},
	} {
		_, err = s.cluster.CreateUser(s.ctx, entity, caps)
		s.is(err, ceph.ErrExists)
	}
	found, err := s.cluster.User(s.ctx, entity)
	s.ok(err)
	s.equal(found.Caps, s.caps())
}

func (s *suite) badCaps() {
	entity := s.entity()
	for _, caps := range []ceph.Caps{{"mon": "bogus"}, {"osd": "allow rwx pool"}, {"xyz": "allow r"}, {}, {"osd": " "}} {
		_, err := s.cluster.CreateUser(s.ctx, entity, caps)
		s.is(err, ceph.ErrInvalid)
	}
	_, err := s.cluster.User(s.ctx, entity)
	s.is(err, ceph.ErrNotFound)
}

func (s *suite) setCaps() {
	entity := s.entity()
	u, err := s.cluster.CreateUser(s.ctx, entity, ceph.Caps{"mon": "allow r", "mds": "allow r",
		"osd": "allow class-read object_prefix rbd_children, allow rwx pool=volumes, allow rx pool=images, allow r " +
			"pool=operator-data"})
	s.ok(err)
	s.ok(s.cluster.SetCaps(s.ctx, entity, u.Caps, u.Caps.Merge(s.caps())))
	found, err := s.cluster.User(s.ctx, entity)
	s.ok(err)
	s.equal(found.Caps, ceph.Caps{"mon": "profile rbd", "mds": "allow r",
		"osd": "profile rbd pool=volumes, profile rbd-read-only pool=images, allow r pool=operator-data"})
	s.ok(s.cluster.SetCaps(s.ctx, entity, found.Caps, s.caps()))
	found, err = s.cluster.User(s.ctx, entity)
	s.ok(err)
	s.equal(found.Caps, s.caps())
	if !found.Key.Equal(u.Key) {
		s.Fatal("the key changed")
	}
}

func (s *suite) conflict() {
	entity := s.entity()
	u, err := s.cluster.CreateUser(s.ctx, entity, s.caps())
	s.ok(err)
	s.is(s.cluster.SetCaps(s.ctx, entity, ceph.Caps{"mon": "allow r"}, ceph.Caps{"mon": "allow *"}), ceph.ErrConflict)
	s.is(s.cluster.SetCaps(s.ctx, entity, u.Caps, nil), ceph.ErrInvalid)
	found, err := s.cluster.User(s.ctx, entity)
	s.ok(err)
	s.equal(found.Caps, s.caps())
}

func (s *suite) removeUser() {
	entity := s.entity()
	_, err := s.cluster.CreateUser(s.ctx, entity, s.caps())
	s.ok(err)
	s.ok(s.cluster.RemoveUser(s.ctx, entity))
	s.ok(s.cluster.RemoveUser(s.ctx, entity))
	_, err = s.cluster.User(s.ctx, entity)
	s.is(err, ceph.ErrNotFound)
}

func (s *suite) input() {
	entity, key := s.entity(), newKey(aes)
	file := ceph.Keyring{Users: []ceph.User{{Entity: entity, Key: key}}}.Render()
	file = append(file, "\tcaps mon = \"allow r\"\n"...)
	_, err := s.send(file, object{"prefix": "auth import", "format": "json"})
	s.ok(err)
	found, err := s.cluster.User(s.ctx, entity)
	s.ok(err)
	if !found.Key.Equal(key) {
		s.Fatal("another key arrived")
	}
	s.equal(found.Caps, ceph.Caps{"mon": "allow r"})
	_, err = s.send([]byte("no keyring "+key.Reveal()), object{"prefix": "auth import", "format": "json"})
	s.is(err, ceph.ErrInvalid)
	if strings.Contains(err.Error(), key.Reveal()) {
		s.Fatal("the error holds the input")
	}
}
