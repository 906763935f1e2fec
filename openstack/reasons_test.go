package openstack_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/openstack"
)

func everyRelease() []openstack.Release {
	return []openstack.Release{"havana", "icehouse", "juno", "kilo", "liberty", "mitaka", "newton", "ocata", "pike",
		"queens", "rocky", "stein", "train", "ussuri", "victoria", "wallaby", "xena", "yoga", "zed",
		"2023.1", "2023.2", "2024.1", "2024.2", "2025.1", "2025.2", "2026.1", "2026.2"}
}

// A wish is what settings are computed for.
type wish interface {
	Settings(openstack.Release, openstack.Current) ([]openstack.Setting, error)
}

// wishes are all that can be wished for on a release, so that every option
// that the release may get is in the settings of one of them.
func wishes(r openstack.Release) []wish {
	glance := stores()
	if r.Before("rocky") {
		glance = store
	}
	glance.MultipleLocations = true
	zone := backend
	zone.AvailabilityZone, zone.Extra = "az1", map[string]string{"rbd_max_clone_depth": "3", "backend_host": "ceph"}
	disks := openstack.ComputeDisks{User: "cinder", SecretUUID: backend.SecretUUID, Conf: "/etc/ceph/ceph.conf",
		Pool: "vms"}
	backup := openstack.BackupDriver{Pool: "backups", User: "cinder-backup", Conf: "/etc/ceph/ceph.conf"}
	return []wish{store, glance, backend, zone, disks, backup}
}

// TestEverySettingHasAReason: an operator reads the reason behind the option,
// on one line of a plan.
func TestEverySettingHasAReason(t *testing.T) {
	secret := regexp.MustCompile(`[A-Za-z0-9+/=]{32,}|[0-9a-f]{8}-[0-9a-f]{4}`)
	carrying := conf{"glance_store.stores": "file,http,cinder", "glance_store.cinder_volume_type": "fast"}
	seen := map[string]bool{}
	for _, r := range everyRelease() {
		for _, w := range wishes(r) {
			for _, cur := range []conf{nil, carrying} {
				got, err := w.Settings(r, cur)
				require.NoError(t, err, r)
				for _, s := range got {
					at := string(r) + " [" + s.Section + "] " + s.Option + ": " + s.Reason
					seen[s.Option] = true
					assert.NotEmpty(t, s.Reason, at)
					assert.Less(t, utf8.RuneCountInString(s.Reason), 80, at)
					assert.False(t, strings.HasSuffix(s.Reason, "."), at)
					assert.False(t, strings.ContainsFunc(s.Reason, unicode.IsControl), at)
					assert.False(t, secret.MatchString(s.Reason), at)
					assert.True(t, beginsLower(s.Reason), at)
				}
			}
		}
	}
	assert.Len(t, seen, 45, "every option of the tables, one of a backend and one that is carried over")
}

// beginsLower reports whether a phrase begins in lower case, or with a name.
func beginsLower(phrase string) bool {
	first, _, _ := strings.Cut(phrase, " ")
	return slices.Contains([]string{"Ceph", "Cinder", "Glance", "Nova", "QEMU", "VM"}, first) ||
		first == strings.ToLower(first)
}

// TestReasonsTellReleasesApart: what is true only of some releases is said of
// those alone.
func TestReasonsTellReleasesApart(t *testing.T) {
	reason := func(w wish, r openstack.Release, option string) string {
		got, err := w.Settings(r, conf{})
		require.NoError(t, err)
		at := slices.IndexFunc(got, func(s openstack.Setting) bool { return s.Option == option })
		require.GreaterOrEqual(t, at, 0, "%s %s", r, option)
		return got[at].Reason
	}
	for release, who := range map[openstack.Release]string{"icehouse": "Cinder clones", "juno": "Nova and Cinder clone",
		"2025.1": "Nova and Cinder clone", "2025.2": "Nova clones"} {
		assert.Contains(t, reason(store, release, "show_image_direct_url"), who, release)
	}
	assert.Contains(t, reason(backend, "ussuri", "rbd_keyring_conf"), "gives the Ceph key to users")
	assert.Contains(t, reason(backend, "victoria", "rbd_keyring_conf"), "ignored since Victoria")
}
