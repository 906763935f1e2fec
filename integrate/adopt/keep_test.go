package adopt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestEntriesCoverWhatWasFoundAlone: the same difference of two files on one host, and of one of them on another host,
// is not kept of the other file there. Names that are found in the same places share an entry.
func TestEntriesCoverWhatWasFoundAlone(t *testing.T) {
	var all []*kept
	a := &adopting{}
	for n, at := range [][2]string{{"a", "x.keyring"}, {"a", "y.keyring"}, {"b", "x.keyring"}, {"b", "z.keyring"},
		{"a", "z.keyring"}} {
		c := integrate.Change{Kind: "file", Name: at[1], Target: at[0], Action: integrate.Update}
		for range 2 { // a place counts once: an adoption goes on as long as places are added
			all = a.keepDiff(all, c, integrate.FieldDiff{Field: "mode", Observed: "root:root 0640", Desired: "root:root 0600"})
			assert.Equal(t, n+1, places(all))
		}
	}
	for range 2 { // each round of an adoption puts the entries together anew
		a.order(all)
		assert.Equal(t, [][2][]string{{{"a", "b"}, {"x.keyring", "z.keyring"}}, {{"a"}, {"y.keyring"}}}, covered(a.spec.Keep))
	}
}

func covered(entries []spec.Keep) (all [][2][]string) {
	for _, k := range entries {
		all = append(all, [2][]string{k.Targets(), k.Names})
	}
	return all
}

func TestWiderRights(t *testing.T) {
	const layout = "profile rbd pool=volumes"
	for have, wide := range map[string]bool{"allow rwx": true, "allow *": true, "profile rbd": true,
		"profile rbd pool=volumes, profile rbd pool=other": true, layout: false, "allow r, " + layout: false,
		"profile rbd-read-only": false} {
		assert.Equal(t, wide, wider(have, layout), have)
	}
}

// TestOddValuesAreNotKept: an entry that no Spec can hold would end the whole adoption.
func TestOddValuesAreNotKept(t *testing.T) {
	for name, found := range map[string]string{"long": strings.Repeat("x", 17<<10), "not UTF-8": "caf\xe9",
		"a line":    "a\nb",
		"a pattern": "*", "the word for none": "not set"} {
		c := integrate.Change{Kind: "settings", Name: "/etc/nova/nova.conf", Target: "a", Action: integrate.Update}
		d := integrate.FieldDiff{Field: "[libvirt] hw_disk_discard", Observed: found, Desired: "unmap"}
		assert.Empty(t, (&adopting{}).keepDiff(nil, c, d), name)
	}
}

// TestWhatAPlanShowsAllTheSameIsNotKept: an entry that does not work is taken out, in its place alone. An entry never
// loses all its places: it would be about all hosts then.
func TestWhatAPlanShowsAllTheSameIsNotKept(t *testing.T) {
	d := integrate.FieldDiff{Field: "[global] mon_host", Observed: "203.0.113.1", Desired: "10.0.0.1"}
	change := func(target string) integrate.Change {
		return integrate.Change{Kind: "file", Name: "/etc/ceph/ceph.conf", Target: target, Action: integrate.Update,
			Diffs: []integrate.FieldDiff{d}}
	}
	a := &adopting{}
	var all []*kept
	for _, target := range []string{"a", "b", "c"} {
		all = a.keepOf(all, change(target))
	}
	all = working(all, &integrate.Plan{Changes: []integrate.Change{change("b")}})
	a.order(all)
	assert.Equal(t, [][2][]string{{{"a", "c"}, {"/etc/ceph/ceph.conf"}}}, covered(a.spec.Keep))
	assert.Empty(t, working(all, &integrate.Plan{Changes: []integrate.Change{change("a"), change("c")}}))
}

// TestDangersAreNamed: a cache that loses what a guest has flushed, and a file that its service cannot read.
func TestDangersAreNamed(t *testing.T) {
	nova := integrate.Change{Kind: "settings", Name: "/etc/nova/nova.conf"}
	unsafe := integrate.FieldDiff{Field: "[libvirt] disk_cachemodes", Observed: "file=none,network=unsafe",
		Desired: "network=writeback"}
	assert.Contains(t, (&adopting{}).holeOf(nova, unsafe), "lose data")
	unsafe.Observed = "network=none"
	assert.Empty(t, (&adopting{}).holeOf(nova, unsafe))
	for found, closed := range map[string]bool{"root:root 0600": true, "root:root 0640": true, "root:glance 0600": true,
		"root:glance 0640": false, "root:root 0644": false, "glance:glance 0600": false} {
		d := integrate.FieldDiff{Field: "mode", Observed: found, Desired: "root:glance 0640"}
		for name, said := range map[string]bool{"/etc/ceph/ceph.client.glance.keyring": closed,
			"/etc/kolla/glance-api/ceph/ceph.client.glance.keyring": false} {
			why := whyOf(integrate.Change{Kind: "file", Name: name}, d)
			assert.Equal(t, said, strings.HasPrefix(why, "Only root can read the file as it is"), found+" "+name)
		}
	}
}

// TestWhoCanReadAKey: a list of access rights, and a group that is not that of the service, let others read a key.
func TestWhoCanReadAKey(t *testing.T) {
	keyring := integrate.Change{Kind: "file", Name: "/etc/ceph/ceph.client.glance.keyring"}
	for _, c := range []struct{ field, found, wanted, hole string }{
		{"acl", "others have rights, too", "none", "an access control list may let other accounts read the key"},
		{"mode", "root:users 0640", "root:glance 0640", "every account in group users can read the key"},
		{"mode", "root:users 0644", "root:glance 0640", "every account on the host can read the key"},
		{"mode", "glance:glance 0640", "root:glance 0640", ""},
		{"mode", "glance:users 0600", "root:glance 0640", ""},
		{"mode", "root:root 0640", "root:glance 0640", ""},
		{"mode", "root:cinder 0640", "root:nova 0640", ""}, // as OpenStack-Ansible has it on computes
	} {
		hole := (&adopting{}).holeOf(keyring, integrate.FieldDiff{Field: c.field, Observed: c.found, Desired: c.wanted})
		assert.Equal(t, c.hole == "", hole == "", c.found)
		assert.Contains(t, hole, c.hole)
	}
	for mon, wide := range map[string]bool{"allow rwx": true, "allow *": true, "allow rw": true, "allow r": false,
		"profile rbd": false, `allow r, allow command "osd blacklist"`: false, "allow r, allow w": true} {
		assert.Equal(t, wide, writes(mon), mon)
	}
}
