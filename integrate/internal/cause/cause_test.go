package cause_test

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

func TestAdvice(t *testing.T) {
	wrapped := fmt.Errorf("cloud1: %w", ceph.ErrUnreachable)
	assert.Equal(t, "see that the cluster's monitors answer: ceph -s", cause.Next(wrapped))
	assert.Equal(t, "; see that the cluster's monitors answer: ceph -s, and run again", cause.Advice(wrapped))
	assert.Equal(t, "settle whether the host is the right one, as it says", cause.Next(remote.ErrHostKey))
	assert.Empty(t, cause.Advice(errors.New("something else")))
	assert.Empty(t, cause.Next(nil))
}

// TestAdviceAboutANameThatIsNotKnown: the host itself may well be up.
func TestAdviceAboutANameThatIsNotKnown(t *testing.T) {
	dns := &net.DNSError{Err: "no such host", Name: "compute1", IsNotFound: true}
	host := &remote.HostError{Host: "compute1", Step: "connect", Err: errors.Join(remote.ErrUnreachable, dns)}
	assert.Equal(t, "see that the Spec has the right address for that host: its name is not known here", cause.Next(host))
	host.Jump = "bastion"
	assert.Equal(t, "see that the Spec has the right address for bastion: its name is not known here", cause.Next(host))
	dns.IsNotFound = false
	host.Jump = ""
	assert.Equal(t, "see that the host is up and that its sshd answers from here", cause.Next(host))
}

func TestName(t *testing.T) {
	assert.Equal(t, "ceph-unreachable", cause.Name(fmt.Errorf("cloud1: %w", ceph.ErrUnreachable)))
	assert.Equal(t, ceph.ErrUnreachable, cause.Named("ceph-unreachable"))
	assert.Empty(t, cause.Name(errors.New("something else")))
	assert.Empty(t, cause.Name(nil))
	assert.NoError(t, cause.Named(""))
	assert.NoError(t, cause.Named("something-else"))
}

func TestRetryable(t *testing.T) {
	assert.True(t, cause.Retryable(fmt.Errorf("cloud1: %w", ceph.ErrUnreachable)))
	assert.True(t, cause.Retryable(step.ErrConflict))
	assert.False(t, cause.Retryable(ceph.ErrDenied))
	assert.False(t, cause.Retryable(nil))
}
