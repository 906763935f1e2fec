package openstack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/openstack"
)

type findingCase struct {
	service openstack.Service
	release openstack.Release
	cur     conf
	want    []string // code, section.option and item of the findings
}

func findingCases() map[string]findingCase {
	const example = "457eb676-33da-42ec-9a8c-9293d545c337"
	return map[string]findingCase{
		"keyring": {openstack.CinderVolume, "zed", conf{"DEFAULT.enabled_backends": "ceph", "ceph.volume_driver": "d",
			"ceph.rbd_keyring_conf":             "k",
			"backend_defaults.rbd_keyring_conf": "k"}, []string{"exposed-key backend_defaults.rbd_keyring_conf",
			"exposed-key ceph.rbd_keyring_conf"}},
		"stale": {openstack.CinderVolume, "zed", conf{"DEFAULT.glance_api_version": "2"},
			[]string{"ignored-option DEFAULT.glance_api_version"}},
		"not stale": {openstack.CinderVolume, "pike", conf{"DEFAULT.glance_api_version": "2"}, nil},
		"no section": {openstack.CinderVolume, "zed", conf{"DEFAULT.enabled_backends": "lvm,Ceph", "lvm.volume_driver": "d",
			"ceph.volume_driver": "d"}, []string{"misspelled-section DEFAULT.enabled_backends Ceph"}},
		"example": {openstack.CinderVolume, "zed", conf{"DEFAULT.enabled_backends": "c", "c.volume_driver": "d",
			"c.rbd_secret_uuid": example}, []string{"example-uuid c.rbd_secret_uuid"}},
		"tokens": {openstack.CinderVolume, "zed", conf{"keystone_authtoken.auth_url": "u"},
			[]string{"unchecked-tokens keystone_authtoken.service_token_roles_required"}},
		"tokens set": {openstack.CinderVolume, "zed", conf{"keystone_authtoken.auth_url": "u",
			"keystone_authtoken.service_token_roles_required": "true"}, nil},
		"tokens new": {openstack.CinderVolume, "2026.2", conf{"keystone_authtoken.auth_url": "u", "glance.auth_url": "u"},
			nil},
		"tokens off": {openstack.CinderVolume, "2026.2", conf{"keystone_authtoken.auth_url": "u",
			"keystone_authtoken.service_token_roles_required": "False", "glance.auth_url": "u"},
			[]string{"unchecked-tokens keystone_authtoken.service_token_roles_required"}},
		"no boolean": {openstack.CinderVolume, "zed", conf{"keystone_authtoken.auth_url": "u",
			"keystone_authtoken.service_token_roles_required": "y"},
			[]string{"unchecked-tokens keystone_authtoken.service_token_roles_required"}},
		"credentials": {openstack.CinderVolume, "2025.2", conf{}, []string{"no-glance-credentials glance.auth_url"}},
		"locations": {openstack.GlanceAPI, "zed", conf{"DEFAULT.show_multiple_locations": "True"},
			[]string{"exposed-locations DEFAULT.show_multiple_locations"}},
		"store": {openstack.GlanceAPI, "zed", conf{"DEFAULT.enabled_backends": "rbd:rbd,web:http",
			"glance_store.default_backend": "web"}, []string{"missing-section DEFAULT.enabled_backends rbd"}},
		"no name": {openstack.GlanceAPI, "zed", conf{"DEFAULT.enabled_backends": ":rbd"},
			[]string{"missing-section DEFAULT.enabled_backends", "no-default-store glance_store.default_backend"}},
		"default": {openstack.GlanceAPI, "zed", conf{"DEFAULT.enabled_backends": "web:http", "DEFAULT.rbd_store_pool": "p"},
			[]string{"misplaced-option DEFAULT.rbd_store_pool", "no-default-store glance_store.default_backend"}},
		"module": {openstack.CinderBackup, "zed", conf{"DEFAULT.backup_driver": "cinder.backup.drivers.ceph"},
			[]string{"backup-driver-module DEFAULT.backup_driver"}},
		"module old": {openstack.CinderBackup, "rocky", conf{"DEFAULT.backup_driver": "cinder.backup.drivers.ceph"}, nil},
		"class": {openstack.CinderBackup, "zed",
			conf{"DEFAULT.backup_driver": "cinder.backup.drivers.ceph.CephBackupDriver"}, nil},
		"nova": {openstack.NovaCompute, "zed", conf{"DEFAULT.images_type": "rbd", "libvirt.rbd_secret_uuid": example,
			"keystone_authtoken.auth_url": "u", "libvirt.live_migration_tunnelled": "True"},
			[]string{"misplaced-option DEFAULT.images_type", "deprecated-option libvirt.live_migration_tunnelled",
				"example-uuid libvirt.rbd_secret_uuid", "no-service-token service_user.send_service_user_token"}},
		"nothing": {openstack.NovaCompute, "zed", conf{}, nil},
	}
}

func TestFindings(t *testing.T) {
	for name, c := range findingCases() {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range openstack.Findings(c.release, c.service, c.cur) {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s.%s %s", f.Code, f.Section, f.Option, f.Item)))
				assert.NotEmpty(t, f.Message)
				assert.Regexp(t, "^[a-z]+(-[a-z]+)+$", f.Code)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestSettingsLeaveNoFindings(t *testing.T) {
	cur := conf{"DEFAULT.enabled_backends": "lvm", "lvm.volume_driver": "d", "ceph.rbd_keyring_conf": "k"}
	settings, err := backend.Settings("zed", cur)
	assert.NoError(t, err)
	for _, s := range settings {
		cur[s.Section+"."+s.Option] = s.Value
		if s.Remove {
			delete(cur, s.Section+"."+s.Option)
		}
	}
	assert.Empty(t, openstack.Findings("zed", openstack.CinderVolume, cur))
}

func ExampleFindings() {
	cur := conf{"DEFAULT.enabled_backends": "lvm,Ceph", "lvm.volume_driver": "…", "ceph.volume_driver": "…"}
	for _, f := range openstack.Findings("zed", openstack.CinderVolume, cur) {
		fmt.Printf("%s %s: [%s] %s\n", f.Code, f.Item, f.Section, f.Option)
	}
	// Output:
	// misspelled-section Ceph: [DEFAULT] enabled_backends
}
