package cephtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
)

// TestInspector checks that an implementation of bulk.Inspector keeps the contract, as TestImages does for ceph.Images.
func TestInspector(t *testing.T, newInspector func(t *testing.T) (bulk.Inspector, Seeder)) {
	promises := []struct {
		name string
		test func(s *inspectSuite)
	}{
		{"no names have no answers", (*inspectSuite).none},
		{"each image is what Inspect tells", (*inspectSuite).each},
		{"an image that is not there is ErrNotFound, and the others are described", (*inspectSuite).missing},
		{"a pool that is not there is ErrNotFound for each image", (*inspectSuite).noPool},
		{"hundreds of images are described", (*inspectSuite).many},
		{"a context that has ended is the error of each image", (*inspectSuite).ended},
	}
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			inspector, seed := newInspector(t)
			s := &inspectSuite{imageSuite{suite{T: t, ctx: ctx}, inspector, seed, unique()}, inspector}
			s.ok(seed.AddPool(ceph.Pool{Name: s.pool, PGNum: 4, Size: 1, Autoscale: "off", Application: "rbd"}))
			p.test(s)
		})
	}
}

type inspectSuite struct {
	imageSuite
	inspector bulk.Inspector
}

func (s *inspectSuite) inspect(names ...string) []bulk.Inspection {
	s.Helper()
	got := s.inspector.InspectAll(s.ctx, s.pool, names)
	s.equal(len(got), len(names))
	return got
}

func (s *inspectSuite) none() { s.inspect() }

func (s *inspectSuite) each() {
	data := unique()
	s.ok(s.seed.AddPool(ceph.Pool{Name: data, PGNum: 4, Size: 1, Autoscale: "off", Application: "rbd"}))
	s.add("image")
	s.ok(s.seed.AddSnapshot(s.pool, "image", "z-first", true))
	s.ok(s.seed.AddSnapshot(s.pool, "image", "a-second", false))
	s.ok(s.seed.Clone(ceph.Parent{Pool: s.pool, Image: "image", Snapshot: "z-first"}, s.pool, "volume"))
	s.ok(s.seed.AddImage(ceph.Image{Pool: s.pool, Name: "far", Size: mib, DataPool: data}))
	names := []string{"volume", "image", "far"}
	for i, got := range s.inspect(names...) {
		s.ok(got.Err)
		single, err := s.images.Inspect(s.ctx, s.pool, names[i])
		s.ok(err)
		s.equal(got.Image, single)
		s.equal(got.Image.Name, names[i])
	}
}

func (s *inspectSuite) missing() {
	s.add("a")
	s.add("c")
	got := s.inspect("a", "b", "c")
	s.ok(got[0].Err)
	s.is(got[1].Err, ceph.ErrNotFound)
	s.ok(got[2].Err)
	s.equal(got[2].Image.Name, "c")
}

func (s *inspectSuite) noPool() {
	for _, got := range s.inspector.InspectAll(s.ctx, unique(), []string{"a", "b"}) {
		s.is(got.Err, ceph.ErrNotFound)
	}
}

func (s *inspectSuite) many() {
	var names []string
	for i := range 130 {
		name := fmt.Sprintf("volume-%03d", i)
		s.add(name)
		names = append(names, name, "not-"+name)
	}
	for i, got := range s.inspect(names...) {
		if i%2 == 1 {
			s.is(got.Err, ceph.ErrNotFound)
			continue
		}
		s.ok(got.Err)
		s.equal(got.Image.Name, names[i])
	}
}

func (s *inspectSuite) ended() {
	s.add("a")
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	for _, got := range s.inspector.InspectAll(ctx, s.pool, []string{"a", "b"}) {
		s.is(got.Err, context.Canceled)
	}
}
