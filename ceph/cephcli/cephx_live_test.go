package cephcli_test

import (
	"context"
	"slices"
	"testing"

	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/ceph/cephx/cephxtest"
	"github.com/cephstack/cephstack/remote"
)

// TestLiveCephX: real clusters keep the promises of package cephx, with Python's bindings and without.
func TestLiveCephX(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB, int) *cephlive.Cluster{
		"here": cephlive.Start, "newer": cephlive.StartNewer,
	} {
		t.Run(name, func(t *testing.T) {
			live := start(t, 1)
			host := rooted{root: live.Root}
			for name, options := range map[string]cephcli.Options{
				"bindings": {Conf: live.Conf}, "programs": {Conf: live.Conf, RBD: "rbd"},
			} {
				t.Run(name, func(t *testing.T) {
					cephxtest.TestAuth(t, cephxtest.Subject{Batcher: cephcli.New(host, options), Seeder: live, Login: live.Login,
						Renew: live.RestartMon})
				})
			}
		})
	}
}

// rooted is this machine, with the programs of another root.
type rooted struct {
	remote.Local
	root string
}

func (r rooted) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	ops = slices.Clone(ops)
	for i, op := range ops {
		if run, ok := op.(remote.Run); ok && r.root != "" {
			run.Argv = append([]string{"chroot", r.root}, run.Argv...)
			ops[i] = run
		}
	}
	return r.Local.Do(ctx, ops...)
}
