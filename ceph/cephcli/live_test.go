package cephcli_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/internal/cephlive"
	"github.com/cephstack/cephstack/remote"
)

func TestLive(t *testing.T) {
	live := cephlive.Start(t, 1)
	cli := cephcli.New(remote.Local{}, cephcli.Options{Conf: live.Conf})
	t.Run("Commander", func(t *testing.T) {
		cephtest.TestCommander(t, func(*testing.T) ceph.Commander { return cli })
	})
	t.Run("Batcher", func(t *testing.T) {
		cephtest.TestBatcher(t, func(*testing.T) ceph.Batcher { return cli })
	})
	t.Run("Images", func(t *testing.T) {
		cephtest.TestImages(t, func(*testing.T) (ceph.Images, cephtest.Seeder) { return cli, live })
	})
	t.Run("a muted health check is still a check", func(t *testing.T) {
		live.Ceph("osd", "set", "noout")
		live.Ceph("health", "mute", "OSDMAP_FLAGS")
		s, err := ceph.New(cli).Status(t.Context())
		require.NoError(t, err)
		assert.Contains(t, s.Checks, "OSDMAP_FLAGS")
		assert.Equal(t, []string{"OSDMAP_FLAGS"}, s.Muted)
	})
}
