package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

const sparseBackup = "restored sparse backup is the same byte by byte"

// TestARestoreThatSkipsHolesFails: Cinder says that all went well, and the file that a guest wrote is there, but the
// volume has bytes of before where the backup has holes.
func TestARestoreThatSkipsHolesFails(t *testing.T) {
	w := integratetest.Integrated(t, exampleSpec())
	report, err := verify(t, w.Integration(t))
	require.NoError(t, err, "%s", report)
	c := check(report, sparseBackup)
	require.NotNil(t, c)
	assert.Regexp(t, `^backups/volume-.*; restored over other data: the guest on compute1 read sha256 [0-9a-f]{16} again `+
		`of all 1 GiB, zeros included$`, c.Evidence)
	w.SkipHoles()
	report, err = verify(t, w.Integration(t))
	require.ErrorIs(t, err, integrate.ErrChecks)
	for _, c := range report.Checks {
		if c.Name != sparseBackup {
			assert.Equal(t, integrate.Pass, c.Status, "%s: %s", c.Name, c.Evidence)
			continue
		}
		assert.Equal(t, integrate.Fail, c.Status)
		assert.Contains(t, c.Evidence, `Where the backup has holes, the restored volume may have kept what was there before`)
		assert.Contains(t, c.Next, "into a new volume")
	}
}
