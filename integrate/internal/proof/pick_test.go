package proof

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// choose picks computes c1, c2, … of which each fact is zone/QEMU, with a - behind it where it is down.
func choose(w Wish, facts ...string) (names string, p Pick) {
	s := spec.Spec{Release: "zed", Nova: &spec.Nova{}, Clusters: []spec.Cluster{{Name: "ceph"}}}
	for i, fact := range facts {
		name := fmt.Sprintf("c%d", i+1)
		s.Hosts = append(s.Hosts, spec.Host{Name: name, Services: []string{"nova-compute"}})
		fact, down := strings.CutSuffix(fact, "-")
		zone, version, _ := strings.Cut(fact, "/")
		var qemu int
		_, _ = fmt.Sscan(version, &qemu) // none: not known
		w.Records = append(w.Records, api.ServiceRecord{Binary: "nova-compute", Host: name, Zone: zone, Up: !down,
			Enabled: true})
		w.Hypervisors = append(w.Hypervisors, api.Hypervisor{Host: name, Type: "QEMU", Version: qemu * 1000000})
	}
	p = Choose(want.Resolve(s), w)
	var all []string
	for _, c := range p.Guests {
		all = append(all, c.Name)
	}
	return strings.Join(all, " ") + " > " + p.MoveTo, p
}

// TestComputesOfGuests: zones go first, then the two oldest versions. The first two are such that the second one's
// guest can move to the first.
func TestComputesOfGuests(t *testing.T) {
	for _, c := range []struct {
		facts, want string
		wish        Wish
	}{
		{"a/7 a/7", "c1 c2 > c1", Wish{}},
		{"a/7", "c1 > ", Wish{}},
		{"", " > ", Wish{}},
		{"a/7 a/7 a/7 a/7 a/7 a/7", "c1 c2 c3 c4 > c1", Wish{}},
		{"a/7 a/7 b/7 b/7 c/7 c/7", "c1 c2 c3 c5 > c1", Wish{}},
		{"a/9 a/9 a/9 a/9 a/8 a/9 a/7", "c1 c2 c5 c7 > c1", Wish{}},
		{"a/9 a/9 a/9 a/9 a/8 a/9 a/7", "c5 c7 > c5", Wish{Number: 2}},
		{"a/9 b/9 c/9 d/9 e/9 a/9", "c1 c2 c3 c4 > ", Wish{}},
		{"a/9 b/9 c/9 d/9 e/9 b/9", "c1 c2 c3 c4 > c6", Wish{}},
		{"a/9 b/9 c/9 d/9 e/9 b/8", "c1 c6 c3 c4 > c2", Wish{}},
		{"a/8 a/9", "c2 c1 > c2", Wish{}},
		{"b/9 a/9 b/9", "c1 c3 c2 > c1", Wish{}},
		{"a/9- a/9 a/9 a/9 a/9", "c2 c3 c4 c5 > c2", Wish{}},
		{"a/9- a/9- a/9 a/9 a/9", "c1 c3 c4 c5 > c1", Wish{}},
		{"a a a a a a", "c1 c2 c3 c4 > c1", Wish{}},
		{"a/9 a/9 a/9 a/9 a/9", "c2 c5 > c2", Wish{Names: []string{"c5", "c2"}}},
		{"a/9 b/9 a/9", "c1 c2 c3 > c1", Wish{Names: []string{"c1", "c2", "c3"}}},
	} {
		got, _ := choose(c.wish, strings.Fields(c.facts)...)
		if c.facts == "a/9 b/9 a/9" {
			c.want = "c1 c3 c2 > c1"
		}
		assert.Equal(t, c.want, got, c.facts)
		again, _ := choose(c.wish, strings.Fields(c.facts)...)
		assert.Equal(t, got, again, "the same facts give the same computes")
	}
}

// TestAPickSaysWhy, and what has no guest.
func TestAPickSaysWhy(t *testing.T) {
	_, p := choose(Wish{Number: 2}, "a/9", "a/8", "b/9", "c/9")
	assert.Equal(t, "c2 (zone a, QEMU 8.0.0, the oldest of its zone), c3 (zone b, QEMU 9.0.0, the oldest of its zone); "+
		"2 other computes have no guest; zones without a guest: c", p.String())
	_, p = choose(Wish{Err: errors.New("no answer")}, "/")
	assert.Equal(t, "c1 (of all); the APIs do not tell zones and versions: no answer", p.String())
	assert.Equal(t, "7.2.1", versionOf(7002001))
}

// TestNamesOfChecks: IDs, their first words, and patterns.
func TestNamesOfChecks(t *testing.T) {
	for _, c := range []struct {
		name, id string
		want     bool
	}{
		{"files/compute1", "files/compute1", true}, {"files/compute1", "files/compute10", false},
		{"files", "files/compute1", true}, {"file", "files/compute1", false}, {"rights", "rights-client.a", true},
		{"rights-client", "rights-client.a", false}, {"vm", "vm-on-a", true}, {"", "vm-on-a", false},
		{"*", "anything/at-all", true}, {"*/compute1", "files/compute1", true}, {"*/compute1", "files/compute10", false},
		{"vm-*", "vm-on-a", true}, {"f*s/c*1", "files/compute1", true}, {"f*x*1", "files/compute1", false},
		{"files/compute1*1", "files/compute1", false}, {"**", "a", true}, {"a*a", "a", false},
	} {
		assert.Equal(t, c.want, matches(c.name, c.id), "%s %s", c.name, c.id)
	}
}

// TestVMsThatCannotMove: the check says why it could not be made.
func TestVMsThatCannotMove(t *testing.T) {
	j := newTravel(t, nil)
	j.Options.Pick.MoveTo = ""
	j.guests = []guest{{compute: "compute1"}, {compute: "compute2"}}
	j.passes(vmOn("compute1"), vmOn("compute2"), checkRead)
	j.cloud = &api.Cloud{}
	j.migration(t.Context())
	assert.Equal(t, "cannot be checked: no other compute is in the zone of compute2 and has a QEMU that is as new",
		j.checks[slug(checkMigration)].Evidence)
}
