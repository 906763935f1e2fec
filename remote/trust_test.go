package remote_test

import (
	"crypto/dsa" //nolint:staticcheck // what must be refused
	"crypto/rand"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

// A watch is a server that counts attempts to log in.
type watch struct {
	address, port string
	attempts      atomic.Int64
}

// startWatch starts a server, which lets everybody in and then uses the connection.
func startWatch(t *testing.T, hostKey ssh.Signer, use func(*ssh.ServerConn)) *watch {
	t.Helper()
	w := &watch{}
	server := &ssh.ServerConfig{
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil },
		AuthLogCallback:   func(ssh.ConnMetadata, string, error) { w.attempts.Add(1) },
	}
	server.AddHostKey(hostKey)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	w.address = l.Addr().String()
	w.port = strings.TrimPrefix(w.address, "127.0.0.1:")
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() {
				defer c.Close()
				conn, channels, requests, err := ssh.NewServerConn(c, server)
				if err != nil {
					return
				}
				go ssh.DiscardRequests(requests)
				if use != nil {
					use(conn)
				}
				for ch := range channels {
					_ = ch.Reject(ssh.Prohibited, "no")
				}
			}()
		}
	}()
	return w
}

func (w *watch) line(key ssh.PublicKey) string {
	return "[127.0.0.1]:" + w.port + " " + string(ssh.MarshalAuthorizedKey(key))
}

// Nothing of a login leaves before the host's key was trusted, behind a jump host either.
func TestNobodyLogsInToAHostThatIsNotTrusted(t *testing.T) {
	var weakKey dsa.PrivateKey
	require.NoError(t, dsa.GenerateParameters(&weakKey.Parameters, rand.Reader, dsa.L1024N160))
	require.NoError(t, dsa.GenerateKey(&weakKey, rand.Reader))
	weak, err := ssh.NewSignerFromKey(&weakKey)
	require.NoError(t, err)
	key, _ := newKey(t)
	_, good := newKey(t)
	_, other := newKey(t)
	_, ca := newKey(t)
	signed := func(change func(*ssh.Certificate)) ssh.Signer {
		c := &ssh.Certificate{Key: good.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"},
			ValidBefore: uint64(time.Now().Add(time.Hour).Unix())}
		change(c)
		require.NoError(t, c.SignCert(rand.Reader, ca))
		s, err := ssh.NewCertSigner(c, good)
		require.NoError(t, err)
		return s
	}
	jump := startSSHD(t)
	for name, c := range map[string]struct {
		hostKey ssh.Signer
		known   func(w *watch) string
	}{
		"unknown": {good, func(*watch) string { return "" }},
		"changed": {good, func(w *watch) string { return w.line(other.PublicKey()) }},
		"revoked": {good, func(w *watch) string { return w.line(good.PublicKey()) + "@revoked " + w.line(good.PublicKey()) }},
		"DSA":     {weak, func(w *watch) string { return w.line(weak.PublicKey()) }},
		"a certificate for another host": {signed(func(c *ssh.Certificate) { c.ValidPrincipals = []string{"c2"} }),
			func(w *watch) string { return "@cert-authority " + w.line(ca.PublicKey()) }},
		"a certificate that expired": {signed(func(c *ssh.Certificate) { c.ValidBefore = 1 }),
			func(w *watch) string { return "@cert-authority " + w.line(ca.PublicKey()) }},
		"a revoked authority": {signed(func(*ssh.Certificate) {}), func(w *watch) string {
			return "@cert-authority " + w.line(ca.PublicKey()) + "@revoked " + w.line(ca.PublicKey())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWatch(t, c.hostKey, nil)
			cfg := remote.Config{Name: "c1", Address: w.address, User: "root",
				Keys:     []cephstack.Redacted{cephstack.Redact(key)},
				Password: remote.NewPassword(canary), KnownHosts: []string{writeKnown(t, c.known(w))}}
			_, err := open(t, cfg).Do(t.Context())
			require.ErrorIs(t, err, remote.ErrHostKey)
			bastion := jump.config(t, "root", jump.address)
			cfg.Jump = &bastion
			_, err = open(t, cfg).Do(t.Context())
			require.ErrorIs(t, err, remote.ErrHostKey)
			require.Zero(t, w.attempts.Load(), "somebody began to log in")
		})
	}
}

// A host cannot have a channel to the client: not to an agent, and not to its network.
func TestAHostGetsNoChannel(t *testing.T) {
	key, _ := newKey(t)
	_, good := newKey(t)
	refused := make(chan error, 9)
	kinds := []string{"auth-agent@openssh.com", "auth-agent", "x11", "forwarded-tcpip", "direct-tcpip", "session"}
	w := startWatch(t, good, func(conn *ssh.ServerConn) {
		for _, kind := range kinds {
			_, _, err := conn.OpenChannel(kind, nil)
			refused <- err
		}
	})
	cfg := remote.Config{Address: w.address, User: "root", Keys: []cephstack.Redacted{cephstack.Redact(key)},
		KnownHosts: []string{writeKnown(t, w.line(good.PublicKey()))}}
	_, err := open(t, cfg).Do(t.Context())
	require.Error(t, err)
	for _, kind := range kinds {
		require.ErrorContains(t, <-refused, "none are expected", kind)
	}
}

// A client asks a host for a program and for nothing else: not to forward an agent, X11 or ports, and not for a
// terminal or an environment.
func TestAHostIsAskedForAProgramAlone(t *testing.T) {
	key, _ := newKey(t)
	_, good := newKey(t)
	asked := make(chan string, 99)
	server := &ssh.ServerConfig{
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil },
	}
	server.AddHostKey(good)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	note := func(requests <-chan *ssh.Request, answer bool) {
		for r := range requests {
			asked <- r.Type
			_ = r.Reply(answer, nil)
		}
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, channels, requests, err := ssh.NewServerConn(c, server)
		if err != nil {
			return
		}
		go note(requests, false)
		for ch := range channels {
			asked <- ch.ChannelType()
			session, requests, err := ch.Accept()
			if err != nil {
				return
			}
			go note(requests, true)
			time.AfterFunc(100*time.Millisecond, func() { session.Close() })
		}
	}()
	port := strings.TrimPrefix(l.Addr().String(), "127.0.0.1:")
	cfg := remote.Config{Address: l.Addr().String(), User: "root",
		Keys:       []cephstack.Redacted{cephstack.Redact(key)},
		KnownHosts: []string{writeKnown(t, "[127.0.0.1]:"+port+" "+string(ssh.MarshalAuthorizedKey(good.PublicKey())))}}
	_, err = open(t, cfg).Do(t.Context())
	require.Error(t, err)
	all := map[string]bool{}
	for len(asked) > 0 {
		all[<-asked] = true
	}
	delete(all, "keepalive@openssh.com")
	require.Equal(t, map[string]bool{"session": true, "exec": true}, all)
}
