package rotate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/rotate"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// aes256k is the way from aes to aes256k by live migrations and hard reboots.
func aes256k() way { return ways()[1] }

// refused is a run whose pre-check finds problems. Nothing is written then.
func refused(t *testing.T, c *cloud, w way) []rotate.Bar {
	t.Helper()
	writes := c.Writes()
	report, err := rotate.Apply(t.Context(), c.config(w.spec()), w.options())
	require.ErrorIs(t, err, rotate.ErrRefused, "%s", report)
	assert.Equal(t, writes, c.Writes())
	assert.False(t, c.has("client.cinder.1"))
	return report.Problems
}

// has reports whether a problem is among them.
func told(all []rotate.Bar, code, who, text string) bool {
	for _, b := range all {
		if b.Code == code && strings.Contains(b.Who, who) && strings.Contains(b.Text, text) {
			return true
		}
	}
	return false
}

// TestOldClientsAreRefused: packages of a host, a service and a QEMU that have an old librados in memory, and keys of a
// type that the cluster does not allow. Nothing is changed.
func TestOldClientsAreRefused(t *testing.T) {
	w := aes256k()
	c := w.cloud(t)
	c.KeepLibrados("compute2", c.guests[1].ID, "16.2.15")
	c.KeepLibrados("controller", "cinder-volume", "18.2.7")
	problems := refused(t, c.cloud, w)
	assert.Len(t, problems, 2, "%v", problems)
	assert.True(t, told(problems, "process-too-old", "compute2", "of guest "+c.guests[1].ID+" cannot read keys of type "+
		"aes256k; migrate or reboot the guest"), "%v", problems)
	assert.True(t, told(problems, "process-too-old", "controller", "(cinder-volume) cannot read keys of type aes256k; "+
		"restart it"), "%v", problems)
	c.KeepLibrados("compute2", c.guests[1].ID, "")
	c.KeepLibrados("controller", "cinder-volume", "")

	m := c.Machines["compute3"]
	for _, p := range []string{"ceph-common", "python3-rados", "python3-rbd", "librados2", "librbd1"} {
		m.AddPackage(p, "18.2.7-1", true)
	}
	problems = refused(t, c.cloud, w)
	assert.True(t, told(problems, "client-too-old", "compute3", "(Ceph 18.2.7) cannot read keys of type aes256k; upgrade "+
		"it to 20.2.4 or newer"), "%v", problems)
}

// TestOldClientsOfAKeyThatIsThere: the Spec gives no type, the cluster prefers aes, and somebody made the user that
// comes with a key of the new type. Clients have to read that key.
func TestOldClientsOfAKeyThatIsThere(t *testing.T) {
	w := aes256k()
	c := w.cloud(t)
	auth := cephx.New(ceph.New(c.Ceph["ceph"]))
	c.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder.1", Key: oldKey(t)})
	_, err := auth.Rotate(t.Context(), "client.cinder.1", "aes256k")
	require.NoError(t, err)
	require.NoError(t, auth.PreferCipher(t.Context(), "aes"))
	c.KeepLibrados("compute2", c.guests[1].ID, "16.2.15")
	s := w.spec()
	s.Rotate[0].KeyType = ""
	report, err := rotate.Plan(t.Context(), c.config(s), rotate.Options{})
	require.NoError(t, err)
	assert.True(t, told(report.Problems, "process-too-old", "compute2", "cannot read keys"), "%s", report)
}

// TestOldContainersAreRefused: a container keeps the Ceph of its image.
func TestOldContainersAreRefused(t *testing.T) {
	w, s := aes256k(), before()
	s.Release, s.Layout, s.Packages = "2023.1", "kolla", ""
	c := &cloud{World: integratetest.Open(t, s), t: t}
	c.Ceph["ceph"].UpgradeToTentacle()
	c.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder", Key: oldKey(t)})
	during := w.spec()
	during.Release, during.Layout, during.Packages = "2023.1", "kolla", ""
	report, err := rotate.Apply(t.Context(), c.config(during), w.options())
	require.ErrorIs(t, err, rotate.ErrRefused)
	assert.True(t, told(report.Problems, "client-too-old", "compute1", "in container nova_compute"), "%s", report)
	assert.True(t, told(report.Problems, "client-too-old", "controller", "in container cinder_volume"), "%s", report)
}

// TestCiphersAreAllowedLast: types of keys are allowed at the end, and never so that somebody is locked out.
func TestCiphersAreAllowedLast(t *testing.T) {
	w := aes256k()
	c := w.cloud(t)
	mon := c.Ceph["ceph"]
	auth := cephx.New(ceph.New(mon))
	last := w.options()
	last.Ciphers = []string{"aes256k"}
	report, err := rotate.Apply(t.Context(), c.config(w.spec()), last)
	require.ErrorIs(t, err, ceph.ErrDenied, "%s", report)
	assert.ErrorContains(t, err, "would lock out")
	now, err := auth.Ciphers(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"aes", "aes256k"}, now.Allowed)
	assert.False(t, c.has("client.cinder"), "all else is done")

	users, err := auth.Keys(t.Context())
	require.NoError(t, err)
	for _, u := range users {
		if u.Key.Type() == "aes" && strings.HasPrefix(u.Entity, "client.") && u.Entity != "client.admin" {
			_, err := auth.Rotate(t.Context(), u.Entity, "aes256k")
			require.NoError(t, err, u.Entity)
		}
	}
	mon.AddUser(ceph.User{Entity: "client.admin", Caps: ceph.Caps{"mon": "allow *", "osd": "allow *", "mgr": "allow *",
		"mds": "allow *"}})
	mon.AddUser(ceph.User{Entity: "mon.", Caps: ceph.Caps{"mon": "allow *"}})
	report, err = rotate.Apply(t.Context(), c.config(w.spec()), last)
	require.NoError(t, err, "%s", report)
	now, err = auth.Ciphers(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"aes256k"}, now.Allowed)
	for _, g := range c.guests {
		for _, session := range c.Clients(g.ID) {
			require.NoError(t, session.Renew(), g.Name)
		}
	}
}

// TestRoomForEachGuest: a guest that no other compute has room for is named before anything is changed, also where
// other guests have room. So is an account that may not migrate guests.
func TestRoomForEachGuest(t *testing.T) {
	w := ways()[0]
	c := w.cloud(t)
	for _, host := range []string{"compute2", "compute3"} {
		c.API.SetRoom(host, api.Room{})
	}
	problems := refused(t, c.cloud, w)
	assert.Len(t, problems, 2, "%v", problems)
	for _, name := range []string{"both (", "boot ("} {
		assert.True(t, told(problems, "no-room", name, "make room"), "%v", problems)
	}
	for _, host := range []string{"compute2", "compute3"} {
		c.API.SetRoom(host, api.Room{VCPUs: 100, RAMMiB: 1 << 20})
	}
	problems = refused(t, c.cloud, w)
	assert.Len(t, problems, 1, "the root disk of the other is a volume: %v", problems)
	assert.True(t, told(problems, "no-room", "both (", "make room"), "%v", problems)
	c.API.SetRoom("compute3", api.Room{VCPUs: 100, RAMMiB: 1 << 20, DiskGiB: 1 << 10})
	report, err := rotate.Apply(t.Context(), c.config(w.spec()), w.options())
	c.endedWell(report, err)
}

// TestRoomForPinnedGuests: a guest that has its CPUs alone needs those of a compute, and not the shared ones.
func TestRoomForPinnedGuests(t *testing.T) {
	w := ways()[0]
	c := w.cloud(t)
	c.API.AddFlavor(openstacktest.Flavor{Name: "pinned", VCPUs: 4, RAMMiB: 64, DiskGiB: 1,
		Extra: map[string]string{"hw:cpu_policy": "dedicated"}})
	v, err := c.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "pinned", SizeGiB: 1, Type: "ceph"})
	require.NoError(t, err)
	_, err = c.Cloud.CreateServer(t.Context(), api.ServerRequest{Name: "pinned", VolumeID: v.ID, Flavor: "pinned",
		Host: "compute1"})
	require.NoError(t, err)
	room := api.Room{VCPUs: 3, RAMMiB: 1 << 20, DiskGiB: 1 << 10, Pins: true, PCPUs: 3}
	c.API.SetRoom("compute2", room)
	c.API.SetRoom("compute3", room)
	problems := refused(t, c.cloud, w)
	assert.Len(t, problems, 1, "%v", problems)
	assert.True(t, told(problems, "no-room", "pinned (", "it needs 4 dedicated CPUs, 64 MiB"), "%v", problems)
	room.PCPUs = 4
	c.API.SetRoom("compute3", room)
	report, err := rotate.Plan(t.Context(), c.config(w.spec()), w.options())
	require.NoError(t, err)
	assert.Empty(t, report.Problems)
}

// TestAGuestThatIsBusyWaits: a migration, a resize or a snapshot of a guest by somebody else is said with its name, and
// the other guests go on.
func TestAGuestThatIsBusyWaits(t *testing.T) {
	w := ways()[0]
	c := w.cloud(t)
	busy, resized := c.guests[0].ID, c.guests[2].ID
	c.API.ChangeServer(busy, func(s *api.Server) { s.Task = "image_snapshot" })
	c.API.ChangeServer(resized, func(s *api.Server) { s.Status = "VERIFY_RESIZE" })
	report, err := rotate.Apply(t.Context(), c.config(w.spec()), w.options())
	require.ErrorIs(t, err, rotate.ErrUnfinished)
	assert.Equal(t, "busy 1, unconfirmed 1", waits(report), "%s", report)
	assert.Contains(t, report.Rotations[0].Waits[0].Text, "Nova is at work on it (image_snapshot)")
	assert.True(t, c.has("client.cinder"))
	c.API.ChangeServer(busy, func(s *api.Server) { s.Task = "" })
	c.API.ChangeServer(resized, func(s *api.Server) { s.Status = "ACTIVE" })
	report, err = rotate.Apply(t.Context(), c.config(w.spec()), w.options())
	c.endedWell(report, err)
}

// endedWell is ended, with no error.
func (c *rotated) endedWell(report *rotate.Report, err error) {
	c.t.Helper()
	require.NoError(c.t, err, "%s", report)
	c.ended(report, err)
}
