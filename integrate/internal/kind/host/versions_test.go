package host

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUpstreamVersions(t *testing.T) {
	for version, want := range map[string]string{
		"2:16.2.15+ds-0+deb12u1": "16.2.15", "18.2.4-1~bpo12+1": "18.2.4", "2:18.2.4-0.el9": "18.2.4",
		"2:18.2.1-194.el9cp":                    "18.2.1",
		"2:19.2.0~git20240301.4c76c50-0ubuntu6": "19.2.0", "2:19.2.0^20240301-1.el9": "19.2.0",
		"1:0.94.5-1.el7": "0.94.5", "": "",
	} {
		assert.Equal(t, want, Upstream(version), version)
	}
	assert.False(t, tooOldFor("18.2.4", "18.2.4-1~bpo12+1"))
	assert.False(t, tooOldFor("18.2.4", "18.2.10~rc1-1"), "a candidate of a newer version is newer")
	assert.True(t, tooOldFor("19.2", "2:19.2.0~rc1-0.el9"))
	assert.False(t, tooOldFor("19.2", "2:19.2.0-0.el9"))
}

func TestVersionsThatReadKeysOfTypeAES256k(t *testing.T) {
	for version, reads := range map[string]bool{"16.2.15": false, "18.2.7": false, "19.2.3": false, "19.2.6": true,
		"20.2.1": false,
		"20.2.4": true, "21.2.0": true} {
		assert.Equal(t, reads, ReadsAES256k(version), version)
	}
}

// TestFloorsAgainstRPMAndDpkg: the real rpm and dpkg order versions of Ceph as
// min_client does. Epochs and releases of packages are not Ceph's.
func TestFloorsAgainstRPMAndDpkg(t *testing.T) {
	for _, program := range []string{"rpm", "dpkg"} {
		_, err := exec.LookPath(program)
		if err == nil && os.Getenv("CEPHSTACK_LIVE") != "0" {
			continue
		}
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			t.Fatal(program + " is needed")
		}
		t.Skip("live test: needs rpm and dpkg")
	}
	floors := []string{"0.94.10", "18.2.4", "18.2.9", "19.1.9", "19.2.0", "19.2.1", "20.0.0"}
	versions := []string{"0.94.9", "0.94.10", "18.2.4", "18.2.10", "19.2.0", "19.2.0~rc1",
		"19.2.0~git20240301.4c76c50", "19.2.0+ds",
		"19.2.0^20240301"}
	for _, version := range versions {
		for _, floor := range floors {
			rpm, err := exec.Command("rpm", "--eval", fmt.Sprintf("%%{lua: print(rpm.vercmp('%s', '%s'))}", version,
				floor)).Output()
			require.NoError(t, err)
			less := strings.TrimSpace(string(rpm)) == "-1"
			assert.Equal(t, less, tooOldFor(floor, "2:"+version+"-0.el9"), "rpm: %s for %s", version, floor)
			if !strings.Contains(version, "^") {
				dpkg := exec.Command("dpkg", "--compare-versions", version, "lt", floor).Run() == nil
				assert.Equal(t, dpkg, tooOldFor(floor, "2:"+version+"-0ubuntu1~cloud0"), "dpkg: %s for %s", version, floor)
			}
		}
	}
}
