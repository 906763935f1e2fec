package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

func TestEachImageHasAllImages(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{PageSize: 2})
	want := map[string]bool{}
	for _, visibility := range []string{"", "public", "private", "community"} {
		for _, hidden := range []bool{false, true} {
			for _, project := range []string{"", "other"} {
				id := fake.AddImage(api.Image{Name: "i", Visibility: visibility, Hidden: hidden, Project: project}, nil)
				want[id] = true
			}
		}
	}
	full := fake.AddImage(api.Image{Name: "full", DiskFormat: "raw", Container: "bare",
		Locations: []string{"rbd://a", "file://b"}, Stores: []string{"x", "y"}, Importing: []string{"z"},
		FailedImports: []string{"u", "v"}, MinDiskGiB: 3,
		Checksum: "sum"}, nil)
	want[full] = true
	got := map[string]bool{}
	for i, err := range c.EachImage(t.Context()) {
		require.NoError(t, err)
		assert.False(t, got[i.ID], "%s comes twice", i.ID)
		got[i.ID] = true
		if i.ID == full {
			assert.Equal(t, "[rbd://a file://b] [x y] [z] [u v] 3 sum bare", fmt.Sprintf("%v %v %v %v %d %s %s", i.Locations,
				i.Stores, i.Importing, i.FailedImports, i.MinDiskGiB, i.Checksum, i.Container))
		}
	}
	assert.Equal(t, want, got)
}

func TestSoftDeleted(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{})
	there := fake.AddServer(api.Server{Name: "there"})
	gone := fake.AddServer(api.Server{Name: "gone", Status: "SOFT_DELETED"})
	all, err := c.Servers(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, there, all[0].ID)
	n := 0
	for s, err := range c.SoftDeleted(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, gone+" soft-delete", s.ID+" "+s.State)
		n++
	}
	assert.Equal(t, 1, n)
}

// TestAttachmentsBeyondAPage: Cinder gives no link to the next page of attachments.
func TestAttachmentsBeyondAPage(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{PageSize: 3})
	for n := range 10 {
		fake.AddAttachment(api.Attachment{Volume: fmt.Sprint("v", n), Server: "s", Driver: "rbd", Image: "p/i",
			User: "cinder", Secret: "u", Monitors: []string{"[2001:db8::1]:3300", "192.0.2.1:6789"}, Cluster: "ceph"})
	}
	fake.AddAttachment(api.Attachment{Volume: "v11", Status: "reserved"})
	n := 0
	for a, err := range c.EachAttachment(t.Context()) {
		require.NoError(t, err)
		if n++; n == 11 {
			assert.Equal(t, "reserved ", a.Status+" "+a.Driver)
			continue
		}
		assert.Equal(t, "attached rbd p/i cinder u [[2001:db8::1]:3300 192.0.2.1:6789] ceph",
			fmt.Sprint(a.Status, " ", a.Driver, " ", a.Image, " ", a.User, " ", a.Secret, " ", a.Monitors, " ", a.Cluster))
	}
	assert.Equal(t, 11, n)
	for range c.EachAttachment(t.Context()) {
		break
	}
}

// TestAttachmentForms are answers of other releases.
func TestAttachmentForms(t *testing.T) {
	body := `{"attachments": [{"id": "a", "status": "attached", "instance": null, "volume_id": "v", "connection_info":
		{"driver_volume_type": "rbd", "name": "p/i", "hosts": ["h"], "ports": [6789], "auth_enabled": false,
		"auth_username": null, "secret_uuid": null}}]}`
	asked := 0
	c, _ := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		if !strings.HasSuffix(r.URL.Path, "/attachments/detail") {
			return 0, "", false
		}
		if asked++; asked > 1 {
			return 200, `{"attachments": []}`, true
		}
		return 200, body, true
	}})
	found, err := c.Attachments(t.Context(), "v")
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, api.Attachment{ID: "a", Volume: "v", Status: "attached", Driver: "rbd", Image: "p/i",
		Monitors: []string{"h:6789"}}, found[0])
}

// TestEachEndsWithItsError: what came before an error is given, and the error is the last.
func TestEachEndsWithItsError(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{PageSize: 2, Fail: func(r *http.Request) (int, string, bool) {
		return 403, `{"forbidden": {"message": "no more"}}`, r.URL.Query().Has("marker")
	}})
	for range 5 {
		fake.AddVolume(api.Volume{Name: "v", SizeGiB: 1})
	}
	n, failed := 0, 0
	for _, err := range c.EachVolume(t.Context()) {
		if err != nil {
			failed++
			require.ErrorIs(t, err, api.ErrDenied)
			continue
		}
		assert.Zero(t, failed)
		n++
	}
	assert.Equal(t, []int{2, 1}, []int{n, failed})
	_, err := c.Volumes(t.Context())
	require.ErrorIs(t, err, api.ErrDenied, "a part of a list is not a list")
}

func TestVolumeFacts(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{})
	id := fake.AddVolume(api.Volume{Name: "v", SizeGiB: 1, Project: "p", NameID: "other", Migration: "success",
		Encrypted: true, Multiattach: true, SourceID: "s", SnapshotID: "n", ImageID: "i", Bootable: true})
	v, err := c.Volume(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "p other success true true s n i true", fmt.Sprint(v.Project, " ", v.NameID, " ", v.Migration, " ",
		v.Encrypted, " ", v.Multiattach, " ", v.SourceID, " ", v.SnapshotID, " ", v.ImageID, " ", v.Bootable))
}

func TestMayLiveMigrate(t *testing.T) {
	var answer string
	var code int
	var sent url.Values
	c, fake := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		sent = r.URL.Query()
		return code, answer, code != 0 && strings.HasSuffix(r.URL.Path, "/action")
	}})
	server := fake.AddServer(api.Server{Name: "s", Host: "compute1"})
	require.NoError(t, c.MayLiveMigrate(t.Context(), server))
	stopped := fake.AddServer(api.Server{Name: "t", Status: "SHUTOFF"})
	require.NoError(t, c.MayLiveMigrate(t.Context(), stopped), "a VM that could not be migrated now")
	require.ErrorIs(t, c.MayLiveMigrate(t.Context(), "none"), api.ErrNotFound)
	code, answer = 403, `{"forbidden": {"message": "Policy doesn't allow it"}}`
	require.ErrorIs(t, c.MayLiveMigrate(t.Context(), server), api.ErrDenied)
	code, answer = 202, ""
	require.ErrorContains(t, c.MayLiveMigrate(t.Context(), server), "look at what the VM is doing")
	code, answer = 500, "x"
	require.ErrorIs(t, c.MayLiveMigrate(t.Context(), server), api.ErrUnknown)
	assert.Empty(t, sent)
	now, err := c.Server(t.Context(), server)
	require.NoError(t, err)
	assert.Equal(t, "ACTIVE compute1", now.Status+" "+now.Host)
}

func TestLockReasonBeforeTrain(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{NovaMax: 65})
	server := fake.AddServer(api.Server{Name: "s", Locked: true})
	_, err := c.LockReason(t.Context(), server)
	require.ErrorContains(t, err, "HTTP 406")
	s, err := c.Server(t.Context(), server)
	require.NoError(t, err)
	assert.True(t, s.Locked)
}

// TestRoomOfCPUs: CPUs that a VM has alone are counted apart. What the flavor does not say keeps no VM out.
func TestRoomOfCPUs(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{})
	fake.SetRoom("compute1", api.Room{VCPUs: 1, RAMMiB: 1 << 20, DiskGiB: 1 << 10, Pins: true, PCPUs: 6})
	extra := map[string]string{"hw:cpu_policy": "dedicated", "hw:mem_page_size": "large"}
	pinned := fake.AddFlavor(openstacktest.Flavor{Name: "pinned", VCPUs: 4, RAMMiB: 64, DiskGiB: 1, Extra: extra})
	id := fake.AddServer(api.Server{Name: "s", Host: "compute1", FlavorID: pinned})
	vgpu := fake.AddFlavor(openstacktest.Flavor{Name: "vgpu", VCPUs: 1, RAMMiB: 64, DiskGiB: 1,
		Extra: map[string]string{"resources:VGPU": "1"}})
	other := fake.AddServer(api.Server{Name: "v", Host: "compute1", FlavorID: vgpu})
	s, err := c.Server(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, api.Flavor{ID: pinned, Name: "pinned", VCPUs: 4, RAMMiB: 64, DiskGiB: 1, CPUs: "dedicated"}, s.Flavor)
	o, err := c.Server(t.Context(), other)
	require.NoError(t, err)
	assert.True(t, o.Flavor.Other)
	all, err := c.Hypervisors(t.Context())
	require.NoError(t, err)
	room, err := c.Room(t.Context(), all[0].ID)
	require.NoError(t, err)
	assert.Equal(t, api.Room{RAMMiB: 1<<20 - 128, DiskGiB: 1<<10 - 2, Pins: true, PCPUs: 2}, room)
	for cpus, want := range map[string][3]bool{ // with 2 CPUs, with 3, and where none is counted apart
		"dedicated": {true, false, false}, "shared": {false, false, false}, "": {true, false, false},
		"mixed": {true, true, true},
	} {
		size := api.Flavor{VCPUs: 2, RAMMiB: 1, CPUs: cpus}
		assert.Equal(t, want[0], room.Takes(size), cpus)
		size.VCPUs = 3
		assert.Equal(t, want[1], room.Takes(size), cpus)
		assert.Equal(t, want[2], api.Room{RAMMiB: 1, VCPUs: 2, PCPUs: 3}.Takes(size), cpus)
	}
	assert.True(t, api.Room{VCPUs: 2, RAMMiB: 1}.Takes(api.Flavor{VCPUs: 2, RAMMiB: 1, CPUs: "dedicated"}),
		"Nova asks for VCPUs there")
	assert.True(t, room.Takes(o.Flavor), "nobody knows what it needs")
	assert.False(t, room.Takes(api.Flavor{VCPUs: 1, CPUs: "dedicated", RAMMiB: 1 << 21}))
}

func TestRoom(t *testing.T) {
	body := ""
	c, fake := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		return 200, body, body != "" && strings.HasSuffix(r.URL.Path, "/inventories")
	}})
	fake.SetRoom("compute1", api.Room{VCPUs: 3, RAMMiB: 300, DiskGiB: 30})
	fake.AddServer(api.Server{Name: "s", Host: "compute1"})
	all, err := c.Hypervisors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, all[0].VMs)
	room, err := c.Room(t.Context(), all[0].ID)
	require.NoError(t, err)
	assert.Equal(t, api.Room{VCPUs: 2, RAMMiB: 172, DiskGiB: 29}, room)
	assert.True(t, room.Takes(api.Flavor{VCPUs: 2, RAMMiB: 172, DiskGiB: 20, EphemeralGiB: 8, SwapMiB: 1}))
	assert.False(t, room.Takes(api.Flavor{VCPUs: 2, RAMMiB: 172, DiskGiB: 20, EphemeralGiB: 9, SwapMiB: 1}))
	body = `{"inventories": {"VCPU": {"total": 10, "reserved": 2, "allocation_ratio": 1.5}}}`
	room, err = c.Room(t.Context(), all[0].ID)
	require.NoError(t, err)
	assert.Equal(t, 11, room.VCPUs, "8 at a ratio of 1.5, less 1")
	assert.Equal(t, api.Endless, room.DiskGiB, "it is counted elsewhere")
	body = `{}`
	_, err = c.Room(t.Context(), all[0].ID)
	require.ErrorContains(t, err, "no inventories")
	body = ""
	_, err = c.Room(t.Context(), "none")
	require.ErrorIs(t, err, api.ErrNotFound)
}

// TestAbortIsRefused: what Nova refused has not begun, and is not unknown.
func TestAbortIsRefused(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
		return 403, `{"forbidden": {"message": "Policy doesn't allow it"}}`, r.Method == http.MethodDelete
	}})
	server := fake.AddServer(api.Server{Name: "s"})
	fake.AddMigration(api.Migration{Server: server, Source: "compute1", Dest: "compute2", Type: "live-migration",
		Status: "running"})
	err := c.AbortMigration(t.Context(), server, 1)
	require.ErrorIs(t, err, api.ErrDenied)
	require.NotErrorIs(t, err, api.ErrUnknown)
}

// TestSettleWaits: a VM is not at rest while somebody migrates it.
func TestSettleWaits(t *testing.T) {
	c, fake := dial(t, openstacktest.Config{})
	server := fake.AddServer(api.Server{Name: "s"})
	fake.AddMigration(api.Migration{Server: server, Source: "compute1", Dest: "compute2", Type: "live-migration",
		Status: "running"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := c.Settle(ctx, server)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	resized := fake.AddServer(api.Server{Name: "r"})
	fake.AddResize(resized, "compute2")
	s, err := c.Settle(t.Context(), resized)
	require.NoError(t, err)
	assert.Equal(t, "VERIFY_RESIZE resized", s.Status+" "+s.State)
}
