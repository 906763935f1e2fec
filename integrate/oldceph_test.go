package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

// onOldCeph is the cloud of a release whose Ceph is as old.
func onOldCeph(release, caps string, pools ...spec.Pool) spec.Spec {
	s := exampleSpec()
	s.Release = release
	s.Clusters[0].Caps, s.Clusters[0].Pools = caps, pools
	return s
}

func TestCephBeforeNautilus(t *testing.T) {
	pools := []spec.Pool{{Name: "images", PGNum: 64}, {Name: "volumes", PGNum: 128}, {Name: "backups", PGNum: 32},
		{Name: "vms", PGNum: 128}}
	for _, c := range []struct{ ceph, version, openstack, caps string }{
		{"firefly", "0.80.11", "kilo", "classic"}, {"jewel", "10.2.11", "newton", "classic"},
		{"luminous", "12.2.13", "queens", ""}, {"mimic", "13.2.10", "stein", ""},
	} {
		t.Run(c.ceph, func(t *testing.T) {
			s := onOldCeph(c.openstack, c.caps, pools...)
			w, in := open(t, s)
			w.Ceph["ceph"].Release, w.Ceph["ceph"].Version = c.ceph, c.version
			p := plan(t, in)
			require.Empty(t, p.Problems(), "%s", p)
			made := change(p, "pool/ceph/volumes")
			require.NotNil(t, made)
			assert.Equal(t, c.ceph >= "luminous", strings.Contains(p.String(), "application: rbd"))
			apply(t, in)
			require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
			report, err := verify(t, in)
			require.NoError(t, err, "%s", report)
			conf, _ := w.Machines["controller"].Contents("/etc/ceph/ceph.conf")
			assert.Contains(t, string(conf), "mon_host = 192.0.2.1:6789\n")
		})
	}
}

func TestWhatOldCephDoesNotKnow(t *testing.T) {
	w, in := open(t, onOldCeph("queens", ""))
	w.Ceph["ceph"].Release, w.Ceph["ceph"].Version = "jewel", "10.2.11"
	p := plan(t, in)
	assert.Contains(t, p.String(), "PROBLEM: ceph pool volumes: cannot be made without pg_num, for which jewel has no "+
		"default; give the pool one among the pools of cluster ceph")
	w, in = open(t, onOldCeph("queens", "", spec.Pool{Name: "images", PGNum: 8}, spec.Pool{Name: "volumes", PGNum: 8},
		spec.Pool{Name: "backups", PGNum: 8}, spec.Pool{Name: "vms", PGNum: 8}))
	w.Ceph["ceph"].Release, w.Ceph["ceph"].Version = "jewel", "10.2.11"
	p = plan(t, in)
	assert.Contains(t, p.String(), "PROBLEM: ceph user client.glance: left alone, as jewel knows no profiles of rights "+
		"for RBD, which came with Luminous; set caps: classic for cluster ceph in the Spec")
	assert.Contains(t, p.String(), "PROBLEM: controller /etc/glance/glance-api.conf: left alone until the problem of "+
		"user client.glance is solved")
	for _, c := range p.Changes {
		assert.NotEqual(t, "user", c.Kind)
		assert.NotEqual(t, "settings", c.Kind, "no service is told to use what it has no rights in")
	}
}

func TestPoolsThatOldCephCannotMake(t *testing.T) {
	s := onOldCeph("newton", "classic", spec.Pool{Name: "images", PGNum: 8, CRUSHRule: "replicated_rule"},
		spec.Pool{Name: "volumes", PGNum: 8, CRUSHRule: "ssd"},
		spec.Pool{Name: "backups", PGNum: 8}, spec.Pool{Name: "vms", PGNum: 8})
	w, in := open(t, s)
	old := w.Ceph["ceph"]
	old.Release, old.Version, old.CRUSHRules = "jewel", "10.2.11", []string{"replicated_rule", "ssd"}
	require.NoError(t, ceph.New(old).CreatePool(t.Context(), ceph.Pool{Name: "images", PGNum: 8}))
	p := plan(t, in)
	assert.Contains(t, p.String(), "PROBLEM: ceph pool volumes: has another CRUSH rule, or none yet, "+
		"and jewel is told it by a number")
	assert.NotContains(t, p.String(), "pool images: has another")
	assert.Nil(t, change(p, "pool/ceph/volumes"))
	assert.NotNil(t, change(p, "pool/ceph/vms"))
}
