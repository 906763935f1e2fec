package audit_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestAnAccountOfOneProject sees no object of others, in lists and by ID, without an error. All data of others would
// look like orphans.
func TestAnAccountOfOneProject(t *testing.T) {
	c := newCloud(t, specOf())
	image := c.stored(nil)
	c.keptVolume(nil)
	c.booted(image, nil)
	c.rbd("volumes", "volume-"+c.id()) // of a volume that the account does not see
	c.API.Interrupt(func(r *http.Request) (int, string, bool) {
		return http.StatusForbidden, `{"forbidden": {"code": 403, "message": "Policy does not allow it"}}`,
			strings.HasSuffix(r.URL.Path, "/os-services")
	})
	r, err := audit.Run(t.Context(), c.config(), audit.Options{Pause: 1})
	require.ErrorIs(t, err, audit.ErrUnable)
	require.ErrorIs(t, err, api.ErrDenied)
	assert.Empty(t, codes(r), "%s", r)
	assert.Contains(t, r.String(), "UNABLE  the data of the cloud: the account of the APIs is not an administrator's")
	assert.Contains(t, r.String(), "UNABLE  attachments of Cinder: the account of the APIs is not an administrator's")
	assert.Zero(t, r.Looked["volumes"])
}

// TestAPoolOfTwoClouds: the data of another cloud has no owner here. Nobody is told to remove it without a warning.
func TestAPoolOfTwoClouds(t *testing.T) {
	for n, warned := range map[int]bool{3: false, 30: true} {
		c := newCloud(t, specOf())
		c.keptVolume(nil)
		for range n {
			c.rbd("volumes", "volume-"+c.id())
		}
		r := c.audit(nil)
		require.Len(t, r.Findings, n)
		for _, f := range r.Findings {
			assert.Equal(t, "orphan-volume", f.Code)
			assert.Equal(t, warned, strings.HasPrefix(f.Next, "Remove nothing before you know that no other cloud or region "+
				"keeps its data in this pool: 30 of its 31 RBD images have no owner here. Look at it"), f.Next)
		}
	}
}

// TestAnImageIDInCapitalLetters: Glance takes it, and the RBD image has that name.
func TestAnImageIDInCapitalLetters(t *testing.T) {
	c := newCloud(t, specOf())
	id := strings.ToUpper(c.id())
	c.image(func(i *api.Image) { i.ID, i.DirectURL = id, c.url(id) })
	c.rbd("images", id)
	r := c.audit(nil)
	assert.Empty(t, codes(r), "%s", r)
}

// TestANameInACommand: what somebody pastes into a shell has names that others chose.
func TestANameInACommand(t *testing.T) {
	w := integratetest.Integrated(t, twoComputes())
	_, err := ceph.New(w.Ceph["ceph"]).CreateUser(t.Context(), "client.x;reboot",
		ceph.Caps{"mon": "profile rbd", "osd": "profile rbd pool=volumes"})
	require.NoError(t, err)
	r := auditHosts(t, w)
	require.Equal(t, []string{"user-unknown-writes ceph"}, found(r))
	assert.Contains(t, r.Findings[0].Next, "ceph auth caps 'client.x;reboot' …")
}

// TestKeyringsOfKolla are in a folder below that of the service, too.
func TestKeyringsOfKolla(t *testing.T) {
	s := twoComputes()
	s.Release, s.Layout, s.Nova.User = "2023.1", spec.LayoutKolla, "nova"
	w := integratetest.Integrated(t, s)
	const keyring = "/etc/kolla/cinder-volume/ceph/ceph.client.cinder.keyring"
	w.Machines["controller"].AddFile(keyring, []byte("[client.cinder]\n"), 0o644)
	var holes []string
	for _, f := range auditHosts(t, w).Findings {
		if f.Code == "keyring-for-everybody" {
			holes = append(holes, f.Object)
		}
	}
	assert.Equal(t, []string{keyring}, holes)
}
