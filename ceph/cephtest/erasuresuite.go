package cephtest

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/cephstack/cephstack/ceph"
)

func (s *suite) erasure() {
	p := ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: "default", Application: "rbd"}
	for range 2 {
		s.ok(s.cluster.CreatePool(s.ctx, p))
		found := s.find(p.Name)
		s.equal([]string{found.ErasureProfile, found.CRUSHRule}, []string{"default", "erasure-code"})
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
	s.ok(s.cluster.CreateErasureProfile(s.ctx, standard))
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
	_, err := s.send(nil, object{"prefix": "osd pool set", "pool": p.Name, "var": "allow_ec_overwrites", "val": "false",
		"format": "json"})
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

// minSize: with fewer chunks than k an object cannot be read.
func (s *suite) minSize() {
	p := s.coded(ceph.ErasureProfile{K: 2, M: 2, FailureDomain: "osd"})
	for n, want := range map[int]error{1: ceph.ErrInvalid, 2: nil, 3: nil, 4: nil, 5: ceph.ErrInvalid} {
		err := s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: p.Name, MinSize: n})
		if !errors.Is(err, want) {
			s.Fatalf("min_size %d: error is %v, want %v", n, err, want)
		}
	}
}

// crushOfProfile: with a type or a class that is not there no pool is made. Some
// monitors refuse such a profile already.
func (s *suite) crushOfProfile() {
	for _, profile := range []ceph.ErasureProfile{
		{Name: unique(), K: 2, M: 1, FailureDomain: "no-such-type"},
		{Name: unique(), K: 2, M: 1, FailureDomain: "osd", DeviceClass: "no-such-class"},
	} {
		name := unique()
		if err := s.cluster.CreateErasureProfile(s.ctx, profile); err != nil {
			s.is(err, ceph.ErrInvalid)
		}
		s.is(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: name, PGNum: 4, ErasureProfile: profile.Name}), ceph.ErrInvalid)
		pools, err := s.cluster.Pools(s.ctx)
		s.ok(err)
		if slices.ContainsFunc(pools, func(p ceph.Pool) bool { return p.Name == name }) {
			s.Fatalf("pool %s is there, with profile %+v", name, profile)
		}
	}
}

// ruleOfKind: a rule is for replicated pools or for erasure-coded ones.
func (s *suite) ruleOfKind() {
	const replicated = "replicated_rule"
	coded := s.coded(ceph.ErasureProfile{K: 2, M: 1, FailureDomain: "osd"})
	s.is(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: coded.ErasureProfile,
		CRUSHRule: replicated}), ceph.ErrInvalid)
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: coded.Name, CRUSHRule: replicated}), ceph.ErrInvalid)
	s.is(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: unique(), PGNum: 4, CRUSHRule: coded.CRUSHRule}), ceph.ErrInvalid)
	plain := unique()
	s.ok(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: plain, PGNum: 4, CRUSHRule: replicated}))
	s.is(s.cluster.UpdatePool(s.ctx, ceph.Pool{Name: plain, CRUSHRule: coded.CRUSHRule}), ceph.ErrInvalid)
	other := ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: coded.ErasureProfile, CRUSHRule: coded.CRUSHRule}
	s.ok(s.cluster.CreatePool(s.ctx, other))
	s.equal(s.find(other.Name).CRUSHRule, coded.CRUSHRule)
	s.is(s.cluster.CreatePool(s.ctx, ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: coded.ErasureProfile,
		CRUSHRule: "no-such-rule"}), ceph.ErrNotFound)
}

// coded makes a pool with a profile, which it gives a name.
func (s *suite) coded(profile ceph.ErasureProfile) ceph.Pool {
	s.Helper()
	profile.Name = unique()
	s.ok(s.cluster.CreateErasureProfile(s.ctx, profile))
	p := ceph.Pool{Name: unique(), PGNum: 4, ErasureProfile: profile.Name}
	s.ok(s.cluster.CreatePool(s.ctx, p))
	return s.find(p.Name)
}

func (s *suite) crushMap() {
	class := s.aClass()
	profile := ceph.ErasureProfile{K: 2, M: 1, FailureDomain: "osd", DeviceClass: class}
	pool := s.coded(profile)
	m, err := s.cluster.CRUSHMap(s.ctx)
	s.ok(err)
	osds, ofClass, hosts := m.ProfileDomains(ceph.ErasureProfile{FailureDomain: "osd"}), m.ProfileDomains(profile),
		m.ProfileDomains(ceph.ErasureProfile{})
	if hosts < 1 || osds < hosts || ofClass < 1 || osds < ofClass {
		s.Fatalf("%d OSDs, %d of class %s, on %d hosts", osds, ofClass, class, hosts)
	}
	s.equal(m.ProfileDomains(ceph.ErasureProfile{FailureDomain: "no-such-type"}), 0)
	s.equal(m.ProfileDomains(ceph.ErasureProfile{DeviceClass: "no-such-class"}), 0)
	domain, n, ok := m.RuleDomains(pool.CRUSHRule)
	s.equal([]any{domain, n, ok}, []any{"osd", ofClass, true})
	domain, n, ok = m.RuleDomains("replicated_rule")
	s.equal([]any{n, ok}, []any{m.ProfileDomains(ceph.ErasureProfile{FailureDomain: domain}), true})
	_, _, ok = m.RuleDomains("no-such-rule")
	s.equal(ok, false)
}

// aClass is the device class of an OSD.
func (s *suite) aClass() string {
	s.Helper()
	reply, err := s.send(nil, object{"prefix": "osd crush dump", "format": "json"})
	s.ok(err)
	var found struct {
		Devices []struct{ Class string }
	}
	s.ok(json.Unmarshal([]byte(reply.Data.Reveal()), &found))
	if len(found.Devices) == 0 || found.Devices[0].Class == "" {
		s.Fatalf("the first OSD has no class: %s", reply.Data.Reveal())
	}
	return found.Devices[0].Class
}
