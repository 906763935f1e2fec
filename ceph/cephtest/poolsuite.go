package cephtest

import (
	"slices"

	"github.com/cephstack/cephstack/ceph"
)

func (s *suite) find(name string) ceph.Pool {
	s.Helper()
	pools, err := s.cluster.Pools(s.ctx)
	s.ok(err)
	if !slices.IsSortedFunc(pools, func(a, b ceph.Pool) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}) {
		s.Fatal("pools are not sorted")
	}
	i := slices.IndexFunc(pools, func(p ceph.Pool) bool { return p.Name == name })
	if i < 0 {
		s.Fatalf("no pool %s", name)
	}
	return pools[i]
}

func (s *suite) createPool() {
	want := ceph.Pool{Name: unique(), PGNum: 8, Autoscale: "off", Size: 2, MinSize: 1, CRUSHRule: "replicated_rule",
		Application: "rbd", MaxBytes: 1 << 30, MaxObjects: 1000}
	for range 2 {
		s.ok(s.cluster.CreatePool(s.ctx, want))
		s.equal(s.find(want.Name), want)
	}
}

func (s *suite) updatePool() {
	p := ceph.Pool{Name: unique(), PGNum: 4, Autoscale: "off", Size: 3, MinSize: 1}
	s.ok(s.cluster.CreatePool(s.ctx, p))
	s.equal(s.find(p.Name).Application, "")
	// The middle of a creation that was cut short.
	s.ok(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: p.Name, Application: "rbd"}))
	s.ok(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: p.Name, Size: 2, MinSize: 2, MaxBytes: 4096}))
	got := s.find(p.Name)
	s.equal([]any{got.Application, got.Size, got.MinSize, got.MaxBytes, got.PGNum, got.Autoscale},
		[]any{"rbd", 2, 2, 4096, 4, "off"})
	if diff := p.Diff(got); len(diff) != 2 || diff[0].Field != "size" || diff[1].Field != "min_size" {
		s.Fatalf("diff is %v", diff)
	}
}

func (s *suite) sizeOne() {
	p := ceph.Pool{Name: unique(), PGNum: 4, Size: 2}
	s.ok(s.cluster.CreatePool(s.ctx, p))
	_, err := s.send(nil, object{"prefix": "osd pool set", "pool": p.Name, "var": "size", "val": "1", "format": "json"})
	s.is(err, ceph.ErrDenied)
	p.Size = 1
	s.ok(s.cluster.UpdatePool(s.ctx, p))
	s.equal(s.find(p.Name).Size, 1)
}

func (s *suite) noPool() {
	name := unique()
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: name, Size: 2}), ceph.ErrNotFound)
	for _, args := range []object{
		{"prefix": "osd pool set", "pool": name, "var": "size", "val": "2"},
		{"prefix": "osd pool set-quota", "pool": name, "field": "max_bytes", "val": "2"},
		{"prefix": "osd pool get-quota", "pool": name},
		{"prefix": "osd pool application enable", "pool": name, "app": "rbd"},
		{"prefix": "osd pool application get", "pool": name},
	} {
		args["format"] = "json"
		_, err := s.send(nil, args)
		s.is(err, ceph.ErrNotFound)
	}
}

func (s *suite) badValue() {
	name := unique()
	s.ok(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: name, PGNum: 4}))
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: name, Size: 99}), ceph.ErrInvalid)
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: name, Autoscale: "maybe"}), ceph.ErrInvalid)
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: name, CRUSHRule: "no-such-rule"}), ceph.ErrNotFound)
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: name, ErasureProfile: "default"}), ceph.ErrInvalid)
	s.is(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: unique(), ErasureProfile: "no-such-profile"}), ceph.ErrInvalid)
	s.is(s.cluster.CreatePool(s.ctx, ceph.Pool{}), ceph.ErrInvalid)
}

func (s *suite) application() {
	p := ceph.Pool{Name: unique(), PGNum: 4, Application: "rgw"}
	s.ok(s.cluster.CreatePool(s.ctx, p))
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: p.Name, Application: "rbd"}), ceph.ErrDenied)
	s.equal(s.find(p.Name).Application, "rgw")
}
