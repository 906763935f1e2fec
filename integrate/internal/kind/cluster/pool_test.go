package cluster_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
)

func TestPools(t *testing.T) {
	s := withHosts(example())
	s.Clusters[0].Pools = []spec.Pool{{Name: "volumes", Size: 2}}
	fake := cephtest.New()
	c := compare(t, s, fake)
	d := c.pool("volumes")
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, "the pool does not exist", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "application", Desired: "rbd"}, {Field: "size", Desired: "2"}}, d.Diffs)
	require.NoError(t, fake.AddPool(ceph.Pool{Name: "volumes", Application: "rbd"}))
	d = compare(t, s, fake).pool("volumes")
	assert.Equal(t, step.Update, d.Action)
	assert.Equal(t, "the pool is not as the Spec says", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "size", Observed: "3", Desired: "2"}}, d.Diffs)
}

func TestAPoolOfSeveralServices(t *testing.T) {
	s := withHosts(example())
	s.Glance.Pool = "volumes"
	c := compare(t, s, cephtest.New())
	assert.Equal(t, []string{"pool-of-several-services pool volumes"}, c.codes())
	assert.Equal(t, "holds images and volumes: each one's user may change what the others have there; a pool for "+
		"each keeps them apart",
		c.findings()[0].Message)
	assert.NotNil(t, c.pool("volumes").Do)
}

// TestPoolsThatCannotBeWhatTheyShould: nothing can change what a pool was made as.
func TestPoolsThatCannotBeWhatTheyShould(t *testing.T) {
	missing := func(s *spec.Spec) {
		s.Clusters[0].ErasureProfiles = nil
	}
	for name, c := range map[string]struct {
		there  ceph.Pool
		change func(*spec.Spec)
		pool   string
		code   string
		says   string
	}{
		"of another application": {ceph.Pool{Name: "images", Application: "cephfs"}, nil, "images",
			"pool-of-another-application",
			"belongs to application cephfs; name another pool in the Spec, or move that data away first"},
		"no profile": {ceph.Pool{}, missing, "images-data", "erasure-profile-missing",
			"cannot be made, as there is no erasure profile four-two; put it among erasure_profiles, or make it first"},
		"replicated": {ceph.Pool{Name: "images-data", Application: "rbd"}, nil, "images-data", "pool-is-replicated",
			"is replicated, and cannot become erasure-coded; name another pool"},
		"headers": {ceph.Pool{Name: "images", Application: "rbd", ErasureProfile: "default"}, nil, "images",
			"pool-is-erasure-coded",
			"is erasure-coded, and such pools cannot hold the headers of images; name a replicated pool, and this one as " +
				"its data_pool"},
		"coded": {ceph.Pool{Name: "backups-data", Application: "rbd", ErasureProfile: "default"}, nil, "backups-data",
			"pool-is-erasure-coded",
			"is erasure-coded; set erasure_profile: default in place of its size, or name another pool"},
		"of another profile": {ceph.Pool{Name: "images-data", Application: "rbd", ErasureProfile: "default"}, nil,
			"images-data",
			"pool-of-another-erasure-profile", "has erasure profile default for good, not four-two; name that, or another pool"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withHosts(coded())
			if c.change != nil {
				c.change(&s)
			}
			fake := cephtest.New()
			if c.there.Name != "" {
				require.NoError(t, fake.AddPool(c.there))
			}
			d := compare(t, s, fake).pool(c.pool)
			require.Len(t, d.Findings, 1)
			assert.Equal(t, c.code, d.Findings[0].Code)
			assert.Equal(t, "pool "+c.pool, d.Findings[0].Object)
			assert.Equal(t, c.says, d.Findings[0].Message)
			assert.True(t, d.Refused && d.Do == nil && d.Findings[0].Problem)
		})
	}
}

func TestPoolsBeyondARelease(t *testing.T) {
	for name, c := range map[string]struct {
		release string
		pool    spec.Pool
		there   bool
		code    string
		says    string
	}{
		"erasure code": {"jewel", spec.Pool{Name: "data", ErasureProfile: "default"}, true, "pool-beyond-release",
			"cannot be erasure-coded: RBD's data can be in such pools from Luminous on, and this is jewel"},
		"a CRUSH rule": {"jewel", spec.Pool{Name: "volumes", CRUSHRule: "other"}, true, "pool-beyond-release",
			"has another CRUSH rule, or none yet, and jewel is told it by a number: make the pool or set its crush_ruleset " +
				"by hand"},
		"no pg_num": {"mimic", spec.Pool{Name: "volumes"}, false, "pool-needs-pg-num",
			"cannot be made without pg_num, for which mimic has no default; give the pool one among the pools of cluster ceph"},
		"with pg_num": {"mimic", spec.Pool{Name: "volumes", PGNum: 64}, false, "", ""},
		"there":       {"jewel", spec.Pool{Name: "volumes"}, true, "", ""},
		"known":       {"nautilus", spec.Pool{Name: "volumes", CRUSHRule: "other"}, false, "", ""},
		"not known":   {"", spec.Pool{Name: "volumes"}, false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := withHosts(example())
			s.Clusters[0].Pools = []spec.Pool{c.pool}
			seen := &step.Cluster{Status: ceph.Status{Release: c.release}, Pools: map[string]ceph.Pool{}}
			if c.pool.Name == "data" {
				s.Cinder.Backends[0].DataPool = "data"
			}
			if c.there {
				seen.Pools[c.pool.Name] = ceph.Pool{Name: c.pool.Name, Size: 3, CRUSHRule: "replicated_rule",
					ErasureProfile: c.pool.ErasureProfile}
			}
			d := compareSeen(t, s, seen).pool(c.pool.Name)
			if c.code == "" {
				assert.Empty(t, d.Findings)
				assert.Equal(t, !c.there, d.Do != nil, "before Luminous pools have no application")
				return
			}
			require.NotEmpty(t, d.Findings)
			last := d.Findings[len(d.Findings)-1]
			assert.Equal(t, c.code, last.Code)
			assert.Equal(t, c.says, last.Message)
			assert.True(t, last.Problem && d.Refused)
		})
	}
}

// osds are the OSDs of hosts, each host with some of a class.
func osds(class string, n ...int) map[string][]string {
	all := map[string][]string{}
	for i, n := range n {
		all["osd"+string(rune('a'+i))] = strings.Fields(strings.Repeat(class+" ", n))
	}
	return all
}

// TestFailureDomains compares pools of six chunks, four of which hold data, in
// clusters of different sizes.
func TestFailureDomains(t *testing.T) {
	byHost := func(s *spec.Spec) { s.Clusters[0].ErasureProfiles[0].FailureDomain = "" }
	least := func(s *spec.Spec) {
		for i := range 3 {
			s.Clusters[0].Pools[i].MinSize = 4
		}
	}
	shelf := func(s *spec.Spec) { s.Clusters[0].ErasureProfiles[0].FailureDomain = "shelf" }
	hdd := func(s *spec.Spec) { s.Clusters[0].ErasureProfiles[0].DeviceClass = "hdd" }
	const few, none = "few-failure-domains", "too-few-failure-domains"
	for name, c := range map[string]struct {
		osds       map[string][]string
		change     func(*spec.Spec)
		code, says string
	}{
		"enough OSDs":  {osds("hdd", 2, 2, 2), nil, "", ""},
		"enough hosts": {osds("hdd", 1, 1, 1, 1, 1, 1), byHost, "", ""},
		"one OSD too few": {osds("hdd", 3, 2), nil, few, "its 6 chunks (k+m) go into as many failure domains of type " +
			"osd, and CRUSH finds 5 " +
			"with OSDs for it, so that its placement groups never become clean and a lost chunk is not made good; add " +
			"failure domains, or give the pool a profile"},
		"OSDs of another class": {osds("ssd", 3, 3, 3), hdd, none, "of type osd, and CRUSH finds 0 "},
		"fewer than min_size": {osds("hdd", 2, 2), nil, none, "cannot be made: its 6 chunks (k+m) go into as many " +
			"failure domains of type osd, " +
			"and CRUSH finds 4 with OSDs for it, where 5 are needed (min_size) for it to work at all; add failure domains"},
		"three hosts":         {osds("hdd", 4, 4, 4), byHost, none, "of type host, and CRUSH finds 3 "},
		"a type that is none": {osds("hdd", 4, 4, 4), shelf, none, "of type shelf, and CRUSH finds 0 "},
		"a smaller min_size":  {osds("hdd", 2, 2), least, few, "CRUSH finds 4 "},
	} {
		t.Run(name, func(t *testing.T) {
			s := withHosts(coded())
			if c.change != nil {
				c.change(&s)
			}
			fake := cephtest.New()
			fake.OSDs = c.osds
			all := compare(t, s, fake)
			for _, pool := range []string{"images-data", "volumes-data", "vms-data"} {
				d := all.pool(pool)
				assert.Equal(t, c.code == none, d.Refused, pool)
				if c.code == "" {
					assert.Empty(t, d.Findings)
					continue
				}
				require.Len(t, d.Findings, 1)
				assert.Equal(t, c.code, d.Findings[0].Code)
				assert.Contains(t, d.Findings[0].Message, c.says)
				assert.Equal(t, c.code == none, d.Findings[0].Problem)
			}
			assert.Empty(t, all.pool("backups-data").Findings, "is replicated")
		})
	}
}

// TestFailureDomainsOfAPoolInUse: that it lost some is said, and all goes on.
func TestFailureDomainsOfAPoolInUse(t *testing.T) {
	s, fake := withHosts(coded()), cephtest.New()
	settle(t, compare(t, s, fake), fake)
	fake.OSDs = osds("hdd", 1, 1)
	c := compare(t, s, fake)
	d := c.pool("volumes-data")
	require.Len(t, d.Findings, 1)
	assert.False(t, d.Findings[0].Problem || d.Refused)
	assert.Contains(t, d.Findings[0].Message, "and CRUSH finds 2 ")
	assert.Contains(t, d.Findings[0].Message, "or move what the pool holds to a pool whose profile has fewer chunks")
}

// TestFailureDomainsOfARule: a pool that is made with a CRUSH rule lies as that
// says, whatever its profile does.
func TestFailureDomainsOfARule(t *testing.T) {
	s, fake := withHosts(coded()), cephtest.New()
	s.Clusters[0].ErasureProfiles[0].FailureDomain = "" // host
	for i := range 3 {
		s.Clusters[0].Pools[i].CRUSHRule = "by-osd"
	}
	assert.Empty(t, compare(t, s, fake).findings(), "a rule that is not there says nothing")
	fake.AddErasureProfile(ceph.ErasureProfile{Name: "by-osd", K: 4, M: 2, FailureDomain: "osd"})
	require.NoError(t, fake.AddErasureRule("by-osd", "by-osd"))
	c := compare(t, s, fake)
	assert.Empty(t, c.findings())
	settle(t, c, fake)
	fake.OSDs = osds("hdd", 5)
	assert.Contains(t, compare(t, s, fake).pool("vms-data").Findings[0].Message, "of type osd, and CRUSH finds 5 ")
}

// TestFailureDomainsOfTheProfileThatIsThere: pools with it share one rule.
func TestFailureDomainsOfTheProfileThatIsThere(t *testing.T) {
	s, fake := withHosts(coded()), cephtest.New()
	s.Clusters[0].ErasureProfiles = nil
	for i := range 3 {
		s.Clusters[0].Pools[i].ErasureProfile = "default"
	}
	const says = "its 4 chunks (k+m) go into as many failure domains of type host, and CRUSH finds 3 "
	for range 2 {
		c := compare(t, s, fake)
		assert.Contains(t, c.pool("volumes-data").Findings[0].Message, says)
		settle(t, c, fake)
	}
}

// TestAPoolThatChangedSinceThePlan: nothing is written over what somebody did.
func TestAPoolThatChangedSinceThePlan(t *testing.T) {
	rbd := func(p ceph.Pool) *ceph.Pool {
		p.Application = "rbd"
		return &p
	}
	gone := &ceph.Pool{}
	for name, c := range map[string]struct {
		pool          string
		before, after *ceph.Pool
		conflict      string
	}{
		"data, for another application": {"backups-data", nil, &ceph.Pool{Size: 2, Application: "cephfs"},
			`has application "cephfs" now`},
		"data, with another size": {"backups-data", nil, rbd(ceph.Pool{Size: 4}), `has size "4" now`},
		"data, with another profile": {"volumes-data", nil, rbd(ceph.Pool{ErasureProfile: "default"}),
			`the pool was made anew, with erasure profile "default" and not "four-two"`},
		"data, as it is wanted":      {"backups-data", nil, rbd(ceph.Pool{Size: 2}), ""},
		"data with yet another size": {"backups-data", rbd(ceph.Pool{}), rbd(ceph.Pool{Size: 4}), `has size "4" now`},
		"data that was corrected":    {"backups-data", rbd(ceph.Pool{}), rbd(ceph.Pool{Size: 2}), ""},
		"data with a quota":          {"backups-data", rbd(ceph.Pool{}), rbd(ceph.Pool{MaxBytes: 1 << 40}), ""},
		"data made anew": {"backups-data", rbd(ceph.Pool{}), rbd(ceph.Pool{ErasureProfile: "default"}),
			"was made anew"},
		"data that is gone":             {"backups-data", rbd(ceph.Pool{}), gone, "the pool is gone"},
		"for another application":       {"volumes", nil, &ceph.Pool{Application: "cephfs"}, "has application"},
		"that another application took": {"volumes", &ceph.Pool{}, &ceph.Pool{Application: "rgw"}, "has application"},
		"that somebody made":            {"volumes", nil, &ceph.Pool{}, "has application"},
		"that somebody made for RBD":    {"volumes", nil, rbd(ceph.Pool{}), ""},
		"as the plan saw it":            {"volumes", &ceph.Pool{}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, fake := withHosts(coded()), cephtest.New()
			_, err := do(t, compare(t, s, fake).at(resources(s)[1].ID()), fake)
			require.NoError(t, err)
			put := func(p *ceph.Pool) {
				if p == gone {
					fake.RemovePool(c.pool)
				} else if p != nil {
					p.Name = c.pool
					require.NoError(t, fake.AddPool(*p))
				}
			}
			put(c.before)
			d := compare(t, s, fake).pool(c.pool)
			require.NotNil(t, d.Do)
			put(c.after)
			_, err = do(t, d, fake)
			writes := func(op cephtest.Op) bool { return op.Write && op.Object == c.pool }
			if c.conflict != "" {
				require.ErrorIs(t, err, ceph.ErrConflict)
				require.ErrorContains(t, err, c.conflict)
				assert.False(t, slices.ContainsFunc(fake.Log(), writes))
				return
			}
			require.NoError(t, err)
			assert.Nil(t, compare(t, s, fake).pool(c.pool).Do)
		})
	}
}

// TestPoolsArePreparedForRBD: those that hold headers of images are, and last.
func TestPoolsArePreparedForRBD(t *testing.T) {
	s, fake := withHosts(coded()), cephtest.New()
	settle(t, compare(t, s, fake), fake)
	var inits []string
	for _, op := range fake.Log() {
		if strings.HasPrefix(op.Name, "rbd pool init") {
			inits = append(inits, op.Object)
		}
	}
	slices.Sort(inits)
	assert.Equal(t, []string{"backups", "images", "vms", "volumes"}, inits)
}
