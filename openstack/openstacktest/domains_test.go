package openstacktest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// A site is a cloud with Ceph, whose services run with a user.
type site struct {
	*api.Cloud
	fake *openstacktest.Server

	mu     sync.Mutex
	user   string
	broken string          // a user whose login is refused
	open   map[string]bool // disks, with their hosts and users
}

func newSite(t *testing.T) *site {
	t.Helper()
	x := &site{user: "old", open: map[string]bool{}}
	connection := func(pool string) openstacktest.Disk {
		x.mu.Lock()
		defer x.mu.Unlock()
		return openstacktest.Disk{Pool: pool, User: x.user, Secret: "secret-" + x.user, Cluster: "ceph",
			Monitors: []string{"192.0.2.1:6789", "[2001:db8::1]:6789"}}
	}
	key := func(d openstacktest.Disk) string { return d.Host + " " + d.Pool + "/" + d.Image + " " + d.User }
	x.fake = openstacktest.Start(t, openstacktest.Config{Looks: -1, Hooks: openstacktest.Hooks{
		VolumeConnection:  func(api.Volume) openstacktest.Disk { return connection("volumes") },
		ComputeConnection: func(string) openstacktest.Disk { return connection("vms") },
		DiskOpened: func(d openstacktest.Disk) error {
			x.mu.Lock()
			defer x.mu.Unlock()
			if d.User == x.broken {
				return errors.New("error connecting: Permission denied")
			}
			x.open[key(d)] = true
			return nil
		},
		DiskClosed: func(d openstacktest.Disk) {
			x.mu.Lock()
			defer x.mu.Unlock()
			delete(x.open, key(d))
		}}})
	cfg, err := x.fake.CloudConfig(t.TempDir())
	require.NoError(t, err)
	x.Cloud, err = api.Dial(t.Context(), cfg)
	require.NoError(t, err)
	return x
}

func (x *site) become(user string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.user = user
}

func (x *site) refuse(user string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.broken = user
}

// opened are the disks that QEMU has open, sorted.
func (x *site) opened() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []string
	for d := range x.open {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}

// guest is a VM with an image and a volume on compute1.
func (x *site) guest(t *testing.T) (server, volume string) {
	t.Helper()
	image := x.fake.AddImage(api.Image{Name: "boot"}, []byte("boot"))
	volume = x.fake.AddVolume(api.Volume{Name: "data", SizeGiB: 1})
	s, err := x.CreateServer(t.Context(), api.ServerRequest{Name: "<guest>", ImageID: image, Flavor: "tiny",
		Host: "compute1"})
	require.NoError(t, err)
	require.NoError(t, x.Attach(t.Context(), s.ID, volume))
	return s.ID, volume
}

// users are those of the volume's block device mapping, its attachment and its domain, and of Nova's own disks.
func (x *site) users(t *testing.T, server, volume string) string {
	t.Helper()
	found, err := x.Attachments(t.Context(), volume)
	require.NoError(t, err)
	require.Len(t, found, 1)
	stored := x.fake.Stored(server)
	require.Len(t, stored, 1)
	out := stored[0].User + "/" + found[0].User
	own := map[string]bool{}
	for _, d := range x.fake.Disks(server) {
		if d.Volume == volume {
			out += "/" + d.User
		} else {
			own[d.User] = true
		}
	}
	require.Len(t, own, 1)
	for user := range own {
		out += " " + user
	}
	return out
}

// TestRotation repeats what a real cloud did when the user of its services changed: which action moves which disk.
func TestRotation(t *testing.T) {
	migrate := func(ctx context.Context, x *site, server, _ string) error {
		return x.LiveMigrate(ctx, server, "compute2")
	}
	reboot := func(ctx context.Context, x *site, server, _ string) error { return x.RebootServer(ctx, server) }
	again := func(ctx context.Context, x *site, server, _ string) error {
		return errors.Join(x.StopServer(ctx, server), x.StartServer(ctx, server))
	}
	refresh := func(ctx context.Context, x *site, server, volume string) error {
		return errors.Join(x.StopServer(ctx, server), x.fake.RefreshAttachment(server, volume, "compute1"),
			x.StartServer(ctx, server))
	}
	type acts = []func(ctx context.Context, x *site, server, volume string) error
	for name, c := range map[string]struct {
		do         acts
		want       string // BDM, attachment and XML of the volume, and Nova's own disks
		attachment bool   // a new one
	}{
		"configuration only":      {nil, "old/old/old old", false},
		"live migration":          {acts{migrate}, "new/new/new old", true},
		"hard reboot":             {acts{reboot}, "old/old/old new", false},
		"stop and start":          {acts{again}, "old/old/old new", false},
		"stop, refresh and start": {acts{refresh}, "new/new/new new", true},
		"migration and then reboot": {acts{migrate, reboot},
			"new/new/new new", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newSite(t)
			server, volume := x.guest(t)
			before, err := x.Attachments(t.Context(), volume)
			require.NoError(t, err)
			x.become("new")
			for _, do := range c.do {
				require.NoError(t, do(t.Context(), x, server, volume))
			}
			assert.Equal(t, c.want, x.users(t, server, volume))
			after, err := x.Attachments(t.Context(), volume)
			require.NoError(t, err)
			assert.Equal(t, c.attachment, before[0].ID != after[0].ID)
			var want []string
			for _, d := range x.fake.Disks(server) {
				want = append(want, d.Host+" "+d.Pool+"/"+d.Image+" "+d.User)
			}
			slices.Sort(want)
			assert.Equal(t, want, x.opened(), "what is open is what the domain names")
			require.NoError(t, x.DeleteServer(t.Context(), server))
			assert.Empty(t, x.opened())
			assert.Empty(t, x.fake.Attachments())
		})
	}
}

// TestLoginIsRefused checks what becomes of a VM whose disks cannot be opened.
func TestLoginIsRefused(t *testing.T) {
	x := newSite(t)
	server, volume := x.guest(t)
	before, opened := x.fake.Attachments(), x.opened()
	x.become("new")
	x.refuse("new")
	err := x.LiveMigrate(t.Context(), server, "compute2")
	require.ErrorIs(t, err, api.ErrFailed)
	require.ErrorContains(t, err, "Permission denied")
	assert.Equal(t, "old/old/old old", x.users(t, server, volume))
	assert.Equal(t, before, x.fake.Attachments(), "the VM stays where it was, with what it had")
	assert.Equal(t, opened, x.opened())
	moves, err := x.MigrationsOf(t.Context(), server)
	require.NoError(t, err)
	require.Len(t, moves, 1)
	assert.Equal(t, "error", moves[0].Status)

	require.NoError(t, x.StopServer(t.Context(), server))
	assert.Empty(t, x.opened())
	require.ErrorContains(t, x.StartServer(t.Context(), server), "Permission denied")
	s, err := x.Server(t.Context(), server)
	require.NoError(t, err)
	assert.Equal(t, "SHUTOFF stopped shutdown", s.Status+" "+s.State+" "+s.Power)
	x.refuse("")
	require.NoError(t, x.StartServer(t.Context(), server))
	x.refuse("new")
	require.ErrorContains(t, x.RebootServer(t.Context(), server), "Permission denied")
	s, err = x.Server(t.Context(), server)
	require.NoError(t, err)
	assert.Equal(t, "ERROR", s.Status)
	assert.False(t, x.fake.Domains("compute1")[0].Running)
}

func TestDomains(t *testing.T) {
	x := newSite(t)
	server, volume := x.guest(t)
	local := x.fake.AddServer(api.Server{Name: "other", Host: "compute2", Status: "SHUTOFF"})
	require.Len(t, x.fake.Domains("compute2"), 1)
	assert.Equal(t, local, x.fake.Domains("compute2")[0].UUID)
	assert.False(t, x.fake.Domains("compute2")[0].Running)
	all := x.fake.Domains("compute1")
	require.Len(t, all, 1)
	d := all[0]
	assert.True(t, d.Running && d.UUID == server && strings.HasPrefix(d.Name, "instance-"))
	for _, text := range []string{"<nova:name>&lt;guest&gt;</nova:name>", fmt.Sprintf(`
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='writeback' discard='unmap'/>
      <auth username='old'>
        <secret type='ceph' uuid='secret-old'/>
      </auth>
      <source protocol='rbd' name='vms/%s_disk' index='1'>
        <host name='192.0.2.1' port='6789'/>
        <host name='2001:db8::1' port='6789'/>
      </source>
      <backingStore/>
      <target dev='vda' bus='virtio'/>
      <alias name='virtio-disk0'/>
    </disk>`, server), "name='vms/" + server + "_disk.config'", "<disk type='network' device='cdrom'>",
		"name='volumes/volume-" + volume + "'", "<serial>" + volume + "</serial>", "<target dev='vdb' bus='virtio'/>"} {
		assert.Contains(t, d.XML, text)
	}
	assert.NotContains(t, d.Inactive, "index=")
	assert.NotContains(t, d.Inactive, "alias")
	files := openstacktest.Start(t, openstacktest.Config{})
	id := files.AddServer(api.Server{Name: "l", ImageID: "i", Host: "compute1"})
	assert.Contains(t, files.Domains("compute1")[0].XML, "<source file='/var/lib/nova/instances/"+id+"/disk' index='1'/>")
}

func TestRefreshIsRefused(t *testing.T) {
	x := newSite(t)
	server, volume := x.guest(t)
	require.ErrorContains(t, x.fake.RefreshAttachment(server, volume, "compute1"),
		"in vm_state active. Cannot refresh connection_info (must be stopped) while the instance is in this state.")
	require.NoError(t, x.StopServer(t.Context(), server))
	require.ErrorContains(t, x.fake.RefreshAttachment(server, volume, "compute2"), "does not match the instance host")
	require.ErrorContains(t, x.fake.RefreshAttachment(server, "none", "compute1"), "No volume Block Device Mapping")
	require.ErrorContains(t, x.fake.RefreshAttachment("none", volume, "compute1"), "could not be found")
	x.fake.BreakRefreshes(1)
	require.Error(t, x.fake.RefreshAttachment(server, volume, "compute1"))
	s, err := x.Server(t.Context(), server)
	require.NoError(t, err)
	assert.True(t, s.Locked)
	why, err := x.LockReason(t.Context(), server)
	require.NoError(t, err)
	assert.Contains(t, why, "Refreshing connection_info for BDM ")
	require.ErrorContains(t, x.fake.RefreshAttachment(server, volume, "compute1"), "must be unlocked")
	x.fake.ChangeServer(server, func(s *api.Server) { s.Locked = false })
	require.NoError(t, x.fake.RefreshAttachment(server, volume, "compute1"))
}

// TestMigrationsFail checks migrations that fail, are slow, are ended, or have no room.
func TestMigrationsFail(t *testing.T) {
	x := newSite(t)
	server, _ := x.guest(t)
	x.fake.FailMigrations(1, "the other host is on fire")
	require.ErrorContains(t, x.LiveMigrate(t.Context(), server, ""), "on fire")
	x.fake.SetRoom("compute2", api.Room{VCPUs: 8, RAMMiB: 100, DiskGiB: 100})
	require.ErrorContains(t, x.LiveMigrate(t.Context(), server, "compute2"), "No valid host was found")
	require.ErrorContains(t, x.LiveMigrate(t.Context(), server, ""), "No valid host was found")
	x.fake.SetRoom("compute2", api.Room{VCPUs: 8, RAMMiB: 1000, DiskGiB: 100})
	x.fake.SetUp("nova-compute", "compute2", false)
	require.ErrorContains(t, x.LiveMigrate(t.Context(), server, "compute2"), "unavailable at this time")
	x.fake.SetUp("nova-compute", "compute2", true)

	x.fake.SlowMigrations(20)
	done := make(chan error, 1)
	go func() { done <- x.LiveMigrate(t.Context(), server, "compute2") }()
	var moves []api.Migration
	require.Eventually(t, func() bool {
		var err error
		moves, err = x.LiveMigrations(t.Context(), server)
		return err == nil && len(moves) == 1
	}, time.Minute, time.Millisecond)
	assert.Equal(t, server, moves[0].Server)
	assert.Positive(t, moves[0].MemoryBytes)
	require.NoError(t, x.AbortMigration(t.Context(), server, moves[0].ID))
	require.ErrorContains(t, <-done, "migration cancelled")
	s, err := x.Settle(t.Context(), server)
	require.NoError(t, err)
	assert.Equal(t, "compute1", s.Host)
	require.NoError(t, x.AbortMigration(t.Context(), server, moves[0].ID), "it has ended already")

	x.fake.SlowMigrations(3)
	require.NoError(t, x.LiveMigrate(t.Context(), server, "compute2"))
	all, err := x.MigrationsOf(t.Context(), server)
	require.NoError(t, err)
	require.ErrorIs(t, x.AbortMigration(t.Context(), server, all[len(all)-1].ID), api.ErrFailed)
}
