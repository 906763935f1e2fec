package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// hosts are the OSDs of hosts, each with some of a class.
func hosts(class string, osds ...int) map[string][]string {
	all := map[string][]string{}
	for i, n := range osds {
		all["osd"+string(rune('a'+i))] = strings.Fields(strings.Repeat(class+" ", n))
	}
	return all
}

// TestFailureDomains plans pools of six chunks, four of which hold data, in
// clusters of different sizes.
func TestFailureDomains(t *testing.T) {
	byHost := func(s *spec.Spec) { s.Clusters[0].ErasureProfiles[0].FailureDomain = "" }
	for name, c := range map[string]struct {
		osds          map[string][]string
		change        func(*spec.Spec)
		note, problem string
	}{
		"enough OSDs":  {hosts("hdd", 2, 2, 2), nil, "", ""},
		"enough hosts": {hosts("hdd", 1, 1, 1, 1, 1, 1), byHost, "", ""},
		"one OSD too few": {hosts("hdd", 3, 2), nil, "its 6 chunks (k+m) go into as many failure domains of type " +
			"osd, and CRUSH finds 5 with OSDs for it, so that its placement groups never become clean", ""},
		"OSDs of another class": {hosts("ssd", 3, 3, 3), nil, "", "of type osd, and CRUSH finds 0 "},
		"fewer than min_size": {hosts("hdd", 2, 2), nil, "", "cannot be made: its 6 chunks (k+m) go into as many failure " +
			"domains of type osd, and CRUSH finds 4 with OSDs for it, where 5 are needed (min_size)"},
		"three hosts": {hosts("hdd", 4, 4, 4), byHost, "", "of type host, and CRUSH finds 3 "},
		"a type that is none": {hosts("hdd", 4, 4, 4), func(s *spec.Spec) {
			s.Clusters[0].ErasureProfiles[0].FailureDomain = "shelf"
		},
			"", "of type shelf, and CRUSH finds 0 "},
		"a smaller min_size": {hosts("hdd", 2, 2), func(s *spec.Spec) {
			for i := range 3 {
				s.Clusters[0].Pools[i].MinSize = 4
			}
		}, "CRUSH finds 4 ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			given := erasureCoded()
			if c.change != nil {
				c.change(&given)
			}
			w, in := open(t, given)
			w.Ceph["ceph"].OSDs = c.osds
			p := plan(t, in)
			found := map[string]integrate.Finding{}
			for _, f := range p.Findings {
				if strings.Contains(f.Message, "failure domains") {
					found[f.Object] = f
				}
			}
			if c.note == "" && c.problem == "" {
				assert.Empty(t, found)
			}
			for _, pool := range []string{"images-data", "volumes-data", "vms-data"} {
				assert.Equal(t, c.problem != "", found["pool "+pool].Problem, pool)
				assert.Contains(t, found["pool "+pool].Message, c.note+c.problem)
				assert.Equal(t, c.problem == "", change(p, "pool/ceph/"+pool) != nil, pool)
			}
			assert.Equal(t, c.problem == "", change(p, "settings/controller//etc/cinder/cinder.conf") != nil,
				"nothing is sent to a pool that is not made")
			assert.NotContains(t, found, "pool backups-data", "is replicated")
		})
	}
}

// TestFailureDomainsOfAPoolInUse: that it lost some is said, and all goes on.
func TestFailureDomainsOfAPoolInUse(t *testing.T) {
	w, in := open(t, erasureCoded())
	apply(t, in)
	w.Ceph["ceph"].OSDs = hosts("hdd", 1, 1)
	p := plan(t, in)
	assert.Empty(t, p.Problems(), "%s", p)
	assert.True(t, p.Empty(), "%s", p)
	assert.Contains(t, p.String(), "note: ceph pool volumes-data: its 6 chunks (k+m) go into as many failure domains of "+
		"type osd, and CRUSH finds 2 ")
	assert.Contains(t, p.String(), "or move what the pool holds to a pool whose profile has fewer chunks")
}

// TestFailureDomainsOfARule: a pool that is made with a CRUSH rule lies as that
// says, whatever its profile does.
func TestFailureDomainsOfARule(t *testing.T) {
	s := erasureCoded()
	s.Clusters[0].ErasureProfiles[0].FailureDomain = "" // host
	for i := range 3 {
		s.Clusters[0].Pools[i].CRUSHRule = "by-osd"
	}
	w, in := open(t, s)
	assert.NotContains(t, plan(t, in).String(), "failure domains", "a rule that is not there says nothing")
	w.Ceph["ceph"].AddErasureProfile(ceph.ErasureProfile{Name: "by-osd", K: 4, M: 2, FailureDomain: "osd"})
	require.NoError(t, w.Ceph["ceph"].AddErasureRule("by-osd", "by-osd"))
	assert.NotContains(t, plan(t, in).String(), "failure domains")
	apply(t, in)
	assert.Equal(t, "by-osd", poolOf(t, w, "volumes-data").CRUSHRule)
	w.Ceph["ceph"].OSDs = hosts("hdd", 5)
	assert.Contains(t, plan(t, in).String(), "of type osd, and CRUSH finds 5 ")
}

// TestFailureDomainsOfTheProfileThatIsThere: pools with it share one rule.
func TestFailureDomainsOfTheProfileThatIsThere(t *testing.T) {
	s := erasureCoded()
	s.Clusters[0].ErasureProfiles = nil
	for i := range 3 {
		s.Clusters[0].Pools[i].ErasureProfile, s.Clusters[0].Pools[i].MinSize = "default", 0
	}
	w, in := open(t, s)
	assert.Contains(t, plan(t, in).String(), "its 4 chunks (k+m) go into as many failure domains of type "+
		"host, and CRUSH finds 3 ")
	apply(t, in)
	assert.Equal(t, "erasure-code", poolOf(t, w, "volumes-data").CRUSHRule)
	assert.Contains(t, plan(t, in).String(), "its 4 chunks (k+m) go into as many failure domains of type "+
		"host, and CRUSH finds 3 ")
}
