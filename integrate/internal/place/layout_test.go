package place_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// TestFilesOfEachService: Nova and Cinder read the folder of their project, and then that of the program.
func TestFilesOfEachService(t *testing.T) {
	for name, want := range map[string]struct{ config, dirs []string }{
		"glance-api": {[]string{"/etc/glance/glance-api.conf"},
			[]string{"/etc/glance/glance-api.conf.d", "/etc/glance/glance.conf.d"}},
		"cinder-volume": {[]string{"/etc/cinder/cinder.conf"},
			[]string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-volume.conf.d"}},
		"cinder-backup": {[]string{"/etc/cinder/cinder.conf"},
			[]string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-backup.conf.d"}},
		"nova-compute": {[]string{"/etc/nova/nova.conf", "/etc/nova/nova-compute.conf"},
			[]string{"/etc/nova/nova.conf.d", "/etc/nova/nova-compute.conf.d"}},
	} {
		layouts := place.Layouts("2025.1")
		for layout, services := range layouts {
			assert.Equal(t, want.dirs, services[name].ConfDirs, "%s %s: in containers, they are in the container", layout, name)
			if layout != spec.LayoutKolla {
				assert.Equal(t, want.config, services[name].Config, "%s %s", layout, name)
			}
		}
		kolla := layouts[spec.LayoutKolla][name].Config
		require.Len(t, kolla, 1, name)
		assert.NotEqual(t, want.config[0], kolla[0], name)
	}
}

// TestUnitsAndPrograms of each service, where they are not those of Debian.
func TestUnitsAndPrograms(t *testing.T) {
	all := place.Layouts("2025.1")
	for name, want := range map[string]struct {
		rdo, box string
		dist     []string
	}{
		"glance-api": {"openstack-glance", "glance_api",
			[]string{"/usr/share/glance/glance-dist.conf", "/usr/share/glance/glance-api-dist.conf"}},
		"cinder-volume": {"openstack-cinder", "cinder_volume", []string{"/usr/share/cinder/cinder-dist.conf"}},
		"cinder-backup": {"openstack-cinder", "cinder_backup", []string{"/usr/share/cinder/cinder-dist.conf"}},
		"nova-compute": {"openstack-nova-compute", "nova_compute",
			[]string{"/usr/share/nova/nova-dist.conf", "/usr/share/nova/nova-compute-dist.conf"}},
	} {
		deb, rdo := all[spec.LayoutDebian][name], all[spec.LayoutRDO][name]
		upstart, kolla := all[spec.LayoutUpstart][name], all[spec.LayoutKolla][name]
		assert.Equal(t, []string{name + ".service", "openstack-" + name + ".service", name,
			"kolla-" + want.box + "-container.service"}, []string{deb.Unit, rdo.Unit, upstart.Unit, kolla.Unit}, name)
		assert.Equal(t, []string{name, want.rdo, name, ""},
			[]string{deb.Program, rdo.Program, upstart.Program, kolla.Program}, name)
		assert.Equal(t, want.box, kolla.ReleasedAs(), name)
		assert.Equal(t, want.dist, rdo.Dist, name)
	}
}

// TestContainersOfKolla: kolla-ansible's names of a service's folder, of its variable and of its further options.
func TestContainersOfKolla(t *testing.T) {
	all := place.Layouts("2025.1")[spec.LayoutKolla]
	for name, want := range map[string]place.Kolla{
		"glance-api": {Container: "glance_api", Folder: "/etc/kolla/glance-api", Variable: "glance_backend_ceph",
			Overrides: "glance/glance-api.conf"},
		"cinder-volume": {Container: "cinder_volume", Folder: "/etc/kolla/cinder-volume", Variable: "cinder_backend_ceph",
			Overrides: "cinder/cinder-volume.conf"},
		"cinder-backup": {Container: "cinder_backup", Folder: "/etc/kolla/cinder-backup", Variable: "cinder_backend_ceph",
			Overrides: "cinder/cinder-backup.conf"},
		"nova-compute": {Container: "nova_compute", Folder: "/etc/kolla/nova-compute", Variable: "nova_backend_ceph",
			Overrides: "nova/nova-compute.conf", Libvirt: "nova_libvirt"},
	} {
		assert.Equal(t, want, *all[name].Kolla, name)
	}
	assert.Equal(t, []string{"/etc/kolla/cinder-backup/cinder.conf"}, all["cinder-backup"].Config)
	assert.Equal(t, place.Kolla{Container: "nova_libvirt", Folder: "/etc/kolla/nova-libvirt",
		Variable: "nova_backend_ceph", Overrides: "nova/nova-compute.conf"}, all["nova-compute"].Kolla.OfLibvirt(),
		"no further container is behind it")
	assert.Equal(t, "/etc/libvirt/secrets", place.KollaSecrets)
}

// TestLayoutsAreTheCallers: who changes a layout does not change that of the next caller.
func TestLayoutsAreTheCallers(t *testing.T) {
	one := place.Layouts("2025.1")
	one[spec.LayoutKolla]["glance-api"].Kolla.Container = "changed"
	one[spec.LayoutDebian]["glance-api"].Config[0] = "changed"
	delete(one[spec.LayoutRDO], "glance-api")
	again := place.Layouts("2025.1")
	assert.Equal(t, "glance_api", again[spec.LayoutKolla]["glance-api"].Kolla.Container)
	assert.Equal(t, "/etc/glance/glance-api.conf", again[spec.LayoutDebian]["glance-api"].Config[0])
	assert.Contains(t, again[spec.LayoutRDO], "glance-api")
	assert.NotEqual(t, "changed", one[spec.LayoutUpstart]["glance-api"].Config[0], "layouts do not share their files")
}

// TestKeyringsAreFoundByTheirNames: Ceph's own search path has the cluster and the entity in the name.
func TestKeyringsAreFoundByTheirNames(t *testing.T) {
	assert.Equal(t, "/etc/ceph/hdd.client.cinder-backup.keyring", place.KeyringPath("hdd", "client.cinder-backup"))
}

// TestReleasesByVersions of packages and of images: each service counts its own major versions.
func TestReleasesByVersions(t *testing.T) {
	all := place.Layouts("2023.1")
	for _, c := range []struct{ layout, service, version, want string }{
		{spec.LayoutDebian, "glance-api", "2:26.0.0-2", "2023.1"},
		{spec.LayoutDebian, "cinder-volume", "2:22.1.0-1", "2023.1"},
		{spec.LayoutDebian, "cinder-backup", "2:22.1.0-1", "2023.1"},
		{spec.LayoutUpstart, "nova-compute", "1:2014.1.5-0ubuntu1", "icehouse"},
		{spec.LayoutRDO, "nova-compute", "1:27.0.0-1.el9", "2023.1"},
		{spec.LayoutKolla, "nova-compute", "16.1.0", "2023.1"},
		{spec.LayoutKolla, "glance-api", "2023.1-debian-bookworm", "2023.1"},
	} {
		got, err := all[c.layout][c.service].ReleaseOf(c.version)
		require.NoError(t, err, "%+v", c)
		assert.Equal(t, openstack.Release(c.want), got, "%+v", c)
	}
}
