package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
)

// verify makes all checks, with the journey.
func verify(t *testing.T, in *integrate.Integration) (*integrate.Report, error) {
	t.Helper()
	return in.Verify(t.Context(),
		integrate.VerifyOptions{Image: integratetest.Image(), Flavor: "tiny"})
}

// A right is what a user of a cluster may do with the OSDs.
type right struct{ cluster, user, osd string }

// wantRights wants users to have these rights and no others.
func wantRights(t *testing.T, w *integratetest.World, rights ...right) {
	t.Helper()
	for _, r := range rights {
		u, err := ceph.New(w.Clusters[r.cluster].Mon).User(t.Context(), r.user)
		require.NoError(t, err, "%s %s", r.cluster, r.user)
		osd := ceph.Caps{"osd": u.Caps["osd"]}
		assert.True(t, ceph.Caps{"osd": r.osd}.Equal(osd), "%s %s: %s", r.cluster, r.user, osd)
	}
}

// sectionOf is the text of a section of a configuration file.
func sectionOf(t *testing.T, text, section string) string {
	t.Helper()
	_, part, ok := strings.Cut(text, "["+section+"]\n")
	require.True(t, ok, section)
	part, _, _ = strings.Cut(part, "\n[")
	return part
}

// oneIn is the step through the cases of a test that has many: all of them, and a share of one in n with -short, as the
// run with the race detector has it.
func oneIn(n int) int {
	if testing.Short() {
		return n
	}
	return 1
}
