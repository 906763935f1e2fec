package cephtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

func TestFakeCommander(t *testing.T) {
	cephtest.TestCommander(t, func(*testing.T) ceph.Commander { return cephtest.New() })
}

func TestFakeBatcher(t *testing.T) {
	cephtest.TestBatcher(t, func(*testing.T) ceph.Batcher { return cephtest.New() })
}

func TestFakeImages(t *testing.T) {
	cephtest.TestImages(t, func(*testing.T) (ceph.Images, cephtest.Seeder) {
		c := cephtest.New()
		return c, c
	})
}

func TestFakeInspector(t *testing.T) {
	cephtest.TestInspector(t, func(*testing.T) (bulk.Inspector, cephtest.Seeder) {
		c := cephtest.New()
		return c, c
	})
}

// TestInspectAllOfOneByOne is the same of an Images that describes one image at a time.
func TestInspectAllOfOneByOne(t *testing.T) {
	cephtest.TestInspector(t, func(*testing.T) (bulk.Inspector, cephtest.Seeder) {
		c := cephtest.New()
		return oneByOne{c}, c
	})
}

// oneByOne hides that a cluster is an Inspector, and is one by InspectAll.
type oneByOne struct{ ceph.Images }

func (o oneByOne) InspectAll(ctx context.Context, pool string, names []string) []bulk.Inspection {
	return bulk.Inspect(ctx, o.Images, pool, names)
}

func TestFakeLocker(t *testing.T) {
	cephtest.TestLocker(t, func(*testing.T) (mine, theirs ceph.Locker) {
		c := cephtest.New()
		return c, c
	})
}

func TestFakeRefusesWhatItDoesNotKnow(t *testing.T) {
	c := cephtest.New()
	for _, text := range []string{
		"", "[]", `{"prefix":"osd pool delete","format":"json"}`, `{"prefix":"status"}`,
		`{"prefix":"status","format":"plain"}`,
		`{"prefix":"status","format":"json","verbose":true}`,
		`{"prefix":"osd pool create","format":"json","pool":"a","bulk":true}`,
		`{"prefix":"osd pool create","format":"json","pool":"a","pg_num":1.5}`,
		`{"prefix":"auth caps","format":"json","entity":"client.a","caps":["mon",1]}`,
		`{"prefix":"auth get-or-create","format":"json","entity":"client.a","caps":["mon"]}`,
		`{"prefix":"auth get-or-create","format":"json","entity":"a","caps":["mon","allow r"]}`,
	} {
		if _, err := c.Command(t.Context(), ceph.Command{JSON: []byte(text)}); !errors.Is(err, ceph.ErrInvalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if n := c.Writes(); n != 2 {
		t.Errorf("%d writes reached the cluster's own checks, want the last two", n)
	}
}

func TestFakeHooks(t *testing.T) {
	c := cephtest.New()
	cluster, lost := ceph.New(c), errors.New("lost")
	c.Lost = func(op cephtest.Op) error {
		if op == (cephtest.Op{Name: "osd pool create", Object: "a", Write: true}) {
			return lost
		}
		return nil
	}
	if err := cluster.CreatePool(t.Context(), ceph.Pool{Name: "a"}); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	if pools, err := cluster.Pools(t.Context()); err != nil || len(pools) != 1 {
		t.Fatal(pools, err)
	}
	c.RemovePool("a")
	if pools, err := cluster.Pools(t.Context()); err != nil || len(pools) != 0 {
		t.Fatal(pools, err)
	}
}

func TestFakeSeeds(t *testing.T) {
	c := cephtest.New()
	is := func(err, target error) {
		t.Helper()
		if !errors.Is(err, target) {
			t.Fatalf("error is %v, want %v", err, target)
		}
	}
	img, snap := ceph.Image{Pool: "p", Name: "i"}, ceph.Parent{Pool: "p", Image: "i", Snapshot: "s"}
	is(c.AddImage(img), ceph.ErrNotFound)
	is(c.AddPool(ceph.Pool{Name: "p"}), nil)
	is(c.AddImage(img), nil)
	is(c.AddImage(img), ceph.ErrExists)
	is(c.Clone(snap, "p", "c"), ceph.ErrNotFound)
	is(c.AddSnapshot("p", "i", "s", false), nil)
	is(c.Clone(snap, "p", "c"), ceph.ErrInvalid)
	is(c.AddSnapshot("p", "i", "s", false), ceph.ErrExists)
	is(c.RemoveSnapshot("p", "i", "s"), nil)
	is(c.AddSnapshot("p", "i", "s", true), nil)
	is(c.Clone(snap, "p", "c"), nil)
	is(c.RemoveSnapshot("p", "i", "s"), ceph.ErrLocked)
	is(c.MoveToTrash("p", "c"), nil)
	is(c.RemoveSnapshot("p", "i", "s"), ceph.ErrLocked)
	var e *ceph.CommandError
	if !errors.As(c.RemoveImage("p", "i"), &e) || e.Code != 39 {
		t.Fatal(e)
	}
	is(c.AddPool(ceph.Pool{Name: "p", Size: 2}), nil)
	if names, err := c.List(t.Context(), "p"); err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	if c.Writes() != 0 {
		t.Fatal("seeds are in the log")
	}
}

func TestFakeErasureRules(t *testing.T) {
	c := cephtest.New()
	c.AddErasureProfile(ceph.ErasureProfile{Name: "racks", K: 2, M: 1, FailureDomain: "rack"})
	c.AddErasureProfile(ceph.ErasureProfile{Name: "nvme", K: 2, M: 1, DeviceClass: "nvme"})
	is := func(err, target error) {
		t.Helper()
		if !errors.Is(err, target) {
			t.Fatalf("error is %v, want %v", err, target)
		}
	}
	is(c.AddErasureRule("by-racks", "racks"), nil)
	is(c.AddErasureRule("by-nvme", "nvme"), ceph.ErrInvalid)
	is(c.AddErasureRule("by-none", "none"), ceph.ErrInvalid)
	is(c.AddPool(ceph.Pool{Name: "a", ErasureProfile: "racks", CRUSHRule: "by-racks"}), nil)
	is(c.AddPool(ceph.Pool{Name: "b", ErasureProfile: "none"}), ceph.ErrInvalid)
	is(c.AddPool(ceph.Pool{Name: "b", ErasureProfile: "nvme"}), ceph.ErrInvalid)
	is(c.AddPool(ceph.Pool{Name: "b", CRUSHRule: "by-racks"}), ceph.ErrInvalid)
	is(c.AddPool(ceph.Pool{Name: "b", CRUSHRule: "by-none"}), ceph.ErrNotFound)
	m, err := ceph.New(c).CRUSHMap(t.Context())
	is(err, nil)
	if domain, n, ok := m.RuleDomains("by-racks"); domain != "rack" || n != 0 || !ok {
		t.Fatal(domain, n, ok)
	}
	c.OSDs = map[string][]string{"one": {"nvme", "hdd"}, "two": {"hdd"}}
	is(c.AddErasureRule("by-nvme", "nvme"), nil)
	m, err = ceph.New(c).CRUSHMap(t.Context())
	is(err, nil)
	if domain, n, ok := m.RuleDomains("by-nvme"); domain != "host" || n != 1 || !ok {
		t.Fatal(domain, n, ok)
	}
}
