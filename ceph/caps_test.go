package ceph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
)

func TestParseCapsNormal(t *testing.T) {
	for _, c := range []struct{ daemon, text, normal string }{
		{"osd", "allow rwx pool=volumes", ""},
		{"osd", " allow   rwx\tpool volumes ", "allow rwx pool=volumes"},
		{"osd", "allow pool=volumes rwx", "allow rwx pool=volumes"},
		{"osd", `allow rwx pool="volumes"`, "allow rwx pool=volumes"},
		{"osd", `allow rw pool='a b'`, `allow rw pool="a b"`},
		{"osd", `allow rw pool='a"b'`, `allow rw pool='a"b'`},
		{"osd", "allow class-read object_prefix rbd_children", ""},
		{"osd", "allow r class-read pool=x", ""},
		{"osd", "profile rbd pool=x; profile rbd-read-only pool=images",
			"profile rbd pool=x, profile rbd-read-only pool=images"},
		{"osd", "profile=rbd pool x", "profile rbd pool=x"},
		{"osd", "profile rbd pool=x namespace=tenant", ""},
		{"osd", "allow rw pool=x namespace=t*", ""},
		{"osd", `allow rw namespace=""`, ""},
		{"osd", "allow rw tag rbd data=x", ""},
		{"osd", "allow rw tag cephfs * = *", "allow rw tag cephfs *=*"},
		{"osd", "allow class rbd child_attach object_prefix rbd_header.", ""},
		{"osd", "allow rw network 1.2.3.0/24", ""},
		{"osd", "allow all", "allow *"},
		{"osd", "allow *", ""},
		{"mon", "allow r, allow r", "allow r"},
		{"mon", "allow profile osd", "profile osd"},
		{"mon", `allow command "osd blacklist"`, ""},
		{"mon", `allow command='osd blacklist' with blacklistop=add addr regex "^[^/]+/[0-9]+$"`,
			`allow command "osd blacklist" with blacklistop=add addr regex "^[^/]+/[0-9]+$"`},
		{"mon", `allow command "auth get" with entity prefix client.`, ""},
		{"mon", "allow service mon rw", ""},
		{"mon", "allow command foo with x=y network 10.0.0.0/8", ""},
		{"mon", "allow command foo with 'network'=x", "allow command foo with network=x"},
		{"mgr", "profile rbd pool=x", ""},
		{"mgr", "profile rbd pool prefix x", ""},
		{"mgr", "profile rbd pool = x", "profile rbd pool=x"},
		{"mgr", "allow module status r", ""},
		{"mgr", "profile crash host=a", ""},
		{"mds", "allow", ""},
		{"mds", "allow rwps path=/a/b uid=1 gids=1,2, allow r fsname=x root_squash",
			"allow r fsname=x root_squash, allow rwps path=/a/b uid=1 gids=1,2"},
	} {
		if c.normal == "" {
			c.normal = c.text
		}
		caps, err := ceph.ParseCaps(map[string]string{c.daemon: c.text})
		require.NoError(t, err, c.text)
		assert.Equal(t, ceph.Caps{c.daemon: c.normal}, caps.Normal(), c.text)
		assert.Equal(t, caps.Normal(), caps.Normal().Normal(), c.text)
		assert.Equal(t, ceph.Caps{c.daemon: c.text}, caps, "parsing changes nothing")
	}
}

func TestParseCapsNamesTheClause(t *testing.T) {
	for _, c := range []struct{ daemon, text, clause string }{
		{"osd", "allow rwx pool=x, deny r", "deny r"},
		{"osd", "allow rwx pool = volumes", "allow rwx pool = volumes"},
		{"osd", "allow class-write class-read", "allow class-write class-read"},
		{"osd", "allow class rbd pool=x", "allow class rbd pool=x"},
		{"osd", "profile rbd pool = volumes", "profile rbd pool = volumes"},
		{"osd", "allow r, allow pool=x wr", "allow pool=x wr"},
		{"osd", "allow rw auid 5", "allow rw auid 5"},
		{"mon", "profile rbd, allow rwxr", "allow rwxr"},
		{"mgr", "profile nothing", "profile nothing"},
		{"mgr", "profile rbd host=x", "profile rbd host=x"},
		{"osd", "allow r,", ""},
		{"osd", "allow", "allow"},
		{"osd", "allow rwx pool", "allow rwx pool"},
		{"osd", "allow rwx pool=", "allow rwx pool="},
		{"osd", `allow rwx pool="x`, `allow rwx pool=\"x`},
		{"osd", "allow q", "allow q"},
		{"osd", "profile", "profile"},
		{"osd", "profile rbd rwx", "profile rbd rwx"},
		{"osd", "allow rw tag rbd", "allow rw tag rbd"},
		{"osd", "allow rw pool=a!b", "allow rw pool=a!b"},
		{"osd", "allow rw network a+b", "allow rw network a+b"},
		{"osd", "allow rw network=10.0.0.0/8", "allow rw network=10.0.0.0/8"},
		{"osd", "allow rw network 'a b'", "allow rw network 'a b'"},
		{"mds", "profile'0'! prefix 0", "profile'0'! prefix 0"},
		{"osd", `allow rw "x"`, `allow rw \"x\"`},
		{"mon", "allow r with x=y", "allow r with x=y"},
		{"mon", "allow command x with", "allow command x with"},
		{"mgr", "profile crash host", "profile crash host"},
	} {
		_, err := ceph.ParseCaps(map[string]string{c.daemon: c.text})
		require.ErrorIs(t, err, ceph.ErrInvalid, c.text)
		assert.ErrorContains(t, err, c.daemon+`: clause "`+c.clause+`"`)
	}
	_, err := ceph.ParseCaps(map[string]string{"client": "allow r"})
	require.ErrorIs(t, err, ceph.ErrInvalid)
}

func TestCapsEqual(t *testing.T) {
	a := ceph.Caps{"mon": "allow r", "osd": "allow rwx pool=b, allow r pool=a", "mgr": ""}
	assert.True(t, a.Equal(ceph.Caps{"mon": "allow  r", "osd": "allow pool a r; allow rwx pool='b',allow r pool=a"}))
	assert.False(t, a.Equal(ceph.Caps{"mon": "allow r", "osd": "allow rwx pool=b"}))
	assert.True(t, ceph.Caps{"osd": "what is  this"}.Equal(ceph.Caps{"osd": "what  is this"}))
	assert.True(t, ceph.Caps(nil).Equal(ceph.Caps{}))
}

// TestCapsWithUnclosedQuotes: the quote opens at the end of the normal form, where it swallows nothing.
func TestCapsWithUnclosedQuotes(t *testing.T) {
	for _, c := range []struct{ text, normal string }{
		{"0', x','", "0', x', '"},
		{"allow r pool='x, allow r", "allow r pool='x, allow r"},
		{`zzz, "b , allow r`, `zzz, "b , allow r`},
		{`allow w, allow r, pool="a'`, `allow r, allow w, pool="a'`},
		{`allow r pool='a"b', "`, `allow r pool='a"b', "`},
		{`what   'is   this`, `what 'is   this`},
	} {
		caps := ceph.Caps{"osd": c.text}
		assert.Equal(t, c.normal, caps.Normal()["osd"], c.text)
		assert.Equal(t, caps.Normal(), caps.Normal().Normal(), c.text)
		_, err := ceph.ParseCaps(caps)
		require.ErrorIs(t, err, ceph.ErrInvalid, c.text)
		desired := ceph.Caps{"osd": "profile rbd pool=a"}
		merged := caps.Merge(desired)
		assert.Equal(t, merged, merged.Merge(desired), "%s: merging again changes nothing", c.text)
		_, err = ceph.ParseCaps(merged)
		require.ErrorIs(t, err, ceph.ErrInvalid, "%s: Ceph would refuse this, and so do we", c.text)
	}
}

// TestCapsEqualIsNotGenerous: what Ceph reads in another way, or not at all, is not equal.
func TestCapsEqualIsNotGenerous(t *testing.T) {
	for _, c := range [][2]string{
		{"allow r", "allow\u00a0r"}, {"allow r", "allow\vr"}, {"allow r", "allow\rr"}, {"allow r", "allow\u2003r"},
		{"what 'a  b'", "what 'a b'"}, {`allow q "a  b"`, `allow q "a b"`}, {"allow r pool='a  b'", "allow r pool='a b'"},
	} {
		assert.False(t, ceph.Caps{"mon": c[0]}.Equal(ceph.Caps{"mon": c[1]}), "%q and %q", c[0], c[1])
	}
}

func TestCapsMerge(t *testing.T) {
	layout := ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes"}, MgrCaps: true}
	desired := layout.CinderCaps()
	for _, c := range []struct {
		name      string
		was, want ceph.Caps
	}{
		{"nothing", nil, desired},
		{"the same", desired, desired},
		{"the guide of 2014",
			ceph.Caps{"mon": "allow r", "osd": "allow class-read object_prefix rbd_children, allow rwx pool=volumes, allow " +
				"rx pool=images, allow r pool=operator-data"},
			ceph.Caps{"mon": "profile rbd", "mgr": desired["mgr"], "osd": desired["osd"] + ", allow r pool=operator-data"}},
		{"charms",
			ceph.Caps{"mon": `allow r, allow command "osd blacklist", allow command 'osd blocklist'`,
				"osd": "allow rwx pool=volumes"},
			desired},
		{"more rights on a pool of ours", ceph.Caps{"osd": "profile rbd pool=images, allow * pool=volumes"}, desired},
		{"rights without a pool are foreign",
			ceph.Caps{"mon": "allow *", "osd": "allow *", "mds": "allow rw"},
			ceph.Caps{"mon": "profile rbd, allow *", "mgr": desired["mgr"], "osd": desired["osd"] + ", allow *",
				"mds": "allow rw"}},
		{"tags, namespaces, other objects and what cannot be read",
			ceph.Caps{"osd": "allow rw tag rbd data=x, allow  r namespace=volumes, allow class-read object_prefix other, " +
				"whatever"},
			ceph.Caps{"mon": "profile rbd", "mgr": desired["mgr"],
				"osd": desired["osd"] + ", allow rw tag rbd data=x, allow  r namespace=volumes, allow class-read object_prefix " +
					"other, whatever"}},
	} {
		got := c.was.Merge(desired)
		assert.Equal(t, c.want, got, c.name)
		assert.Equal(t, got, got.Merge(desired), "%s: merging again changes nothing", c.name)
	}
	assert.Equal(t, ceph.Caps{"mgr": "profile rbd pool=volumes", "mon": "profile rbd"},
		ceph.Caps{"mgr": "profile rbd pool=volumes"}.Merge(ceph.Caps{"mon": "profile rbd"}),
		"a type that desired is silent about")
	assert.Equal(t, ceph.Caps{"osd": "profile rbd"},
		ceph.Caps{"osd": "allow rwx pool=a, profile rbd-read-only pool=b"}.Merge(ceph.Caps{"osd": "profile rbd"}),
		"a right to every pool")
}

// TestReadableCaps are what Ceph would grant without the clauses that it cannot parse.
func TestReadableCaps(t *testing.T) {
	caps := ceph.Caps{"mon": "allow r", "mgr": "allow everything", "osd": "allow  rwx pool=a, osd blacklist, allow r",
		"disk": "allow r"}
	_, err := ceph.ParseCaps(caps)
	require.ErrorIs(t, err, ceph.ErrInvalid)
	readable := caps.Readable()
	assert.Equal(t, ceph.Caps{"mon": "allow r", "osd": "allow  rwx pool=a, allow r"}, readable)
	_, err = ceph.ParseCaps(readable)
	require.NoError(t, err)
}

func TestCapsString(t *testing.T) {
	assert.Equal(t, `mon 'profile rbd' mgr 'x' osd 'allow rw pool='\''a'\''' mds 'allow'`,
		ceph.Caps{"osd": "allow rw pool='a'", "mds": "allow", "mon": "profile rbd", "mgr": "x"}.String())
}

func TestLayout(t *testing.T) {
	l := ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes", "fast"}, BackupPool: "backups",
		VMPool:    "vms",
		DataPools: []string{"ec data"}, MgrCaps: true}
	const all = "profile rbd pool=volumes, profile rbd pool=fast, profile rbd pool=vms, profile rbd-read-only pool=images"
	assert.Equal(t, ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=images", "mgr": "profile rbd pool=images"},
		l.GlanceCaps())
	assert.Equal(t, ceph.Caps{"mon": "profile rbd", "mgr": all, "osd": all + `, profile rbd pool="ec data"`},
		l.CinderCaps())
	const backup = "profile rbd pool=backups, profile rbd-read-only pool=volumes, profile rbd-read-only pool=fast"
	assert.Equal(t, ceph.Caps{"mon": "profile rbd", "mgr": backup, "osd": backup +
		`, profile rbd-read-only pool="ec data"`}, l.BackupCaps())
	const nova = "profile rbd pool=vms, profile rbd-read-only pool=images"
	assert.Equal(t, ceph.Caps{"mon": "profile rbd", "mgr": nova, "osd": nova + `, profile rbd pool="ec data"`},
		l.NovaCaps())

	l = ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes"}, VMPool: "volumes",
		ImagesWritable: true}
	assert.Equal(t, ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=volumes, profile rbd pool=images"},
		l.CinderCaps())
	assert.Equal(t, ceph.Caps{"mon": "profile rbd"}, ceph.Layout{MgrCaps: true}.GlanceCaps())
	one := ceph.Layout{ImagePools: []string{"rbd"}, VolumePools: []string{"rbd"}, VMPool: "rbd"}
	assert.Equal(t, "profile rbd pool=rbd", one.CinderCaps()["osd"],
		"read-only adds nothing to a pool that may be written")
}

// The strings of the official document, Havana to Liberty.
func TestLayoutClassic(t *testing.T) {
	l := ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes"}, BackupPool: "backups",
		VMPool: "vms", MgrCaps: true, Classic: true, DataPools: []string{"ec"}}
	const children = "allow class-read object_prefix rbd_children, "
	assert.Equal(t, ceph.Caps{"mon": "allow r", "osd": children + "allow rwx pool=images"}, l.GlanceCaps())
	assert.Equal(t, ceph.Caps{"mon": "allow r", "osd": children +
		"allow rwx pool=volumes, allow rwx pool=vms, allow rx pool=images"}, l.CinderCaps())
	assert.Equal(t, ceph.Caps{"mon": "allow r", "osd": children + "allow rwx pool=backups"}, l.BackupCaps())
	l.ImagesWritable = true
	assert.Equal(t, ceph.Caps{"mon": "allow r", "osd": children + "allow rwx pool=vms, allow rwx pool=images"},
		l.NovaCaps())
	assert.Equal(t, l.NovaCaps().Normal(), l.NovaCaps().Merge(l.NovaCaps()).Normal())
}

func FuzzCaps(f *testing.F) {
	for _, s := range []string{
		"allow rwx pool=volumes", `allow command "osd blacklist" with x=y, profile rbd`, "allow rw tag rbd *=*;allow *",
		"allow rw path=/x uid=1 gids=1,2", `allow r namespace="a"*`, "allow class rbd 'pool'",
		"profile 'x y' k prefix v network ::/0",
	} {
		f.Add("osd", s)
		f.Add("mds", s)
	}
	f.Fuzz(func(t *testing.T, daemon, text string) {
		caps := ceph.Caps{daemon: text}
		normal := caps.Normal()
		if n := normal.Normal(); n[daemon] != normal[daemon] {
			t.Fatalf("normal %q becomes %q", normal[daemon], n[daemon])
		}
		if _, err := ceph.ParseCaps(caps); err == nil {
			if _, err := ceph.ParseCaps(normal); err != nil && len(normal) > 0 {
				t.Fatalf("%q is read, its normal form %q is not: %v", text, normal[daemon], err)
			}
		}
		desired := ceph.Layout{ImagePools: []string{"images"}, VolumePools: []string{"volumes"}}.CinderCaps()
		merged := caps.Merge(desired)
		if again := merged.Merge(desired); !again.Equal(merged) {
			t.Fatalf("merged %v becomes %v", merged, again)
		}
	})
}
