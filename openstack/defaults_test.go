package openstack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// TestDefaultsAreThoseOfTheServices: what counts where no file sets an option is what the services
// registered. Without a ceph.conf of their own they read that of librados, and the RBD driver names
// its backend itself.
func TestDefaultsAreThoseOfTheServices(t *testing.T) {
	none := &osloconf.File{}
	for _, release := range []string{"victoria", "zed", "2025.1", "2026.1", "2026.2"} {
		reg := loadRegistry(t, release)
		seen := 0
		for _, p := range []place{
			{openstack.GlanceAPI, "rbd", "rbd_store_pool"}, {openstack.GlanceAPI, "rbd", "rbd_store_ceph_conf"},
			{openstack.GlanceAPI, "rbd", "rbd_store_user"}, {glanceStores, "glance_store", "default_store"},
			{openstack.CinderVolume, "ceph", "rbd_pool"}, {openstack.CinderVolume, "ceph", "rbd_ceph_conf"},
			{openstack.CinderVolume, "ceph", "rbd_user"}, {openstack.CinderVolume, "ceph", "rbd_cluster_name"},
			{openstack.CinderVolume, "ceph", "rbd_secret_uuid"}, {openstack.CinderVolume, "ceph", "volume_backend_name"},
			{openstack.CinderBackup, "DEFAULT", "backup_ceph_pool"}, {openstack.CinderBackup, "DEFAULT", "backup_ceph_user"},
			{openstack.CinderBackup, "DEFAULT", "backup_driver"},
			{openstack.CinderBackup, "DEFAULT", "backup_ceph_conf"}, {openstack.NovaCompute, "libvirt", "images_type"},
			{openstack.NovaCompute, "libvirt", "images_rbd_pool"},
			{openstack.NovaCompute, "libvirt", "images_rbd_ceph_conf"},
			{openstack.NovaCompute, "libvirt", "rbd_user"}, {openstack.NovaCompute, "libvirt", "rbd_secret_uuid"},
		} {
			if !reg.knows(p.service) { // this release was not asked about all services
				continue
			}
			o, err := reg.lookup(p)
			require.NoError(t, err, release)
			want, _ := o.Default.(string)
			switch {
			case strings.HasSuffix(p.option, "_ceph_conf"):
				want = "/etc/ceph/ceph.conf"
			case p.option == "volume_backend_name":
				want = "RBD"
			}
			service := openstack.Service(strings.TrimSuffix(string(p.service), " stores"))
			inForce := openstack.InForce{Release: openstack.Release(release), Service: service, Current: none}
			have, set := inForce.Lookup(p.section, p.option)
			assert.Equal(t, want, have, "%s: %v", release, p)
			assert.False(t, set, "%s: %v", release, p)
			seen++
		}
		assert.Greater(t, seen, 10, release)
	}
}

// TestWhereAValueInForceIsLookedFor: the section first, then what backends share.
func TestWhereAValueInForceIsLookedFor(t *testing.T) {
	cur, err := osloconf.Parse([]byte("[DEFAULT]\nrbd_pool = d\n[backend_defaults]\nrbd_pool = shared\n[own]\n" +
		"rbd_pool = p\n[empty]\nrbd_pool =\n"))
	require.NoError(t, err)
	for _, c := range []struct {
		release, section, want string
		set                    bool
	}{
		{"zed", "own", "p", true}, {"zed", "other", "shared", true}, {"zed", "empty", "shared", true},
		{"ocata", "other", "rbd", false}, {"newton", "DEFAULT", "d", true},
	} {
		inForce := openstack.InForce{Release: openstack.Release(c.release), Service: openstack.CinderVolume, Current: cur}
		have, set := inForce.Lookup(c.section, "rbd_pool")
		assert.Equal(t, c.want, have, "%+v", c)
		assert.Equal(t, c.set, set, "%+v", c)
	}
}

// TestOwnOptionsAreThoseOfTheServices: what counts as an option of a section is registered there, and
// the options of the section that are among them have the right names.
func TestOwnOptionsAreThoseOfTheServices(t *testing.T) {
	for _, release := range []string{"victoria", "zed", "2025.1", "2026.1", "2026.2"} {
		own := map[string]bool{}
		for p := range loadRegistry(t, release).options {
			if openstack.OwnOption(p.section, p.option) {
				own[p.section+"."+p.option] = true
			}
			assert.False(t, openstack.OwnOption("DEFAULT", p.option))
		}
		for _, name := range []string{"ceph.rbd_pool", "ceph.rbd_user", "ceph.rbd_ceph_conf", "ceph.rbd_secret_uuid",
			"ceph.rbd_cluster_name", "ceph.volume_backend_name", "ceph.volume_driver",
			"ceph.backend_availability_zone", "libvirt.rbd_user", "libvirt.rbd_secret_uuid", "libvirt.images_type",
			"libvirt.images_rbd_pool", "libvirt.images_rbd_ceph_conf"} {
			assert.True(t, own[name], "%s: %s", release, name)
		}
	}
}

// TestReferencesOfStoresThatAreCarriedOver: what a reference stands for goes to the new section, as
// the option that it names stays behind. A dollar stays as it is written.
func TestReferencesOfStoresThatAreCarriedOver(t *testing.T) {
	f, err := osloconf.Parse([]byte("[glance_store]\nstores = file,rbd\nrbd_store_pool = images\nwhere = /srv\n" +
		"filesystem_store_datadir = $where/images\nfilesystem_store_metadata_file = /srv/5$$\n"))
	require.NoError(t, err)
	store := openstack.GlanceStore{Pool: "images", User: "glance", Conf: "/etc/ceph/ceph.conf"}
	settings, err := store.Settings("zed", osloconf.Values{Files: osloconf.Files{f}})
	require.NoError(t, err)
	have := map[string]string{}
	for _, s := range settings {
		have[s.Section+"."+s.Option] = s.Value
	}
	assert.Equal(t, "/srv/images", have["file.filesystem_store_datadir"])
	assert.Equal(t, "/srv/5$$", have["file.filesystem_store_metadata_file"])
}
