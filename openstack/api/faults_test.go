package api_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// world is a cloud with an image, a volume and a VM from before.
type world struct {
	*api.Cloud
	fake          *openstacktest.Server
	image, volume string
	server        string
}

func inhabited(t *testing.T, hooks openstacktest.Hooks) world {
	t.Helper()
	c, s := dial(t, openstacktest.Config{Hooks: hooks})
	w := world{Cloud: c, fake: s}
	w.image = s.AddImage(api.Image{Name: "old", DiskFormat: "raw"}, []byte("bytes"))
	w.volume = s.AddVolume(api.Volume{Name: "old", SizeGiB: 1})
	w.server = s.AddServer(api.Server{Name: "old", ImageID: w.image})
	return w
}

// failed checks that err says that an object failed, and why.
func failed(t *testing.T, err error, why string) {
	t.Helper()
	require.ErrorIs(t, err, api.ErrFailed)
	var e *api.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Detail, why)
	assert.Zero(t, e.Code)
}

var errHook = errors.New("libvirt: Secret not found: rbd no secret matches uuid")

const why = "rbd no secret matches uuid"

func TestVolumeFaults(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{VolumeCreated: func(*api.Volume, api.VolumeRequest) error { return errHook },
		VolumeDeleted: func(v api.Volume) error {
			if v.Name == "old" {
				return openstacktest.ErrBusy
			}
			return errHook
		}})
	v, err := w.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, ImageID: w.image})
	failed(t, err, why)
	assert.Equal(t, "error", v.Status)
	failed(t, w.DeleteVolume(t.Context(), v.ID), "error_deleting: ")
	failed(t, w.DeleteVolume(t.Context(), w.volume), "it is available again")
}

func TestVolumeOfNoBackend(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{})
	require.NoError(t, w.CreateVolumeType(t.Context(), "ceph", map[string]string{"volume_backend_name": "ceph"}))
	_, err := w.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "ceph"})
	failed(t, err, "Could not find any available weighted backend")
	w.fake.AddService(api.ServiceRecord{Binary: "cinder-volume", Host: "controller@ceph", Enabled: true, Up: true})
	v, err := w.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "ceph"})
	require.NoError(t, err)
	assert.Equal(t, "controller@ceph#ceph", v.Host)
	w.fake.SetUp("cinder-volume", "controller@ceph", false)
	_, err = w.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "ceph"})
	failed(t, err, "weighted backend")
	var e *api.Error
	require.ErrorAs(t, w.CreateVolumeType(t.Context(), "ceph", nil), &e)
	assert.Equal(t, 409, e.Code)
}

func TestSnapshotAndBackupFaults(t *testing.T) {
	refuse := true
	w := inhabited(t, openstacktest.Hooks{
		SnapshotCreated: func(api.Snapshot) error { return errHook },
		BackupCreated: func(b *api.Backup, _ string) error {
			b.Container = "backups"
			if refuse {
				return errHook
			}
			return nil
		},
		BackupRestored: func(api.Backup, *api.Volume) error { return errHook },
		BackupDeleted:  func(api.Backup) error { return errHook },
	})
	id, err := w.CreateSnapshot(t.Context(), api.SnapshotRequest{VolumeID: w.volume, Name: "s"})
	failed(t, err, why)
	require.NoError(t, w.DeleteSnapshot(t.Context(), id))
	b, err := w.CreateBackup(t.Context(), api.BackupRequest{VolumeID: w.volume, Name: "b"})
	failed(t, err, why)
	assert.Equal(t, "error", b.Status)
	_, err = w.CreateBackup(t.Context(), api.BackupRequest{VolumeID: w.volume, Name: "b", Incremental: true})
	require.ErrorContains(t, err, "No backups available to do an incremental backup")
	refuse = false
	b, err = w.CreateBackup(t.Context(), api.BackupRequest{VolumeID: w.volume, Name: "b"})
	require.NoError(t, err)
	assert.Equal(t, "backups", b.Container)
	v, err := w.RestoreBackup(t.Context(), b.ID, "r")
	failed(t, err, why)
	assert.Equal(t, "error_restoring", v.Status)
	failed(t, w.DeleteBackup(t.Context(), b.ID), "error: ")
	w.fake.RemoveService("cinder-backup", "controller")
	_, err = w.CreateBackup(t.Context(), api.BackupRequest{VolumeID: w.volume, Name: "b"})
	require.ErrorContains(t, err, "HTTP 503: Service cinder-backup could not be found.")
}

func TestServerFaults(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{
		ServerCreated:     func(*api.Server, []byte) error { return errHook },
		ServerChanged:     func(api.Server, string) error { return errHook },
		ServerSnapshotted: func(api.Server, *api.Image) ([]byte, error) { return nil, errHook },
		Migrated:          func(api.Server, string) error { return errHook },
		Attached:          func(api.Server, api.Volume) error { return errHook },
	})
	s, err := w.CreateServer(t.Context(), api.ServerRequest{Name: "s", ImageID: w.image, Flavor: "tiny"})
	failed(t, err, why)
	assert.Equal(t, "ERROR", s.Status)
	require.NoError(t, w.DeleteServer(t.Context(), s.ID))
	failed(t, w.StopServer(t.Context(), w.server), why)
	_, err = w.SnapshotServer(t.Context(), w.server, "i", "")
	failed(t, err, why)
	failed(t, w.Attach(t.Context(), w.server, w.volume), why)
	err = w.LiveMigrate(t.Context(), w.server, "compute2")
	failed(t, err, why)
	assert.ErrorContains(t, err, "it stays on compute1, migration error")
	failed(t, w.RebootServer(t.Context(), w.server), why)
	failed(t, w.StartServer(t.Context(), second(w.start(t))), why)
}

// start makes a stopped VM.
func (w world) start(t *testing.T) (*testing.T, string) {
	return t, w.fake.AddServer(api.Server{Name: "stopped", Status: "SHUTOFF", ImageID: w.image})
}

func second[A, B any](_ A, b B) B { return b }

func TestDetachAndDeleteFaults(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{
		Detached:      func(api.Server, api.Volume) error { return errHook },
		ServerDeleted: func(api.Server) error { return errHook },
		ImageDeleted:  func(api.Image) error { return openstacktest.ErrBusy },
		ImageUploaded: func(*api.Image, []byte) error { return errHook },
	})
	require.NoError(t, w.Attach(t.Context(), w.server, w.volume))
	failed(t, w.Detach(t.Context(), w.server, w.volume), why)
	failed(t, w.DeleteServer(t.Context(), w.server), why)
	require.ErrorContains(t, w.DeleteImage(t.Context(), w.image), "HTTP 409: 409 Conflict")
	i, err := w.UploadImage(t.Context(), api.ImageRequest{Name: "i", DiskFormat: "raw"}, strings.NewReader("x"))
	require.ErrorContains(t, err, why)
	assert.NotEmpty(t, i.ID)
	_, err = w.UploadImage(t.Context(), api.ImageRequest{Name: "i", DiskFormat: "floppy"}, strings.NewReader("x"))
	require.ErrorContains(t, err, "disk_format")
}

func TestServers(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{ServerCreated: func(_ *api.Server, userData []byte) error {
		if string(userData) != "#!/bin/sh" {
			return fmt.Errorf("user data %q", userData)
		}
		return nil
	}})
	big := w.fake.AddFlavor(openstacktest.Flavor{Name: "big", VCPUs: 1, RAMMiB: 1, EphemeralGiB: 5})
	s, err := w.CreateServer(t.Context(), api.ServerRequest{Name: "v", VolumeID: w.volume, Flavor: "tiny",
		Host: "compute2", UserData: []byte("#!/bin/sh")})
	require.NoError(t, err)
	assert.Equal(t, "compute2", s.Host)
	assert.True(t, s.ConfigDrive && s.HasLocalDisk, "it boots from a volume, and has a config drive")
	assert.Equal(t, []string{w.volume}, s.Volumes)
	with := w.fake.AddServer(api.Server{Name: "e", FlavorID: big, Host: "compute2"})
	on, err := w.Servers(t.Context(), "compute2")
	require.NoError(t, err)
	require.Len(t, on, 2)
	assert.True(t, on[1].ID == with && on[1].HasLocalDisk, "ephemeral disk")
	require.NoError(t, w.DeleteFlavor(t.Context(), big))
	e, err := w.Server(t.Context(), with)
	require.NoError(t, err)
	assert.True(t, e.HasLocalDisk && e.FlavorID == "", "a VM outlives its flavor: %+v", e)

	for _, r := range []api.ServerRequest{{Name: "none", Flavor: "tiny"},
		{Name: "both", Flavor: "tiny", ImageID: "a", VolumeID: "b"}} {
		_, err := w.CreateServer(t.Context(), r)
		require.ErrorContains(t, err, "from an image or from a volume")
	}
	_, err = w.CreateServer(t.Context(), api.ServerRequest{Name: "s", ImageID: w.image, Flavor: "huge"})
	require.ErrorIs(t, err, api.ErrNotFound)
	w.fake.SetUp("nova-compute", "compute1", false)
	_, err = w.CreateServer(t.Context(), api.ServerRequest{Name: "s", ImageID: w.image, Flavor: "tiny", Host: "compute1"})
	failed(t, err, "No valid host was found")
	require.NoError(t, w.DeleteServer(t.Context(), s.ID))
	v, err := w.Volume(t.Context(), w.volume)
	require.NoError(t, err)
	assert.Equal(t, "available", v.Status, "the volume outlives the VM")
}

func TestServiceRecords(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{})
	find := func() api.ServiceRecord {
		all, err := w.Services(t.Context())
		require.NoError(t, err)
		for _, r := range all {
			if r.Host == "compute1" {
				return r
			}
		}
		return api.ServiceRecord{}
	}
	first, next := find(), find()
	assert.True(t, first.Up && first.Enabled && next.Updated.After(first.Updated), "%v then %v", first, next)
	w.fake.SetUp("nova-compute", "compute1", false)
	first, next = find(), find()
	assert.True(t, !next.Up && next.Updated.Equal(first.Updated), "%v then %v", first, next)
}

// TestAComputeIsDisabledAndEnabled: no VM comes to a compute that is disabled, also where it is asked for by name.
func TestAComputeIsDisabledAndEnabled(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{})
	find := func() api.ServiceRecord {
		all, err := w.ComputeServices(t.Context(), "compute2")
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0]
	}
	require.NoError(t, w.DisableCompute(t.Context(), "compute2", "its disks are looked at"))
	r := find()
	assert.Equal(t, []any{false, true, "its disks are looked at"}, []any{r.Enabled, r.Up, r.Reason})
	require.NoError(t, w.DisableCompute(t.Context(), "compute2", "another reason"))
	assert.Equal(t, "another reason", find().Reason)
	request := api.ServerRequest{Name: "vm", ImageID: w.image, Flavor: "tiny", Host: "compute2"}
	_, err := w.CreateServer(t.Context(), request)
	require.ErrorIs(t, err, api.ErrFailed)
	require.ErrorContains(t, err, "No valid host")
	require.NoError(t, w.EnableCompute(t.Context(), "compute2"))
	r = find()
	assert.Equal(t, []any{true, ""}, []any{r.Enabled, r.Reason})
	require.NoError(t, w.EnableCompute(t.Context(), "compute2"), "it is enabled already")

	for _, host := range []string{"compute9", "controller"} {
		err := w.EnableCompute(t.Context(), host)
		require.ErrorIs(t, err, api.ErrNotFound)
		require.ErrorContains(t, err, "has not reported to Nova")
	}
	require.ErrorContains(t, w.DisableCompute(t.Context(), "compute2", ""), "disabled_reason")
	assert.True(t, find().Enabled)
}

func TestConsole(t *testing.T) {
	w := inhabited(t, openstacktest.Hooks{Console: func(string) string { return "one\ntwo\nthree\n" }})
	for lines, want := range map[int]string{0: "one\ntwo\nthree\n", 2: "two\nthree\n", 9: "one\ntwo\nthree\n"} {
		got, err := w.Console(t.Context(), w.server, lines)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestOldNova(t *testing.T) {
	c, _ := dial(t, openstacktest.Config{NovaMax: 42})
	_, err := c.Servers(t.Context(), "")
	var e *api.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 406, e.Code)
	assert.Contains(t, e.Detail, "Version compute 2.53 is not supported")
}

func ExampleDial() {
	fake := openstacktest.New(openstacktest.Config{})
	defer fake.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cfg, err := fake.CloudConfig(dir) // elsewhere: api.Config{Cloud: "prod"}
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	cloud, err := api.Dial(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	image, err := cloud.UploadImage(ctx, api.ImageRequest{Name: "probe", DiskFormat: "raw"},
		strings.NewReader("bytes of a disk"))
	fmt.Println(image.Name, image.Status, image.Size, err)
	volume, err := cloud.CreateVolume(ctx, api.VolumeRequest{Name: "probe", SizeGiB: 1, ImageID: image.ID})
	fmt.Println(volume.Status, volume.Host, err)
	_, err = cloud.Volume(ctx, "none")
	fmt.Println(errors.Is(err, api.ErrNotFound), err)
	// Output:
	// probe active 15 <nil>
	// available controller@nfs#nfs <nil>
	// true openstack API: read volume none: HTTP 404: Volume none could not be found.: openstack API: not found
}
