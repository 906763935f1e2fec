package integrate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
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

// TestTheBackendThatCinderHasByDefault is out of service once enabled_backends is set, or another driver.
func TestTheBackendThatCinderHasByDefault(t *testing.T) {
	record := api.ServiceRecord{Binary: "cinder-volume", Host: "controller", Zone: "nova", Enabled: true, Up: true}
	for name, c := range map[string]struct {
		release, text, volume, code string
		single, down                bool
	}{
		"volumes":                 {release: "newton", volume: "controller#LVM", code: "driver-in-use"},
		"volumes of old":          {release: "havana", volume: "controller", code: "driver-in-use", down: true},
		"volumes with a domain":   {release: "mitaka", volume: "controller.example.org#LVM", code: "driver-in-use"},
		"volumes under a name":    {release: "newton", text: "host = cinder1\n", volume: "cinder1#x", code: "driver-in-use"},
		"volumes, and one for it": {release: "newton", volume: "controller#LVM", code: "driver-in-use", single: true},
		"no volumes":              {release: "newton", code: "default-backend-ends"},
		"no volumes, down":        {release: "newton", down: true},
		"volumes of another host": {release: "newton", volume: "controller2#LVM", down: true},
		"volumes of a section":    {release: "newton", volume: "controller@lvm#LVM", down: true},
		"Ocata":                   {release: "ocata", volume: "controller#LVM"},
		"it is not enabled": {release: "newton", volume: "controller#LVM", text: "enabled_backends = lvm\n[lvm]\n" +
			"volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := exampleSpec()
			s.Release = c.release
			if c.release == "havana" {
				s.Layout = spec.LayoutUpstart
			}
			if c.single {
				s.Cinder.Backends = []spec.Backend{{Name: "DEFAULT"}}
			}
			w, in := with(t, s, cinderOnHost, "[DEFAULT]\nvolume_group = cinder-volumes\n"+c.text)
			w.API.AddService(record)
			w.API.SetUp(record.Binary, record.Host, !c.down)
			if c.volume != "" {
				w.API.AddVolume(api.Volume{ID: "11111111-2222-4333-8444-000000000001", Host: c.volume})
			}
			p := plan(t, in)
			if c.code != "" {
				f := finds(t, p, c.code)
				assert.Equal(t, c.code == "driver-in-use", f.Problem)
				assert.Contains(t, f.Message, "LVM")
			} else {
				require.Empty(t, p.Problems(), "%s", p)
				assert.NotContains(t, p.String(), "in LVM")
			}
			problem := c.code == "driver-in-use"
			assert.Equal(t, problem, change(p, "settings/controller/"+cinderOnHost) == nil, "%s", p)
		})
	}
}
