package remote

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnreachable(t *testing.T) {
	retryable := func(err error) bool { return (&HostError{Host: "c1", Step: "connect", Err: err}).Retryable() }
	dns := unreachable(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "c1", IsNotFound: true}})
	require.ErrorIs(t, dns, ErrUnreachable)
	require.False(t, retryable(dns), "a name that does not exist")
	require.True(t, retryable(unreachable(&net.DNSError{Err: "server misbehaving", Name: "c1", IsTemporary: true})))
	late := unreachable(context.DeadlineExceeded)
	require.ErrorIs(t, late, ErrTimeout)
	require.NotErrorIs(t, late, context.DeadlineExceeded, "only the caller's ctx is that")
	require.True(t, retryable(late))
	files := unreachable(&net.OpError{Op: "dial", Err: errors.Join(syscall.EMFILE)})
	require.ErrorIs(t, files, ErrLocal)
	require.False(t, retryable(files))
}
