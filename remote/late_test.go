package remote_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/remote"
)

// A lateServer opens sessions when it is let, and answers no command line.
type lateServer struct {
	asked chan struct{} // a session was asked for
	open  chan struct{} // closed: sessions are opened
	ran   chan string   // command lines that came, and "" for a session that was closed without a command line
}

// startLate starts a server whose host has no time for sessions.
func startLate(t *testing.T) (*lateServer, remote.Config) {
	t.Helper()
	s := &lateServer{make(chan struct{}, 8), make(chan struct{}), make(chan string, 8)}
	key, signer := newKey(t)
	server := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, nil
	}}
	server.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go s.serve(c, server)
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	known := "[127.0.0.1]:" + port + " " + string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	return s, remote.Config{Name: "c1", Address: l.Addr().String(), User: "root",
		Keys:       []cephstack.Redacted{cephstack.Redact(key)},
		KnownHosts: []string{writeKnown(t, known)}, Timeouts: remote.Timeouts{Handshake: 2 * time.Second}}
}

func (s *lateServer) serve(c net.Conn, server *ssh.ServerConfig) {
	defer c.Close()
	_, channels, requests, err := ssh.NewServerConn(c, server)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		s.asked <- struct{}{}
		go func() {
			<-s.open
			_, requests, err := asked.Accept()
			if err != nil {
				s.ran <- ""
				return
			}
			line := ""
			for r := range requests {
				if r.Type == "exec" { // no answer: the command line has come, and whether it runs is not said
					line = string(r.Payload)
					break
				}
			}
			s.ran <- line
		}()
	}
}

// TestAStartThatWasGivenUpRunsNothing: who is told that a program was not run may rely on it, also
// if the host opens the session later. Another caller keeps the connection open.
func TestAStartThatWasGivenUpRunsNothing(t *testing.T) {
	for name, stop := range map[string]bool{"the host is slow": false, "the caller stops": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cfg := startLate(t)
			h := open(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			other := make(chan error, 1)
			go func() {
				<-s.asked
				time.Sleep(cfg.Timeouts.Handshake / 2)
				go func() {
					<-s.asked
					if stop {
						cancel()
					}
				}()
				r, err := h.Do(t.Context(), remote.Run{Argv: []string{"touch", "/second"}})
				assert.ErrorIs(t, r[0].Err, remote.ErrUnknown)
				other <- err
			}()
			r, err := h.Do(ctx, remote.Run{Argv: []string{"touch", "/first"}})
			require.Error(t, err)
			require.Error(t, r[0].Err)
			require.NotErrorIs(t, r[0].Err, remote.ErrUnknown)
			close(s.open)
			ran := <-s.ran + <-s.ran
			assert.False(t, strings.Contains(ran, "/first"), "it ran although it was given up")
			assert.True(t, strings.Contains(ran, "/second"))
			require.ErrorIs(t, <-other, remote.ErrTimeout)
		})
	}
}

// TestAStartWithoutAnAnswerIsUnknown: the command line had come to the host.
func TestAStartWithoutAnAnswerIsUnknown(t *testing.T) {
	s, cfg := startLate(t)
	close(s.open)
	r, err := open(t, cfg).Do(t.Context(), remote.Run{Argv: []string{"touch", "/x"}})
	require.ErrorIs(t, err, remote.ErrTimeout)
	require.ErrorIs(t, r[0].Err, remote.ErrUnknown)
	assert.True(t, strings.Contains(<-s.ran, "/x"))
}
