package integratetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/internal/login"
)

// TestTrialLogins: a host in memory tries a key as a real host does.
func TestTrialLogins(t *testing.T) {
	w, err := integratetest.New(smallSpec())
	require.NoError(t, err)
	defer w.Close()
	user := w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder"})
	wrong, err := cephx.NewKey("aes")
	require.NoError(t, err)
	newer, err := cephx.NewKey("aes256k")
	require.NoError(t, err)
	for want, trial := range map[login.Verdict]login.Trial{
		login.Accepted: {Entity: user.Entity, Key: user.Key}, login.Refused: {Entity: user.Entity, Key: wrong},
		login.Unreadable: {Entity: user.Entity, Key: newer},
	} {
		results, err := w.Machines["compute1"].Do(t.Context(), trial.Run())
		require.NoError(t, err)
		verdict, err := login.Judge(results[0])
		require.NoError(t, err)
		assert.Equal(t, want, verdict)
	}
	results, err := w.Machines["compute1"].Do(t.Context(), login.Trial{Entity: "client.cinder", Key: wrong,
		Conf: "/etc/ceph/none.conf"}.Run())
	require.NoError(t, err)
	_, err = login.Judge(results[0])
	require.ErrorContains(t, err, "errno 2")
}
