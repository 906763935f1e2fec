package remotetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func serve(t *testing.T, fake *remotetest.Host) *remote.SSH {
	t.Helper()
	server, err := remotetest.Serve(fake)
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	cfg, err := server.Config(t.TempDir())
	require.NoError(t, err)
	h, err := remote.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

func TestServerKeepsTheContract(t *testing.T) {
	remotetest.TestHost(t, func(t *testing.T) (remote.Host, string) {
		h := serve(t, remotetest.NewHost("c1"))
		r, err := h.Do(t.Context(), remote.Mkdir{Path: "/test"})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
		return h, "/test"
	})
	remotetest.TestUnits(t, func(t *testing.T) (remote.Host, string, string) {
		return serve(t, withUnits()), "good", "bad"
	})
}
