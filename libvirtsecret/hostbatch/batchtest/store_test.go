package batchtest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch/batchtest"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func TestConformance(t *testing.T) {
	host := remotetest.NewHost("compute1")
	store := batchtest.New(secrettest.New(), host)
	secrettest.TestStore(t, func(*testing.T) libvirtsecret.Store { return store })
	batchtest.TestStore(t, func(*testing.T) (hostbatch.Store, remote.Host) { return store, host })
}

// TestTheDaemonIsDown is told from a daemon that has no secrets.
func TestTheDaemonIsDown(t *testing.T) {
	secrets, host := secrettest.New(), remotetest.NewHost("compute1")
	secrets.Fail = func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
	op, read := batchtest.New(secrets, host).ListOp()
	results, err := host.Do(t.Context(), op)
	require.NoError(t, err)
	_, whole, err := read(results[0])
	require.ErrorIs(t, err, libvirtsecret.ErrUnreachable)
	assert.False(t, whole)
}

// TestAnotherResult is never read as a success.
func TestAnotherResult(t *testing.T) {
	host := remotetest.NewHost("compute1")
	store := batchtest.New(secrettest.New(), host)
	op, read := store.ListOp()
	_, other := store.ListOp()
	results, err := host.Do(t.Context(), op, op)
	require.NoError(t, err)
	_, whole, err := read(results[0])
	require.NoError(t, err)
	assert.True(t, whole)
	_, _, err = other(results[0])
	require.Error(t, err)
	_, _, err = read(results[1])
	require.NoError(t, err, "an operation may run again")
	_, _, err = read(remote.Result{Err: errors.New("lost")})
	require.ErrorContains(t, err, "lost")
}

// A wrapper embeds the interface, and so keeps the batch.
type wrapper struct{ hostbatch.Store }

func TestAWrapperKeepsTheBatch(t *testing.T) {
	host := remotetest.NewHost("compute1")
	store := wrapper{batchtest.New(secrettest.New(), host)}
	batchtest.TestStore(t, func(*testing.T) (hostbatch.Store, remote.Host) { return store, host })
}
