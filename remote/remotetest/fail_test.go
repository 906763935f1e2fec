package remotetest_test

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func onWrite(err error) func(context.Context, remote.Op) error {
	return func(_ context.Context, op remote.Op) error {
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
		fake.Fail = onWrite(syscall.ENOSPC)
		r, err := serve(t, fake).Do(t.Context(), ops...)
		require.NoError(t, err)
		require.ErrorIs(t, r[1].Err, syscall.ENOSPC)
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

func TestAHostThatHangsLosesTheConnectionWhenCtxEnds(t *testing.T) {
	h := remotetest.NewHost("c1")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the shift is over")
	h.Fail = func(ctx context.Context, op remote.Op) error {
		if _, ok := op.(remote.WriteFile); !ok {
			return nil
		}
		cancel(why) // not by a timer: a busy machine may begin later
		<-ctx.Done()
		return ctx.Err()
	}
	r, err := h.Do(ctx, remote.Stat{Path: "/"}, remote.WriteFile{Path: "/a"}, remote.Remove{Path: "/b"})
	var lost *remote.HostError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "exchange", lost.Step)
	require.ErrorIs(t, err, why)
	require.NoError(t, r[0].Err)
	require.ErrorIs(t, r[1].Err, remote.ErrUnknown)
	require.ErrorIs(t, r[2].Err, why)
	require.NotErrorIs(t, r[2].Err, remote.ErrUnknown)

	h.Fail = nil // between calls of Do
	r, err = h.Do(t.Context(), remote.WriteFile{Path: "/a"})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
}

func TestALookLeavesNoTrace(t *testing.T) {
	h := remotetest.NewHost("c1")
	h.AddFile("/etc/x", []byte("x"), 0o600)
	h.AddUnit("x")
	h.AddPackage("p", "1", true)
	h.Fail = func(context.Context, remote.Op) error { return remote.ErrTimeout }
	read := h.Look(remote.ReadFile{Path: "/etc/x"})
	require.NoError(t, read.Err)
	require.Equal(t, "x", string(read.Data))
	require.Len(t, h.Look(remote.ReadDir{Path: "/etc"}).Files, 1)
	require.Equal(t, "active", h.Look(remote.UnitState{Unit: "x"}).Unit.Active)
	require.Equal(t, "1", h.Look(remote.Packages{Names: []string{"p"}}).Versions["p"])
	require.EqualError(t, h.Look(remote.Stat{Path: "/none"}).Err, "c1: stat /none: file does not exist")
	for _, op := range []remote.Op{
		remote.WriteFile{Path: "/a"}, remote.Run{Argv: []string{"true"}}, remote.If{Op: remote.Stat{Path: "/"}}, nil,
	} {
		require.ErrorIs(t, h.Look(op).Err, fs.ErrInvalid)
	}
	require.Zero(t, h.Exchanges())
	require.Empty(t, h.Log())
}
