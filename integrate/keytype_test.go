package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
)

const newKey = "AgBSdFxU0ECOHSAAjnmJMdI0AOBUBBQbGSxnLI55iTHSNADgVAQUGxksZyyO" // of type aes256k

// TestKeysThatAHostCannotRead: services are not sent to a cluster whose key their
// librados does not know.
func TestKeysThatAHostCannotRead(t *testing.T) {
	key, err := ceph.ParseKey(newKey)
	require.NoError(t, err)
	for version, reads := range map[string]bool{"16.2.15+ds-0+deb12u1": false, "18.2.7+ds-1": false, "19.2.3-1": false,
		"19.2.6-1": true, "20.2.1-1": false, "2:20.2.4-1": true, "21.2.0": true} {
		w, in := open(t, exampleSpec())
		w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: key, Caps: ceph.Caps{"mon": "profile rbd"}})
		w.Machines["controller"].AddPackage("ceph-common", version, true)
		p := plan(t, in)
		assert.Equal(t, reads, len(p.Problems()) == 0, "%s: %s", version, p)
		assert.Equal(t, reads, change(p, "settings/controller//etc/glance/glance-api.conf") != nil, version)
		assert.NotNil(t, change(p, "settings/controller//etc/cinder/cinder.conf"), "has keys of its own")
		if !reads {
			assert.Contains(t, p.String(), "the key of client.glance is of type aes256k, which Ceph ")
			assert.NotContains(t, p.String(), newKey)
			assert.Nil(t, change(p, "unit/controller/glance-api.service"))
		}
	}
}

// TestAUserIsMadeWithAKeyThatAHostCannotRead: the type of a key is known only after the
// user was made. So it is the apply that finds a key that the host cannot read.
func TestAUserIsMadeWithAKeyThatAHostCannotRead(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["controller"].AddPackage("ceph-common", "16.2.15+ds-0+deb12u1", true)
	p := plan(t, in)
	require.Empty(t, p.Problems())
	key, err := ceph.ParseKey(newKey)
	require.NoError(t, err)
	const caps = "profile rbd pool=images"
	w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: key, Caps: ceph.Caps{"mon": "profile rbd", "osd": caps,
		"mgr": caps}})
	result, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorContains(t, err, "of type aes256k")
	for _, o := range result.Outcomes {
		switch o.Change.ID {
		case "file/controller//etc/ceph/ceph.client.glance.keyring":
			assert.Equal(t, integrate.Failed, o.Status)
		case "settings/controller//etc/glance/glance-api.conf", "unit/controller/glance-api.service":
			assert.Equal(t, integrate.Skipped, o.Status, o.Change.ID)
		}
	}
	assert.NotContains(t, result.Err().Error(), newKey)
}
