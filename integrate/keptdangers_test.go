package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestMonitorsOfAnotherClusterAreNotKept, whatever the entry: after its next start, no service would reach its data.
func TestMonitorsOfAnotherClusterAreNotKept(t *testing.T) {
	t.Parallel()
	k := keptCloud(t, append(entries(), spec.Keep{Kind: "file", Field: "*"})...)
	conf, _ := k.Machines["controller"].Contents("/etc/ceph/ceph.conf")
	parsed, err := ceph.ParseConf(conf)
	require.NoError(t, err)
	for _, c := range []struct {
		hosts string
		kept  bool
	}{{"mon1.example", true}, {"203.0.113.9", false}} {
		require.NoError(t, parsed.Set("global", "mon_host", c.hosts))
		k.Machines["controller"].AddFile("/etc/ceph/ceph.conf", parsed.Render(), 0o644)
		p := k.plan()
		shown := assert.ObjectsAreEqual([]string{"/etc/ceph/ceph.conf [global] mon_host"}, diffsOf(p))
		assert.Equal(t, !c.kept, shown, "%s: %s", c.hosts, p)
	}
}

// TestAModeThatIsKeptHidesNothing: an entry that names no value covers what somebody does later. Where that keeps a
// service from its files, or lets everybody change them, a plan and a look for drift say so.
func TestAModeThatIsKeptHidesNothing(t *testing.T) {
	t.Parallel()
	const conf = "/etc/ceph/ceph.conf"
	for _, c := range []struct {
		path string
		mode remote.SetAttr
		says string
	}{
		{keptRing, remote.SetAttr{Owner: "root", Group: "root", Mode: 0o600},
			"controller " + keptRing + ": only root can read it (root:root 0600), and the Spec keeps that; a service that " +
				"runs as glance cannot"},
		{conf, remote.SetAttr{Owner: "root", Group: "root", Mode: 0o640},
			"controller " + conf + ": only root can read it (root:root 0640), and the Spec keeps that; a service that " +
				"runs as cinder or glance cannot"},
		{conf, remote.SetAttr{Owner: "root", Group: "root", Mode: 0o662}, ": everybody on the host can change it"},
		{"/etc/ceph", remote.SetAttr{Owner: "root", Group: "root", Mode: 0o700},
			"controller /etc/ceph: accounts of services may not be able to enter it (0700)"},
	} {
		k := keptCloud(t, append(entries(), spec.Keep{Kind: "file", Field: "mode"},
			spec.Keep{Kind: "directory", Field: "mode"})...)
		c.mode.Path = c.path
		_, err := k.Machines["controller"].Do(t.Context(), c.mode)
		require.NoError(t, err)
		p := k.plan()
		assert.Empty(t, diffsOf(p), "%s", p)
		assert.Contains(t, p.String(), c.says)
		look, err := drift.Look(t.Context(), k.integration(), drift.Options{})
		require.NoError(t, err)
		told := false
		for _, f := range look.Kept {
			told = told || f.Object == c.path
		}
		assert.True(t, told, "%+v", look.Kept)
	}
}
