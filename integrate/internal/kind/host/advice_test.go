package host

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// TestASymlinkIsReplacedByItsFile by a command that is right for a relative target, and for any path.
func TestASymlinkIsReplacedByItsFile(t *testing.T) {
	err := symlinked(step.File{File: remote.File{Path: "/etc/a b/ceph.conf", Target: "../c.conf"}})
	assert.EqualError(t, err, "has to change, but is a symlink to ../c.conf, and cephstack does not write through "+
		"symlinks of files, as the file there belongs to whoever made the symlink; put a file in its place: run `cp -p "+
		"-- '/etc/a b/ceph.conf' '/etc/a b/ceph.conf'.new && "+
		"mv -T -- '/etc/a b/ceph.conf'.new '/etc/a b/ceph.conf'` on this host")
	assert.NoError(t, symlinked(step.File{File: remote.File{Path: "/etc/ceph/ceph.conf"}}))
}

// TestWhereTheSpecHasTheSecretOfAUser: at the first backend of the user, or at nova.
func TestWhereTheSpecHasTheSecretOfAUser(t *testing.T) {
	s := newScene(t, "compute1", func(s *spec.Spec) { s.Nova.User = "nova" })
	assert.Equal(t, "backend ceph-rbd", s.n.fieldOfSecret(s.n.Site.Cinder[0].Use().User))
	assert.Equal(t, "nova", s.n.fieldOfSecret(s.n.Site.Nova.Use().User))
	assert.Equal(t, "glance", s.n.fieldOfStore(s.n.Site.Stores[0]))
	assert.Equal(t, "store west", s.n.fieldOfStore(spec.Store{Name: "west"}))
}
