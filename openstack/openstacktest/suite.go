package openstacktest

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cephstack/cephstack/openstack/api"
)

// A Fixture is what the conformance suite may use in a cloud.
type Fixture struct {
	Hosts   []string      // computes; the VM boots on the first and moves to the second
	Flavor  string        // name of a flavor without ephemeral disks
	Image   []byte        // data of a raw image that boots
	Prefix  string        // of the names of all that is made; "conformance" when empty
	Type    string        // volume type to use; the default when empty
	Timeout time.Duration // for one step; a minute when 0
}

// TestCloud is the conformance suite: it drives an image through a cloud. It uploads
// the image, makes a volume of it, boots a VM, attaches and detaches the volume, takes
// snapshots and backups, restores, migrates, and deletes everything. The fake and real
// clouds pass the same suite.
func TestCloud(t *testing.T, open func(t *testing.T) (*api.Cloud, Fixture)) {
	c, f := open(t)
	if f.Prefix == "" {
		f.Prefix = "conformance"
	}
	if f.Timeout == 0 {
		f.Timeout = time.Minute
	}
	j := &journey{Cloud: c, f: f}
	for _, step := range []struct {
		name string
		run  func(*testing.T, context.Context)
	}{
		{"services", j.services}, {"missing", j.missing}, {"image", j.image}, {"volumes", j.volumes}, {"types", j.types},
		{"room", j.room}, {"boot", j.boot}, {"attach", j.attach}, {"lists", j.lists}, {"snapshot", j.snapshot},
		{"backup", j.backup}, {"power", j.power},
		{"server image", j.serverImage}, {"migrate", j.migrate}, {"detach", j.detach}, {"restore", j.restore},
		{"delete", j.deleteAll},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), f.Timeout)
			defer cancel()
			step.run(t, ctx)
		})
		if !ok {
			j.cleanUp(t)
			t.Fatalf("the journey ends at %q: the next steps need it", step.name)
		}
	}
}

// A journey is what the steps hand on to each other.
type journey struct {
	*api.Cloud
	f             Fixture
	img, img2     api.Image
	vol, restored api.Volume
	vm            api.Server
	snap          string
	full, incr    api.Backup
	attached      api.Attachment
}

// mark is the description of what the suite makes.
const mark = "made by the conformance suite"

func (j *journey) name(what string) string { return j.f.Prefix + "-" + what }

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func want(t *testing.T, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, args...)
	}
}

// young checks when something was made, by the clock of the services where they tell it.
func (j *journey) young(t *testing.T, what string, created time.Time) {
	t.Helper()
	now, ok := j.Clock()
	if !ok {
		now = time.Now()
	}
	age := now.Sub(created)
	want(t, age > -time.Hour && age < time.Hour, "%s was made just now, and is %s old at %s", what, age, now)
}

func (j *journey) services(t *testing.T, ctx context.Context) {
	found, err := j.Services(ctx)
	check(t, "services", err)
	for _, binary := range []string{"cinder-volume", "cinder-scheduler", "nova-compute", "nova-conductor"} {
		at := slices.IndexFunc(found, func(r api.ServiceRecord) bool { return r.Binary == binary && r.Up && r.Enabled })
		want(t, at >= 0, "no %s is up: %+v", binary, found)
		age := time.Since(found[at].Updated)
		want(t, age > -time.Hour && age < time.Hour, "%s was last seen %s ago", binary, age)
	}
	last := j.f.Hosts[len(j.f.Hosts)-1]
	check(t, "disable "+last, j.DisableCompute(ctx, last, "conformance"))
	records, err := j.ComputeServices(ctx, last)
	check(t, "enable "+last, errors.Join(err, j.EnableCompute(ctx, last)))
	want(t, len(records) == 1 && !records[0].Enabled && records[0].Reason == "conformance", "got %+v", records)
	records, err = j.ComputeServices(ctx, last)
	check(t, "services of "+last, err)
	want(t, len(records) == 1 && records[0].Enabled && records[0].Reason == "", "got %+v", records)
	aggregates, err := j.Aggregates(ctx)
	check(t, "aggregates", err)
	for _, a := range aggregates {
		want(t, a.ID > 0 && a.Name != "" && a.Zone == a.Metadata["availability_zone"], "got %+v", a)
		for _, r := range found {
			if a.Zone != "" && r.Binary == "nova-compute" && slices.Contains(a.Hosts, r.Host) {
				want(t, r.Zone == a.Zone, "nova-compute of %s is in zone %s, and in aggregate %+v", r.Host, r.Zone, a)
			}
		}
	}
	flavors, err := j.Flavors(ctx)
	check(t, "flavors", err)
	want(t, flavors[j.f.Flavor] != "", "no flavor %q in %v", j.f.Flavor, flavors)
	flavor, err := j.Flavor(ctx, j.f.Flavor)
	check(t, "flavor", err)
	want(t, flavor.ID == flavors[j.f.Flavor] && flavor.Name == j.f.Flavor && flavor.RAMMiB > 0, "got %+v", flavor)
	_, err = j.Flavor(ctx, j.name("none"))
	want(t, errors.Is(err, api.ErrNotFound), "a flavor that is not there: %v", err)
	hypervisors, err := j.Hypervisors(ctx)
	check(t, "hypervisors", err)
	for _, host := range j.f.Hosts {
		want(t, slices.ContainsFunc(hypervisors, func(h api.Hypervisor) bool {
			return h.Host == host && h.Type == "QEMU" && h.Version > 1e6
		}), "no hypervisor of %s in %+v", host, hypervisors)
	}
}

// missing checks what the absence of each kind of object is.
func (j *journey) missing(t *testing.T, ctx context.Context) {
	const id = "00000000-0000-4000-8000-ffffffffffff"
	reads := map[string]func() error{
		"image":    func() error { _, err := j.Image(ctx, id); return err },
		"download": func() error { _, err := j.DownloadImage(ctx, id); return err },
		"volume":   func() error { _, err := j.Volume(ctx, id); return err },
		"server":   func() error { _, err := j.Server(ctx, id); return err },
		"backup":   func() error { _, err := j.Backup(ctx, id); return err },
		"console":  func() error { _, err := j.Console(ctx, id, 1); return err },
		"restore":  func() error { _, err := j.RestoreBackup(ctx, id, "x"); return err },
		"attach":   func() error { return j.Attach(ctx, id, id) },
		"snapshot": func() error {
			_, err := j.CreateSnapshot(ctx, api.SnapshotRequest{VolumeID: id, Name: "x"})
			return err
		},
		"no ID": func() error { _, err := j.Volume(ctx, ""); return err },
	}
	for name, read := range reads {
		err := read()
		var e *api.Error
		want(t, errors.Is(err, api.ErrNotFound) && errors.As(err, &e), "%s: want ErrNotFound in an *api.Error, got %v", name,
			err)
	}
	for name, remove := range map[string]func(context.Context, string) error{"image": j.DeleteImage,
		"volume": j.DeleteVolume, "server": j.DeleteServer,
		"backup": j.DeleteBackup, "snapshot": j.DeleteSnapshot, "flavor": j.DeleteFlavor, "type": j.DeleteVolumeType,
		"volume by force": j.ForceDeleteVolume, "server by force": j.ForceDeleteServer,
		"backup by force": j.ForceDeleteBackup, "snapshot by force": j.ForceDeleteSnapshot} {
		check(t, "delete no "+name, remove(ctx, id))
	}
}

func (j *journey) image(t *testing.T, ctx context.Context) {
	var err error
	j.img, err = j.UploadImage(ctx, api.ImageRequest{Name: j.name("image"), DiskFormat: "raw",
		Description: mark}, bytes.NewReader(j.f.Image))
	check(t, "upload", err)
	sum := sha512.Sum512(j.f.Image)
	want(t, j.img.Status == "active" && j.img.Size == int64(len(j.f.Image)), "uploaded %d bytes, got %+v", len(j.f.Image),
		j.img)
	want(t, j.img.SHA512 == hex.EncodeToString(sum[:]), "digest %q is not that of the data", j.img.SHA512)
	found, err := j.Images(ctx, j.name("image"))
	check(t, "images", err)
	want(t, slices.ContainsFunc(found, func(i api.Image) bool { return i.ID == j.img.ID && i.Description == mark }),
		"the image is not in %+v",
		found)
	none, err := j.Images(ctx, j.name("none"))
	check(t, "images", err)
	want(t, len(none) == 0, "images of a name that no image has: %+v", none)
	for _, i := range found {
		j.young(t, "the image", i.Created)
	}
	body, err := j.DownloadImage(ctx, j.img.ID)
	check(t, "download", err)
	defer body.Close()
	data, err := io.ReadAll(body)
	check(t, "download", err)
	want(t, bytes.Equal(data, j.f.Image), "the download has %d bytes that are not those of the upload", len(data))
}

func (j *journey) size() int { return max(1, (len(j.f.Image)+1<<30-1)>>30) }

func (j *journey) volumes(t *testing.T, ctx context.Context) {
	var err error
	j.vol, err = j.CreateVolume(ctx, api.VolumeRequest{Name: j.name("volume"), Description: mark, SizeGiB: j.size(),
		ImageID: j.img.ID,
		Type:    j.f.Type})
	check(t, "volume from image", err)
	want(t, j.vol.Status == "available" && j.vol.SizeGiB == j.size() && strings.Contains(j.vol.Host, "@"), "got %+v",
		j.vol)
	all, err := j.Volumes(ctx)
	check(t, "volumes", err)
	want(t, slices.ContainsFunc(all, func(v api.Volume) bool { return v.ID == j.vol.ID && v.Description == mark }),
		"the volume is not in the list")
	j.young(t, "the volume", j.vol.Created)
	empty, err := j.CreateVolume(ctx, api.VolumeRequest{Name: j.name("empty"), SizeGiB: 1, Type: j.f.Type})
	check(t, "empty volume", err)
	check(t, "delete empty volume", j.ForceDeleteVolume(ctx, empty.ID))
	_, err = j.Volume(ctx, empty.ID)
	want(t, errors.Is(err, api.ErrNotFound), "a deleted volume: %v", err)
}

func (j *journey) types(t *testing.T, ctx context.Context) {
	backend := strings.TrimPrefix(j.vol.Host[strings.Index(j.vol.Host, "@"):], "@")
	backend, _, _ = strings.Cut(backend, "#")
	check(t, "create type", j.CreateVolumeType(ctx, j.name("type"), map[string]string{"volume_backend_name": backend}))
	check(t, "set type", j.SetVolumeTypeSpecs(ctx, j.name("type"),
		map[string]string{"cephstack:tier": "fast", "multiattach": "<is> True"}))
	check(t, "set type", j.SetVolumeTypeSpecs(ctx, j.name("type"), map[string]string{"cephstack:tier": "slow"}))
	found, err := j.VolumeTypes(ctx)
	check(t, "types", err)
	specs := map[string]string{"volume_backend_name": backend, "cephstack:tier": "slow", "multiattach": "<is> True"}
	want(t, maps.Equal(found[j.name("type")], specs), "types %v", found)
	want(t, j.SetVolumeTypeSpecs(ctx, j.name("none"), specs) != nil, "extra specs of no type")
	check(t, "delete type", j.DeleteVolumeType(ctx, j.name("type")))
	found, err = j.VolumeTypes(ctx)
	check(t, "types", err)
	_, there := found[j.name("type")]
	want(t, !there, "types %v", found)
}

func (j *journey) boot(t *testing.T, ctx context.Context) {
	var err error
	j.vm, err = j.CreateServer(ctx, api.ServerRequest{Name: j.name("server"), Description: mark,
		ImageID: j.img.ID, Flavor: j.f.Flavor,
		Host: j.f.Hosts[0], UserData: []byte("#!/bin/sh\n")})
	check(t, "boot", err)
	want(t, j.vm.Status == "ACTIVE" && j.vm.Task == "" && j.vm.Host == j.f.Hosts[0], "got %+v", j.vm)
	want(t, j.vm.ImageID == j.img.ID && j.vm.HasLocalDisk && j.vm.FlavorID != "", "got %+v", j.vm)
	j.young(t, "the server", j.vm.Created)
	found, err := j.Servers(ctx, j.f.Hosts[0])
	check(t, "servers", err)
	want(t, slices.ContainsFunc(found, func(s api.Server) bool { return s.ID == j.vm.ID && s.Description == mark }),
		"the server is not on its host")
	_, err = j.Console(ctx, j.vm.ID, 10)
	check(t, "console", err)
}

func (j *journey) attach(t *testing.T, ctx context.Context) {
	check(t, "attach", j.Attach(ctx, j.vm.ID, j.vol.ID))
	v, err := j.Volume(ctx, j.vol.ID)
	check(t, "volume", err)
	want(t, v.Status == "in-use" && slices.Equal(v.Servers, []string{j.vm.ID}), "got %+v", v)
	s, err := j.Server(ctx, j.vm.ID)
	check(t, "server", err)
	want(t, slices.Equal(s.Volumes, []string{j.vol.ID}), "got %+v", s)
	var e *api.Error
	err = j.DeleteVolume(ctx, j.vol.ID)
	want(t, errors.As(err, &e) && e.Code == 400 && e.Detail != "", "deleting an attached volume: %v", err)
}

func (j *journey) snapshot(t *testing.T, ctx context.Context) {
	var err error
	j.snap, err = j.CreateSnapshot(ctx, api.SnapshotRequest{VolumeID: j.vol.ID, Name: j.name("snapshot"),
		Description: mark})
	check(t, "snapshot of an attached volume", err)
	all, err := j.Snapshots(ctx)
	check(t, "snapshots", err)
	want(t, slices.ContainsFunc(all, func(s api.Snapshot) bool {
		return s.ID == j.snap && s.VolumeID == j.vol.ID && s.Description == mark
	}),
		"the snapshot is not in %+v", all)
	j.young(t, "the snapshot", all[slices.IndexFunc(all, func(s api.Snapshot) bool { return s.ID == j.snap })].Created)
	v, err := j.CreateVolume(ctx, api.VolumeRequest{Name: j.name("from-snapshot"), SnapshotID: j.snap})
	check(t, "volume from snapshot", err)
	want(t, v.SizeGiB == j.vol.SizeGiB, "got %+v", v)
	check(t, "delete it", j.DeleteVolume(ctx, v.ID))
	check(t, "delete snapshot", j.DeleteSnapshot(ctx, j.snap))
}

func (j *journey) backup(t *testing.T, ctx context.Context) {
	var e *api.Error
	_, err := j.CreateBackup(ctx, api.BackupRequest{VolumeID: j.vol.ID, Name: j.name("refused")})
	want(t, errors.As(err, &e) && e.Code == 400, "backup of an attached volume without Force: %v", err)
	j.full, err = j.CreateBackup(ctx, api.BackupRequest{VolumeID: j.vol.ID, Name: j.name("full"), Force: true,
		Description: mark})
	check(t, "full backup", err)
	want(t, j.full.Status == "available" && !j.full.Incremental && j.full.VolumeID == j.vol.ID, "got %+v", j.full)
	j.incr, err = j.CreateBackup(ctx, api.BackupRequest{VolumeID: j.vol.ID, Name: j.name("incremental"), Force: true,
		Incremental: true})
	check(t, "incremental backup", err)
	want(t, j.incr.Incremental, "got %+v", j.incr)
	err = j.DeleteBackup(ctx, j.full.ID)
	want(t, errors.As(err, &e) && e.Code == 400, "deleting a backup that another builds upon: %v", err)
	j.young(t, "the backup", j.full.Created)
	all, err := j.Backups(ctx)
	check(t, "backups", err)
	want(t, slices.ContainsFunc(all, func(b api.Backup) bool { return b.ID == j.full.ID && b.Description == mark }),
		"the backup is not in %+v",
		all)
	some, err := j.HasBackups(ctx)
	check(t, "whether there are backups", err)
	want(t, some, "there are backups")
}

func (j *journey) power(t *testing.T, ctx context.Context) {
	check(t, "reboot", j.RebootServer(ctx, j.vm.ID))
	check(t, "stop", j.StopServer(ctx, j.vm.ID))
	check(t, "stop again", j.StopServer(ctx, j.vm.ID))
	s, err := j.Server(ctx, j.vm.ID)
	check(t, "server", err)
	want(t, s.Status == "SHUTOFF", "got %+v", s)
	check(t, "start", j.StartServer(ctx, j.vm.ID))
}

func (j *journey) serverImage(t *testing.T, ctx context.Context) {
	var err error
	j.img2, err = j.SnapshotServer(ctx, j.vm.ID, j.name("server-image"), mark)
	check(t, "server image", err)
	want(t, j.img2.Status == "active" && j.img2.Name == j.name("server-image") && j.img2.Description == mark,
		"got %+v", j.img2)
}

func (j *journey) migrate(t *testing.T, ctx context.Context) {
	err := j.LiveMigrate(ctx, j.vm.ID, "no-such-host")
	var e *api.Error
	want(t, errors.As(err, &e), "migration to no host: %v", err)
	check(t, "migrate to where it is", j.LiveMigrate(ctx, j.vm.ID, j.f.Hosts[0]))
	if len(j.f.Hosts) < 2 {
		t.Log("one compute: nowhere to migrate to")
		return
	}
	check(t, "migrate", j.LiveMigrate(ctx, j.vm.ID, j.f.Hosts[1]))
	s, err := j.Server(ctx, j.vm.ID)
	check(t, "server", err)
	want(t, s.Host == j.f.Hosts[1] && s.Status == "ACTIVE", "got %+v", s)
	moves, err := j.Migrations(ctx)
	check(t, "migrations", err)
	want(t, !slices.ContainsFunc(moves, func(m api.Migration) bool { return m.Server == j.vm.ID }),
		"the migration of the server has ended, and is in %+v", moves)
	moves, err = j.Unconfirmed(ctx, j.f.Hosts[1])
	check(t, "unconfirmed", err)
	want(t, !slices.ContainsFunc(moves, func(m api.Migration) bool { return m.Server == j.vm.ID }),
		"a live migration does not wait to be confirmed, and is in %+v", moves)
	j.moved(t, ctx)
}

func (j *journey) detach(t *testing.T, ctx context.Context) {
	check(t, "detach", j.Detach(ctx, j.vm.ID, j.vol.ID))
	v, err := j.Volume(ctx, j.vol.ID)
	check(t, "volume", err)
	want(t, v.Status == "available" && len(v.Servers) == 0, "got %+v", v)
	check(t, "detach again", j.Detach(ctx, j.vm.ID, j.vol.ID))
}

func (j *journey) restore(t *testing.T, ctx context.Context) {
	var err error
	j.restored, err = j.RestoreBackup(ctx, j.incr.ID, j.name("restored"))
	check(t, "restore", err)
	want(t, j.restored.Status == "available" && j.restored.SizeGiB == j.vol.SizeGiB && j.restored.ID != j.vol.ID,
		"got %+v", j.restored)
	check(t, "delete restored volume", j.DeleteVolume(ctx, j.restored.ID))
}

// deleteAll deletes in the order that dependencies ask for.
func (j *journey) deleteAll(t *testing.T, ctx context.Context) {
	check(t, "clean up", j.remove(ctx))
	for name, err := range map[string]error{"server": second(j.Server(ctx, j.vm.ID)),
		"volume": second(j.Volume(ctx, j.vol.ID)),
		"image":  second(j.Image(ctx, j.img.ID)), "backup": second(j.Backup(ctx, j.full.ID))} {
		want(t, errors.Is(err, api.ErrNotFound), "%s after its deletion: %v", name, err)
	}
}

func second[T any](_ T, err error) error { return err }

// remove deletes what the journey made so far.
func (j *journey) remove(ctx context.Context) error {
	var errs []error
	for _, step := range []struct {
		what, id string
		run      func(context.Context, string) error
	}{
		{"server", j.vm.ID, j.DeleteServer}, {"snapshot", j.snap, j.DeleteSnapshot},
		{"incremental backup", j.incr.ID, j.DeleteBackup}, {"full backup", j.full.ID, j.DeleteBackup},
		{"restored volume", j.restored.ID, j.DeleteVolume}, {"volume", j.vol.ID, j.DeleteVolume},
		{"server image", j.img2.ID, j.DeleteImage}, {"image", j.img.ID, j.DeleteImage},
		{"type", j.name("type"), j.DeleteVolumeType},
	} {
		if err := step.run(ctx, step.id); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	return errors.Join(errs...)
}

// cleanUp deletes what the journey made until a step failed, and volumes by name.
func (j *journey) cleanUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), j.f.Timeout)
	defer cancel()
	if err := j.remove(ctx); err != nil {
		t.Logf("left behind: %v", err)
	}
	left, _ := j.Volumes(ctx)
	for _, v := range left {
		if strings.HasPrefix(v.Name, j.f.Prefix+"-") {
			t.Logf("volume %s (%s): %v", v.Name, v.ID, j.DeleteVolume(ctx, v.ID))
		}
	}
}
