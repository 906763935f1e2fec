//go:build cgo

package radosconn_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/ceph/cephtest/cephlive"
	"github.com/cephstack/cephstack/ceph/cephx/cephxtest"
	"github.com/cephstack/cephstack/ceph/radosconn"
)

func dial(t *testing.T, cfg radosconn.Config) *radosconn.Conn {
	t.Helper()
	conn, err := radosconn.Dial(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestLive(t *testing.T) {
	live := cephlive.Start(t, 1)
	cfg := radosconn.Config{ConfFile: live.Conf}
	t.Run("Commander", func(t *testing.T) {
		cephtest.TestCommander(t, func(t *testing.T) ceph.Commander { return dial(t, cfg) })
	})
	t.Run("Batcher", func(t *testing.T) {
		cephtest.TestBatcher(t, func(t *testing.T) ceph.Batcher { return dial(t, cfg) })
	})
	t.Run("Images", func(t *testing.T) {
		cephtest.TestImages(t, func(t *testing.T) (ceph.Images, cephtest.Seeder) { return dial(t, cfg), live })
	})
	t.Run("Inspector", func(t *testing.T) {
		cephtest.TestInspector(t, func(t *testing.T) (bulk.Inspector, cephtest.Seeder) { return dial(t, cfg), live })
	})
	t.Run("Locker", func(t *testing.T) {
		cephtest.TestLocker(t, func(t *testing.T) (mine, theirs ceph.Locker) { return dial(t, cfg), dial(t, cfg) })
	})
	t.Run("cephx", func(t *testing.T) {
		cephxtest.TestAuth(t, cephxtest.Subject{Batcher: dial(t, cfg), Seeder: live, Login: live.Login,
			Renew: live.RestartMon})
	})
	t.Run("a key and addresses are enough", func(t *testing.T) { keyAndAddresses(t, dial(t, cfg)) })
	t.Run("keys that are none of the cluster's are ErrDenied", func(t *testing.T) { denied(t, live) })
	t.Run("a key of a newer type is ErrInvalid or ErrDenied", func(t *testing.T) { newerKey(t, live) })
	t.Run("a user may do what its caps say", func(t *testing.T) { rights(t, live, dial(t, cfg)) })
	t.Run("the monitors read the normal form of caps", func(t *testing.T) { capsOracle(t, dial(t, cfg)) })
	t.Run("the library opens no log and no socket", func(t *testing.T) { nothingOpen(t, live, dial(t, cfg)) })
	t.Run("a context ends the wait for a silent monitor", func(t *testing.T) { silentMon(t, live) })
}

// TestLiveNewer: a cluster of a newer release takes this library with a key of type aes, once that is allowed.
func TestLiveNewer(t *testing.T) {
	live := cephlive.StartNewer(t, 1)
	live.Ceph("mon", "set", "auth_allowed_ciphers", "aes,aes256k")
	const name = "client.older"
	var key string
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		argv := live.Argv("ceph", "-c", live.Conf, "auth", "get-or-create-key", name, "--key-type", "aes", "mon", "allow *",
			"osd", "allow *", "mgr", "allow *")
		out, err := exec.Command(argv[0], argv[1:]...).Output()
		require.NoError(c, err)
		key = string(out)
	}, time.Minute, time.Second)
	parsed, err := ceph.ParseKey(key)
	require.NoError(t, err)
	conn := dial(t, radosconn.Config{ConfFile: live.Conf, Name: name, Key: parsed})
	cephxtest.TestAuth(t, cephxtest.Subject{Batcher: conn, Self: name, Seeder: live, Login: live.Login,
		Renew: live.RestartMon})
}

// newerKey: librados before 20.2.4 and 19.2.6 takes a keyring with an aes256k key
// for none; a newer one logs in with it, and is refused.
func newerKey(t *testing.T, live *cephlive.Cluster) {
	ring := filepath.Join(t.TempDir(), "keyring")
	key := base64.StdEncoding.EncodeToString(append([]byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0}, make([]byte, 32)...))
	require.NoError(t, os.WriteFile(ring, []byte("[client.admin]\n\tkey = "+key+"\n"), 0o600))
	_, err := radosconn.Dial(t.Context(), radosconn.Config{ConfFile: live.Conf, Keyring: ring})
	require.Error(t, err)
	assert.True(t, errors.Is(err, ceph.ErrInvalid) || errors.Is(err, ceph.ErrDenied), "%v", err)
	assert.NotContains(t, err.Error(), key)
}

func keyAndAddresses(t *testing.T, conn *radosconn.Conn) {
	cluster := ceph.New(conn)
	st, err := cluster.Status(t.Context())
	require.NoError(t, err)
	admin, err := cluster.User(t.Context(), "client.admin")
	require.NoError(t, err)
	other := dial(t, radosconn.Config{MonHosts: st.MonHosts, Key: admin.Key})
	again, err := ceph.New(other).Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, st.FSID, again.FSID)
}

func denied(t *testing.T, live *cephlive.Cluster) {
	key, err := ceph.ParseKey("AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA==")
	require.NoError(t, err)
	for name, cfg := range map[string]radosconn.Config{
		"wrong key":  {ConfFile: live.Conf, Key: key},
		"no keyring": {ConfFile: live.Conf, Keyring: "/does/not/exist"},
		"no user":    {ConfFile: live.Conf, Name: "client.nobody"},
	} {
		cfg.Timeouts.Connect = 5 * time.Second
		_, err := radosconn.Dial(t.Context(), cfg)
		require.ErrorIs(t, err, ceph.ErrDenied, name)
		assert.NotErrorIs(t, err, ceph.ErrNotFound, name)
	}
}

func rights(t *testing.T, live *cephlive.Cluster, conn *radosconn.Conn) {
	require.NoError(t, live.AddPool(ceph.Pool{Name: "mine", PGNum: 4, Application: "rbd"}))
	require.NoError(t, live.AddPool(ceph.Pool{Name: "theirs", PGNum: 4, Application: "rbd"}))
	u, err := ceph.New(conn).CreateUser(t.Context(), "client.cinder",
		ceph.Layout{VolumePools: []string{"mine"}, MgrCaps: true}.CinderCaps())
	require.NoError(t, err)
	cinder := dial(t, radosconn.Config{ConfFile: live.Conf, Name: u.Entity, Key: u.Key})
	_, err = cinder.List(t.Context(), "mine")
	require.NoError(t, err)
	_, err = cinder.List(t.Context(), "theirs")
	require.ErrorIs(t, err, ceph.ErrDenied)
	_, err = ceph.New(cinder).User(t.Context(), "client.admin")
	require.ErrorIs(t, err, ceph.ErrDenied)
}

// nothingOpen looks at this process: the conf names a log file for all.
func nothingOpen(t *testing.T, live *cephlive.Cluster, conn *radosconn.Conn) {
	_, err := ceph.New(conn).Status(t.Context())
	require.NoError(t, err)
	fds, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	require.NotEmpty(t, fds)
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil {
			assert.False(t, strings.HasPrefix(target, live.Dir), target)
		}
	}
}

// capsOracle asks the monitors whether they read what the caps parser reads,
// as written and in normal form.
func capsOracle(t *testing.T, conn *radosconn.Conn) {
	cluster := ceph.New(conn)
	for i, caps := range []ceph.Caps{
		{"osd": `allow  rwx pool volumes, allow pool=x rwx; profile rbd pool='a b' namespace=t*`},
		{"osd": `allow class-read object_prefix rbd_children, allow r class-read pool=x, allow rw tag rbd *=*, allow rw ` +
			`tag cephfs data=a`},
		{"osd": `allow class rbd child_attach object_prefix rbd_header., allow rw network 1.2.3.0/24, allow all, allow rw ` +
			`namespace=""`},
		{"mon": `allow r, allow profile osd, allow service mon rw, allow command "osd blacklist", profile rbd network ` +
			`10.0.0.0/8`},
		{"mon": `allow command='osd blacklist' with blacklistop=add addr regex "^[^/]+/[0-9]+$", allow command "auth get" ` +
			`with entity prefix client.`},
		{"mgr": `profile rbd pool=x, profile rbd-read-only pool=y, allow module status r, allow service mon rw`},
		{"mds": `allow rwps path=/a/b uid=1 gids=1,2, allow r fsname=x, allow *`},
	} {
		caps["mon"] = cmp.Or(caps["mon"], "allow r")
		read, err := ceph.ParseCaps(caps)
		require.NoError(t, err)
		name := fmt.Sprintf("client.oracle%d", i)
		_, err = cluster.CreateUser(t.Context(), name, read)
		require.NoError(t, err, "%v", read)
		_, err = cluster.CreateUser(t.Context(), name+"n", read.Normal())
		require.NoError(t, err, "%v", read.Normal())
	}
}

// silentMon stops the monitor; it comes last.
func silentMon(t *testing.T, live *cephlive.Cluster) {
	const patience = 300 * time.Millisecond
	conn := dial(t, radosconn.Config{ConfFile: live.Conf, Calls: 2, Timeouts: radosconn.Timeouts{Mon: 3 * time.Second}})
	require.NoError(t, live.Mon.Signal(syscall.SIGSTOP))
	var wg sync.WaitGroup
	for range 4 { // two of them do not even get a slot
		wg.Go(func() {
			endsAfter(t, patience, func(ctx context.Context) error {
				_, err := ceph.New(conn).Status(ctx)
				return err
			})
		})
	}
	wg.Wait()
	start := time.Now()
	_, err := ceph.New(conn).Status(t.Context())
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	assert.Less(t, time.Since(start), 15*time.Second)

	endsAfter(t, patience, func(ctx context.Context) error {
		_, err := radosconn.Dial(ctx, radosconn.Config{ConfFile: live.Conf,
			Timeouts: radosconn.Timeouts{Connect: 2 * time.Second}})
		return err
	})

	start = time.Now()
	require.NoError(t, conn.Close())
	require.NoError(t, conn.Close())
	assert.Less(t, time.Since(start), 2*time.Second)
	_, err = ceph.New(conn).Status(t.Context())
	require.ErrorIs(t, err, ceph.ErrUnreachable)
}

// endsAfter wants a call to end within 100 ms of its context. A busy machine
// pauses, so that the best of some attempts counts.
func endsAfter(t *testing.T, patience time.Duration, call func(context.Context) error) {
	var took time.Duration
	for n := 0; n < 10 && (n == 0 || took >= patience+100*time.Millisecond); n++ {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		start := time.Now()
		err := call(ctx)
		took = time.Since(start)
		cancel()
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	}
	assert.Less(t, took, patience+100*time.Millisecond)
}

func TestDialWithoutMonitors(t *testing.T) {
	key, err := ceph.ParseKey("AQBSdFxU0ECOHRAAjnmJMdI0AOBUBBQbGSxnLA==")
	require.NoError(t, err)
	start := time.Now()
	_, err = radosconn.Dial(t.Context(), radosconn.Config{MonHosts: []string{"v1:127.0.0.1:1/0"}, Key: key,
		Timeouts: radosconn.Timeouts{Connect: time.Second}})
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	assert.Less(t, time.Since(start), 10*time.Second)
	assert.NotContains(t, err.Error(), key.Reveal())

	_, err = radosconn.Dial(t.Context(), radosconn.Config{})
	require.ErrorIs(t, err, ceph.ErrInvalid)
	_, err = radosconn.Dial(t.Context(), radosconn.Config{ConfFile: "/does/not/exist"})
	require.ErrorIs(t, err, fs.ErrNotExist)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = radosconn.Dial(ctx, radosconn.Config{MonHosts: []string{"v1:127.0.0.1:1/0"}})
	require.ErrorIs(t, err, context.Canceled)
}
