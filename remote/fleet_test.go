package remote_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/remote"
)

func TestFleetSharesTheJumpHost(t *testing.T) {
	jump, target := startSSHD(t), startSSHD(t)
	p := newProxy(t, jump.address, 0)
	via := jump.config(t, "root", p.address)
	via.Name, via.Timeouts.Retry = "bastion", time.Second
	cfg := target.config(t, "root", target.address)
	cfg.Jump = &via
	fleet, err := remote.NewFleet(cfg)
	require.NoError(t, err)
	defer fleet.Close()
	visit := func() {
		t.Helper()
		for _, o := range remote.Each(t.Context(), make([]string, 12), 0, func(ctx context.Context, _ string) (bool, error) {
			h, err := fleet.Host("", target.address)
			if err != nil {
				return false, err
			}
			defer h.Close()
			_, err = h.Do(ctx, remote.Stat{Path: "/"})
			return true, err
		}) {
			require.NoError(t, o.Err)
		}
	}
	visit()
	require.Equal(t, int64(1), p.accepted.Load())
	p.up.limit(0) // the jump host is gone
	_, err = mustHost(t, fleet, target.address).Do(t.Context(), remote.Stat{Path: "/"})
	p.up.limit(-1)
	var h *remote.HostError
	require.ErrorAs(t, err, &h)
	require.Equal(t, "bastion", h.Jump)
	require.True(t, h.Retryable())
	before := p.accepted.Load()
	visit()
	require.LessOrEqual(t, p.accepted.Load()-before, int64(2))
}

func mustHost(t *testing.T, f *remote.Fleet, address string) *remote.SSH {
	t.Helper()
	h, err := f.Host("", address)
	require.NoError(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

func TestFleetSeesThatFilesChanged(t *testing.T) {
	s := startSSHD(t)
	cfg := s.config(t, "root", s.address)
	good, err := os.ReadFile(cfg.KnownHosts[0])
	require.NoError(t, err)
	known := writeKnown(t, "")
	cfg.KnownHosts = []string{known}
	fleet, err := remote.NewFleet(cfg)
	require.NoError(t, err)
	h := mustHost(t, fleet, s.address)
	_, err = h.Do(t.Context())
	require.ErrorIs(t, err, remote.ErrHostKey)
	require.NoError(t, os.WriteFile(known, good, 0o600))
	_, err = h.Do(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.Remove(known))
	_, err = mustHost(t, fleet, s.address).Do(t.Context())
	require.ErrorIs(t, err, remote.ErrHostKey)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFleetChecksItsConfig(t *testing.T) {
	_, err := remote.NewFleet(remote.Config{Timeouts: remote.Timeouts{Retry: -time.Second}})
	require.ErrorContains(t, err, "User")
	require.ErrorContains(t, err, "Timeouts")
	s := remote.Config{User: "u", Keys: nil, Agent: "/x", KnownHosts: []string{"/x"}}
	fleet, err := remote.NewFleet(s)
	require.NoError(t, err)
	_, err = fleet.Host("c1", "")
	require.ErrorContains(t, err, "Address")
	require.NoError(t, fleet.Close())
}
