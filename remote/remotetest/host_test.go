package remotetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func TestFakeKeepsTheContract(t *testing.T) {
	remotetest.TestHost(t, func(t *testing.T) (remote.Host, string) {
		h := remotetest.NewHost("c1")
		r, err := h.Do(t.Context(), remote.Mkdir{Path: "/test"})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
		return h, "/test"
	})
	remotetest.TestUnits(t, func(*testing.T) (remote.Host, string, string) { return withUnits(), "good", "bad" })
}

func withUnits() *remotetest.Host {
	h := remotetest.NewHost("c1")
	h.AddUnit("good")
	h.AddUnit("bad")
	h.StopUnit("bad")
	h.BreakUnit("bad", "it is broken")
	return h
}
