package rotate_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// before is a cloud whose Cinder and Nova work as client.cinder.
func before() spec.Spec {
	return spec.Spec{
		Release:  "zed",
		Packages: "install",
		Clusters: []spec.Cluster{{Name: "ceph"}},
		Hosts: []spec.Host{
			{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}},
			{Name: "compute1", Services: []string{"nova-compute"}},
			{Name: "compute2", Services: []string{"nova-compute"}},
			{Name: "compute3", Services: []string{"nova-compute"}},
		},
		Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"}}},
		Backup: &spec.Backup{},
		Nova:   &spec.Nova{},
	}
}

// during is the Spec of the same cloud on its way to client.cinder.1.
func during(may ...string) spec.Spec {
	s := before()
	s.Nova.User, s.Cinder.Backends[0].User = "cinder.1", "cinder.1"
	s.Rotate = []spec.Rotation{{From: "cinder", To: "cinder.1", Guests: []spec.GuestRule{{May: may, AtOnce: 2}}}}
	return s
}

// A cloud is the world of a test, with guests.
type cloud struct {
	*integratetest.World
	t     *testing.T
	image string
}

// newCloud is an integrated cloud without guests.
func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{World: integratetest.Integrated(t, before()), t: t}
	c.upload()
	return c
}

// upload uploads the image of which guests are made.
func (c *cloud) upload() {
	c.t.Helper()
	i, err := c.Cloud.UploadImage(c.t.Context(), api.ImageRequest{Name: "cirros", DiskFormat: "raw"},
		bytes.NewReader([]byte("a disk")))
	require.NoError(c.t, err)
	c.image = i.ID
}

// guest boots a guest with a root disk of Nova's, and with a volume if it is to have one.
func (c *cloud) guest(name, host string, volume bool) api.Server {
	c.t.Helper()
	s, err := c.Cloud.CreateServer(c.t.Context(), api.ServerRequest{Name: name, ImageID: c.image, Flavor: "tiny",
		Host: host})
	require.NoError(c.t, err)
	if volume {
		c.attach(s)
	}
	return s
}

// volumeGuest boots a guest from a volume.
func (c *cloud) volumeGuest(name, host string) api.Server {
	c.t.Helper()
	v, err := c.Cloud.CreateVolume(c.t.Context(), api.VolumeRequest{Name: name, SizeGiB: 1, ImageID: c.image,
		Type: "ceph"})
	require.NoError(c.t, err)
	s, err := c.Cloud.CreateServer(c.t.Context(), api.ServerRequest{Name: name, VolumeID: v.ID, Flavor: "tiny",
		Host: host})
	require.NoError(c.t, err)
	return s
}

func (c *cloud) attach(s api.Server) {
	v, err := c.Cloud.CreateVolume(c.t.Context(), api.VolumeRequest{Name: s.Name, SizeGiB: 1, Type: "ceph"})
	require.NoError(c.t, err)
	require.NoError(c.t, c.Cloud.Attach(c.t.Context(), s.ID, v.ID))
}

func (c *cloud) config(s spec.Spec) integrate.Config {
	return integrate.Config{Spec: s, World: c.World.World, Settle: time.Millisecond, Poll: time.Millisecond}
}

func (c *cloud) users(id string) string {
	text := ""
	for _, d := range c.API.Disks(id) {
		text += fmt.Sprintf("%s:%s ", d.Kind, d.User)
	}
	return text
}

// usersOfCeph are the entities that are there.
func (c *cloud) has(entity string) bool {
	_, err := ceph.New(c.Ceph["ceph"]).User(c.t.Context(), entity)
	if err != nil {
		require.ErrorIs(c.t, err, ceph.ErrNotFound)
	}
	return err == nil
}

// TestReplaceFromEndToEnd: guests with a root disk, with a volume, with both, and one that is stopped leave the old
// user by live migrations and hard reboots. The old user goes only with a word, is refused then, and nothing of it is
// left.
func TestReplaceFromEndToEnd(t *testing.T) {
	c := newCloud(t)
	both, root, boot := c.guest("both", "compute1", true), c.guest("root", "compute2", false), c.volumeGuest("boot",
		"compute1")
	assert.Contains(t, c.users(both.ID), "root:cinder ")
	s := during("live-migration", "hard-reboot")
	report, err := rotate.Plan(t.Context(), c.config(s), rotate.Options{})
	require.NoError(t, err)
	require.Empty(t, report.Problems, "%s", report)
	assert.Equal(t, "apply", report.Rotations[0].Stage, "%s", report)
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{})
	require.ErrorIs(t, err, rotate.ErrUnfinished, "%s", report)
	assert.Equal(t, "revoke", report.Rotations[0].Stage, "%s\n%v", report, err)
	for _, g := range []api.Server{both, root, boot} {
		assert.NotContains(t, c.users(g.ID), ":cinder ", g.Name)
		assert.Contains(t, c.users(g.ID), ":cinder.1 ", g.Name)
	}
	assert.True(t, c.has("client.cinder"), "nobody allowed its removal")
	report, err = rotate.Apply(t.Context(), c.config(s), rotate.Options{Revoke: []string{"client.cinder"}})
	require.NoError(t, err, "%s", report)
	assert.True(t, report.Done(), "%s", report)
	assert.False(t, c.has("client.cinder"))
	for _, host := range []string{"controller", "compute1", "compute2", "compute3"} {
		_, there := c.Machines[host].Contents("/etc/ceph/ceph.client.cinder.keyring")
		assert.False(t, there, host)
	}
	for host, store := range c.Libvirt {
		list, err := store.List(t.Context())
		require.NoError(t, err)
		assert.Len(t, list, 1, host)
	}
	p, err := c.integration(s).Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	assert.True(t, p.Empty(), "%s", p)
	assert.Empty(t, c.API.Violations())
}

func (c *cloud) integration(s spec.Spec) *integrate.Integration {
	in, err := integrate.New(c.config(s))
	require.NoError(c.t, err)
	return in
}
