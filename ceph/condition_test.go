package ceph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

// ailing is a cluster with three hosts, three monitors and two pools, which ails.
func ailing(t *testing.T, a cephtest.Ailments) *cephtest.Cluster {
	t.Helper()
	fake := cephtest.New()
	fake.MonHosts = []string{"[v2:192.0.2.1:3300/0,v1:192.0.2.1:6789/0]", "[v2:192.0.2.2:3300/0,v1:192.0.2.2:6789/0]",
		"[v2:192.0.2.3:3300/0,v1:192.0.2.3:6789/0]"}
	for _, name := range []string{"images", "volumes"} {
		require.NoError(t, fake.AddPool(ceph.Pool{Name: name, Application: "rbd", PGNum: 32}))
	}
	fake.Ail(a)
	return fake
}

const hostIsMissing = "pools images, volumes: of the 3 failure domains of type host that are needed, 2 have OSDs " +
	"that are up and in"

func TestConditions(t *testing.T) {
	pgs := func(state string, n int) map[string]map[string]int {
		return map[string]map[string]int{"volumes": {state: n}}
	}
	for name, c := range map[string]struct {
		ail          cephtest.Ailments
		muted        string
		stops, notes []string
	}{
		"well": {},
		"inactive": {cephtest.Ailments{PGs: pgs("down", 3)}, "", []string{
			"3 PGs are not active (3 down), in pool volumes"}, nil},
		"several states": {cephtest.Ailments{PGs: map[string]map[string]int{"volumes": {"unknown": 3, "peering": 1},
			"images": {"incomplete": 2}}}, "",
			[]string{"6 PGs are not active (2 incomplete, 1 peering, 3 unknown), in pools images, volumes"}, nil},
		"stale": {cephtest.Ailments{PGs: pgs("stale+active+clean", 1)}, "", []string{
			"1 PG is not active (1 stale+active+clean), in pool volumes"}, nil},
		"degraded serves": {cephtest.Ailments{PGs: pgs("active+undersized+degraded", 5)}, "", nil, nil},
		"muted": {cephtest.Ailments{PGs: pgs("down", 1)}, "PG_AVAILABILITY", nil, []string{
			"1 PG is not active (1 down), in pool volumes (PG_AVAILABILITY is muted)"}},
		"no manager": {cephtest.Ailments{NoManager: true}, "", []string{
			"no manager is active, so that the states of PGs are not known"}, nil},
		"full": {cephtest.Ailments{FullOSDs: map[int]string{1: "full", 3: "nearfull", 4: "backfillfull", 5: "full"}}, "",
			[]string{"osd.1, osd.5 are full", "osd.4 is backfillfull"}, []string{"osd.3 is nearly full"}},
		"full pools": {cephtest.Ailments{FullPools: map[string]string{"volumes": "full", "foreign": "full"}}, "",
			[]string{"pool volumes: full"}, nil},
		"an OSD of two is down": {cephtest.Ailments{DownOSDs: []int{0}}, "", nil, nil},
		"a host is down": {cephtest.Ailments{DownOSDs: []int{0, 1}}, "", []string{
			hostIsMissing}, nil},
		"a host is out": {cephtest.Ailments{OutOSDs: []int{4, 5}}, "", []string{
			hostIsMissing}, nil},
		"a host is down, and muted": {cephtest.Ailments{DownOSDs: []int{0, 1}}, "OSD_DOWN", nil, []string{
			hostIsMissing + " (OSD_DOWN is muted)"}},
		"a monitor is out": {cephtest.Ailments{LostMonitors: 1}, "", nil, []string{
			"2 of 3 monitors are in the quorum: without one more, the quorum is lost"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := ailing(t, c.ail)
			fake.Muted = []string{c.muted}
			stops, notes, err := ceph.New(fake).Condition(t.Context(), "images", "volumes", "vms")
			require.NoError(t, err)
			assert.Equal(t, c.stops, stops)
			assert.Equal(t, c.notes, notes)
		})
	}
}

// TestAClusterOfOtherShape: what the CRUSH map never had is not missing, and a fourth host takes the place of
// one that is down.
func TestAClusterOfOtherShape(t *testing.T) {
	for hosts, stops := range map[int]int{1: 1, 2: 1, 3: 1, 4: 0} {
		fake := cephtest.New()
		fake.OSDs = map[string][]string{}
		for i := range hosts {
			fake.OSDs[string(rune('a'+i))] = []string{"hdd"}
		}
		require.NoError(t, fake.AddPool(ceph.Pool{Name: "images", Application: "rbd"}))
		c := ceph.New(fake)
		found, _, err := c.Condition(t.Context(), "images")
		require.NoError(t, err)
		assert.Empty(t, found, "%d hosts", hosts)
		fake.Ail(cephtest.Ailments{DownOSDs: []int{0}})
		found, _, err = c.Condition(t.Context(), "images")
		require.NoError(t, err)
		assert.Len(t, found, stops, "%d hosts, and one of them is down", hosts)
	}
}

func TestNoQuorumIsNoCondition(t *testing.T) {
	_, _, err := ceph.New(ailing(t, cephtest.Ailments{LostMonitors: 2})).Condition(t.Context(), "images")
	require.ErrorIs(t, err, ceph.ErrUnreachable)
}

// TestConditionsOfOlderClusters: they have neither managers nor OSDs with a state.
func TestConditionsOfOlderClusters(t *testing.T) {
	for release, version := range map[string]string{"hammer": "0.94.10", "jewel": "10.2.11"} {
		fake := ailing(t, cephtest.Ailments{FullOSDs: map[int]string{0: "full"}, DownOSDs: []int{2, 3}})
		fake.Release, fake.Version = release, version
		stops, _, err := ceph.New(fake).Condition(t.Context(), "images")
		require.NoError(t, err)
		assert.Equal(t, []string{"the cluster is full", "pool images: of the 3 failure domains of type host that are " +
			"needed, 2 have OSDs that are up and in"}, stops, release)
	}
}
