package remote_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// servedConfig is how to reach a fake host by a real connection.
func servedConfig(t *testing.T, fake *remotetest.Host) remote.Config {
	t.Helper()
	server, err := remotetest.Serve(fake)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	cfg, err := server.Config(t.TempDir())
	require.NoError(t, err)
	return cfg
}

// failing does ops on a host, and wants that the exchange fails.
func failing(t *testing.T, cfg remote.Config, ops ...remote.Op) (*remote.HostError, []remote.Result) {
	t.Helper()
	r, err := open(t, cfg).Do(t.Context(), ops...)
	var h *remote.HostError
	require.ErrorAs(t, err, &h)
	require.Equal(t, "c1", h.Host)
	for i := range r {
		var of *remote.HostError
		if r[i].Err != nil {
			require.ErrorAs(t, r[i].Err, &of, "an op knows why")
			require.Same(t, h, of)
		}
	}
	return h, r
}

// speaking is the address of a server that says a text and hangs up.
func speaking(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			fmt.Fprint(c, text)
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	return l.Addr().String()
}

// silent is the address of a server that says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestWhetherTryingAgainHelps(t *testing.T) {
	good := servedConfig(t, remotetest.NewHost("c1"))
	stranger, _ := newKey(t)
	for name, c := range map[string]struct {
		change func(*remote.Config)
		step   string
		is     error
		again  bool
	}{
		"nobody listens": {func(c *remote.Config) { c.Address = "127.0.0.1:" + freePort(t) },
			"connect", remote.ErrUnreachable, true},
		"the cause": {func(c *remote.Config) { c.Address = "127.0.0.1:" + freePort(t) },
			"connect", syscall.ECONNREFUSED, true},
		"silence": {func(c *remote.Config) {
			c.Address, c.Timeouts.Handshake = silent(t), 50*time.Millisecond
		}, "connect", remote.ErrTimeout, true},
		"too many logins": {func(c *remote.Config) {
			c.Address, c.Timeouts.Retry = speaking(t, "Exceeded MaxStartups\r\n"), time.Millisecond
		}, "connect", remote.ErrUnreachable, true},
		"not an SSH server": {func(c *remote.Config) { c.Address = speaking(t, "HTTP/1.1 400 Bad Request\r\n\r\n") },
			"connect", remote.ErrUnreachable, false},
		"an unknown host key": {func(c *remote.Config) { c.KnownHosts = []string{writeKnown(t, "")} },
			"host key", remote.ErrHostKey, false},
		"a refused login": {func(c *remote.Config) { c.Keys = []cephstack.Redacted{cephstack.Redact(stranger)} },
			"authenticate", remote.ErrAuth, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			h, r := failing(t, cfg, remote.WriteFile{Path: "/a"})
			require.ErrorIs(t, h, c.is)
			require.NotErrorIs(t, h, remote.ErrLocal)
			require.NotErrorIs(t, h, context.DeadlineExceeded, "ctx did not end")
			require.Equal(t, c.step, h.Step)
			require.Equal(t, c.again, h.Retryable(), "%v", h)
			require.Empty(t, h.Op+h.Object+h.Jump)
			require.NotErrorIs(t, r[0].Err, remote.ErrUnknown)
			require.Error(t, r[0].Err)
		})
	}
	for _, cause := range []error{remote.ErrSudo, context.Canceled, context.DeadlineExceeded, errors.New("any other")} {
		require.False(t, (&remote.HostError{Host: "c1", Step: "sudo", Err: cause}).Retryable(), "%v", cause)
	}
}

func TestAnExchangeThatFailsTellsAtWhichOperation(t *testing.T) {
	fake := remotetest.NewHost("c1")
	cfg := servedConfig(t, fake)
	cfg.Timeouts.Idle = 300 * time.Millisecond
	fake.Fail = func(ctx context.Context, op remote.Op) error {
		if _, ok := op.(remote.WriteFile); ok {
			<-ctx.Done()
		}
		return ctx.Err()
	}
	h, r := failing(t, cfg, remote.Stat{Path: "/"}, remote.WriteFile{Path: "/etc/x"}, remote.Remove{Path: "/b"})
	require.ErrorIs(t, h, remote.ErrTimeout)
	require.Equal(t, []string{"exchange", "write", "/etc/x"}, []string{h.Step, h.Op, h.Object})
	require.EqualError(t, h, "c1: exchange: write /etc/x: remote: timed out: the host is silent")
	require.True(t, h.Retryable())
	require.NoError(t, r[0].Err)
	require.EqualError(t, r[1].Err, "c1: write /etc/x: remote: outcome unknown: remote: timed out: the host is silent")

	fake = remotetest.NewHost("c1")
	cfg = servedConfig(t, fake)
	cfg.Timeouts.Idle = 300 * time.Millisecond
	fake.Fail = func(ctx context.Context, _ remote.Op) error { <-ctx.Done(); return ctx.Err() }
	h, _ = failing(t, cfg, remote.ReadFile{Path: "/a"}, remote.Stat{Path: "/b"}, remote.Stat{Path: "/c"})
	require.Equal(t, "read /a and 2 more", h.Op+" "+h.Object)
}

// localFaults are those of the machine that connects.
func localFaults(t *testing.T) map[string]func(*remote.Config) {
	file := filepath.Join(t.TempDir(), "key")
	key, signer := newKey(t)
	raw, err := ssh.ParseRawPrivateKey(key)
	require.NoError(t, err)
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(raw, "", []byte("secret"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(locked), 0o600))
	uncertain := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(uncertain, key, 0o600))
	require.NoError(t, os.WriteFile(uncertain+"-cert.pub", ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600))
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() { _ = agent.ServeAgent(agent.NewKeyring(), c) }()
		}
	}()
	return map[string]func(*remote.Config){
		"an encrypted key":           func(c *remote.Config) { c.KeyFiles, c.Keys = []string{file}, nil },
		"a key that is not there":    func(c *remote.Config) { c.KeyFiles, c.Keys = []string{file + "2"}, nil },
		"not a certificate":          func(c *remote.Config) { c.KeyFiles, c.Keys = []string{uncertain}, nil },
		"an agent that is not there": func(c *remote.Config) { c.Agent = socket + "2" },
		"an agent without keys":      func(c *remote.Config) { c.Agent, c.Keys = socket, nil },
		"known_hosts":                func(c *remote.Config) { c.KnownHosts = []string{t.TempDir()} },
	}
}

func TestFaultsOfTheMachineThatConnects(t *testing.T) {
	fake := remotetest.NewHost("c1")
	good := servedConfig(t, fake)
	for name, change := range localFaults(t) {
		t.Run(name, func(t *testing.T) {
			cfg := good
			change(&cfg)
			h, _ := failing(t, cfg, remote.WriteFile{Path: "/a"})
			require.ErrorIs(t, h, remote.ErrLocal)
			require.Contains(t, h.Error(), ": on the machine that connects: ")
			require.NotErrorIs(t, h, remote.ErrUnreachable)
			require.False(t, h.Retryable())
			require.Empty(t, h.Jump)
			require.NotContains(t, h.Error(), "secret")
		})
	}
	require.Zero(t, fake.Exchanges(), "the host was not asked")
	cfg := good
	cfg.KnownHosts = []string{filepath.Join(t.TempDir(), "none")}
	h, _ := failing(t, cfg)
	require.ErrorIs(t, h, remote.ErrLocal)
	require.ErrorIs(t, h, fs.ErrNotExist)
}

func TestFaultsOfAJumpHost(t *testing.T) {
	good := servedConfig(t, remotetest.NewHost("bastion"))
	behind := func(jump remote.Config) remote.Config {
		return remote.Config{
			Name: "c1", Address: "192.0.2.1", User: "root",
			Keys: jump.Keys, KnownHosts: jump.KnownHosts, Jump: &jump,
		}
	}
	down := good
	down.Address = "127.0.0.1:" + freePort(t)
	h, r := failing(t, behind(down), remote.WriteFile{Path: "/a"})
	require.Equal(t, "bastion", h.Jump)
	require.ErrorIs(t, h, remote.ErrUnreachable)
	require.True(t, h.Retryable())
	require.Contains(t, h.Error(), "c1: jump host bastion: connect: remote: host unreachable: ")
	require.ErrorContains(t, r[0].Err, "c1: write /a: not done: jump host bastion: remote: host unreachable: ")

	unknown := good
	unknown.KnownHosts = []string{writeKnown(t, "")}
	h, _ = failing(t, behind(unknown))
	require.Equal(t, []string{"bastion", "host key"}, []string{h.Jump, h.Step})
	require.ErrorIs(t, h, remote.ErrHostKey)
	require.False(t, h.Retryable())

	for name, change := range localFaults(t) {
		jump := good
		change(&jump)
		cfg := behind(jump)
		cfg.Keys, cfg.KnownHosts = good.Keys, good.KnownHosts
		h, _ = failing(t, cfg)
		require.Equal(t, "bastion", h.Jump, name)
		require.ErrorIs(t, h, remote.ErrLocal, name)
	}

	first := down
	first.Name = "outer"
	second := good
	second.Jump = &first
	h, _ = failing(t, behind(second))
	require.Equal(t, "outer", h.Jump, "the first one that fails")

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	slow := good
	slow.Address = silent(t)
	_, err := open(t, behind(slow)).Do(ctx)
	require.ErrorAs(t, err, &h)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Empty(t, h.Jump, "ctx ended, which says nothing of the jump host")

	_, err = behind(down).ScanHostKeys(t.Context())
	require.ErrorAs(t, err, &h)
	require.Equal(t, []string{"c1", "bastion"}, []string{h.Host, h.Jump})
}
