package cause_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// TestEveryConditionHasANameAndSaysWhatToDo is the whole table: names are stable, as
// stored plans have them.
func TestEveryConditionHasANameAndSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err       error
		name      string
		retryable bool
		next      string // a part of the advice; empty where the error says it itself
	}{
		{world.ErrLock, "operator-lock", true, ""},
		{world.ErrUnhealthy, "cluster-unhealthy", true, ""},
		{remote.ErrHostKey, "host-key", false, "right one"},
		{remote.ErrAuth, "host-authentication", false, "let in"},
		{remote.ErrSudo, "host-sudo", false, "NOPASSWD"},
		{remote.ErrUnreachable, "host-unreachable", false, "sshd answers"},
		{remote.ErrTimeout, "host-timeout", true, "hangs"},
		{ceph.ErrDenied, "ceph-denied", false, "client.admin"},
		{ceph.ErrUnreachable, "ceph-unreachable", true, "ceph -s"},
		{libvirtsecret.ErrUnreachable, "libvirt-unreachable", true, "libvirtd runs"},
		{libvirtsecret.ErrConflict, "libvirt-conflict", false, ""},
		{api.ErrAuth, "api-authentication", false, "clouds.yaml"},
		{api.ErrUnreachable, "api-unreachable", true, "clouds.yaml"},
		{step.ErrConflict, "conflict", true, ""},
	} {
		wrapped := fmt.Errorf("compute1: %w", fmt.Errorf("file: %w", c.err))
		assert.Equal(t, c.name, cause.Name(wrapped), c.name)
		require.ErrorIs(t, c.err, cause.Named(c.name), c.name)
		assert.Equal(t, c.retryable, cause.Retryable(wrapped), c.name)
		if c.next == "" {
			assert.Empty(t, cause.Advice(wrapped), c.name)
			continue
		}
		assert.Contains(t, cause.Next(wrapped), c.next, c.name)
		assert.Equal(t, "; "+cause.Next(wrapped)+", and run again", cause.Advice(wrapped), c.name)
	}
}

// TestTheMoreSpecialConditionCounts where an error has several.
func TestTheMoreSpecialConditionCounts(t *testing.T) {
	assert.Equal(t, "operator-lock", cause.Name(fmt.Errorf("%w: %w", world.ErrLock, ceph.ErrUnreachable)))
	assert.False(t, cause.Retryable(fmt.Errorf("%w: %w", world.ErrLock, ceph.ErrDenied)))
	both := fmt.Errorf("%w: %w", step.ErrConflict, libvirtsecret.ErrConflict)
	assert.Equal(t, "libvirt-conflict", cause.Name(both))
	lost := &remote.HostError{Host: "h", Step: "connect", Err: remote.ErrUnreachable}
	assert.Equal(t, "host-unreachable", cause.Name(fmt.Errorf("%w: %w", ceph.ErrUnreachable, lost)))
}

// TestAHostTellsItselfWhetherTryingAgainHelps.
func TestAHostTellsItselfWhetherTryingAgainHelps(t *testing.T) {
	lost := &remote.HostError{Host: "h", Step: "connect", Err: remote.ErrUnreachable}
	refused := &remote.HostError{Host: "h", Step: "authenticate", Err: remote.ErrAuth}
	assert.Equal(t, lost.Retryable(), cause.Retryable(fmt.Errorf("x: %w", lost)))
	assert.True(t, cause.Retryable(lost))
	assert.False(t, cause.Retryable(refused))
	assert.False(t, cause.Retryable(fmt.Errorf("%w: %w", ceph.ErrUnreachable, refused)), "the host counts")
}
