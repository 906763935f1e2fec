package openstacktest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/openstack/api"
)

// look finds the object of a long list that is wanted.
func look[T any](t *testing.T, what string, all iter.Seq2[T, error], is func(T) bool) (found T) {
	t.Helper()
	for item, err := range all {
		check(t, what, err)
		if is(item) {
			return item
		}
	}
	t.Fatalf("%s: not there", what)
	return found
}

// room checks what the computes can take, and that a disabled compute takes nothing, although it is named.
func (j *journey) room(t *testing.T, ctx context.Context) {
	hypervisors, err := j.Hypervisors(ctx)
	check(t, "hypervisors", err)
	flavor, err := j.Flavor(ctx, j.f.Flavor)
	check(t, "flavor", err)
	for _, h := range hypervisors {
		if !slices.Contains(j.f.Hosts, h.Host) {
			continue
		}
		room, err := j.Room(ctx, h.ID)
		check(t, "room of "+h.Host, err)
		want(t, room.Takes(flavor) && h.Up && h.Enabled, "%+v has room %+v", h, room)
		want(t, !room.Takes(api.Flavor{RAMMiB: room.RAMMiB + 1}), "room %+v has no end", room)
	}
	_, err = j.Room(ctx, "00000000-0000-4000-8000-0000000000ff")
	want(t, errors.Is(err, api.ErrNotFound), "room of no compute: %v", err)
	last := j.f.Hosts[len(j.f.Hosts)-1]
	check(t, "disable "+last, j.DisableCompute(ctx, last, "conformance"))
	s, err := j.CreateServer(ctx, api.ServerRequest{Name: j.name("refused"), ImageID: j.img.ID, Flavor: j.f.Flavor,
		Host: last})
	check(t, "clean up", errors.Join(j.EnableCompute(ctx, last), j.DeleteServer(ctx, s.ID)))
	want(t, errors.Is(err, api.ErrFailed), "a VM on a disabled compute: %+v, %v", s, err)
}

// lists checks what lists tell of the objects of the journey, while the volume is attached.
func (j *journey) lists(t *testing.T, ctx context.Context) {
	s := look(t, "servers", j.EachServer(ctx, ""), func(s api.Server) bool { return s.ID == j.vm.ID })
	want(t, s.Project != "" && s.Zone != "" && strings.HasPrefix(s.Instance, "instance-") && s.State == "active" &&
		s.Power == "running" && !s.Locked && len(s.Tags) == 0 && s.ConfigDrive && s.Flavor.Name == j.f.Flavor &&
		s.Flavor.RAMMiB > 0, "got %+v", s)
	for s, err := range j.SoftDeleted(ctx) {
		check(t, "deleted servers", err)
		want(t, s.Status == "SOFT_DELETED", "got %+v", s)
	}
	v := look(t, "volumes", j.EachVolume(ctx), func(v api.Volume) bool { return v.ID == j.vol.ID })
	want(t, v.Project != "" && v.ImageID == j.img.ID && v.Bootable && v.NameID == "" && len(v.Attachments) == 1 &&
		v.Attachments[0].Server == j.vm.ID && v.Attachments[0].Host != "", "got %+v", v)
	i := look(t, "images", j.EachImage(ctx), func(i api.Image) bool { return i.ID == j.img.ID })
	want(t, i.Project != "" && i.Visibility != "" && !i.Hidden && i.Container == "bare" && i.DiskFormat == "raw",
		"got %+v", i)
	j.attached = j.attachment(t, ctx)
	want(t, j.attached.ID == v.Attachments[0].ID, "%+v is not that of %+v", j.attached, v)
	none, err := j.Attachments(ctx, "00000000-0000-4000-8000-0000000000ff")
	check(t, "attachments of no volume", err)
	want(t, len(none) == 0, "got %+v", none)
}

// attachment is that of the volume to the VM, in both lists.
func (j *journey) attachment(t *testing.T, ctx context.Context) api.Attachment {
	found, err := j.Attachments(ctx, j.vol.ID)
	check(t, "attachments", err)
	want(t, len(found) == 1, "got %+v", found)
	a := found[0]
	want(t, a.Server == j.vm.ID && a.Volume == j.vol.ID && a.Status == "attached" && a.Driver != "", "got %+v", a)
	if a.Driver == "rbd" {
		want(t, strings.HasSuffix(a.Image, "/volume-"+j.vol.ID) && a.User != "" && a.Secret != "" && len(a.Monitors) > 0 &&
			strings.Contains(a.Monitors[0], ":"), "got %+v", a)
	}
	same := look(t, "all attachments", j.EachAttachment(ctx), func(b api.Attachment) bool { return a.ID == b.ID })
	want(t, same.Server == a.Server && same.Image == a.Image && same.User == a.User, "%+v and %+v", same, a)
	return a
}

// moved checks what a live migration leaves, and moves the VM to whatever compute Nova picks.
func (j *journey) moved(t *testing.T, ctx context.Context) {
	a := j.attachment(t, ctx)
	want(t, a.ID != j.attached.ID, "the migration made no attachment: %+v", a)
	all, err := j.MigrationsOf(ctx, j.vm.ID)
	check(t, "migrations of the server", err)
	want(t, len(all) > 0, "no migrations")
	last := all[len(all)-1]
	want(t, last.Status == "completed" && last.Ended() && last.Dest == j.f.Hosts[1] && last.Type == "live-migration",
		"got %+v", last)
	now, err := j.LiveMigrations(ctx, j.vm.ID)
	check(t, "live migrations of the server", err)
	want(t, len(now) == 0, "got %+v", now)
	err = j.AbortMigration(ctx, j.vm.ID, last.ID)
	want(t, errors.Is(err, api.ErrFailed), "abort of a migration that is complete: %v", err)
	err = j.AbortMigration(ctx, j.vm.ID, last.ID+1_000_000)
	want(t, errors.Is(err, api.ErrNotFound), "abort of no migration: %v", err)
	check(t, "may migrate", j.MayLiveMigrate(ctx, j.vm.ID))
	s, err := j.Settle(ctx, j.vm.ID)
	check(t, "settle", err)
	want(t, s.Host == j.f.Hosts[1] && s.Status == "ACTIVE", "got %+v", s)
	check(t, "migrate to any compute", j.LiveMigrate(ctx, j.vm.ID, ""))
	s, err = j.Server(ctx, j.vm.ID)
	check(t, "server", err)
	want(t, s.Host != j.f.Hosts[1] && s.Status == "ACTIVE", "got %+v", s)
	again := j.attachment(t, ctx)
	check(t, "hard reboot", j.RebootServer(ctx, j.vm.ID))
	want(t, j.attachment(t, ctx).ID == again.ID, "a hard reboot made another attachment")
}
