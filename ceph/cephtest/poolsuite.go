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

func (s *suite) erasure() {
	p := ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: "default", Application: "rbd"}
	for range 2 {
		s.ok(s.cluster.CreatePool(s.ctx, p))
		found := s.find(p.Name)
		s.equal(found.ErasureProfile, "default")
		s.equal(p.Diff(found), []ceph.Setting(nil))
	}
}

func (s *suite) erasureProfile() {
	want := ceph.ErasureProfile{Name: unique(), K: 2, M: 1, FailureDomain: "osd"}
	_, err := s.cluster.ErasureProfile(s.ctx, want.Name)
	s.is(err, ceph.ErrNotFound)
	for range 2 {
		s.ok(s.cluster.CreateErasureProfile(s.ctx, want))
		found, err := s.cluster.ErasureProfile(s.ctx, want.Name)
		s.ok(err)
		s.equal(found, want)
	}
	other := want
	other.K = 3
	s.is(s.cluster.CreateErasureProfile(s.ctx, other), ceph.ErrExists)
	other.K, other.FailureDomain = 2, "" // host
	s.is(s.cluster.CreateErasureProfile(s.ctx, other), ceph.ErrExists)
	ssd := ceph.ErasureProfile{Name: unique(), K: 2, M: 2, FailureDomain: "host", DeviceClass: "ssd"}
	s.ok(s.cluster.CreateErasureProfile(s.ctx, ssd))
	found, err := s.cluster.ErasureProfile(s.ctx, ssd.Name)
	s.ok(err)
	s.equal(found, ssd)
	s.is(s.cluster.CreateErasureProfile(s.ctx, ceph.ErasureProfile{Name: unique(), K: 1, M: 1}), ceph.ErrInvalid)
	standard, err := s.cluster.ErasureProfile(s.ctx, "default")
	s.ok(err)
	s.equal(standard.FailureDomain, "host")
}

// dataPool is an erasure-coded pool as RBD wants it behind another one.
func (s *suite) dataPool() {
	profile := ceph.ErasureProfile{Name: unique(), K: 2, M: 1, FailureDomain: "osd"}
	s.ok(s.cluster.CreateErasureProfile(s.ctx, profile))
	p := ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: profile.Name, Application: "rbd"}
	s.ok(s.cluster.CreatePool(s.ctx, p))
	found := s.find(p.Name)
	s.equal([]any{found.Size, found.MinSize, found.CRUSHRule, found.Application}, []any{3, 2, p.Name, "rbd"})
	s.equal(p.Diff(found), []ceph.Setting(nil))
	_, err := s.send(nil, object{"prefix": "osd pool set", "pool": p.Name, "var": "allow_ec_overwrites", "val": "false", "format": "json"})
	s.is(err, ceph.ErrInvalid)
	s.equal(p.Diff(s.find(p.Name)), []ceph.Setting(nil))

	plain := ceph.Pool{Name: unique(), PGNum: 4}
	_, err = s.send(nil, object{"prefix": "osd pool create", "pool": plain.Name, "pg_num": 4, "pool_type": "erasure",
		"erasure_code_profile": profile.Name, "format": "json"})
	s.ok(err)
	plain.ErasureProfile, plain.Application = profile.Name, "rbd"
	diff := plain.Diff(s.find(plain.Name))
	s.equal([]any{len(diff), diff[0].Field, diff[1].Field}, []any{2, "allow_ec_overwrites", "application"})
	s.ok(s.cluster.UpdatePool(s.ctx, plain))
	s.equal(plain.Diff(s.find(plain.Name)), []ceph.Setting(nil))
	plain.ErasureProfile = "default"
	s.is(s.cluster.UpdatePool(s.ctx, plain), ceph.ErrInvalid)
}
