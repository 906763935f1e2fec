//go:build cgo

package cephcli_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/ceph/radosconn"
	"github.com/cephstack/cephstack/remote"
)

// Whoever comes through librados and whoever comes through a host keep each other out.
func TestLiveLocksThroughBothWays(t *testing.T) {
	t.Parallel()
	live := cephlive.Start(t, 1)
	cli := cephcli.New(remote.Local{}, cephcli.Options{Conf: live.Conf})
	conn, err := radosconn.Dial(t.Context(), radosconn.Config{ConfFile: live.Conf})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	t.Run("librados first", func(t *testing.T) {
		cephtest.TestLocker(t, func(*testing.T) (mine, theirs ceph.Locker) { return conn, cli })
	})
	t.Run("the host first", func(t *testing.T) {
		cephtest.TestLocker(t, func(*testing.T) (mine, theirs ceph.Locker) { return cli, conn })
	})
}
