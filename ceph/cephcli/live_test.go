package cephcli_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
	"github.com/cephstack/cephstack/ceph/cephcli"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/remote"
)

func TestLive(t *testing.T) {
	t.Parallel()
	live := cephlive.Start(t, 1)
	cli := cephcli.New(remote.Local{}, cephcli.Options{Conf: live.Conf})
	wrapper := filepath.Join(t.TempDir(), "ceph")
	require.NoError(t, os.WriteFile(wrapper, []byte("#!/bin/sh\nexec ceph \"$@\"\n"), 0o755))
	wrapped := cephcli.New(remote.Local{}, cephcli.Options{Conf: live.Conf, Ceph: wrapper})
	t.Run("Commander", func(t *testing.T) {
		cephtest.TestCommander(t, func(*testing.T) ceph.Commander { return cli })
	})
	t.Run("Batcher", func(t *testing.T) {
		cephtest.TestBatcher(t, func(*testing.T) ceph.Batcher { return cli })
	})
	t.Run("Images", func(t *testing.T) {
		cephtest.TestImages(t, func(*testing.T) (ceph.Images, cephtest.Seeder) { return cli, live })
	})
	t.Run("Inspector", func(t *testing.T) {
		cephtest.TestInspector(t, func(*testing.T) (bulk.Inspector, cephtest.Seeder) { return cli, live })
	})
	t.Run("Inspector without bindings", func(t *testing.T) {
		cephtest.TestInspector(t, func(*testing.T) (bulk.Inspector, cephtest.Seeder) { return wrapped, live })
	})
	t.Run("Locker", func(t *testing.T) {
		cephtest.TestLocker(t, func(*testing.T) (mine, theirs ceph.Locker) { return cli, wrapped })
	})
	t.Run("a lock that another program took is told and taken away", func(t *testing.T) { foreign(t, live, cli) })
	t.Run("Batcher without bindings", func(t *testing.T) {
		cephtest.TestBatcher(t, func(*testing.T) ceph.Batcher { return wrapped })
	})
	t.Run("a muted health check is still a check", func(t *testing.T) {
		live.Ceph("osd", "set", "noout")
		live.Ceph("health", "mute", "OSDMAP_FLAGS")
		s, err := ceph.New(cli).Status(t.Context())
		require.NoError(t, err)
		assert.Contains(t, s.Checks, "OSDMAP_FLAGS")
		assert.Equal(t, []string{"OSDMAP_FLAGS"}, s.Muted)
	})
	t.Run("the condition of a cluster that ails", func(t *testing.T) { conditions(t, live, cli, wrapped) })
	t.Run("a look is one process, with bindings", func(t *testing.T) { lookOnce(t, live) })
	t.Run("a key that is none of the cluster's is ErrDenied", func(t *testing.T) { denied(t, live, wrapper) })
	t.Run("a silent monitor is ErrUnreachable", func(t *testing.T) { silent(t, live) })
}

// conditions: the cluster has no manager, so that the states of its PGs are not known. Its only OSD is taken out of it,
// and becomes full. With bindings and without, the condition is the same.
func conditions(t *testing.T, live *cephlive.Cluster, clis ...*cephcli.CLI) {
	require.NoError(t, live.AddPool(ceph.Pool{Name: "served", PGNum: 4, Application: "rbd"}))
	const unknown = "no manager is active, so that the states of PGs are not known"
	has := func(stops ...string) {
		t.Helper()
		for _, cli := range clis {
			require.EventuallyWithT(t, func(t *assert.CollectT) {
				found, notes, err := ceph.New(cli).Condition(context.Background(), "served")
				require.NoError(t, err)
				assert.Equal(t, append([]string{unknown}, stops...), found)
				assert.Empty(t, notes)
			}, time.Minute, 200*time.Millisecond)
		}
	}
	has()
	live.Ceph("osd", "out", "0")
	has("pool served: of the 1 failure domains of type osd that are needed, 0 have OSDs that are up and in")
	live.Ceph("osd", "in", "0")
	has()
	ratios := []string{"nearfull", "backfillfull", "full"}
	for i, name := range ratios {
		live.Ceph("osd", "set-"+name+"-ratio", "0.0000"+strconv.Itoa(i+1))
	}
	has("osd.0 is full")
	for i, name := range []string{"full", "backfillfull", "nearfull"} {
		live.Ceph("osd", "set-"+name+"-ratio", []string{"0.95", "0.90", "0.85"}[i])
	}
	has()
}

// foreign: a lock of somebody who does not use this module.
func foreign(t *testing.T, live *cephlive.Cluster, cli *cephcli.CLI) {
	require.NoError(t, live.AddPool(ceph.Pool{Name: "foreign", PGNum: 1, Application: "cephstack"}))
	rados := []string{"rados", "--conf", live.Conf, "--pool", "foreign", "lock", "get", "o", "cephstack",
		"--lock-cookie=c"}
	results, err := remote.Local{}.Do(t.Context(), remote.Run{Argv: rados})
	require.NoError(t, err)
	require.Zero(t, results[0].Exit, "%s", results[0].Stderr)
	holder, err := cli.Holder(t.Context(), "foreign", "o")
	require.NoError(t, err)
	assert.Regexp(t, `^client\.\d+$`, holder.Owner)
	mine := ceph.Lock{Pool: "foreign", Object: "o", ID: "mine", Term: time.Minute}
	err = ceph.New(cli).TakeLock(t.Context(), mine)
	require.ErrorIs(t, err, ceph.ErrLocked)
	require.ErrorContains(t, err, "held by "+holder.Owner)
	require.NoError(t, cli.Unlock(t.Context(), holder))
	require.NoError(t, cli.Lock(t.Context(), mine))
}

// counter is this machine; it counts programs.
type counter struct {
	remote.Local
	runs atomic.Int32
}

func (c *counter) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	c.runs.Add(int32(len(ops)))
	return c.Local.Do(ctx, ops...)
}

func lookOnce(t *testing.T, live *cephlive.Cluster) {
	host := &counter{}
	began := time.Now()
	_, err := ceph.New(cephcli.New(host, cephcli.Options{Conf: live.Conf, Keyring: live.Keyring,
		Name: "client.admin"})).Look(t.Context(),
		ceph.Query{Users: []string{"client.a", "client.b", "client.c"}, CRUSH: true, Images: []string{"none"}})
	require.NoError(t, err)
	assert.Equal(t, int32(1), host.runs.Load())
	t.Logf("a look took %s", time.Since(began).Round(time.Millisecond))
}

func denied(t *testing.T, live *cephlive.Cluster, wrapper string) {
	keyring := filepath.Join(t.TempDir(), "keyring")
	require.NoError(t, os.WriteFile(keyring, []byte("[client.admin]\n\tkey = "+
		"AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA==\n"), 0o600))
	for name, o := range map[string]cephcli.Options{
		"wrong key":  {Conf: live.Conf, Keyring: keyring},
		"no keyring": {Conf: live.Conf, Keyring: "/nonexistent/keyring"},
		"no user":    {Conf: live.Conf, Name: "client.nobody"},
	} {
		for _, program := range []string{"", wrapper} {
			o.Ceph = program
			_, err := ceph.New(cephcli.New(remote.Local{}, o)).User(t.Context(), "client.none")
			require.ErrorIs(t, err, ceph.ErrDenied, name)
			assert.NotErrorIs(t, err, ceph.ErrNotFound, name)
		}
	}
	_, err := ceph.New(cephcli.New(remote.Local{}, cephcli.Options{Conf: "/nonexistent/ceph.conf"})).User(t.Context(),
		"client.none")
	require.ErrorContains(t, err, "configuration")
	assert.NotErrorIs(t, err, ceph.ErrNotFound)
}

func silent(t *testing.T, live *cephlive.Cluster) {
	require.NoError(t, live.Mon.Signal(syscall.SIGSTOP))
	defer func() { assert.NoError(t, live.Mon.Signal(syscall.SIGCONT)) }()
	began := time.Now()
	_, err := ceph.New(cephcli.New(remote.Local{}, cephcli.Options{Conf: live.Conf})).User(t.Context(), "client.none")
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	assert.Less(t, time.Since(began), 30*time.Second)
}
