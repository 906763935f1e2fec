package remote_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/cephstack/cephstack/remote"
)

var errLost = errors.New("the lock was lost")

// A lateCtx ends, and Done does not say so: what waits for Done comes too late.
type lateCtx struct{ context.Context }

func (lateCtx) Done() <-chan struct{} { return nil }

// notSent says that an operation failed by the end of ctx, and did nothing.
func notSent(ended context.Context, t *testing.T, h remote.Host, op remote.Op) {
	t.Helper()
	r, err := h.Do(lateCtx{ended}, op)
	for _, err := range []error{err, r[0].Err} {
		require.ErrorIs(t, err, errLost)
		require.NotErrorIs(t, err, remote.ErrUnknown)
	}
}

// TestNoRequestIsSentAfterTheEndOfCtx: ctx ends while the program says that it is there. The caller
// may have lost a lock, and another may hold it.
func TestNoRequestIsSentAfterTheEndOfCtx(t *testing.T) {
	key, _ := newKey(t)
	parent, cancel := context.WithCancelCause(t.Context())
	got := make(chan int, 1)
	h := open(t, hostile(t, key, func(ch ssh.Channel, mark string) {
		cancel(errLost)
		_, _ = io.WriteString(ch, mark+" hello 2\n"+mark+" bye\n")
		n, _ := ch.Read(make([]byte, 64)) // until the client ends the session
		got <- n
	}, nil))
	notSent(parent, t, h, remote.WriteFile{Path: "/x", Data: []byte("x")})
	require.Zero(t, <-got, "bytes of the request came")
}

// TestNoCommandIsSentAfterTheEndOfCtx: ctx ends while the host opens the session.
func TestNoCommandIsSentAfterTheEndOfCtx(t *testing.T) {
	s, cfg := startLate(t)
	parent, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-s.asked
		cancel(errLost)
		close(s.open)
	}()
	notSent(parent, t, open(t, cfg), remote.Run{Argv: []string{"touch", "/x"}})
	require.Empty(t, <-s.ran)
}
