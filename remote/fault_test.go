package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

// cutPoints are where a connection is cut: the edges, and n places in between.
func cutPoints(t *testing.T, limit int64, n int) []int64 {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	points := []int64{0, 1, limit - 1}
	for range n {
		points = append(points, r.Int64N(limit))
	}
	return points
}

func TestWriteIsOldOrNewWhereverTheConnectionIsCut(t *testing.T) {
	t.Parallel()
	s := startSSHD(t)
	p := newProxy(t, s.address, 0)
	target := filepath.Join(s.dir, "cut")
	require.NoError(t, os.Mkdir(target, 0o755))
	file := filepath.Join(target, "file")
	older, newer := bytes.Repeat([]byte("old "), 3000), bytes.Repeat([]byte("new "), 5000)
	write := remote.WriteFile{Path: file, Data: newer, Mode: 0o640, Group: "daemon"}

	sure := s.open(t, "root") // around the proxy
	reset := func() {
		r, err := sure.Do(t.Context(), remote.WriteFile{Path: file, Data: older, Mode: 0o600, Group: "root"})
		require.NoError(t, err)
		require.NoError(t, r[0].Err)
	}
	attempt := func(t *testing.T, up, down int64) (int64, int64) {
		h := open(t, s.config(t, "root", p.address))
		defer h.Close()
		_, err := h.Do(t.Context())
		require.NoError(t, err)
		beforeUp, beforeDown := p.up.count(), p.down.count()
		p.up.limit(up)
		p.down.limit(down)
		r, err := h.Do(t.Context(), write)
		p.up.limit(-1)
		p.down.limit(-1)
		if err != nil {
			require.ErrorIs(t, err, remote.ErrUnreachable, "up %d, down %d", up, down)
			checkOldOrNew(t, older, write, r[0])
		}
		return p.up.count() - beforeUp, p.down.count() - beforeDown
	}
	reset()
	up, down := attempt(t, -1, -1)
	t.Logf("an exchange is %d bytes up, %d down", up, down)
	for _, k := range cutPoints(t, up, 12) {
		reset()
		attempt(t, k, -1)
	}
	for _, k := range cutPoints(t, down, 12) {
		reset()
		attempt(t, -1, k)
	}
	reset()
	left, err := filepath.Glob(target + "/.cephstack.*")
	require.NoError(t, err)
	require.Empty(t, left)
}

// checkOldOrNew wants that a file holds what was there before a write, or what
// the write gave it.
func checkOldOrNew(t *testing.T, older []byte, write remote.WriteFile, r remote.Result) {
	t.Helper()
	file, newer := write.Path, write.Data
	unknown := errors.Is(r.Err, remote.ErrUnknown)
	for range 20 { // what still runs on the host may go on for a moment
		f, err := os.Open(file) // what is open is one of the two, whatever is renamed meanwhile
		require.NoError(t, err)
		data, err := io.ReadAll(f)
		require.NoError(t, err)
		info, err := f.Stat()
		require.NoError(t, err)
		require.NoError(t, f.Close())
		if bytes.Equal(data, older) {
			require.Error(t, r.Err)
			require.Equal(t, os.FileMode(0o600), info.Mode())
		} else {
			require.True(t, bytes.Equal(data, newer), "neither old nor new")
			require.Equal(t, os.FileMode(0o640), info.Mode())
			require.True(t, unknown || r.Err == nil, "new, and the error is: %v", r.Err)
		}
		left, err := filepath.Glob(filepath.Dir(file) + "/.cephstack.*")
		require.NoError(t, err)
		require.LessOrEqual(t, len(left), 1)
		time.Sleep(5 * time.Millisecond)
	}
}

func TestConnectIsTriedAgainWhenTheHostHangsUpAtOnce(t *testing.T) {
	s := startSSHD(t)
	p := newProxy(t, s.address, 0)
	p.drop.Store(2)
	_, err := open(t, s.config(t, "root", p.address)).Do(t.Context())
	require.NoError(t, err)
	p.drop.Store(1000)
	cfg := s.config(t, "root", p.address)
	cfg.Timeouts.Retry = 2 * time.Second
	_, err = open(t, cfg).Do(t.Context())
	require.ErrorIs(t, err, remote.ErrUnreachable)
	require.Less(t, p.drop.Load(), int64(998))
}

func TestMaxStartups(t *testing.T) {
	s := startSSHD(t, "MaxStartups 3:30:10")
	names := make([]string, 60)
	for _, o := range remote.Each(t.Context(), names, 0, func(ctx context.Context, _ string) (bool, error) {
		_, err := open(t, s.config(t, "root", s.address)).Do(ctx)
		return true, err
	}) {
		require.NoError(t, o.Err)
	}
}

func TestMaxSessions(t *testing.T) {
	s := startSSHD(t, "MaxSessions 1")
	h := s.open(t, "root")
	for _, o := range remote.Each(t.Context(), make([]string, 6), 0, func(ctx context.Context, _ string) (bool, error) {
		_, err := h.Do(ctx, remote.Stat{Path: "/"})
		return true, err
	}) {
		require.NoError(t, o.Err)
	}
}

func TestSilentHosts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	key, _ := newKey(t)
	cfg := remote.Config{
		Address: l.Addr().String(), User: "root",
		Keys: []cephstack.Redacted{cephstack.Redact(key)}, KnownHosts: []string{writeKnown(t, "")},
		Timeouts: remote.Timeouts{Handshake: 100 * time.Millisecond},
	}
	_, err = open(t, cfg).Do(t.Context())
	require.ErrorIs(t, err, remote.ErrUnreachable)
	require.ErrorIs(t, err, remote.ErrTimeout)
	cfg.Address = "127.0.0.1:" + freePort(t)
	_, err = open(t, cfg).Do(t.Context())
	require.ErrorIs(t, err, remote.ErrUnreachable)
	var h *remote.HostError
	require.ErrorAs(t, err, &h)
	require.Equal(t, "connect", h.Step)
}

func TestIdleHostTimesOut(t *testing.T) {
	s := startSSHD(t)
	cfg := s.config(t, "root", s.address)
	cfg.Timeouts.Idle = 700 * time.Millisecond
	r, err := open(t, cfg).Do(t.Context(), remote.Run{Argv: []string{"sleep", "3"}}, remote.Stat{Path: "/"})
	require.ErrorIs(t, err, remote.ErrTimeout)
	require.ErrorContains(t, err, ": exchange: run sleep: ")
	require.ErrorIs(t, r[0].Err, remote.ErrUnknown)
	require.NotErrorIs(t, r[1].Err, remote.ErrUnknown)
}

func TestCancelReturnsAtOnce(t *testing.T) {
	s := startSSHD(t)
	hosts := map[string]remote.Host{"ssh": s.open(t, "root"), "sudo": s.open(t, "admin"), "local": remote.Local{}}
	for name, h := range hosts {
		t.Run(name, func(t *testing.T) {
			marker := filepath.Join(s.dir, "started-"+name)
			took := time.Hour
			for n := 0; n < 6 && took >= 100*time.Millisecond; n++ { // a busy machine adds time
				took = min(took, cancelled(t, h, marker))
				require.NoError(t, os.Remove(marker))
			}
			require.Less(t, took, 100*time.Millisecond)
		})
	}
}

// cancelled ends the context while a program runs, and gives how long it takes until that is told.
func cancelled(t *testing.T, h remote.Host, marker string) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var at time.Time
	go func() {
		for _, err := os.Stat(marker); err != nil; _, err = os.Stat(marker) {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond) // for the result of Stat to arrive
		at = time.Now()
		cancel()
	}()
	run := remote.Run{Argv: []string{"sh", "-c", "touch " + marker + "; sleep 2"}}
	r, err := h.Do(ctx, remote.Stat{Path: "/"}, run, remote.Stat{Path: "/"})
	took := time.Since(at)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r[0].Err)
	require.ErrorIs(t, r[1].Err, remote.ErrUnknown)
	require.ErrorIs(t, r[2].Err, context.Canceled)
	_, err = h.Do(t.Context(), remote.Stat{Path: "/"})
	require.NoError(t, err)
	return took
}

func TestConnectionIsRenewed(t *testing.T) {
	t.Parallel()
	s := startSSHD(t)
	p := newProxy(t, s.address, 0)
	h := open(t, s.config(t, "root", p.address))
	_, err := h.Do(t.Context())
	require.NoError(t, err)
	p.up.limit(0)
	_, err = h.Do(t.Context())
	p.up.limit(-1)
	require.ErrorIs(t, err, remote.ErrUnreachable)
	for range 2 {
		_, err = h.Do(t.Context(), remote.Stat{Path: "/"})
		require.NoError(t, err)
	}
	require.NoError(t, h.Close())
	_, err = h.Do(t.Context())
	require.NoError(t, err)
}

// programs prints the processes of the program that serves the request.
const programs = `p=$PPID; while [ "$p" -gt 1 ]; do
grep -q "cephstack 2" /proc/$p/cmdline && echo $p; p=$(cut -d" " -f4 /proc/$p/stat); done`

// TestIdleProgram lets the program of one request serve the next one, and die
// while it waits.
func TestIdleProgram(t *testing.T) {
	t.Parallel()
	s := startSSHD(t)
	h := s.open(t, "root")
	program := func() string {
		t.Helper()
		r, err := h.Do(t.Context(), remote.Run{Argv: []string{"sh", "-c", programs}})
		require.NoError(t, err)
		all := strings.Fields(string(r[0].Data))
		require.Greater(t, len(all), 1, "%s", r[0].Stderr)
		return all[len(all)-1] // the outermost; others are of the request
	}
	kill := func(pid string) {
		t.Helper()
		n, err := strconv.Atoi(pid)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(n, syscall.SIGKILL))
	}
	first := program()
	require.Equal(t, first, program(), "the same program")
	kill(first)
	r, err := h.Do(t.Context(), remote.Stat{Path: "/"})
	require.NoError(t, err, "reading twice is no harm")
	require.NoError(t, r[0].Err)

	second := program()
	require.NotEqual(t, first, second)
	kill(second)
	write := remote.WriteFile{Path: s.dir + "/idle", Data: []byte("x")}
	r, err = h.Do(t.Context(), write)
	require.Error(t, err, "just now it was there, so that it may have done it")
	require.ErrorIs(t, r[0].Err, remote.ErrUnknown)

	kill(program())
	time.Sleep(2100 * time.Millisecond)
	r, err = h.Do(t.Context(), write)
	require.NoError(t, err, "a program that was idle for long is asked before")
	require.NoError(t, r[0].Err)
}

// TestFolderWithAGroupOfItsOwn: files made in it have the group that is asked
// for, and not the folder's.
func TestFolderWithAGroupOfItsOwn(t *testing.T) {
	s := startSSHD(t)
	dir := s.dir + "/shared"
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.Chown(dir, 0, 1))
	require.NoError(t, os.Chmod(dir, 0o755|os.ModeSetgid))
	write := remote.WriteFile{Path: dir + "/a", Data: []byte("x"), Owner: "root", Group: "root", Mode: 0o640}
	r, err := s.open(t, "root").Do(t.Context(), write)
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	require.Equal(t, "root", r[0].File.Group)
	require.Equal(t, fs.FileMode(0o640), r[0].File.Mode)
}

func TestAProgramIsNotKeptForEver(t *testing.T) {
	s := startSSHD(t)
	h := s.open(t, "root")
	h.KeepFor(300 * time.Millisecond)
	do := func() {
		t.Helper()
		_, err := h.Do(t.Context(), remote.Stat{Path: "/"})
		require.NoError(t, err)
	}
	do()
	require.True(t, h.Waiting())
	require.Eventually(t, func() bool { return !h.Waiting() }, 3*time.Second, 20*time.Millisecond)
	do()
	require.NoError(t, h.Close())
	require.False(t, h.Waiting())
	do()
}

func TestFullDiskKeepsTheOldFile(t *testing.T) {
	s := startSSHD(t)
	h := s.open(t, "root")
	name := s.dir + "/small/file"
	small, large := make([]byte, 8<<10), make([]byte, 100<<10)
	r, err := h.Do(t.Context(),
		remote.WriteFile{Path: name, Data: small},
		remote.WriteFile{Path: name, Data: large},
		remote.ReadFile{Path: name},
		remote.Run{Argv: []string{"ls", "-A", s.dir + "/small"}},
		remote.Run{Argv: []string{"cp", "/dev/zero", s.dir + "/small/rest"}},
		remote.WriteFile{Path: name, Data: []byte("x")})
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	require.ErrorIs(t, r[1].Err, syscall.ENOSPC)
	require.NotErrorIs(t, r[1].Err, remote.ErrUnknown)
	require.Equal(t, small, r[2].Data)
	require.Equal(t, "file\n", string(r[3].Data))
	require.ErrorIs(t, r[5].Err, syscall.ENOSPC)
}

func TestLeftoversAreSwept(t *testing.T) {
	needRoot(t, "/usr/bin/sha256sum")
	dir := rootDir(t)
	dead := filepath.Join(dir, ".cephstack.999999999.abc")
	other := filepath.Join(dir, ".cephstack.note")
	for _, name := range []string{dead, other} {
		require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
	}
	_, err := remote.Local{}.Do(t.Context(), remote.WriteFile{Path: dir + "/a"})
	require.NoError(t, err)
	require.NoFileExists(t, dead)
	require.FileExists(t, other)
}
