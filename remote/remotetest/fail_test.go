package remotetest_test

import (
	"io/fs"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func onWrite(err error) func(remote.Op) error {
	return func(op remote.Op) error {
		if _, ok := op.(remote.WriteFile); ok {
			return err
		}
		return nil
	}
}

func TestFail(t *testing.T) {
	ops := []remote.Op{remote.Stat{Path: "/"}, remote.WriteFile{Path: "/a"}, remote.Remove{Path: "/b"}}
	t.Run("an op", func(t *testing.T) {
		h := remotetest.NewHost("c1")
		h.Fail = onWrite(fs.ErrPermission)
		r, err := h.Do(t.Context(), ops...)
		require.NoError(t, err)
		require.EqualError(t, r[1].Err, "c1: write /a: permission denied")
		require.NoError(t, r[2].Err)
		require.Zero(t, h.Changes(""))
		require.Len(t, h.Log(), 2)
	})
	lost := &remote.HostError{Host: "c1", Step: "exchange", Err: remote.ErrUnreachable}
	for name, after := range map[string]bool{"the connection": false, "the connection, after the effect": true} {
		t.Run(name, func(t *testing.T) {
			h := remotetest.NewHost("c1")
			if after {
				h.FailAfter = onWrite(lost)
			} else {
				h.Fail = onWrite(lost)
			}
			r, err := h.Do(t.Context(), ops...)
			require.ErrorIs(t, err, remote.ErrUnreachable)
			require.NoError(t, r[0].Err)
			require.ErrorIs(t, r[1].Err, remote.ErrUnknown)
			require.ErrorIs(t, r[2].Err, remote.ErrUnreachable)
			require.NotErrorIs(t, r[2].Err, remote.ErrUnknown)
			_, there := h.Contents("/a")
			require.Equal(t, after, there)
		})
	}
	t.Run("through a server", func(t *testing.T) {
		fake := remotetest.NewHost("c1")
		fake.Fail = onWrite(remote.ErrNoSpace)
		r, err := serve(t, fake).Do(t.Context(), ops...)
		require.NoError(t, err)
		require.ErrorIs(t, r[1].Err, remote.ErrNoSpace)
		fake = remotetest.NewHost("c1")
		fake.FailAfter = onWrite(lost)
		r, err = serve(t, fake).Do(t.Context(), ops...)
		require.Error(t, err)
		require.NoError(t, r[0].Err)
		require.ErrorIs(t, r[1].Err, remote.ErrUnknown)
	})
}

func TestFakeIsSafeForConcurrentUse(t *testing.T) {
	h := remotetest.NewHost("c1")
	h.AddUnit("a")
	h.AddPackage("p", "1", false)
	h.Handle("x", func(remote.Run) ([]byte, []byte, int) {
		h.AddFile("/from/x", nil, 0o600)
		return nil, nil, 0
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := h.Do(t.Context(), remote.RestartUnit{Unit: "a"}, remote.InstallPackages{Names: []string{"p"}},
				remote.Run{Argv: []string{"/usr/bin/x"}}, remote.WriteFile{Path: "/etc/x"})
			if err != nil {
				t.Error(err)
			}
			h.Log()
		})
	}
	all.Wait()
	require.Equal(t, 8, h.Changes("restart"))
	require.Equal(t, 1, h.Changes("install"))
	require.Equal(t, 1, h.Changes("write"))
}
