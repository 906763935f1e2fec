package openstack_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

// conf is a Current of "section.option" keys.
type conf map[string]string

func (c conf) Lookup(section, option string) (string, bool) {
	v, ok := c[section+"."+option]
	return v, ok
}

func render(settings []openstack.Setting) string {
	var b strings.Builder
	for _, s := range settings {
		if s.Remove {
			fmt.Fprintf(&b, "[%s] -%s\n", s.Section, s.Option)
			continue
		}
		fmt.Fprintf(&b, "[%s] %s = %s\n", s.Section, s.Option, s.Value)
	}
	return b.String()
}

var store = openstack.GlanceStore{Pool: "images", User: "glance", Conf: "/etc/ceph/ceph.conf"}

const glanceTail = `[glance_store] default_backend = rbd
[rbd] rbd_store_pool = images
[rbd] rbd_store_user = glance
[rbd] rbd_store_ceph_conf = /etc/ceph/ceph.conf
[rbd] rbd_store_chunk_size = 8
[DEFAULT] show_image_direct_url = True
`

func TestGlanceStore(t *testing.T) {
	carried := "[file] filesystem_store_datadir = /var/lib/glance/images/\n"
	for name, c := range map[string]struct {
		cur  conf
		want string
	}{
		"nothing said": {nil, "[DEFAULT] enabled_backends = file:file,http:http,rbd:rbd\n" + carried},
		"debian": {conf{"glance_store.stores": "file,http", "glance_store.default_store": "file",
			"glance_store.filesystem_store_datadir": "/srv/glance"},
			"[DEFAULT] enabled_backends = file:file,http:http,rbd:rbd\n[file] filesystem_store_datadir = /srv/glance\n"},
		"two folders": {conf{"glance_store.stores": "file", "glance_store.filesystem_store_datadirs": "/a:1"},
			"[DEFAULT] enabled_backends = file:file,rbd:rbd\n[file] filesystem_store_datadirs = /a:1\n"},
		"old rbd": {conf{"glance_store.stores": "rbd, file", "glance_store.rbd_store_pool": "images"},
			"[DEFAULT] enabled_backends = file:file,rbd:rbd\n" + carried},
		"cinder": {conf{"glance_store.stores": "cinder", "glance_store.cinder_volume_type": "fast"},
			"[DEFAULT] enabled_backends = cinder:cinder,rbd:rbd\n[cinder] cinder_volume_type = fast\n"},
		"backends": {conf{"DEFAULT.enabled_backends": "local:file, web:http"},
			"[DEFAULT] enabled_backends = local:file,web:http,rbd:rbd\n"},
		"done already": {conf{"DEFAULT.enabled_backends": "file:file,rbd:rbd,b:rbd"},
			"[DEFAULT] enabled_backends = file:file,rbd:rbd,b:rbd\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := store.Settings("zed", c.cur)
			require.NoError(t, err)
			assert.Equal(t, c.want+glanceTail, render(got))
			for _, s := range got {
				assert.NotEmpty(t, s.Reason, s.Option)
			}
		})
	}
}

func TestGlanceStoreRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		store openstack.GlanceStore
		cur   conf
		text  string
	}{
		"other type":     {store, conf{"DEFAULT.enabled_backends": "rbd:file"}, `"rbd" is of type file, rbd is wanted`},
		"old other type": {with(store, "file"), conf{}, `"file" is of type file, rbd is wanted`},
		"old pool": {store, conf{"glance_store.stores": "rbd", "glance_store.rbd_store_pool": "old"},
			`"old" of the cluster of /etc/ceph/ceph.conf, "images" of /etc/ceph/ceph.conf is wanted`},
		"old cluster": {store, conf{"glance_store.stores": "rbd", "glance_store.rbd_store_pool": "images",
			"glance_store.rbd_store_ceph_conf": "/etc/ceph/old.conf"}, `of the cluster of /etc/ceph/old.conf`},
		"swift": {store, conf{"glance_store.stores": "swift"}, "cannot be carried over"},
		"password": {store, conf{"glance_store.stores": "cinder", "glance_store.cinder_store_password": "hunter2"},
			"settings hold no secrets"},
		"credential": {store, conf{"glance_store.stores": "cinder",
			"glance_store.cinder_store_application_credential_secret": "hunter2"}, "settings hold no secrets"},
		"reserved":      {with(store, "os_glance_tasks_store"), conf{}, "are reserved"},
		"section":       {with(store, "glance_store"), conf{}, "another meaning"},
		"garbage":       {store, conf{"DEFAULT.enabled_backends": "file"}, "is not name:type"},
		"empty":         {openstack.GlanceStore{}, conf{}, "GlanceStore.Pool is empty"},
		"interpolation": {openstack.GlanceStore{Pool: "a$b", User: "glance", Conf: "/c"}, conf{}, "GlanceStore.Pool"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.store.Settings("zed", c.cur)
			require.ErrorContains(t, err, c.text)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func with(s openstack.GlanceStore, name string) openstack.GlanceStore {
	s.Store = name
	return s
}

var backend = openstack.VolumeBackend{Name: "ceph", Pool: "volumes", User: "cinder", Conf: "/etc/ceph/ceph.conf",
	SecretUUID: "0b6f3a1e-6a52-4d0b-9f3f-1d1d7f0c2f11"}

const cinderTail = `[ceph] volume_driver = cinder.volume.drivers.rbd.RBDDriver
[ceph] volume_backend_name = ceph
[ceph] rbd_pool = volumes
[ceph] rbd_ceph_conf = /etc/ceph/ceph.conf
[ceph] rbd_user = cinder
[ceph] rbd_secret_uuid = 0b6f3a1e-6a52-4d0b-9f3f-1d1d7f0c2f11
[ceph] rbd_flatten_volume_from_snapshot = False
[ceph] rbd_max_clone_depth = 5
[ceph] rbd_store_chunk_size = 4
[ceph] rados_connect_timeout = 30
[ceph] -rbd_keyring_conf
`

func TestVolumeBackend(t *testing.T) {
	for name, c := range map[string]struct {
		cur  conf
		want string
	}{
		"single backend": {conf{"DEFAULT.volume_driver": "x"}, "ceph"},
		"debian":         {conf{"DEFAULT.enabled_backends": "lvm"}, "lvm,ceph"},
		"done already": {conf{"DEFAULT.enabled_backends": "ceph, lvm",
			"ceph.volume_driver": "cinder.volume.drivers.rbd.RBDDriver"}, "ceph,lvm"},
		"empty": {conf{"DEFAULT.enabled_backends": ""}, "ceph"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := backend.Settings("zed", c.cur)
			require.NoError(t, err)
			assert.Equal(t, "[DEFAULT] enabled_backends = "+c.want+"\n"+cinderTail, render(got))
		})
	}
}

func TestVolumeBackendExtra(t *testing.T) {
	b := backend
	b.Extra = map[string]string{"rados_connect_timeout": "5", "image_volume_cache_enabled": "True",
		"rbd_max_clone_depth": "3", "rbd_store_chunk_size": "8", "rbd_flatten_volume_from_snapshot": "True"}
	got, err := b.Settings("zed", conf{})
	require.NoError(t, err)
	text := render(got)
	for _, line := range []string{"rados_connect_timeout = 5", "image_volume_cache_enabled = True",
		"rbd_max_clone_depth = 3", "rbd_store_chunk_size = 8", "rbd_flatten_volume_from_snapshot = True"} {
		assert.Contains(t, text, "[ceph] "+line+"\n")
	}
	assert.Equal(t, 1, strings.Count(text, "rados_connect_timeout"))
	for _, extra := range []map[string]string{{"rbd_pool": "x"}, {"rbd_keyring_conf": "x"}, {"a b": "x"}, {"a": "x\ny"},
		{"": "x"}} {
		b.Extra = extra
		_, err := b.Settings("zed", conf{})
		assert.Error(t, err, extra)
	}
	_, err = backend.Settings("zed", conf{"ceph.volume_driver": "cinder.volume.drivers.lvm.LVMVolumeDriver"})
	assert.ErrorContains(t, err, `"ceph" is of type cinder.volume.drivers.lvm.LVMVolumeDriver`)
	_, err = openstack.VolumeBackend{}.Settings("zed", conf{})
	for _, field := range []string{"Name", "Pool", "User", "Conf", "SecretUUID"} {
		assert.ErrorContains(t, err, "VolumeBackend."+field)
	}
}

func TestBackupDriver(t *testing.T) {
	got, err := openstack.BackupDriver{Pool: "backups", User: "cinder-backup", Conf: "/etc/ceph/ceph.conf"}.Settings("zed",
		conf{})
	require.NoError(t, err)
	assert.Equal(t, `[DEFAULT] backup_driver = cinder.backup.drivers.ceph.CephBackupDriver
[DEFAULT] backup_ceph_conf = /etc/ceph/ceph.conf
[DEFAULT] backup_ceph_user = cinder-backup
[DEFAULT] backup_ceph_pool = backups
[DEFAULT] backup_ceph_chunk_size = 134217728
[DEFAULT] backup_ceph_stripe_unit = 0
[DEFAULT] backup_ceph_stripe_count = 0
[DEFAULT] restore_discard_excess_bytes = True
`, render(got))
	_, err = openstack.BackupDriver{}.Settings("zed", conf{})
	assert.ErrorContains(t, err, "BackupDriver.Conf")
}

func TestComputeDisks(t *testing.T) {
	disks := openstack.ComputeDisks{User: "cinder", SecretUUID: "u-1", Conf: "/etc/ceph/ceph.conf"}
	got, err := disks.Settings("zed", conf{"libvirt.disk_cachemodes": "file=none, network=none,block=none"})
	require.NoError(t, err)
	assert.Equal(t, `[libvirt] rbd_user = cinder
[libvirt] rbd_secret_uuid = u-1
[libvirt] disk_cachemodes = file=none,block=none,network=writeback
`, render(got))
	disks.Pool = "vms"
	got, err = disks.Settings("zed", conf{})
	require.NoError(t, err)
	assert.Equal(t, `[libvirt] rbd_user = cinder
[libvirt] rbd_secret_uuid = u-1
[libvirt] images_type = rbd
[libvirt] images_rbd_pool = vms
[libvirt] images_rbd_ceph_conf = /etc/ceph/ceph.conf
[libvirt] disk_cachemodes = network=writeback
[libvirt] hw_disk_discard = unmap
`, render(got))
	disks.Conf = "relative"
	_, err = disks.Settings("zed", conf{})
	assert.ErrorContains(t, err, "absolute path")
}

func TestReleases(t *testing.T) {
	for _, r := range []openstack.Release{"train", "wallaby", "zed", "2023.1", "2026.2"} {
		got, err := backend.Settings(r, conf{})
		require.NoError(t, err, r)
		assert.Equal(t, r.Before("wallaby"), strings.Contains(render(got), "rbd_exclusive_cinder_pool = True"), r)
	}
	for _, r := range []openstack.Release{"", "grizzly", "2099.1"} {
		_, err := backend.Settings(r, conf{})
		require.ErrorContains(t, err, "no option table covers release", r)
		_, err = store.Settings(r, conf{})
		require.ErrorContains(t, err, "no option table covers release", r)
	}
}

func TestABackendInDefaultIsNotPutOutOfService(t *testing.T) {
	alone := conf{"DEFAULT.volume_driver": "cinder.volume.drivers.lvm.LVMISCSIDriver"}
	_, err := backend.Settings("newton", alone)
	require.ErrorContains(t, err, "move it into a section of its own")
	_, err = backend.Settings("ocata", alone)
	require.NoError(t, err, "it is out of service there already")
	alone["DEFAULT.enabled_backends"] = "lvm"
	_, err = backend.Settings("newton", alone)
	require.NoError(t, err)
}

func TestOldGlance(t *testing.T) {
	got, err := store.Settings("mitaka", conf{"glance_store.stores": "glance.store.filesystem.Store, http"})
	require.NoError(t, err)
	assert.Contains(t, render(got), "[glance_store] stores = glance.store.filesystem.Store,http,rbd\n")
	assert.NotContains(t, render(got), "enabled_backends")
	_, err = with(store, "fast").Settings("mitaka", conf{})
	require.ErrorContains(t, err, `always called rbd in mitaka: "fast" cannot be its name`)
	got, err = store.Settings("stein", conf{"DEFAULT.enabled_backends": "file:file"})
	require.NoError(t, err)
	assert.Contains(t, render(got), "[DEFAULT] enabled_backends = file:file,rbd:rbd\n")
	assert.NotContains(t, render(got), "default_store")
}

var update = flag.Bool("update", false, "write the golden files anew")

// TestEveryRelease compares the settings of each service in each release with
// what is written down for it.
func TestEveryRelease(t *testing.T) {
	disks := openstack.ComputeDisks{User: "cinder", SecretUUID: backend.SecretUUID, Conf: "/etc/ceph/ceph.conf",
		Pool: "vms"}
	backup := openstack.BackupDriver{Pool: "backups", User: "cinder-backup", Conf: "/etc/ceph/ceph.conf"}
	releases := everyRelease()
	require.Len(t, releases, 27)
	for _, r := range releases {
		var b strings.Builder
		for _, s := range []struct {
			service  openstack.Service
			settings func(openstack.Release, openstack.Current) ([]openstack.Setting, error)
		}{
			{openstack.GlanceAPI, store.Settings}, {openstack.CinderVolume, backend.Settings},
			{openstack.CinderBackup, backup.Settings}, {openstack.NovaCompute, disks.Settings},
		} {
			got, err := s.settings(r, conf{})
			require.NoError(t, err, "%s %s", r, s.service)
			fmt.Fprintf(&b, "# %s\n%s", s.service, render(got))
		}
		name := "testdata/settings/" + string(r) + ".golden"
		if *update {
			require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o644))
		}
		want, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, string(want), b.String(), string(r))
	}
}

func ExampleComputeDisks_Settings() {
	disks := openstack.ComputeDisks{User: "cinder", SecretUUID: "0b6f3a1e-6a52-4d0b-9f3f-1d1d7f0c2f11",
		Conf: "/etc/ceph/ceph.conf"}
	settings, err := disks.Settings("zed", conf{"libvirt.disk_cachemodes": "file=none"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range settings {
		fmt.Printf("[%s] %s = %s\n", s.Section, s.Option, s.Value)
	}
	// Output:
	// [libvirt] rbd_user = cinder
	// [libvirt] rbd_secret_uuid = 0b6f3a1e-6a52-4d0b-9f3f-1d1d7f0c2f11
	// [libvirt] disk_cachemodes = file=none,network=writeback
}
