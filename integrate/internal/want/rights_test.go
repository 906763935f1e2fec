package want_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// anySpec is a Spec that nobody thought of; many are not valid.
func anySpec(r *rand.Rand) spec.Spec {
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	s := spec.Spec{Release: one("zed", "2025.1", "queens"), Clusters: []spec.Cluster{{Name: "a"}, {Name: "b"}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute", Services: []string{"nova-compute"}}}}
	s.Clusters[0].Caps = one("", "", "", "classic")
	if r.IntN(4) > 0 {
		s.Glance = &spec.Glance{Cluster: one("", "b"), Pool: one("", "p"), User: one("", "g", "cinder"), DataPool: one("", "",
			"images-data")}
		if r.IntN(2) == 0 {
			s.Glance.Stores = []spec.Store{{Name: "second", Cluster: one("a", "b"), Pool: one("", "second"),
				User: one("", "g2")}}
		}
	}
	if r.IntN(4) > 0 {
		s.Cinder = &spec.Cinder{}
		for k := range 1 + r.IntN(3) {
			s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: fmt.Sprint("b", k), Cluster: one("", "b"),
				Pool: one("", "v1", "v2"), User: one("", "", "c2"), DataPool: one("", "", "volumes-data")})
		}
	}
	if r.IntN(3) > 0 {
		s.Backup = &spec.Backup{Cluster: one("", "b"), Pool: one("", "bk"), User: one("", "", "cinder", "g"),
			DataPool: one("", "", "backups-data")}
	}
	if r.IntN(3) > 0 {
		s.Nova = &spec.Nova{Cluster: one("", "b"), Pool: one("", "v1"), User: one("", "nova"), DataPool: one("", "",
			"volumes-data"),
			DirectSnapshots: r.IntN(3) == 0}
	}
	return s
}

// someSites are Sites of valid Specs.
func someSites(t *testing.T, visit func(seed uint64, s *want.Site)) {
	t.Helper()
	valid := 0
	for seed := range uint64(1500) {
		given := anySpec(rand.New(rand.NewPCG(seed, 1)))
		if given.Validate() != nil {
			continue
		}
		valid++
		visit(seed, want.Resolve(given))
	}
	require.Greater(t, valid, 150)
}

// has reports whether caps have a clause.
func has(osd, clause string) bool { return slices.Contains(strings.Split(osd, ", "), clause) }

// TestRightsAgreeWithCaps: what the probes expect of a user is what its caps say, in
// each pool of the whole Spec.
func TestRightsAgreeWithCaps(t *testing.T) {
	someSites(t, func(seed uint64, s *want.Site) {
		for _, u := range s.Users {
			osd, where := u.Caps["osd"], fmt.Sprintf("seed %d: %s %s: %s", seed, u.Cluster, u.Entity, u.Caps["osd"])
			seen := map[string]bool{}
			for _, right := range s.Rights(u.User) {
				seen[right.Pool] = true
				if right.Data && s.Cluster(u.Cluster).Caps == "classic" {
					continue
				}
				writes := has(osd, "profile rbd pool="+right.Pool) || has(osd, "allow rwx pool="+right.Pool)
				reads := has(osd, "profile rbd-read-only pool="+right.Pool) || has(osd, "allow rx pool="+right.Pool)
				if right.Write {
					require.Equal(t, right.Allowed, writes, "%s: %s", where, right)
				} else {
					require.Equal(t, right.Allowed, reads, "%s: %s", where, right)
				}
			}
			require.Len(t, seen, len(s.Pools[u.Cluster]), where)
		}
	})
}

// TestSitesAreWhole: each use has its pool and its user. Pools and users are sorted, and
// none is there twice. Each secret is of a user of the Site.
func TestSitesAreWhole(t *testing.T) {
	someSites(t, func(seed uint64, s *want.Site) {
		for _, u := range s.Uses {
			pools, data := s.PoolsOf(u.User, u.What)
			require.Contains(t, pools, u.Pool, "seed %d", seed)
			require.Subset(t, s.PoolsBehind(u.User), pools, "seed %d: %s may use its pools", seed, u.User.Entity)
			require.Subset(t, s.PoolsBehind(u.User), data, "seed %d", seed)
			require.True(t, slices.ContainsFunc(s.Users, func(o want.User) bool { return o.User == u.User }),
				"seed %d: %v", seed, u)
		}
		for cluster, pools := range s.Pools {
			for k := 1; k < len(pools); k++ {
				require.Less(t, pools[k-1].Name, pools[k].Name, "seed %d: %s", seed, cluster)
			}
		}
		for k, u := range s.Users {
			require.Equal(t, u.Caps.Normal(), u.Caps, "seed %d", seed)
			require.False(t, k > 0 && s.Users[k-1].User == u.User, "seed %d: %v", seed, u.User)
		}
		for _, id := range s.Secrets {
			require.True(t, slices.ContainsFunc(s.Users, func(o want.User) bool { return o.User == id }), "seed %d",
				seed)
		}
	})
}

// TestRightsComeOfTheWholeSpecAlone: hosts have nothing to do with them, and the same Spec
// gives the same Site.
func TestRightsComeOfTheWholeSpecAlone(t *testing.T) {
	someSites(t, func(seed uint64, s *want.Site) {
		again := s.Spec.Clone()
		again.Hosts = again.Hosts[:1]
		other := want.Resolve(again)
		require.Equal(t, s.Users, other.Users, "seed %d", seed)
		require.Equal(t, s.Pools, other.Pools, "seed %d", seed)
	})
}

// TestAResolvedSpecStaysAsItIs: a Site does not change the Spec that it is of.
func TestAResolvedSpecStaysAsItIs(t *testing.T) {
	for seed := range uint64(200) {
		given := anySpec(rand.New(rand.NewPCG(seed, 1)))
		before := given.Clone()
		s := want.Resolve(given)
		s.InOrder()
		s.Targets()
		s.UsersOf([]string{"cinder-volume", "nova-compute"})
		s.CopiedUsers("nova-compute")
		s.UsersIn("a")
		require.Equal(t, before, given, "seed %d", seed)
	}
}

// TestUsersOfASiteAreNotSharedWithItsLists: what a caller does with a list does not get
// into the Site.
func TestUsersOfASiteAreNotSharedWithItsLists(t *testing.T) {
	s := want.Resolve(cloud(novaAlone, fast))
	before := slices.Clone(s.Users)
	s.UsersIn("hdd")
	copied := s.CopiedUsers("nova-compute")
	for k := range copied {
		copied[k].Entity = "client.other"
	}
	write, read := s.PoolRights(before[0].User)
	_ = append(append(write, "x"), read...)
	assert.Equal(t, before, s.Users)
	assert.Len(t, s.UsersOn("nova-compute"), 3)
	assert.NotContains(t, s.Secrets, spec.User{Cluster: "hdd", Entity: "client.other"})
}

// TestASiteSharesNothingWithItsSpec: who changes the Spec afterwards does not change the Site.
func TestASiteSharesNothingWithItsSpec(t *testing.T) {
	given := cloud(fast, func(s *spec.Spec) {
		s.Clusters[0].Pools = []spec.Pool{{Name: "images", Size: 3}}
		s.Glance.Stores = []spec.Store{{Name: "second", Pool: "second"}}
		s.Cinder.Backends[0].ExtraSpecs = map[string]string{"multiattach": "<is> True"}
		s.Prepare = &spec.Prepare{Guests: &spec.Guests{}}
	})
	s, untouched := want.Resolve(given), want.Resolve(given.Clone())
	given.Clusters[0].Caps, given.Clusters[0].Pools[0].Size = "classic", 1
	given.Hosts[0].Services[0], given.Hosts[1].Layout = "nova-compute", spec.LayoutRDO
	given.Glance.Stores[0].Pool, given.Glance.Pool = "changed", "changed"
	given.Cinder.Backends[0].ExtraSpecs["multiattach"], given.Cinder.Backends[1].Pool = "changed", "changed"
	given.Backup.Pool, given.Nova.DirectSnapshots = "changed", true
	given.Prepare.Guests = nil
	assert.Equal(t, untouched, s)
	assert.Equal(t, untouched.Rights(user("glance")), s.Rights(user("glance")))
}

// TestARightAsASentence prints each sort of right.
func TestARightAsASentence(t *testing.T) {
	assert.Equal(t, "may write vms", want.Right{Pool: "vms", Write: true, Allowed: true}.String())
	assert.Equal(t, "may read vms", want.Right{Pool: "vms", Allowed: true}.String())
	assert.Equal(t, "must not write vms", want.Right{Pool: "vms", Write: true}.String())
	assert.Equal(t, "must not read vms", want.Right{Pool: "vms"}.String())
}
