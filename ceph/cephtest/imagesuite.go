package cephtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/ceph"
)

// TestImages checks that an implementation of ceph.Images keeps the contract.
// newImages is called in each subtest and gives, besides the implementation,
// a way to put pools and images into the cluster behind it. Nothing is
// removed afterwards: use a throw-away cluster.
func TestImages(t *testing.T, newImages func(t *testing.T) (ceph.Images, Seeder)) {
	promises := []struct {
		name string
		test func(s *imageSuite)
	}{
		{"a pool that is not there is ErrNotFound", (*imageSuite).noPool},
		{"a pool is readied once", (*imageSuite).initPool},
		{"a pool of another application is left alone", (*imageSuite).otherApplication},
		{"images are listed in order", (*imageSuite).list},
		{"an image that is not there is ErrNotFound", (*imageSuite).noImage},
		{"an image has its size and features", (*imageSuite).inspect},
		{"an image names its data pool", (*imageSuite).dataPool},
		{"snapshots come oldest first", (*imageSuite).snapshots},
		{"a clone names its parent", (*imageSuite).clone},
		{"the trash is listed apart", (*imageSuite).trash},
		{"who has an image open for writing is a watcher", (*imageSuite).watchers},
		{"a context that has ended is the error", (*imageSuite).endedContext},
	}
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			images, seed := newImages(t)
			s := &imageSuite{suite{T: t, ctx: ctx}, images, seed, unique()}
			s.ok(seed.AddPool(ceph.Pool{Name: s.pool, PGNum: 4, Size: 1, Autoscale: "off", Application: "rbd"}))
			p.test(s)
		})
	}
}

type imageSuite struct {
	suite
	images ceph.Images
	seed   Seeder
	pool   string
}

const mib = 1 << 20

func (s *imageSuite) add(name string) {
	s.Helper()
	s.ok(s.seed.AddImage(ceph.Image{Pool: s.pool, Name: name, Size: 4 * mib}))
}

func (s *imageSuite) noPool() {
	name := unique()
	s.is(s.images.InitPool(s.ctx, name), ceph.ErrNotFound)
	_, err := s.images.List(s.ctx, name)
	s.is(err, ceph.ErrNotFound)
	_, err = s.images.Inspect(s.ctx, name, "x")
	s.is(err, ceph.ErrNotFound)
	_, err = s.images.Trash(s.ctx, name)
	s.is(err, ceph.ErrNotFound)
}

func (s *imageSuite) initPool() {
	s.ok(s.images.InitPool(s.ctx, s.pool))
	s.ok(s.images.InitPool(s.ctx, s.pool))
	names, err := s.images.List(s.ctx, s.pool)
	s.ok(err)
	s.equal(len(names), 0)
}

func (s *imageSuite) otherApplication() {
	name := unique()
	s.ok(s.seed.AddPool(ceph.Pool{Name: name, PGNum: 4, Size: 1, Autoscale: "off", Application: "rgw"}))
	s.is(s.images.InitPool(s.ctx, name), ceph.ErrDenied)
}

func (s *imageSuite) list() {
	for _, name := range []string{"volume-b", "volume-c", "volume-a"} {
		s.add(name)
	}
	names, err := s.images.List(s.ctx, s.pool)
	s.ok(err)
	s.equal(names, []string{"volume-a", "volume-b", "volume-c"})
}

func (s *imageSuite) noImage() {
	_, err := s.images.Inspect(s.ctx, s.pool, "volume-none")
	s.is(err, ceph.ErrNotFound)
	var e *ceph.CommandError
	if !errors.As(err, &e) || e.Object != s.pool+"/volume-none" {
		s.Fatalf("error is %#v", err)
	}
}

func (s *imageSuite) inspect() {
	s.add("volume-1")
	img, err := s.images.Inspect(s.ctx, s.pool, "volume-1")
	s.ok(err)
	s.equal([]any{img.Pool, img.Name, img.Size, img.Parent, len(img.Snapshots), img.DataPool},
		[]any{s.pool, "volume-1", 4 * mib, nil, 0, ""})
	s.equal(img.Features, []string{"layering", "exclusive-lock", "object-map", "fast-diff", "deep-flatten"})
}

func (s *imageSuite) dataPool() {
	data := unique()
	s.ok(s.seed.AddPool(ceph.Pool{Name: data, PGNum: 4, Size: 1, Autoscale: "off", Application: "rbd"}))
	s.ok(s.seed.AddImage(ceph.Image{Pool: s.pool, Name: "volume-1", Size: mib, DataPool: data}))
	img, err := s.images.Inspect(s.ctx, s.pool, "volume-1")
	s.ok(err)
	s.equal(img.DataPool, data)
}

func (s *imageSuite) snapshots() {
	s.add("image")
	s.ok(s.seed.AddSnapshot(s.pool, "image", "z-first", true))
	s.ok(s.seed.AddSnapshot(s.pool, "image", "a-second", false))
	img, err := s.images.Inspect(s.ctx, s.pool, "image")
	s.ok(err)
	s.equal(img.Snapshots, []ceph.Snapshot{{Name: "z-first", Size: 4 * mib, Protected: true},
		{Name: "a-second", Size: 4 * mib}})
}

func (s *imageSuite) clone() {
	s.add("image")
	s.ok(s.seed.AddSnapshot(s.pool, "image", "snap", true))
	from := ceph.Parent{Pool: s.pool, Image: "image", Snapshot: "snap"}
	s.ok(s.seed.Clone(from, s.pool, "volume"))
	img, err := s.images.Inspect(s.ctx, s.pool, "volume")
	s.ok(err)
	s.equal(img.Parent, from)
}

func (s *imageSuite) trash() {
	s.add("volume-1")
	s.add("volume-2")
	s.ok(s.seed.MoveToTrash(s.pool, "volume-1"))
	names, err := s.images.List(s.ctx, s.pool)
	s.ok(err)
	s.equal(names, []string{"volume-2"})
	list, err := s.images.Trash(s.ctx, s.pool)
	s.ok(err)
	if len(list) != 1 || list[0].Name != "volume-1" || list[0].ID == "" {
		s.Fatalf("trash is %v", list)
	}
	if b, is := s.images.(ceph.Batcher); is {
		answer := b.Batch(s.ctx, ceph.Request{ListTrash: s.pool})[0]
		s.ok(answer.Err)
		s.equal(answer.Trash, list)
	}
	_, err = s.images.Inspect(s.ctx, s.pool, "volume-1")
	s.is(err, ceph.ErrNotFound)
}

func (s *imageSuite) endedContext() {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, err := s.images.List(ctx, s.pool)
	s.is(err, context.Canceled)
}

func (s *imageSuite) watchers() {
	s.add("disk")
	list, err := s.images.Watchers(s.ctx, s.pool, "disk")
	s.ok(err)
	if len(list) > 0 {
		s.Fatalf("nobody has it open, and the watchers are %v", list)
	}
	stop, err := s.seed.Watch(s.pool, "disk")
	s.ok(err)
	list, err = s.images.Watchers(s.ctx, s.pool, "disk")
	s.ok(err)
	s.equal(len(list), 1)
	for client, address := range list {
		if client <= 0 || !strings.Contains(address, ":0/") {
			s.Fatalf("watchers are %v", list)
		}
	}
	if b, ok := s.images.(ceph.Batcher); ok {
		answers := b.Batch(s.ctx, ceph.Request{Watchers: s.pool + "/disk"}, ceph.Request{Watchers: s.pool + "/none"},
			ceph.Request{Watchers: "no pool"}, ceph.Request{Watchers: s.pool + "/disk", ListPool: s.pool})
		s.ok(answers[0].Err)
		s.equal(answers[0].Watchers, list)
		s.is(answers[1].Err, ceph.ErrNotFound)
		s.is(answers[2].Err, ceph.ErrInvalid)
		s.is(answers[3].Err, ceph.ErrInvalid)
	}
	stop()
	for end := time.Now().Add(time.Minute); len(list) > 0; time.Sleep(200 * time.Millisecond) {
		list, err = s.images.Watchers(s.ctx, s.pool, "disk")
		s.ok(err)
		if time.Now().After(end) {
			s.Fatalf("after the client ended, the watchers are %v", list)
		}
	}
}
