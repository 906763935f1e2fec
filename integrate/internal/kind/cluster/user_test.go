package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
)

func TestUsers(t *testing.T) {
	s := withHosts(example())
	fake := cephtest.New()
	c := compare(t, s, fake)
	d := c.user("glance")
	assert.Equal(t, step.Create, d.Action)
	assert.Equal(t, "the user does not exist", d.Reason)
	assert.Equal(t, []step.FieldDiff{{Field: "mon", Desired: "profile rbd"},
		{Field: "mgr", Desired: "profile rbd pool=images"},
		{Field: "osd", Desired: "profile rbd pool=images"}}, d.Diffs)
	made, err := do(t, d, fake)
	require.NoError(t, err)
	assert.Equal(t, "client.glance", made.Entity)
	assert.False(t, made.Key.IsZero(), "the key is handed on to the hosts")

	fake.AddUser(ceph.User{Entity: "client.cinder", Caps: ceph.Caps{"mon": "profile rbd"}})
	_, err = do(t, c.user("cinder"), fake)
	require.ErrorIs(t, err, ceph.ErrConflict)
	assert.ErrorContains(t, err, "somebody made the user with other caps")
}

func TestRightsAreCorrected(t *testing.T) {
	s := withHosts(example())
	fake := cephtest.New()
	fake.AddUser(ceph.User{Entity: "client.glance", Caps: ceph.Caps{"mon": "profile rbd",
		"osd": "profile rbd pool=other"}})
	d := compare(t, s, fake).user("glance")
	assert.Equal(t, step.Update, d.Action)
	assert.Equal(t, "its rights are not what the layout needs", d.Reason)
	osd := d.Diffs[1]
	assert.Equal(t, "profile rbd pool=other", osd.Observed)
	assert.Contains(t, osd.Desired, "profile rbd pool=other", "rights in other pools are kept")
	s.Clusters[0].RemoveForeignCaps = true
	d = compare(t, s, fake).user("glance")
	assert.Equal(t, "profile rbd pool=images", d.Diffs[1].Desired)

	fake.AddUser(ceph.User{Entity: "client.glance", Caps: ceph.Caps{"mon": "allow r"}})
	_, err := do(t, d, fake)
	require.ErrorIs(t, err, ceph.ErrConflict, "somebody changed the rights since the plan")
	fake.AddUser(ceph.User{Entity: "client.glance", Caps: ceph.Caps{"mon": "profile rbd",
		"osd": "profile rbd pool=other"}})
	made, err := do(t, d, fake)
	require.NoError(t, err)
	assert.Equal(t, "client.glance", made.Entity)
	assert.Nil(t, compare(t, s, fake).user("glance").Do)
}

func TestUsersThatAreLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		user    ceph.User
		release string
		pool    ceph.Pool
		code    string
		says    string
	}{
		"an administrator": {ceph.User{Entity: "client.glance", Caps: ceph.Caps{"mon": "allow *"}}, "pacific", ceph.Pool{},
			"user-is-administrator", "has all rights (mon 'allow *'), as an administrator, so its rights and its key are " +
				"left alone"},
		"an administrator of OSDs": {ceph.User{Entity: "client.glance", Caps: ceph.Caps{"osd": "allow r, allow *"}},
			"pacific", ceph.Pool{},
			"user-is-administrator", "name a user of the service's own in the Spec"},
		"no profiles of rights": {ceph.User{}, "jewel", ceph.Pool{},
			"caps-need-classic", "left alone, as jewel knows no profiles of rights for RBD, which came with Luminous; set " +
				"caps: classic for cluster ceph in the Spec"},
		"a pool of somebody else": {ceph.User{}, "pacific", ceph.Pool{Name: "images", Application: "cephfs"},
			"user-of-refused-pool", "left alone, as pool images cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withHosts(example())
			fake := cephtest.New()
			if c.user.Entity != "" {
				fake.AddUser(c.user)
			}
			if c.pool.Name != "" {
				require.NoError(t, fake.AddPool(c.pool))
			}
			for _, want := range s.Uses() {
				if c.release == "jewel" { // its pools need a pg_num
					require.NoError(t, fake.AddPool(ceph.Pool{Name: want.Pool, Application: "rbd"}))
				}
			}
			var asks []ceph.Query
			for _, r := range resources(s) {
				asks = append(asks, r.Asks().Cluster)
			}
			seen := see(t, fake, asks)
			seen.Status.Release = c.release
			if c.release == "jewel" {
				for name, p := range seen.Pools {
					p.Application = ""
					seen.Pools[name] = p
				}
			}
			d := compareSeen(t, s, seen).user("glance")
			require.Len(t, d.Findings, 1)
			assert.Equal(t, c.code, d.Findings[0].Code)
			assert.Equal(t, "user client.glance", d.Findings[0].Object)
			assert.Contains(t, d.Findings[0].Message, c.says)
			assert.True(t, d.Findings[0].Problem)
			assert.True(t, d.Refused)
			assert.Nil(t, d.Do)
			if c.pool.Name != "" {
				assert.Equal(t, cluster.PoolID("ceph", "images"), d.Because)
			}
		})
	}
}

// TestRightsThatCephCannotParse came by an import: none of the rights on these daemons take effect.
func TestRightsThatCephCannotParse(t *testing.T) {
	const set = "set remove_foreign_caps: true for cluster ceph in the Spec"
	for daemon, c := range map[string]struct {
		caps       ceph.Caps
		host, says string
	}{
		`osd: clause "osd blacklist"`: {ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=images, osd blacklist"}, "",
			"run `ceph auth caps client.glance mon 'profile rbd' osd 'profile rbd pool=images'` on a host with the keyring of " +
				"client.admin; to keep none but those of the Spec, " + set},
		`mon: clause "allow rwxr"`: {ceph.Caps{"mon": "profile rbd, allow rwxr"}, "ceph01",
			"to keep all other rights, run `ceph auth caps client.glance mon 'profile rbd'` on host ceph01; to keep none"},
		`mgr: clause "x"`: {ceph.Caps{"mgr": "x"}, "", "; " + set},
	} {
		s := withHosts(example())
		if s.Clusters[0].Host = c.host; c.host != "" {
			s.Hosts = append(s.Hosts, spec.Host{Name: c.host})
		}
		fake := cephtest.New()
		fake.AddUser(ceph.User{Entity: "client.glance", Caps: c.caps})
		d := compare(t, s, fake).user("glance")
		require.Len(t, d.Findings, 1)
		assert.Equal(t, "caps-unreadable", d.Findings[0].Code)
		assert.Contains(t, d.Findings[0].Message, c.says)
		assert.Contains(t, d.Findings[0].Message, daemon)
		assert.True(t, d.Refused)
		s.Clusters[0].RemoveForeignCaps = true
		d = compare(t, s, fake).user("glance")
		assert.Empty(t, d.Findings)
		_, err := do(t, d, fake)
		require.NoError(t, err)
	}
}
