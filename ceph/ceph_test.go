package ceph_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
)

func TestEveryCommandIsJSONWithoutKeys(t *testing.T) {
	var sent []ceph.Command
	fake := cephtest.New()
	c := ceph.New(commander(func(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
		sent = append(sent, cmd)
		return fake.Command(ctx, cmd)
	}))
	u, err := c.CreateUser(t.Context(), "client.cinder", ceph.Caps{"mon": "profile rbd"})
	require.NoError(t, err)
	require.NoError(t, c.SetCaps(t.Context(), u.Entity, u.Caps, ceph.Caps{"mon": "allow r"}))
	require.NoError(t, c.CreatePool(t.Context(), ceph.Pool{Name: "volumes", Application: "rbd"}))
	require.NotEmpty(t, sent)
	for _, cmd := range sent {
		assert.True(t, json.Valid(cmd.JSON))
		assert.NotContains(t, string(cmd.JSON), u.Key.Reveal())
	}
}

type commander func(context.Context, ceph.Command) (ceph.Reply, error)

func (f commander) Command(ctx context.Context, cmd ceph.Command) (ceph.Reply, error) {
	return f(ctx, cmd)
}

func answer(data string) *ceph.Cluster {
	return ceph.New(commander(func(context.Context, ceph.Command) (ceph.Reply, error) {
		return ceph.Reply{Data: cephstack.Redact(data)}, nil
	}))
}

func TestAnswersThatAreNoneHoldNoKey(t *testing.T) {
	const key = "AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA=="
	for _, data := range []string{
		"", "[", `[{"entity":"client.b","key":"` + key + `"}]`, `[]`, `[{"entity":"client.a","key":"` + key + `!"}]`,
		`[{"entity":"client.a","key":["` + key + `"]}]`,
	} {
		_, err := answer(data).User(t.Context(), "client.a")
		require.Error(t, err)
		assert.NotContains(t, err.Error(), key[:20])
		assert.NotErrorIs(t, err, ceph.ErrNotFound, "an answer that is none is no evidence")
	}
}

func TestUserToleratesFieldsOfLaterReleases(t *testing.T) {
	u, err := answer(`[{"entity":"client.a","key":"QUJD","pending_key":"REVG","key_type":"aes256k",`+
		`"caps":{}}]`).User(t.Context(), "client.a")
	require.NoError(t, err)
	assert.Equal(t, "QUJD", u.Key.Reveal())
}

func TestRefusalsNameTheirObject(t *testing.T) {
	c := ceph.New(cephtest.New())
	_, err := c.User(t.Context(), "client.none")
	var e *ceph.CommandError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "client.none", e.Object)
	require.EqualError(t, err, "ceph auth get client.none: errno 2: failed to find client.none in keyring")
	require.ErrorAs(t, c.UpdatePool(t.Context(), ceph.Pool{Name: "none"}), &e)
	assert.Equal(t, "none", e.Object)
}

func TestRefusalsAreOneLine(t *testing.T) {
	e := &ceph.CommandError{Op: "osd pool create", Object: "a", Code: 22, Status: "no\x1b[2J\n\n  Nothing to do. \u202e\n"}
	assert.EqualError(t, e, "ceph osd pool create a: errno 22: no?[2J | Nothing to do. ?")
}

func TestCommandErrorConditions(t *testing.T) {
	all := []error{ceph.ErrNotFound, ceph.ErrExists, ceph.ErrDenied, ceph.ErrInvalid, ceph.ErrLocked, ceph.ErrUnreachable}
	for code, want := range map[int]error{2: ceph.ErrNotFound, 17: ceph.ErrExists, 13: ceph.ErrDenied, 1: ceph.ErrDenied,
		22: ceph.ErrInvalid, 16: ceph.ErrLocked, 110: ceph.ErrUnreachable, 95: nil} {
		for _, target := range all {
			assert.Equal(t, target == want, errors.Is(&ceph.CommandError{Code: code}, target), "%d is %v", code, target)
		}
	}
}

func TestStatusOfMixedAndOlderClusters(t *testing.T) {
	c := ceph.New(commander(func(_ context.Context, cmd ceph.Command) (ceph.Reply, error) {
		var head struct{ Prefix string }
		_ = json.Unmarshal(cmd.JSON, &head)
		return ceph.Reply{Data: cephstack.Redact(map[string]string{
			"status": `{"fsid":"f","health":{"status":"HEALTH_WARN","checks":{"B":{},"A":{}}},` +
				`"osdmap":{"osdmap":{"num_up_osds":7}}}`,
			"mon dump": `{"mons":[{"addr":"10.0.0.1:6789/0"},{"public_addrs":{"addrvec":[{"type":"v2","addr":"10.0.0.2:3300",` +
				`"nonce":0},{"type":"v1","addr":"10.0.0.2:6789","nonce":0}]}}]}`,
			"versions": `{"overall":{"ceph version 17.2.7 (0) quincy (stable)":1,"ceph version 16.2.15 (0) pacific ` +
				`(stable)":3,"odd":1}}`,
		}[head.Prefix])}, nil
	}))
	s, err := c.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, ceph.Status{FSID: "f", Health: "HEALTH_WARN", Checks: []string{"A", "B"}, OSDsUp: 7,
		Release:  "pacific",
		MonHosts: []string{"10.0.0.1:6789/0", "[v2:10.0.0.2:3300/0,v1:10.0.0.2:6789/0]"}}, s)
}

func TestMinimalConfIsNotIndented(t *testing.T) {
	conf, err := ceph.New(cephtest.New()).MinimalConf(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "[global]\nfsid = a3d17d0c-3f1d-4a9c-9f5e-0d6f1c7f9b52\nmon_host = [v2:192.0.2.1:3300/0,"+
		"v1:192.0.2.1:6789/0]\n", string(conf.Render()))
	_, err = answer("[global]\nfsid = x\n").MinimalConf(t.Context())
	require.EqualError(t, err, "ceph config generate-minimal-conf: no mon_host")
}

func TestRepeatedWorkWritesNothing(t *testing.T) {
	fake := cephtest.New()
	c := ceph.New(fake)
	p := ceph.Pool{Name: "volumes", PGNum: 32, Size: 2, MinSize: 1, Application: "rbd", MaxBytes: 1}
	require.NoError(t, c.CreatePool(t.Context(), p))
	u, err := c.CreateUser(t.Context(), "client.cinder", ceph.Caps{"mon": "allow r"})
	require.NoError(t, err)
	n := fake.Writes()
	require.NoError(t, c.UpdatePool(t.Context(), p))
	require.NoError(t, c.SetCaps(t.Context(), u.Entity, u.Caps, ceph.Caps{"mon": "allow  r"}))
	assert.Equal(t, n, fake.Writes())
}

func TestPGNumBelongsToTheAutoscaler(t *testing.T) {
	found := ceph.Pool{Name: "p", PGNum: 128, Autoscale: "on"}
	assert.Empty(t, ceph.Pool{Name: "p", PGNum: 32}.Diff(found))
	assert.Equal(t, []ceph.Setting{{Field: "pg_autoscale_mode", Observed: "on", Desired: "off"},
		{Field: "pg_num", Observed: "128", Desired: "32"}},
		ceph.Pool{Name: "p", PGNum: 32, Autoscale: "off"}.Diff(found))
}

func TestAPoolWithoutOverwritesGetsThem(t *testing.T) {
	fake := cephtest.New()
	_, err := fake.Command(t.Context(), ceph.Command{JSON: []byte(`{"prefix":"osd pool create","pool":"data",` +
		`"pool_type":"erasure","format":"json"}`)})
	require.NoError(t, err)
	c := ceph.New(fake)
	pools, err := c.Pools(t.Context())
	require.NoError(t, err)
	want := ceph.Pool{Name: "data", ErasureProfile: "default"}
	assert.Equal(t, []ceph.Setting{{Field: "allow_ec_overwrites", Observed: "false", Desired: "true"}},
		want.Diff(pools[0]))
	require.NoError(t, c.UpdatePool(t.Context(), want))
	pools, err = c.Pools(t.Context())
	require.NoError(t, err)
	assert.Empty(t, want.Diff(pools[0]))
}

// TestAnswersThatAreNoneAreNoEvidence: what is not there takes an answer that says so.
func TestAnswersThatAreNoneAreNoEvidence(t *testing.T) {
	for _, data := range []string{"null", " null\n", "{}", `"fsid"`, "1e309", `{"fsid":1e309}`, `{"fsid":""}`, "[null]",
		`[{"pool_name":""}]`, `[{"pool_name":"a","size":"3"}]`, `[{"pool_name":"a","size":1e309}]`, ""} {
		c := answer(data)
		pools, err := c.Pools(t.Context())
		require.Error(t, err, "%q", data)
		assert.NotErrorIs(t, err, ceph.ErrNotFound, "%q", data)
		assert.Empty(t, pools, "%q", data)
		_, err = c.Status(t.Context())
		require.Error(t, err, "%q", data)
		for _, ask := range []func() error{
			func() error { _, err := c.User(t.Context(), "client.a"); return err },
			func() error { _, err := c.ErasureProfile(t.Context(), "p"); return err },
			func() error { _, err := c.MinimalConf(t.Context()); return err },
		} {
			assert.Error(t, ask(), "%q", data)
		}
	}
	_, err := answer("null").CRUSHMap(t.Context())
	require.Error(t, err)
}
