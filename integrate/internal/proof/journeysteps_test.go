package proof

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// passes marks checks as passed that a test does not make.
func (j *travel) passes(names ...string) {
	for _, name := range names {
		j.passed[name] = true
	}
}

// TestBytesOfGuests: the second guest has to read what the first one wrote, and the first one has to say a digest.
func TestBytesOfGuests(t *testing.T) {
	const other = "0000000000000000000000000000000000000000000000000000000000000000"
	for _, c := range []struct{ name, first, second, write, read string }{
		{"the same", digest, digest + " ticks=0", "mkfs, mount, 8 MiB, sync in the guest on compute1: sha256 " + digest[:16],
			"detached from compute1, attached on compute2: sha256 " + digest[:16] + " again"},
		{"others", digest, other + " ticks=0", "mkfs, mount, 8 MiB, sync in the guest on compute1: sha256 " + digest[:16],
			"the guest on compute2 said \"" + other + " ticks=0\", not sha256 " + digest},
		{"no disk", "mkfs-failed", digest, `the guest said "mkfs-failed"`,
			`cannot be checked: because "guest writes to an attached volume" did not pass`},
	} {
		j := newTravel(t, nil)
		text := map[string]string{}
		s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{Console: func(id string) string { return text[id] }}})
		j.data.ID = s.AddVolume(api.Volume{})
		for k, said := range []string{"write " + serialOf(j.data.ID) + " " + c.first,
			"tick " + serialOf(j.data.ID) + " " + c.second} {
			on := j.guestName(k)
			id := s.AddServer(api.Server{Name: on, Host: on})
			text[id] = "CEPHSTACK " + said + "\n"
			j.guests = append(j.guests, guest{on, api.Server{ID: id, Host: on}})
		}
		j.passes(checkVolumes, "vm on compute1", "vm on compute2")
		j.bytes(t.Context())
		assert.Equal(t, c.write, j.checks[slug(checkWrite)].Evidence, c.name)
		assert.Equal(t, c.read, j.checks[slug(checkRead)].Evidence, c.name)
		assert.Equal(t, c.name == "the same", j.passed[checkRead], c.name)
	}
}

// TestBytesNeedTwoComputes, and a Cinder.
func TestBytesNeedTwoComputes(t *testing.T) {
	j := newTravel(t, nil)
	j.addGuests(openstacktest.Config{}, "")
	j.bytes(t.Context())
	assert.Equal(t, `cannot be checked: because "volumes in ceph" did not pass`, j.checks[slug(checkWrite)].Evidence)
	assert.Equal(t, "cannot be checked: a guest boots on only one compute", j.checks[slug(checkRead)].Evidence)
	for _, edit := range []func(*spec.Spec){nil, func(s *spec.Spec) { s.Cinder = nil }} {
		j = newTravel(t, edit)
		if edit != nil {
			j.guests = make([]guest, 2)
		}
		j.bytes(t.Context())
		assert.Empty(t, j.begun)
	}
}

// TestSnapshotsOfVolumes have to be in Ceph, and are removed later in any case.
func TestSnapshotsOfVolumes(t *testing.T) {
	for _, mirrored := range []bool{true, false} {
		j := newTravel(t, nil)
		s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{SnapshotCreated: func(s api.Snapshot) error {
			if !mirrored {
				return nil
			}
			return j.ceph.AddSnapshot("volumes", "volume-"+s.VolumeID, "snapshot-"+s.ID, false)
		}}})
		j.data.ID = s.AddVolume(api.Volume{})
		j.put(ceph.Image{Pool: "volumes", Name: "volume-" + j.data.ID})
		text, err := j.snapshot(t.Context())
		require.Len(t, s.Snapshots(), 1)
		id := s.Snapshots()[0].ID
		assert.Equal(t, "snapshot "+id, j.made[0].String())
		if mirrored {
			require.NoError(t, err)
			assert.Equal(t, "volumes/volume-"+j.data.ID+"@snapshot-"+id, text)
		} else {
			require.EqualError(t, err, "volumes/volume-"+j.data.ID+" has no snapshot-"+id)
		}
		require.NoError(t, j.remove(t.Context(), j.made[0], false))
		assert.Empty(t, s.Snapshots())
	}
}

// TestWhatARestoredBackupHolds: the file of the full backup, and the lines that only the incremental one has.
func TestWhatARestoredBackupHolds(t *testing.T) {
	for _, c := range []struct{ name, said, want string }{
		{"all", digest + " ticks=5", "sha256 " + digest[:16] + " again, and 5 lines that only the incremental backup has"},
		{"more than all", digest + " ticks=9", "sha256 " + digest[:16] +
			" again, and 9 lines that only the incremental backup has"},
		{"the full backup alone", digest + " ticks=4", `the guest read sha256 "` + digest + `" and 4 lines, not "` + digest +
			`" and at least 5`},
		{"no lines", digest + " ticks=x", `the guest read sha256 "` + digest + `" and 0 lines, not "` + digest +
			`" and at least 5`},
		{"another file", "mount-failed", `the guest read sha256 "mount-failed" and 0 lines, not "` + digest +
			`" and at least 5`},
	} {
		j := newTravel(t, nil)
		console := ""
		s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{Console: func(string) string { return console }}})
		j.data.ID, j.restored.ID = s.AddVolume(api.Volume{}), s.AddVolume(api.Volume{})
		j.sum = digest
		console = "CEPHSTACK read " + serialOf(j.restored.ID) + " " + c.said + "\n"
		j.guests = []guest{{"compute1", api.Server{ID: s.AddServer(api.Server{Name: "x"}), Host: "compute1"}}}
		var err error
		j.partial, err = j.backup(t.Context(), j.data, "full", false)
		require.NoError(t, err)
		assert.Equal(t, "cephstack-verify-1-full", s.Backups()[0].Name)
		assert.Equal(t, "backup "+j.partial.ID, j.made[0].String())
		text, err := j.restore(t.Context(), 5)
		assert.Equal(t, strings.HasPrefix(c.want, "sha256"), err == nil, c.name)
		if err != nil {
			text = err.Error()
		}
		assert.Equal(t, c.want, text, c.name)
	}
}

// TestImagesOfGuests are in the pool of images, and are removed later.
func TestImagesOfGuests(t *testing.T) {
	for _, mirrored := range []bool{true, false} {
		j := newTravel(t, nil)
		j.addGuests(openstacktest.Config{Hooks: openstacktest.Hooks{
			ServerSnapshotted: func(_ api.Server, i *api.Image) ([]byte, error) {
				if mirrored {
					return []byte("abc"), j.ceph.AddImage(ceph.Image{Pool: "images", Name: i.ID, Size: 4096})
				}
				return []byte("abc"), nil
			}}}, "")
		j.vmSnapshot(t.Context())
		c := j.checks["image-of-a-vm-in-ceph"]
		assert.Equal(t, `cannot be checked: because "vm on compute1" did not pass`, c.Evidence)
		j.passes("vm on compute1")
		j.vmSnapshot(t.Context())
		c = j.checks["image-of-a-vm-in-ceph"]
		require.Len(t, j.made, 1)
		id, ok := strings.CutPrefix(j.made[0].String(), "image ")
		require.True(t, ok)
		if mirrored {
			assert.Equal(t, "images/"+id+", 4096 bytes", c.Evidence)
		} else {
			require.ErrorIs(t, c.Err, ceph.ErrNotFound)
		}
	}
	j := newTravel(t, func(s *spec.Spec) { s.Nova = nil })
	j.guests = make([]guest, 1)
	j.vmSnapshot(t.Context())
	assert.Empty(t, j.begun, "without nova, disks are local, and so are their images")
}

// TestGuestsThatMoved: the guest's uptime goes on, so that it was not started anew.
func TestGuestsThatMoved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, before, after string
		fails               error
		want                string
	}{
		{"it went on", "CEPHSTACK ready\nCEPHSTACK beat 10\n", "CEPHSTACK beat 12\n", nil,
			" s; the guest's uptime went on from 10 s to 12 s"},
		{"it started anew", "CEPHSTACK beat 10\n", "CEPHSTACK ready\nCEPHSTACK beat 3\n", nil,
			`did not say "beat" within 1s`},
		{"it stands still", "CEPHSTACK beat 10\n", "CEPHSTACK beat 10\n", nil, `did not say "beat" within 1s`},
		{"it stayed", "CEPHSTACK beat 10\n", "", errors.New("no"), "migrat"},
	} {
		j := newTravel(t, func(s *spec.Spec) { s.Cinder, s.Backup = nil, nil })
		j.Options.GuestWait = time.Second
		console := c.before
		s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{Console: func(string) string { return console },
			Migrated: func(api.Server, string) error { console = c.after; return c.fails }}})
		for k := range 2 {
			on := j.guestName(k)
			j.guests = append(j.guests, guest{on, api.Server{ID: s.AddServer(api.Server{Name: on, Host: on}), Host: on}})
		}
		j.migration(t.Context())
		assert.Equal(t, Unable, j.checks["live-migration-of-a-running-vm"].Status, c.name)
		j.passes("vm on compute1", "vm on compute2")
		j.migration(t.Context())
		got := j.checks["live-migration-of-a-running-vm"]
		assert.Contains(t, got.Evidence, c.want, c.name)
		assert.Equal(t, c.name == "it went on", got.Status == Pass, c.name)
		assert.Equal(t, got.Status == Pass, strings.HasPrefix(got.Evidence, "compute2 -> compute1 in "), c.name)
	}
	j := newTravel(t, nil)
	j.guests = make([]guest, 1)
	j.migration(t.Context())
	assert.Empty(t, j.begun, "there is nowhere to go")
}

// TestBackupsThatTheSchedulerRefuses are tried again while the driver of cinder-backup may
// still become ready. Another reason, and the end of ctx, end that.
func TestBackupsThatTheSchedulerRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		refused int
		reason  string
		stop    bool
		tries   int
		says    string
	}{
		"not at all": {0, "", false, 1, ""},
		"at first":   {3, "Service not found for creating backup.", false, 4, ""},
		"until the end": {99, "Service not found for creating backup.", false, backupTries,
			"(the scheduler said so 15 times in 70ms)"},
		"for another reason": {1, "no space", false, 1, "no space"},
		"until ctx ends":     {99, "Service not found for creating backup.", true, 2, "context canceled"},
	} {
		j := newTravel(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{BackupCreated: func(*api.Backup, string) error {
			tries++
			if c.stop && tries == c.tries {
				time.AfterFunc(50*time.Millisecond, cancel)
				j.poll = time.Minute
			}
			if tries > c.refused {
				return nil
			}
			return errors.New(c.reason)
		}}})
		var err error
		j.data, err = j.cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "data", SizeGiB: 1})
		require.NoError(t, err)
		b, err := j.backup(ctx, j.data, "full", false)
		cancel()
		assert.Equal(t, c.tries, tries, name)
		assert.Len(t, j.made, c.tries, "%s: all are removed in the end", name)
		if c.says == "" {
			require.NoError(t, err, name)
			assert.Equal(t, "available", b.Status, name)
			continue
		}
		require.ErrorContains(t, err, c.says, name)
		assert.Len(t, s.Backups(), c.tries)
	}
}
