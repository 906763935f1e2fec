package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
)

// allReleases are those of OpenStack that a Spec may name.
func allReleases() []string {
	return strings.Fields("havana icehouse juno kilo liberty mitaka newton ocata pike queens rocky stein train ussuri " +
		"victoria wallaby xena yoga zed " +
		"2023.1 2023.2 2024.1 2024.2 2025.1 2025.2 2026.1 2026.2")
}

// TestEveryRelease takes every release in every layout that has it from nothing
// to the Spec, and through the journey.
func TestEveryRelease(t *testing.T) {
	done := map[string]int{}
	for _, release := range allReleases() {
		for _, layout := range []string{"debian", "rdo", "upstart", "kolla"} {
			spec := exampleSpec()
			spec.Release, spec.Layout = release, layout
			if spec.Validate() != nil {
				continue
			}
			if done[layout]++; done[layout]%oneIn(5) != 0 {
				continue
			}
			t.Run(release+" "+layout, func(t *testing.T) {
				w, in := open(t, spec)
				p := plan(t, in)
				require.Empty(t, p.Problems(), "%s", p)
				assert.NotContains(t, p.String(), "release of")
				apply(t, in)
				require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
				report, err := verify(t, in)
				assert.Empty(t, w.API.Violations())
				if release != "havana" {
					require.NoError(t, err, "%s", report)
					return
				}
				assert.Contains(t, statusOf(report, "vm on compute1"), "Havana names VM disks by their instance")
				for _, c := range report.Checks {
					assert.NotEqual(t, integrate.Fail, c.Status, "%s: %s", c.Name, c.Evidence)
				}
			})
		}
	}
	assert.Equal(t, map[string]int{"debian": 26, "rdo": 26, "upstart": 6, "kolla": 8}, done)
}
