package drift

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
)

// differs are the codes of Problems that say how the world is not as the Spec says.
var differs = []string{
	"caps-unreadable", "caps-need-classic", "erasure-profile-differs", "erasure-profile-missing",
	"pool-of-another-application", "pool-of-refused-erasure-profile", "pool-is-replicated",
	"pool-is-erasure-coded", "pool-of-another-erasure-profile", "pool-beyond-release", "pool-needs-pg-num",
	"too-few-failure-domains", "user-of-refused-pool", "user-is-administrator", "login-user-missing",
	"login-home-differs", "login-home-missing", "login-home-open", "ssh-folder-is-not-a-folder",
	"authorized-keys-is-symlink", "public-key-invalid", "public-key-has-options", "sudo-missing",
	"sudo-without-digests", "sudoers-ignores-folder", "repository-url-missing", "packages-missing",
	"client-too-old", "client-held", "release-differs", "file-is-symlink", "not-a-folder", "conf-not-parsed",
	"conf-of-another-cluster", "conf-holds-secrets", "conf-bypasses", "conf-unfit", "not-a-keyring",
	"keyring-of-several-users", "key-type-unreadable", "keyring-of-several-accounts", "keyring-unfit",
	"secret-in-use", "secret-usage-taken", "key-not-base64", "secret-unfit", "secret-file-unfit",
	"apparmor-marks-broken", "config-missing", "settings-left-alone", "settings-not-possible",
	"name-in-other-case", "driver-in-use", "settings-overridden", "option-not-settable", "pool-in-use",
	"cluster-in-use", "backend-name-in-use", "user-in-use", "backend-unfit-for-cluster", "cluster-of-another-name",
	"cluster-and-backend-host", "store-of-the-same-pool", "zone-of-another-backend", "volumes-of-another-zone",
	"vm-resize-unconfirmed", "vm-migration-pending", "unit-missing", "unit-masked", "service-runs-elsewhere",
	"container-missing", "container-copies-once", "container-without-unit", "container-not-by-unit",
	"container-misses-file", "container-file-elsewhere", "container-loses-secrets", "container-unfit",
	"backend-of-several-names", "backend-without-coordinator", "volume-type-of-another-backend",
	"volume-type-in-use", "host-still-needed", "pool-still-holds-data", "no-backend-left", "retire-of-another-pool",
}

// TestEachCodeIsDriftOrUnknown: whoever adds a code of a Problem has to say which of both it is. Put a code that says
// that something could not be told into untold, and any other into differs.
func TestEachCodeIsDriftOrUnknown(t *testing.T) {
	text, err := os.ReadFile("../finding.go")
	require.NoError(t, err)
	known := 0
	for _, m := range regexp.MustCompile(`//   - ([a-z0-9-]+): (.*)`).FindAllStringSubmatch(string(text), -1) {
		if code := m[1]; !strings.HasPrefix(m[2], "note:") {
			known++
			assert.NotEqual(t, untold(integrate.Finding{Code: code}), slices.Contains(differs, code), code)
		}
	}
	assert.Greater(t, known, 60)
}

// TestWhatCannotBeToldIsUnknown: a kind that refuses with such words does so with a code of untold.
func TestWhatCannotBeToldIsUnknown(t *testing.T) {
	says := regexp.MustCompile(`(?:refuse|Refuse|Problem)\(\s*"([a-z-]+)"(?s:[^{}]*?)cannot be (?:told|asked)`)
	files, err := filepath.Glob("../internal/kind/*/*.go")
	require.NoError(t, err)
	found := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range says.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[0], "what cephstack has set cannot be told") { // from what others have set
				continue
			}
			found++
			assert.True(t, untold(integrate.Finding{Code: m[1]}), "%s: %s", name, m[0])
		}
	}
	assert.Greater(t, found, 5)
}

// TestACauseMayMakeItUnknown: a code that tells a difference may have come of a host that did not answer.
func TestACauseMayMakeItUnknown(t *testing.T) {
	assert.False(t, untold(integrate.Finding{Code: "pool-of-another-application"}))
	assert.False(t, untold(integrate.Finding{Code: "secret-usage-taken", Cause: "libvirt-conflict"}))
	for _, cause := range []string{"local", "host-unreachable", "host-timeout", "ceph-denied", "api-unreachable"} {
		assert.True(t, untold(integrate.Finding{Code: "pool-of-another-application", Cause: cause}), cause)
	}
}
