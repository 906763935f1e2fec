package integrate_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/remote"
)

// TestRightsInDataPoolsAreTried: what a user may do there is not only compared.
func TestRightsInDataPoolsAreTried(t *testing.T) {
	for name, c := range map[string]struct {
		user, old, new string // in the rights of the user
		evidence       string
	}{
		"a right that nobody gave": {"client.glance", "profile rbd pool=images-data",
			"profile rbd pool=images-data, profile rbd pool=vms-data", "must not write vms-data, but the opposite holds"},
		"more than reading": {"client.cinder", "profile rbd-read-only pool=images-data", "profile rbd pool=images-data",
			"must not write images-data, but the opposite holds"},
		"no right to write": {"client.cinder", "profile rbd pool=volumes-data", "profile rbd-read-only pool=volumes-data",
			"may write volumes-data, but the opposite holds"},
		"no right to read": {"client.cinder-backup", "profile rbd-read-only pool=volumes-data",
			"profile rbd-read-only pool=other", "may read volumes-data, but the opposite holds"},
	} {
		t.Run(name, func(t *testing.T) {
			w, in := open(t, erasureCoded())
			apply(t, in)
			user, err := ceph.New(w.Ceph["ceph"]).User(t.Context(), c.user)
			require.NoError(t, err)
			require.Contains(t, user.Caps["osd"], c.old)
			user.Caps["osd"] = strings.ReplaceAll(user.Caps["osd"], c.old, c.new)
			w.Ceph["ceph"].AddUser(user)
			report, err := verify(t, in)
			require.ErrorIs(t, err, integrate.ErrChecks)
			assert.Equal(t, integrate.Fail, check(report, "rights "+c.user).Status)
			assert.Contains(t, check(report, "rights "+c.user).Evidence, c.evidence)
		})
	}
}

// TestRightsInDataPoolsThatCannotBeTried are neither there nor missing.
func TestRightsInDataPoolsThatCannotBeTried(t *testing.T) {
	w, in := open(t, erasureCoded())
	apply(t, in)
	w.Machines["controller"].Handle("rados", func(remote.Run) (stdout, stderr []byte, exit int) {
		return nil, []byte("rados: command not found\n"), 127
	})
	report, err := verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Equal(t, integrate.Unable, check(report, "rights client.glance").Status)
	const that = "cannot be checked: as glance@controller: must not read backups-data: "
	assert.Equal(t, that+"exit status 127: rados: command not found", check(report, "rights client.glance").Evidence)

	w.Machines["controller"].Handle("rados", func(remote.Run) (stdout, stderr []byte, exit int) { return nil, nil, 1 })
	report, err = verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Equal(t, that+"exit status 1", check(report, "rights client.glance").Evidence)

	w.Machines["controller"].Fail = func(_ context.Context, op remote.Op) error {
		if run, ok := op.(remote.Run); ok && run.Argv[0] == "rados" {
			return remote.ErrTimeout
		}
		return nil
	}
	report, err = verify(t, in)
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Contains(t, check(report, "rights client.glance").Evidence, that+"controller: run rados: ")
	assert.NotContains(t, check(report, "rights client.glance").Evidence, "exit status")
}

func TestHealthAsItIsSaid(t *testing.T) {
	w, in := open(t, exampleSpec())
	apply(t, in)
	static := func() integrate.Check {
		report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
		require.NoError(t, err, "%s", report)
		return *check(report, "ceph-health ceph")
	}
	const start = ", fsid a3d17d0c-3f1d-4a9c-9f5e-0d6f1c7f9b52, pacific, 6 OSDs up"
	assert.Equal(t, "HEALTH_OK"+start, static().Evidence)
	w.Ceph["ceph"].Health, w.Ceph["ceph"].Checks, w.Ceph["ceph"].Muted = "HEALTH_WARN",
		[]string{"OSDMAP_FLAGS", "MON_DOWN"}, []string{"OSDMAP_FLAGS"}
	assert.Equal(t, "HEALTH_WARN"+start+"; checks: MON_DOWN, OSDMAP_FLAGS (muted)", static().Evidence)
}
