package ceph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
)

// dump is of a cluster with two racks: the first has two hosts, one of them with a
// disk of each class and one disk without weight, the second rack has an empty
// host. There is a further root with one host.
const dump = `{"devices":[{"id":0,"name":"osd.0","class":"hdd"},{"id":1,"name":"osd.1","class":"ssd"},
{"id":2,"name":"osd.2","class":"hdd"},{"id":3,"name":"osd.3","class":"hdd"},{"id":4,"name":"osd.4","class":"hdd"}],
"types":[{"type_id":0,"name":"osd"},{"type_id":1,"name":"host"},{"type_id":3,"name":"rack"},
{"type_id":11,"name":"root"}],
"buckets":[
{"id":-1,"name":"default","type_name":"root","items":[{"id":-2,"weight":196608,"pos":0},
{"id":-3,"weight":65536,"pos":1}]},
{"id":-2,"name":"rack1","type_name":"rack","items":[{"id":-4,"weight":131072},{"id":-5,"weight":65536}]},
{"id":-3,"name":"rack2","type_name":"rack","items":[{"id":-6,"weight":0}]},
{"id":-4,"name":"host1","type_name":"host","items":[{"id":0,"weight":65536},{"id":1,"weight":65536},
{"id":2,"weight":0}]},
{"id":-5,"name":"host2","type_name":"host","items":[{"id":3,"weight":65536}]},
{"id":-6,"name":"host3","type_name":"host","items":[]},
{"id":-11,"name":"default~ssd","type_name":"root","items":[{"id":-12,"weight":65536}]},
{"id":-12,"name":"rack1~ssd","type_name":"rack","items":[{"id":-14,"weight":65536},{"id":-15,"weight":0}]},
{"id":-14,"name":"host1~ssd","type_name":"host","items":[{"id":1,"weight":65536}]},
{"id":-15,"name":"host2~ssd","type_name":"host","items":[]},
{"id":-21,"name":"archive","type_name":"root","items":[{"id":-24,"weight":65536}]},
{"id":-24,"name":"host4","type_name":"host","items":[{"id":4,"weight":65536}]}],
"rules":[
{"rule_id":0,"rule_name":"replicated_rule","type":1,"steps":[{"op":"take","item":-1,"item_name":"default"},
{"op":"chooseleaf_firstn","num":0,"type":"host"},{"op":"emit"}]},
{"rule_id":1,"rule_name":"fast","type":3,"steps":[{"op":"set_chooseleaf_tries","num":5},
{"op":"set_choose_tries","num":100},{"op":"take","item":-11,"item_name":"default~ssd"},
{"op":"choose_indep","num":0,"type":"osd"},{"op":"emit"}]},
{"rule_id":2,"rule_name":"racks","type":3,"steps":[{"op":"take","item":-1},
{"op":"chooseleaf_indep","num":0,"type":"rack"},{"op":"emit"}]},
{"rule_id":3,"rule_name":"two steps","type":3,"steps":[{"op":"take","item":-1},
{"op":"choose_indep","num":2,"type":"rack"},{"op":"chooseleaf_indep","num":2,"type":"host"},{"op":"emit"}]},
{"rule_id":4,"rule_name":"some","type":3,"steps":[{"op":"take","item":-1},
{"op":"chooseleaf_indep","num":2,"type":"host"},{"op":"emit"}]},
{"rule_id":5,"rule_name":"no leaf","type":3,"steps":[{"op":"take","item":-1},
{"op":"choose_indep","num":0,"type":"host"},{"op":"emit"}]}]}`

func TestFailureDomains(t *testing.T) {
	m, err := answer(dump).CRUSHMap(t.Context())
	require.NoError(t, err)
	for want, profiles := range map[int][]ceph.ErasureProfile{
		0: {{FailureDomain: "room"}, {DeviceClass: "nvme"}},
		1: {{FailureDomain: "rack"}, {DeviceClass: "ssd"}, {FailureDomain: "osd", DeviceClass: "ssd"}},
		2: {{}, {FailureDomain: "host"}},
		3: {{FailureDomain: "osd"}},
	} {
		for _, p := range profiles {
			assert.Equal(t, want, m.ProfileDomains(p), "%+v", p)
		}
	}
	for rule, want := range map[string][]any{
		"replicated_rule": {"host", 2, true}, "fast": {"osd", 1, true}, "racks": {"rack", 1, true},
		"two steps": {"", 0, true}, "some": {"", 0, true}, "no leaf": {"", 0, true}, "none": {"", 0, false},
	} {
		domain, n, ok := m.RuleDomains(rule)
		assert.Equal(t, want, []any{domain, n, ok}, rule)
	}
}

// TestFailureDomainsOfAnotherRoot: a profile that was found says where its pools go.
func TestFailureDomainsOfAnotherRoot(t *testing.T) {
	c := ceph.New(commander(func(_ context.Context, cmd ceph.Command) (ceph.Reply, error) {
		var head struct{ Prefix string }
		_ = json.Unmarshal(cmd.JSON, &head)
		return ceph.Reply{Data: cephstack.Redact(map[string]string{
			"osd crush dump":               dump,
			"osd erasure-code-profile get": `{"k":"2","m":"1","crush-root":"archive"}`,
		}[head.Prefix])}, nil
	}))
	m, err := c.CRUSHMap(t.Context())
	require.NoError(t, err)
	p, err := c.ErasureProfile(t.Context(), "archive")
	require.NoError(t, err)
	assert.Equal(t, 1, m.ProfileDomains(p))
}

func TestMutedChecks(t *testing.T) {
	c := ceph.New(commander(func(_ context.Context, cmd ceph.Command) (ceph.Reply, error) {
		var head struct{ Prefix string }
		_ = json.Unmarshal(cmd.JSON, &head)
		return ceph.Reply{Data: cephstack.Redact(map[string]string{
			"status": `{"fsid":"f","health":{"status":"HEALTH_WARN","checks":{"OSDMAP_FLAGS":{"severity":"HEALTH_WARN",` +
				`"summary":{"message":"noout flag(s) set","count":1},"muted":true},` +
				`"MON_DOWN":{"severity":"HEALTH_WARN","summary":{"message":"1/3 mons down","count":1},"muted":false}},` +
				`"mutes":[{"code":"OSDMAP_FLAGS"}]},"osdmap":{"num_up_osds":3}}`,
			"mon dump": `{"mons":[]}`,
			"versions": `{}`,
		}[head.Prefix])}, nil
	}))
	s, err := c.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"MON_DOWN", "OSDMAP_FLAGS"}, s.Checks)
	assert.Equal(t, []string{"OSDMAP_FLAGS"}, s.Muted)
}

// TestACRUSHMapThatLeadsBack: buckets that hold each other end nothing, and one that is
// reached in many ways is walked once.
func TestACRUSHMapThatLeadsBack(t *testing.T) {
	text := `{"buckets":[{"id":-1,"name":"default","type_name":"root","items":[{"id":-2,"weight":1},{"id":-1,"weight":1}]},
{"id":-2,"name":"h","type_name":"host","items":[{"id":-1,"weight":1},{"id":0,"weight":1},{"id":-10,"weight":1}]}`
	for i := 10; i < 80; i++ {
		text += fmt.Sprintf(`,{"id":-%d,"name":"b%[1]d","type_name":"rack","items":[{"id":-%d,"weight":1},`+
			`{"id":-%[2]d,"weight":1}]}`, i, i+1)
	}
	m, err := answer(text + `],"rules":[]}`).CRUSHMap(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, m.ProfileDomains(ceph.ErasureProfile{K: 2, M: 1}))
}
