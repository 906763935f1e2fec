package openstack_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

// captured are the releases that could be asked, with the settings that each
// service of them reads. Debian has no glance for 2026.1.
func captured() map[string]map[openstack.Service]int {
	all := func(cinder int) map[openstack.Service]int {
		return map[openstack.Service]int{openstack.GlanceAPI: 9, openstack.CinderVolume: cinder, openstack.CinderBackup: 8,
			openstack.NovaCompute: 7}
	}
	gazpacho := all(12)
	delete(gazpacho, openstack.GlanceAPI)
	return map[string]map[openstack.Service]int{"victoria": all(13), "zed": all(12), "2025.1": all(12), "2026.1": gazpacho,
		"2026.2": all(12)}
}

// settingsOf gives everything that can be set for a service in a release.
func settingsOf(t testing.TB, s openstack.Service, r openstack.Release, cur openstack.Current) []openstack.Setting {
	t.Helper()
	glance := store
	glance.MultipleLocations = true
	disks := openstack.ComputeDisks{User: "cinder", SecretUUID: backend.SecretUUID, Conf: "/etc/ceph/ceph.conf",
		Pool: "vms"}
	backup := openstack.BackupDriver{Pool: "backups", User: "cinder-backup", Conf: "/etc/ceph/ceph.conf"}
	settings, ok := map[openstack.Service]func(openstack.Release, openstack.Current) ([]openstack.Setting, error){
		openstack.GlanceAPI: glance.Settings, openstack.CinderVolume: backend.Settings,
		openstack.CinderBackup: backup.Settings, openstack.NovaCompute: disks.Settings,
	}[s]
	require.True(t, ok, s)
	got, err := settings(r, cur)
	require.NoError(t, err, "%s %s", r, s)
	return got
}

// everything is a Current in which every option is set.
type everything conf

func (e everything) Lookup(section, option string) (string, bool) {
	if v, ok := e[section+"."+option]; ok {
		return v, v != ""
	}
	return "x", true
}

// TestServicesKnowTheirSettings asks the services' own registries for the
// name, section, type and choices of every setting.
func TestServicesKnowTheirSettings(t *testing.T) {
	files, err := filepath.Glob("testdata/registry/*.jsonl")
	require.NoError(t, err)
	require.Len(t, files, len(captured()))
	for release, services := range captured() {
		r := loadRegistry(t, release)
		for service, n := range services {
			got := settingsOf(t, service, r.release, conf{})
			assert.Len(t, got, n, "%s %s", release, service)
			for _, set := range got {
				assert.NoError(t, r.judge(service, set))
			}
		}
		assert.Equal(t, services[openstack.GlanceAPI] > 0, r.knows(openstack.GlanceAPI), release)
		assert.NotEmpty(t, r.packages["python3-nova"], release)
	}
}

// TestServicesRefuseSettingsOfOtherReleases proves that the registries tell
// releases apart.
func TestServicesRefuseSettingsOfOtherReleases(t *testing.T) {
	for _, c := range []struct {
		from    openstack.Release
		service openstack.Service
		want    string // the first, and how many there are
		n       int
	}{
		{"havana", openstack.NovaCompute, "[DEFAULT] rbd_user", 8},
		{"icehouse", openstack.GlanceAPI, "[DEFAULT] default_store", 5},
		{"newton", openstack.GlanceAPI, "[glance_store] stores", 6},
		{"ocata", openstack.CinderVolume, "[DEFAULT] glance_api_version", 1},
		{"pike", openstack.CinderBackup, "cannot load cinder.backup.drivers.ceph", 1},
	} {
		for _, release := range []string{"victoria", "zed", "2025.1", "2026.2"} {
			r := loadRegistry(t, release)
			var refused []string
			for _, set := range settingsOf(t, c.service, c.from, conf{}) {
				if err := r.judge(c.service, set); err != nil {
					refused = append(refused, err.Error())
				}
			}
			require.Len(t, refused, c.n, "%s in %s: %s", c.from, release, refused)
			assert.Contains(t, refused[0], c.want)
		}
	}
}

// TestStoresOfOldAreStillKnown: the style of Juno to Stein is deprecated, and
// served to this day where enabled_backends is not set.
func TestStoresOfOldAreStillKnown(t *testing.T) {
	for _, release := range []string{"victoria", "zed", "2025.1", "2026.2"} {
		r, n := loadRegistry(t, release), 0
		for _, set := range settingsOf(t, openstack.GlanceAPI, "stein", conf{}) {
			if set.Section == "glance_store" {
				n++
				assert.NoError(t, r.judge(glanceStores, set))
			}
		}
		assert.Equal(t, 6, n)
	}
}

func TestRegistriesRefuse(t *testing.T) {
	r := loadRegistry(t, "zed")
	for text, set := range map[string]openstack.Setting{
		"registers no [libvirt] images_typo": {Section: "libvirt", Option: "images_typo", Value: "rbd"},
		"registers no [DEFAULT] images_type": {Section: "DEFAULT", Option: "images_type", Value: "rbd"},
		"none of the choices":                {Section: "libvirt", Option: "images_type", Value: "ceph"},
		"is not a boolean":                   {Section: "libvirt", Option: "inject_key", Value: "maybe"},
		"out of bounds":                      {Section: "libvirt", Option: "inject_partition", Value: "-3"},
		"invalid syntax":                     {Section: "libvirt", Option: "images_rbd_glance_copy_timeout", Value: "1.5"},
		"which is to be removed":             {Section: "libvirt", Option: "images_type", Remove: true},
		`type "function" cannot be judged`:   {Section: "DEFAULT", Option: "config_file", Value: "x"},
	} {
		service := openstack.NovaCompute
		if set.Option == "config_file" {
			service = openstack.CinderVolume
		}
		assert.ErrorContains(t, r.judge(service, set), text)
	}
	assert.ErrorContains(t, r.judge(openstack.GlanceAPI, openstack.Setting{Section: "DEFAULT", Option: "enabled_backends",
		Value: "rbd"}), "is not a pair")
	assert.ErrorContains(t, r.judge(openstack.CinderVolume,
		openstack.Setting{Section: "ceph", Option: "volume_driver", Value: "cinder.volume.driver.RBDDriver"}), "cannot load")
	assert.NoError(t, r.judge(openstack.NovaCompute, openstack.Setting{Section: "libvirt", Option: "cpu_model",
		Value: "x"}), "a deprecated name")
	_, err := parseRegistry([]byte("{}\n"))
	assert.ErrorContains(t, err, "says nothing")
}

// TestIgnoredIsUnknown holds each finding about an ignored option against the
// registries, and each about a deprecated one.
func TestIgnoredIsUnknown(t *testing.T) {
	for release, services := range captured() {
		r := loadRegistry(t, release)
		n := 0
		for service := range services {
			for _, f := range openstack.Findings(r.release, service, everything{"DEFAULT.enabled_backends": "ceph"}) {
				section := strings.Replace(f.Section, "backend_defaults", "ceph", 1) // the driver registers the same in both
				o, err := r.lookup(place{service, section, f.Option})
				switch f.Code {
				case openstack.CodeIgnoredOption, openstack.CodeMisplacedOption, openstack.CodeExposedKey:
					n++
					assert.Error(t, err, "%s: [%s] %s is read", release, f.Section, f.Option)
				case openstack.CodeDeprecatedOption:
					assert.True(t, o.Removal, "%s: [%s] %s", release, f.Section, f.Option)
				}
			}
		}
		want := map[string]int{"victoria": 26, "2026.1": 21}[release]
		if want == 0 {
			want = 27
		}
		assert.Equal(t, want, n, release)
	}
	victoria := loadRegistry(t, "victoria")
	_, err := victoria.lookup(place{openstack.NovaCompute, "workarounds", "rbd_volume_local_attach"})
	assert.NoError(t, err, "removed in Xena only")
	o, err := victoria.lookup(place{openstack.NovaCompute, "libvirt", "live_migration_tunnelled"})
	require.NoError(t, err)
	assert.False(t, o.Removal, "deprecated in Wallaby only")
}

// TestLeftOutIsTheDefault: an option that other releases set, and that this one
// has too, is left out only where its default is what they set.
func TestLeftOutIsTheDefault(t *testing.T) {
	left := map[string][]string{}
	for release, services := range captured() {
		r := loadRegistry(t, release)
		for service := range services {
			mine := map[place]bool{}
			for _, set := range settingsOf(t, service, r.release, conf{}) {
				mine[place{service, set.Section, set.Option}] = true
			}
			for _, from := range []openstack.Release{"havana", "icehouse", "newton", "ocata", "rocky", "stein", "train",
				"victoria", "2026.2"} {
				for _, set := range settingsOf(t, service, from, conf{}) {
					p := place{service, set.Section, set.Option}
					if o, err := r.lookup(p); err == nil && !mine[p] {
						mine[p] = true
						left[release] = append(left[release], set.Option)
						assert.Equal(t, set.Value == "True", o.Default, "%s %v", release, p)
					}
				}
			}
		}
	}
	exclusive := []string{"rbd_exclusive_cinder_pool"}
	assert.Equal(t, map[string][]string{"zed": exclusive, "2025.1": exclusive, "2026.1": exclusive, "2026.2": exclusive},
		left)
}

// TestDefaults holds what settings and their reasons say of defaults against
// the registries.
func TestDefaults(t *testing.T) {
	const g, gs, v, b, n = openstack.GlanceAPI, glanceStores, openstack.CinderVolume, openstack.CinderBackup,
		openstack.NovaCompute
	for at, want := range map[place]any{
		{g, "DEFAULT", "show_image_direct_url"}:          false,
		{g, "DEFAULT", "show_multiple_locations"}:        false,
		{g, "rbd", "rbd_store_ceph_conf"}:                "",
		{g, "rbd", "rbd_store_chunk_size"}:               8.0,
		{gs, "glance_store", "stores"}:                   []any{"file", "http"},
		{gs, "glance_store", "filesystem_store_datadir"}: "/var/lib/glance/images",
		{v, "ceph", "rbd_flatten_volume_from_snapshot"}:  false,
		{v, "ceph", "rbd_max_clone_depth"}:               5.0,
		{v, "ceph", "rbd_store_chunk_size"}:              4.0,
		{v, "ceph", "rados_connect_timeout"}:             -1.0,
		{b, "DEFAULT", "backup_driver"}:                  "cinder.backup.drivers.swift.SwiftBackupDriver",
		{b, "DEFAULT", "backup_ceph_chunk_size"}:         134217728.0,
		{b, "DEFAULT", "backup_ceph_stripe_unit"}:        0.0,
		{b, "DEFAULT", "backup_ceph_stripe_count"}:       0.0,
		{b, "DEFAULT", "restore_discard_excess_bytes"}:   true,
		{n, "libvirt", "images_type"}:                    "default",
		{n, "libvirt", "hw_disk_discard"}:                nil,
		{n, "libvirt", "inject_key"}:                     false,
		{n, "libvirt", "inject_partition"}:               -2.0,
		{n, "service_user", "send_service_user_token"}:   false,
	} {
		for release, services := range captured() {
			if services[g] == 0 && (at.service == g || at.service == gs) {
				continue
			}
			o, err := loadRegistry(t, release).lookup(at)
			require.NoError(t, err)
			assert.Equal(t, want, o.Default, "%s %v", release, at)
		}
	}
	for release := range captured() {
		r := loadRegistry(t, release)
		o, err := r.lookup(place{cinderAPI, "keystone_authtoken", "service_token_roles_required"})
		require.NoError(t, err)
		// The middleware of both is the same package, which is of 2026.2.
		assert.Equal(t, release == "2026.1" || release == "2026.2", o.Default, release)
		_, err = r.lookup(place{v, "glance", "auth_section"})
		assert.Equal(t, openstack.Release(release).Before("2025.2"), err != nil, "%s: Cinder's own credentials for Glance",
			release)
	}
}

// TestNoBackendHasASectionOfTheService: a backend cannot have the name of a
// section that the service reads for something else.
func TestNoBackendHasASectionOfTheService(t *testing.T) {
	for release, services := range captured() {
		r := loadRegistry(t, release)
		require.Greater(t, len(r.groups[openstack.CinderVolume]), 15)
		for _, name := range r.groups[openstack.CinderVolume] {
			b := backend
			b.Name = name
			_, err := b.Settings(r.release, conf{})
			assert.Error(t, err, "%s: cinder's section [%s]", release, name)
		}
		require.Equal(t, services[openstack.GlanceAPI] > 0, len(r.groups[openstack.GlanceAPI]) > 10)
		for _, name := range r.groups[openstack.GlanceAPI] {
			_, err := with(store, name).Settings(r.release, conf{})
			assert.Error(t, err, "%s: glance's section [%s]", release, name)
		}
	}
}

// TestEveryOptionOfAStoreIsCarried: options of the old style that move into
// sections of their own are those that the services know, all of them, but for
// secrets, which stop it.
func TestEveryOptionOfAStoreIsCarried(t *testing.T) {
	secrets := []string{"cinder_store_password", "cinder_store_application_credential_secret"}
	cur := everything{"DEFAULT.enabled_backends": "", "glance_store.stores": "file,http,cinder"}
	for _, s := range secrets {
		bad := everything{"glance_store." + s: "hunter2", "DEFAULT.enabled_backends": "", "glance_store.stores": "cinder"}
		_, err := store.Settings("zed", bad)
		require.ErrorContains(t, err, "settings hold no secrets", s)
		cur["glance_store."+s] = ""
	}
	carried := map[place]bool{}
	for _, set := range settingsOf(t, openstack.GlanceAPI, "zed", cur) {
		carried[place{openstack.GlanceAPI, set.Section, set.Option}] = true
	}
	known := map[place]bool{}
	for release := range captured() {
		for p := range loadRegistry(t, release).options {
			if p.service == openstack.GlanceAPI && slices.Contains([]string{"file", "http", "cinder"}, p.section) &&
				!slices.Contains(secrets, p.option) {
				known[p] = true
				assert.True(t, carried[p], "%s: [%s] %s is lost", release, p.section, p.option)
			}
		}
	}
	for p := range carried {
		if slices.Contains([]string{"file", "http", "cinder"}, p.section) {
			assert.True(t, known[p], "no release knows [%s] %s", p.section, p.option)
		}
	}
}
