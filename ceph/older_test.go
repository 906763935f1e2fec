package ceph_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

// TestOlderClusters: what a monitor does not know yet is asked in another way.
func TestOlderClusters(t *testing.T) {
	for release, version := range map[string]string{
		"dumpling": "0.67.9", "firefly": "0.80.11", "hammer": "0.94.10", "jewel": "10.2.11", "kraken": "11.2.1",
		"luminous": "12.2.13", "mimic": "13.2.10",
	} {
		t.Run(release, func(t *testing.T) {
			fake := cephtest.New()
			fake.Release, fake.Version = release, version
			fake.CRUSHRules = []string{"replicated_ruleset", "ssd"}
			c := ceph.New(fake)
			status, err := c.Status(t.Context())
			require.NoError(t, err)
			assert.Equal(t, release, status.Release)
			assert.Equal(t, []string{"192.0.2.1:6789/0"}, status.MonHosts)
			conf, err := c.MinimalConf(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "[global]\nfsid = "+status.FSID+"\nmon_host = 192.0.2.1:6789\n", string(conf.Render()))

			require.ErrorIs(t, c.CreatePool(t.Context(), ceph.Pool{Name: "volumes"}), ceph.ErrInvalid,
				"there is no default for pg_num")
			require.NoError(t, c.CreatePool(t.Context(), ceph.Pool{Name: "volumes", PGNum: 128, Size: 2}))
			pools, err := c.Pools(t.Context())
			require.NoError(t, err)
			require.Len(t, pools, 1)
			assert.Equal(t, 128, pools[0].PGNum)
			assert.Equal(t, 2, pools[0].Size)
			err = c.UpdatePool(t.Context(), ceph.Pool{Name: "volumes", CRUSHRule: "ssd"})
			assert.Equal(t, release < "luminous", errors.Is(err, ceph.ErrInvalid), "%v", err)
			_, err = fake.Trash(t.Context(), "volumes")
			assert.Equal(t, release < "luminous", err != nil, "there is no trash before Luminous: %v", err)
			v, err := c.Look(t.Context(), ceph.Query{Images: []string{"volumes"}, Trash: []string{"volumes"}})
			require.NoError(t, err)
			assert.Empty(t, v.Trash["volumes"])
			assert.Equal(t, release < "luminous", fake.InitPool(t.Context(), "volumes") != nil,
				"there is no rbd pool init before Luminous")
		})
	}
}

// TestRulesets: before Luminous a pool tells its rule by another number, of another
// name.
func TestRulesets(t *testing.T) {
	fake := cephtest.New()
	fake.CRUSHRules = []string{"replicated_ruleset", "ssd"}
	c := ceph.New(fake)
	require.NoError(t, c.CreatePool(t.Context(), ceph.Pool{Name: "volumes", PGNum: 8, CRUSHRule: "ssd"}))
	for release, version := range map[string]string{"jewel": "10.2.11", "luminous": "12.2.13"} {
		fake.Release, fake.Version = release, version
		pools, err := c.Pools(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "ssd", pools[0].CRUSHRule, release)
	}
}

// A size that a cluster of today refuses is not worth a pool of another one.
func TestARefusedSizeMakesNoPool(t *testing.T) {
	var made int
	fake := cephtest.New()
	c := ceph.New(commander(func(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
		if strings.Contains(string(cmd.JSON), "osd pool create") {
			made++
			return ceph.Reply{}, &ceph.CommandError{Op: "osd pool create", Code: 22,
				Status: "pool size must be between 1 and 10"}
		}
		return fake.Command(ctx, cmd)
	}))
	require.ErrorContains(t, c.CreatePool(t.Context(), ceph.Pool{Name: "volumes", Size: 11}), "between 1 and 10")
	assert.Equal(t, 1, made)
}

func TestConfOfOlderClusters(t *testing.T) {
	for dump, want := range map[string]string{
		`{"fsid":"f","mons":[{"addr":"10.0.0.1:6789/0"},{"addr":"[2001:db8::2]:6789/0"}]}`: "[global]\nfsid = f\nmon_host " +
			"= 10.0.0.1:6789,[2001:db8::2]:6789\n",
		`{"fsid":"f","mons":[]}`:                "",
		`{"mons":[{"addr":"10.0.0.1:6789/0"}]}`: "",
	} {
		c := ceph.New(commander(func(_ context.Context, cmd ceph.Command) (ceph.Reply, error) {
			if strings.Contains(string(cmd.JSON), "mon dump") {
				return ceph.Reply{Data: cephstack.Redact(dump)}, nil
			}
			return ceph.Reply{}, &ceph.CommandError{Op: "config generate-minimal-conf", Code: 22, Status: "invalid command"}
		}))
		conf, err := c.MinimalConf(t.Context())
		if want == "" {
			require.EqualError(t, err, "ceph mon dump: no fsid, or no monitors")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want, string(conf.Render()))
	}
}

// TestReleaseOfVersions: daemons of several builds, the oldest of which counts.
func TestReleaseOfVersions(t *testing.T) {
	for want, overall := range map[string]string{
		"tentacle": `"ceph version 20.2.4+ds-2 (4f1e4ba35cbb2f8a8f7ea1e2a1bbd2a0e5bd5ad7) tentacle (stable - ` +
			`RelWithDebInfo)": 9, "ceph version 21.0.0-12-gabc (0) umbrella (dev)": 1`,
		"squid": `"ceph version 20.3.0-123-gabc (0) tentacle (dev)": 1, "ceph version 19.2.1-222.el9cp ` +
			`(f2cd71cc2f7b46709c2351134ac89ea3e9f609b6) squid (stable)": 2`,
		"reef": `"ceph version Development (no_version) reef (stable)": 3`,
		"jewel": `"ceph version 12.2.13 (584a20eb0237c657dc0567da126be145106aa47e) luminous (stable)": 5, "ceph ` +
			`version 10.2.10-17.el7cp (f0ebafd5a4fd3b6ab6a0f2a9a8e4a4ae5b1f8cd8)": 1`,
		"hammer":   `"ceph version 0.94.9-8.el7cp (0)": 1`,
		"luminous": `"unknown": 2, "ceph version 12.2.8-89-gabc (0) luminous (stable)": 1`,
		"":         `"ceph version 0.61.9 (0)": 1, "ceph version Development (no_version)": 1, "ceph version 12.0.0 (0)": 1`,
	} {
		fake := cephtest.New()
		c := ceph.New(commander(func(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
			if strings.Contains(string(cmd.JSON), `"versions"`) {
				return ceph.Reply{Data: cephstack.Redact(`{"overall":{` + overall + `}}`)}, nil
			}
			return fake.Command(ctx, cmd)
		}))
		status, err := c.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, status.Release, overall)
	}
}
