package openstack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

func TestBackendOptionsByRelease(t *testing.T) {
	for _, c := range []struct {
		release openstack.Release
		option  string
		fails   string
	}{
		{"havana", "rbd_max_clone_depth", ""},
		{"havana", "rbd_store_chunk_size", "havana does not know it, juno is the first that does"},
		{"newton", "volume_tmp_dir", ""},
		{"ocata", "volume_tmp_dir", "ocata does not know it any more, newton is the last that does"},
		{"queens", "rbd_exclusive_cinder_pool", "rocky is the first"},
		{"rocky", "rbd_exclusive_cinder_pool", ""},
		{"rocky", "enable_deferred_deletion", "stein is the first"},
		{"zed", "rbd_concurrent_flatten_operations", "2024.1 is the first"},
		{"2026.2", "rbd_concurrent_flatten_operations", ""},
		{"zed", "rbd_max_clone_dept", "of no release knows it; is rbd_max_clone_depth meant?"},
		{"zed", "glance_api_version", "zed does not know it any more, pike is the last that does"},
		{"pike", "glance_api_version", "is read in [DEFAULT] alone"},
		{"zed", "rados_timeout", "of no release knows it"},
		{"zed", "rbd_keyring_conf", "is not a further option"},
		{"zed", "backend_host", ""}, // Cinder's own
	} {
		b := openstack.VolumeBackend{Name: "ceph", Pool: "volumes", User: "cinder", Conf: "/etc/ceph/ceph.conf",
			SecretUUID: "u", Extra: map[string]string{c.option: "1"}}
		_, err := b.Settings(c.release, &osloconf.File{})
		if c.fails == "" {
			assert.NoError(t, err, "%s %s", c.release, c.option)
			continue
		}
		assert.ErrorContains(t, err, c.fails, "%s %s", c.release, c.option)
	}
}

// TestValuesOfBackendOptions: the services' own registries say which values
// they take.
func TestValuesOfBackendOptions(t *testing.T) {
	good := map[string][]string{"Integer": {"5", "-1", "${rados_connection_retries}"},
		"Boolean": {"true", "False", "1", "off"}, "String": {"five"}}
	bad := map[string]string{"Integer": "five", "Boolean": "5"}
	try := func(r openstack.Release, name, value string) error {
		b := openstack.VolumeBackend{Name: "ceph", Pool: "volumes", User: "cinder", Conf: "/etc/ceph/ceph.conf",
			SecretUUID: "u", Extra: map[string]string{name: value}}
		_, err := b.Settings(r, &osloconf.File{})
		return err
	}
	names := []string{
		"rbd_flatten_volume_from_snapshot", "rbd_max_clone_depth", "rados_connect_timeout", "rbd_store_chunk_size",
		"rados_connection_interval",
		"rados_connection_retries", "rbd_cluster_name", "report_discard_supported", "replication_connect_timeout",
		"report_dynamic_total_capacity",
		"rbd_exclusive_cinder_pool", "enable_deferred_deletion", "deferred_deletion_delay",
		"deferred_deletion_purge_interval",
	}
	for _, release := range []string{"victoria", "zed", "2025.1", "2026.1", "2026.2"} {
		r := loadRegistry(t, release)
		for _, name := range names {
			o, err := r.lookup(place{openstack.CinderVolume, "ceph", name})
			if !assert.NoError(t, err, "%s %s", release, name) {
				continue
			}
			for _, value := range good[o.Type] {
				assert.NoError(t, try(r.release, name, value), "%s %s", release, name)
			}
			if value := bad[o.Type]; value != "" {
				assert.ErrorContains(t, try(r.release, name, value), "cinder-volume would not start with it", "%s %s", release,
					name)
			}
		}
	}
}

func TestTheOneBackendWithoutAName(t *testing.T) {
	b := openstack.VolumeBackend{Name: "DEFAULT", Pool: "volumes", User: "cinder", Conf: "/etc/ceph/ceph.conf",
		SecretUUID: "u"}
	parse := func(text string) *osloconf.File {
		f, err := osloconf.Parse([]byte(text))
		assert.NoError(t, err)
		return f
	}
	for _, r := range []openstack.Release{"havana", "kilo", "newton"} {
		settings, err := b.Settings(r, parse("[DEFAULT]\nvolume_group = cinder-volumes\n"))
		assert.NoError(t, err)
		for _, s := range settings {
			assert.Equal(t, "DEFAULT", s.Section)
			assert.NotContains(t, []string{"enabled_backends", "volume_backend_name"}, s.Option)
		}
		assert.Greater(t, len(settings), 6)
	}
	_, err := b.Settings("ocata", &osloconf.File{})
	assert.ErrorContains(t, err, "section with another meaning", "a backend needs a name from then on")
	_, err = b.Settings("havana", parse("[DEFAULT]\nenabled_backends = lvm\n"))
	assert.ErrorContains(t, err, "enabled_backends = lvm")
	_, err = b.Settings("havana", parse("[DEFAULT]\nvolume_driver = cinder.volume.drivers.lvm.LVMISCSIDriver\n"))
	assert.ErrorContains(t, err, "LVMISCSIDriver")
	_, err = b.Settings("havana", parse("[DEFAULT]\nvolume_driver = cinder.volume.drivers.rbd.RBDDriver\n"))
	assert.NoError(t, err)
}

func TestTimeoutThatGlanceIgnores(t *testing.T) {
	f, err := osloconf.Parse([]byte("[DEFAULT]\nenabled_backends = rbd:rbd\n[glance_store]\ndefault_backend = " +
		"rbd\n[rbd]\nrbd_store_pool = images\nrados_connect_timeout = 5\n"))
	assert.NoError(t, err)
	for r, n := range map[openstack.Release]int{"zed": 0, "2023.1": 1, "2023.2": 1, "2024.1": 0} {
		assert.Len(t, openstack.Findings(r, openstack.GlanceAPI, f), n, r)
	}
}

// TestFurtherOptionsAreThoseOfTheRegistries: what is not known is what no
// cinder-volume registers in a backend's section.
func TestFurtherOptionsAreThoseOfTheRegistries(t *testing.T) {
	registered := map[string]string{"backend_host": "1"} // by its program, once it serves
	for _, release := range []string{"victoria", "zed", "2025.1", "2026.1", "2026.2"} {
		for p := range loadRegistry(t, release).options {
			if p.service == openstack.CinderVolume && p.section == "ceph" {
				registered[p.option] = "1"
			}
		}
	}
	for _, own := range []string{"volume_driver", "volume_backend_name", "rbd_pool", "rbd_user", "rbd_ceph_conf",
		"rbd_secret_uuid", "backend_availability_zone"} {
		delete(registered, own) // have fields of their own
	}
	assert.Greater(t, len(registered), 70)
	assert.Empty(t, openstack.VolumeBackend{Name: "ceph", Extra: registered}.Findings())
	for option := range registered {
		assert.Len(t, openstack.VolumeBackend{Name: "ceph", Extra: map[string]string{option + "xxx": "1"}}.Findings(), 1)
	}
}

func TestOptionsThatAreNotKnown(t *testing.T) {
	for name, meant := range map[string]string{"rdb_max_clone_depth": "; is rbd_max_clone_depth meant?",
		"backendhost":                "; is backend_host meant?",
		"max_oversubscription_ratio": "; is max_over_subscription_ratio meant?", "mad_over_subscriptions_ration": "",
		"frobnicate": ""} {
		found := openstack.VolumeBackend{Name: "ceph", Extra: map[string]string{name: "1",
			"reserved_percentage": "5"}}.Findings()
		assert.Equal(t, []openstack.Finding{{Code: openstack.CodeUnknownOption, Section: "ceph", Option: name,
			Message: "is not known to be an option of a backend, and Cinder ignores unknown options without a word" + meant}},
			found)
	}
	one := openstack.VolumeBackend{Name: "DEFAULT", Extra: map[string]string{"host": "all",
		"rdb_max_clone_depth": "1"}}.Findings()
	if assert.Len(t, one, 1) {
		assert.Equal(t, "rdb_max_clone_depth", one[0].Option)
	}
}
