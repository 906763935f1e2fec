package login_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/internal/login"
	"github.com/cephstack/cephstack/remote"
)

// TestJudge: what is not the word of the monitors proves nothing.
func TestJudge(t *testing.T) {
	for said, want := range map[string]login.Verdict{
		`{"login": 0}`: login.Accepted, `{"login": 13}`: login.Refused, `{"login": 1}`: login.Refused,
		`{"login": 22}`: login.Unreadable, "a warning\n" + `{"login": 13}` + "\n": login.Refused,
	} {
		verdict, err := login.Judge(remote.Result{Data: []byte(said)})
		require.NoError(t, err, said)
		assert.Equal(t, want, verdict, said)
	}
	for said, want := range map[string]string{
		"": "no answer", `{}`: "no answer", `{"login": 110}`: "errno 110", `{"login": 2}`: "errno 2",
		`{"login": 95}`: "errno 95", `{"fault": "librados"}`: "install librados2", `{"fault": "new"}`: "not known",
		`{"fault": "conf"}`: "ceph.conf", `{"login": 13} more`: "no answer",
	} {
		verdict, err := login.Judge(remote.Result{Data: []byte(said), Exit: 1})
		require.ErrorContains(t, err, want, said)
		assert.Empty(t, verdict, said)
	}
	_, err := login.Judge(remote.Result{Err: remote.ErrTimeout})
	require.ErrorIs(t, err, remote.ErrTimeout)
}

// TestLive: a key is tried with the librados of a host: that of this machine, and a newer one.
func TestLive(t *testing.T) {
	t.Run("here", func(t *testing.T) { logins(t, cephlive.Start(t, 0)) })
	t.Run("newer", func(t *testing.T) { logins(t, cephlive.StartNewer(t, 0)) })
}

// logins tries keys of both types. The librados of this machine is taken to be older than keys of type aes256k, if its
// programs make keys of type aes.
func logins(t *testing.T, live *cephlive.Cluster) {
	ring, err := os.ReadFile(live.Keyring)
	require.NoError(t, err)
	users, err := ceph.ParseKeyring(ring)
	require.NoError(t, err)
	admin, ok := users.Lookup("client.admin")
	require.True(t, ok)
	try := func(trial login.Trial) (login.Verdict, error) {
		t.Helper()
		run := trial.Run()
		for _, word := range run.Argv {
			assert.NotContains(t, word, trial.Key.Reveal(), "the key is an argument")
		}
		run.Argv = live.Argv(run.Argv[0], run.Argv[1:]...)
		results, err := remote.Local{}.Do(t.Context(), run)
		require.NoError(t, err)
		assert.Empty(t, results[0].Stderr)
		assert.NotContains(t, string(results[0].Data), trial.Key.Reveal())
		return login.Judge(results[0])
	}
	verdict, err := try(login.Trial{Entity: "client.admin", Key: admin.Key, Conf: live.Conf})
	require.NoError(t, err)
	assert.Equal(t, login.Accepted, verdict)
	for _, keyType := range []string{"aes", "aes256k"} {
		other, err := cephx.NewKey(keyType)
		require.NoError(t, err)
		want := login.Refused
		if keyType == "aes256k" && live.Root == "" && admin.Key.Type() == "aes" {
			want = login.Unreadable
		}
		for _, entity := range []string{"client.admin", "client.none"} {
			verdict, err = try(login.Trial{Entity: entity, Key: other, Conf: live.Conf})
			require.NoError(t, err)
			assert.Equal(t, want, verdict, "%s, a key of type %s", entity, keyType)
		}
	}
	_, err = try(login.Trial{Entity: "client.admin", Key: admin.Key, Conf: "/nonexistent/ceph.conf"})
	require.ErrorContains(t, err, "ceph.conf")
	logs, err := filepath.Glob(filepath.Join(live.Dir, "client.*.log"))
	require.NoError(t, err)
	for _, log := range logs {
		text, err := os.ReadFile(log)
		require.NoError(t, err)
		assert.False(t, strings.Contains(string(text), "failed to decode key"), "librados wrote a key into %s", log)
	}
}

// TestFake: the fake reads the program that Run makes, and nothing else.
func TestFake(t *testing.T) {
	key, err := cephx.NewKey("aes")
	require.NoError(t, err)
	run := login.Trial{Entity: "client.cinder", Key: key, Conf: "/etc/ceph/a.conf"}.Run()
	var tried []string
	refuse := func(trial login.Trial) int {
		tried = append(tried, trial.Entity, trial.Conf)
		assert.True(t, trial.Key.Equal(key))
		return 13
	}
	out, ok := login.Answer(run, refuse)
	require.True(t, ok)
	verdict, err := login.Judge(remote.Result{Data: out})
	require.NoError(t, err)
	assert.Equal(t, login.Refused, verdict)
	assert.Equal(t, []string{"client.cinder", "/etc/ceph/a.conf"}, tried)
	run.Argv = slices.Clone(run.Argv)
	run.Argv[3] += "#"
	_, ok = login.Answer(run, refuse)
	assert.False(t, ok)
}
