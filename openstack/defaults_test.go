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
