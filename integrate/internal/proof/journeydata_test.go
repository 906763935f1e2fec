package proof

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

// TestNamesOfGuests are those of the computes, in the Spec's order.
func TestNamesOfGuests(t *testing.T) {
	j := newTravel(t, nil)
	assert.Equal(t, []string{"compute1", "compute2", ""}, []string{j.guestName(0), j.guestName(1), j.guestName(2)})
	for text, want := range map[string]bool{digest: true, digest[1:]: false, digest + "0": false, "": false,
		strings.ToUpper(digest): false, "g" + digest[1:]: false, digest[:63] + " ": false} {
		assert.Equal(t, want, isDigest(text), text)
	}
}

// TestZonesOfBackups: that of the volume if a cinder-backup is there, else another one, which releases before Train
// cannot name.
func TestZonesOfBackups(t *testing.T) {
	record := func(zone string, up, enabled bool) api.ServiceRecord {
		return api.ServiceRecord{Binary: "cinder-backup", Zone: zone, Up: up, Enabled: enabled}
	}
	for _, c := range []struct {
		name    string
		records []api.ServiceRecord
		volume  string
		release openstack.Release
		want    string
	}{
		{"the same zone", []api.ServiceRecord{record("b", true, true), record("a", true, true)}, "a", "zed", ""},
		{"another zone", []api.ServiceRecord{record("b", true, true), record("c", true, true)}, "a", "zed", "b"},
		{"from Train on", []api.ServiceRecord{record("b", true, true)}, "a", "train", "b"},
		{"before Train", []api.ServiceRecord{record("b", true, true), record("c", true, true)}, "a", "stein",
			"cannot be checked: the volume is in zone a, cinder-backup in b, c, and a backup can name a zone from Train on"},
		{"before Train, in the same zone", []api.ServiceRecord{record("a", true, true)}, "a", "stein", ""},
		{"the service of the zone is down", []api.ServiceRecord{record("a", false, true), record("b", true, true)}, "a",
			"zed", "b"},
		{"it is disabled", []api.ServiceRecord{record("a", true, false), record("b", true, true)}, "a", "zed", "b"},
		{"no zone of the volume", []api.ServiceRecord{record("b", true, true)}, "", "stein", ""},
		{"other services", []api.ServiceRecord{{Binary: "cinder-volume", Zone: "b", Up: true, Enabled: true}}, "a",
			"zed", ""},
	} {
		j := newTravel(t, nil)
		j.View.Cloud.Records, j.data.Zone, j.Site.Release = c.records, c.volume, c.release
		zone, err := j.backupZone(j.data)
		if err != nil {
			zone = err.Error()
			assert.ErrorIs(t, err, errUnable, c.name)
		}
		assert.Equal(t, c.want, zone, c.name)
	}
}

// TestWhereABackupIs: a snapshot of this backup, on an image of the journey's volume, in the pool that Cinder names.
func TestWhereABackupIs(t *testing.T) {
	for _, c := range []struct{ name, image, snapshot, container, want string }{
		{"there", "volume-v.backup.b", "backup.b.snap.1", "backups", "backups/volume-v.backup.b@backup.b, container backups"},
		{"on the image of a full backup", "volume-v.backup.full", "backup.b.snap.1", "backups",
			"backups/volume-v.backup.full@backup.b, container backups"},
		{"Cinder says nothing", "volume-v.backup.b", "backup.b.snap.1", "",
			"backups/volume-v.backup.b@backup.b, container "},
		{"in Swift", "volume-v.backup.b", "backup.b.snap.1", "volumebackups",
			`cinder says that its container is "volumebackups"`},
		{"another backup", "volume-v.backup.b", "backup.c.snap.1", "backups",
			`backup b is available (container "backups"), but pool backups has no snapshot of it`},
		{"another volume", "volume-w.backup.b", "backup.b.snap.1", "",
			`backup b is available (container ""), but pool backups has no snapshot of it`},
	} {
		j := newTravel(t, nil)
		j.put(ceph.Image{Pool: "backups", Name: "volume-v.backup.old"}, "backup.old.snap.1")
		j.put(ceph.Image{Pool: "backups", Name: c.image}, c.snapshot)
		text, err := j.inBackupPool(t.Context(), api.Backup{ID: "b", VolumeID: "v", Container: c.container})
		if err != nil {
			text = err.Error()
		}
		assert.Equal(t, c.want, text, c.name)
		assert.Equal(t, strings.Contains(c.want, "@"), err == nil, c.name)
	}
	j := newTravel(t, nil)
	j.ceph.RemovePool("backups")
	_, err := j.inBackupPool(t.Context(), api.Backup{})
	require.ErrorIs(t, err, ceph.ErrNotFound)
}

// TestWhatIsLeft bears an ID of the journey, in any pool or its trash; what others have made stays unseen.
func TestWhatIsLeft(t *testing.T) {
	j := newTravel(t, nil)
	j.remember("volume", "v1")
	j.remember("image", "i1")
	for pool, names := range map[string][]string{"volumes": {"volume-v1", "volume-x"}, "images": {"x"},
		"backups": {"volume-v1.backup.b"}, "vms": {"i1"}} {
		for _, name := range names {
			j.put(ceph.Image{Pool: pool, Name: name})
		}
	}
	require.NoError(t, j.ceph.MoveToTrash("vms", "i1"))
	left, err := j.leftNow(t.Context(), ids(j.made))
	require.NoError(t, err)
	assert.Equal(t, []string{"backups/volume-v1.backup.b", "vms/i1", "volumes/volume-v1"}, left)
	for _, pool := range []string{"backups", "vms", "volumes"} {
		j.ceph.RemovePool(pool)
	}
	left, err = j.leftovers(t.Context(), ids(j.made))
	require.NoError(t, err, "a pool that is not there holds nothing")
	assert.Empty(t, left)
	j.made = nil
	left, err = j.leftNow(t.Context(), ids(j.made))
	require.NoError(t, err)
	assert.Empty(t, left, "nothing was made, so that nothing is the journey's")
}

// TestWhatIsRemovedLate is waited for, and not for ever.
func TestWhatIsRemovedLate(t *testing.T) {
	j := newTravel(t, nil)
	j.remember("volume", "v1")
	j.put(ceph.Image{Pool: "volumes", Name: "volume-v1"})
	left, err := j.leftovers(t.Context(), ids(j.made))
	require.NoError(t, err)
	assert.Equal(t, []string{"volumes/volume-v1"}, left)
	j.poll = 5 * time.Millisecond
	timer := time.AfterFunc(10*time.Millisecond, func() { j.ceph.RemovePool("volumes") })
	defer timer.Stop()
	left, err = j.leftovers(t.Context(), ids(j.made))
	require.NoError(t, err)
	assert.Empty(t, left)
	j = newTravel(t, nil)
	j.remember("volume", "v1")
	j.put(ceph.Image{Pool: "volumes", Name: "volume-v1"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	j.poll = time.Hour
	_, err = j.leftovers(ctx, ids(j.made))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestTheOrderOfCleaningUp: what holds other things goes first. A failure keeps nothing else from being removed.
func TestTheOrderOfCleaningUp(t *testing.T) {
	for _, fails := range []string{"", "volume"} {
		j := newTravel(t, nil)
		var order []string
		s := j.dial(openstacktest.Config{Fail: func(r *http.Request) (int, string, bool) {
			kind := strings.TrimSuffix(path.Base(path.Dir(r.URL.Path)), "s")
			forced := strings.HasSuffix(r.URL.Path, "/action")
			if r.Method == http.MethodDelete && !slices.Contains(order, kind) {
				order = append(order, kind)
			}
			return http.StatusBadRequest, `{"x": {"message": "is in use"}}`, kind == fails && r.Method == http.MethodDelete ||
				forced && fails != ""
		}})
		text := description(j.prefix)
		v := s.AddVolume(api.Volume{Name: j.name("data"), Description: text})
		i := s.AddImage(api.Image{Name: j.name("image"), Description: text}, nil)
		s.AddServer(api.Server{Name: j.name("vm"), Description: text})
		_, err := j.cloud.CreateSnapshot(t.Context(), api.SnapshotRequest{VolumeID: v, Name: j.name("s"), Description: text})
		require.NoError(t, err)
		_, err = j.backup(t.Context(), j.data, "full", false)
		require.Error(t, err, "it has no volume")
		s.AddFlavor(openstacktest.Flavor{Name: j.name("flavor")})
		others := []string{s.AddVolume(api.Volume{Name: j.prefix + "-data", Description: "of a tenant"}),
			s.AddVolume(api.Volume{Name: j.prefix + "0-data", Description: text}),
			s.AddVolume(api.Volume{Name: "mine", Description: text})}
		j.remember(image, i)
		j.cleanUp(t.Context())
		assert.Equal(t, []string{"server", "snapshot", "volume", "image", "flavor"}, order)
		c := j.checks["nothing-is-left-behind"]
		for _, id := range others {
			_, err := j.cloud.Volume(t.Context(), id)
			require.NoError(t, err, "it is of somebody else")
		}
		assert.Empty(t, s.Images())
		if fails == "" {
			assert.Equal(t, "5 objects removed; no pool and no trash holds any of them", c.Evidence)
			assert.Equal(t, Pass, c.Status)
			continue
		}
		assert.Equal(t, Fail, c.Status)
		assert.Contains(t, c.Evidence, "volume "+v+": ")
		assert.Contains(t, c.Evidence, "is in use")
		assert.Contains(t, c.Evidence, "(by hand: openstack volume delete --force "+v+")")
		assert.Contains(t, c.Next, "cephstack verify --clean")
	}
	j := newTravel(t, nil)
	j.dial(openstacktest.Config{})
	j.put(ceph.Image{Pool: "volumes", Name: "volume-v1"})
	j.tried.Store(true)
	j.remember(volume, "v1")
	j.cleanUp(t.Context())
	assert.Equal(t, "left: volumes/volume-v1", j.checks["nothing-is-left-behind"].Evidence)
}

// TestVolumesAreLookedForInCeph, and are removed later also where they are elsewhere.
func TestVolumesAreLookedForInCeph(t *testing.T) {
	for _, mirrored := range []bool{true, false} {
		j := newTravel(t, func(s *spec.Spec) { s.Cinder.Backends[0].VolumeType = "slow" })
		var asked api.VolumeRequest
		s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{
			VolumeCreated: func(v *api.Volume, from api.VolumeRequest) error {
				if asked = from; mirrored {
					return j.ceph.AddImage(ceph.Image{Pool: "volumes", Name: "volume-" + v.ID})
				}
				return nil
			}}})
		s.AddVolumeType("slow", "rbd")
		vol, err := j.volume(t.Context(), "data", api.VolumeRequest{})
		assert.Equal(t, "cephstack-verify-1-data", vol.Name)
		assert.Equal(t, []any{1, "slow"}, []any{asked.SizeGiB, asked.Type})
		require.Len(t, j.made, 1)
		assert.Equal(t, "volume "+vol.ID, j.made[0].String())
		if mirrored {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ceph.ErrNotFound)
			require.ErrorContains(t, err, "(where other backends exist, the backend needs a volume_type in the Spec): volumes/")
		}
		require.NoError(t, j.remove(t.Context(), j.made[0], false))
		assert.Empty(t, s.Volumes())
	}
}

// TestImagesInTheirStore: in the pool, with a protected snapshot, as large as what was uploaded, and the same bytes.
func TestImagesInTheirStore(t *testing.T) {
	for _, c := range []struct {
		name, want string
		image      ceph.Image
		snapshot   string
	}{
		{"good", "images/ID, snap protected, 3 bytes, sha256 ba7816bf8f01cfea same after download", ceph.Image{Size: 3},
			"snap"},
		{"too small", "images/ID has 2 bytes, the image 3", ceph.Image{Size: 2}, "snap"},
		{"no snapshot", "images/ID has no protected snapshot snap", ceph.Image{Size: 3}, ""},
		{"elsewhere", "uploaded, but not as it should be: images/ID in cluster ceph: ", ceph.Image{Pool: "vms", Size: 3}, ""},
	} {
		j := newTravel(t, nil)
		j.Options.Image = strings.NewReader("abc")
		j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{ImageUploaded: func(i *api.Image, _ []byte) error {
			if c.image.Name = i.ID; c.image.Pool == "" {
				c.image.Pool = "images"
			}
			err := j.ceph.AddImage(c.image)
			if c.snapshot != "" {
				err = errors.Join(err, j.ceph.AddSnapshot(c.image.Pool, i.ID, c.snapshot, true))
			}
			return err
		}}})
		text, err := j.uploadImage(t.Context(), j.Site.Stores[0], false)
		assert.Equal(t, c.name == "good", err == nil, c.name)
		if err != nil {
			text = err.Error()
		}
		assert.Contains(t, strings.ReplaceAll(text, c.image.Name, "ID"), c.want, c.name)
		assert.Equal(t, err == nil, j.stored["rbd"].ID == c.image.Name, "%s: only a good image is booted from", c.name)
		require.Len(t, j.made, 1, c.name)
		assert.Equal(t, "image "+c.image.Name, j.made[0].String(), c.name)
	}
	j := newTravel(t, nil)
	_, err := j.uploadImage(t.Context(), j.Site.Stores[0], false)
	require.EqualError(t, err, "cannot be checked: no guest image was given")
}
