package integrate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack/api"
)

// TestBackupsOfTheDefaultDriver are in Swift, where no file names a driver: Cinder cannot reach them any more.
func TestBackupsOfTheDefaultDriver(t *testing.T) {
	w, in := open(t, exampleSpec())
	p := plan(t, in)
	assert.NotContains(t, p.String(), "backups made with", "there are none")
	volume := w.API.AddVolume(api.Volume{Name: "old"})
	_, err := w.World.Cloud.CreateBackup(t.Context(), api.BackupRequest{VolumeID: volume, Name: "old"})
	require.NoError(t, err)
	p = plan(t, in)
	f := finds(t, p, "backup-driver-changes")
	assert.False(t, f.Problem)
	assert.Contains(t, f.Message, "backups made with cinder.backup.drivers.swift.SwiftBackupDriver (the default) stay "+
		"where they are, but Cinder can neither restore nor delete them while another driver is set")
	require.NotNil(t, change(p, "settings/controller/"+cinderOnHost))
	apply(t, in)
	require.True(t, plan(t, in).Empty())
	assert.NotContains(t, plan(t, in).String(), "backups made with")
}

// TestBackupsThatCannotBeTold may be there if the service runs.
func TestBackupsThatCannotBeTold(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		w, in := open(t, exampleSpec())
		w.API.Interrupt(func(r *http.Request) (int, string, bool) {
			const no = `{"forbidden": {"message": "no", "code": 403}}`
			return http.StatusForbidden, no, strings.Contains(r.URL.Path, "/backups")
		})
		if stopped {
			w.Machines["controller"].StopUnit("cinder-backup.service")
		}
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s", p)
		if stopped {
			assert.NotContains(t, p.String(), "backups made with")
			continue
		}
		assert.Contains(t, finds(t, p, "backup-driver-changes").Message, "(whether there are any cannot be told: ")
	}
}
