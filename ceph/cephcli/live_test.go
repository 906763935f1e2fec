package cephcli_test

import (
	"testing"

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
	t.Run("Images", func(t *testing.T) {
		cephtest.TestImages(t, func(*testing.T) (ceph.Images, cephtest.Seeder) { return cli, live })
	})
}
