package integratetest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/internal/running"
)

// TestWhatRunsOnFakeHosts: a service has the librados of its packages, unless it keeps an older one.
func TestWhatRunsOnFakeHosts(t *testing.T) {
	s := smallSpec()
	w := integratetest.Integrated(t, s)
	ask := func(name string, o running.Options) running.Host {
		r, err := w.Machines[name].Do(t.Context(), running.Ask(o))
		require.NoError(t, err)
		h, err := running.Parse(r[0])
		require.NoError(t, err)
		require.NoError(t, h.ProcessesErr)
		return h
	}
	h := ask("compute1", running.Options{Domains: true})
	require.NoError(t, h.DomainsErr)
	require.Len(t, h.Processes, 1)
	assert.Equal(t, "nova-compute", h.Processes[0].Name)
	assert.Equal(t, "16.2.15", h.Processes[0].Version)
	assert.Equal(t, running.No, h.Processes[0].AES256k)
	assert.Equal(t, "16.2.15", h.Installed[0].Version)

	for _, p := range []string{"ceph-common", "python3-rados", "qemu-block-extra"} {
		w.Machines["compute1"].AddPackage(p, "20.2.4-1", true)
	}
	w.KeepLibrados("compute1", "nova-compute", "16.2.15")
	h = ask("compute1", running.Options{})
	assert.ErrorIs(t, h.DomainsErr, running.ErrNotAsked)
	assert.Equal(t, running.Yes, h.Installed[0].AES256k)
	assert.True(t, h.Processes[0].Replaced)
	assert.Equal(t, running.No, h.Processes[0].AES256k)
}
