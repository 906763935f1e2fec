package wiring

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret/virsh"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/upstart"
)

// TestLayouts opens a host in each layout; nothing is connected to.
func TestLayouts(t *testing.T) {
	known := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(known, nil, 0o600))
	s := spec.Spec{
		Clusters: []spec.Cluster{{Name: "ceph", Host: "c1"}},
		SSH:      spec.SSH{User: "root", KnownHosts: []string{known}, Agent: known + ".agent"},
		Hosts:    []spec.Host{{Name: "c1", Services: []string{"nova-compute"}}},
	}
	for layout, container := range map[string]string{"": "", "kolla": "nova_libvirt", "upstart": ""} {
		s.Layout = layout
		w, closeAll, err := Open(t.Context(), s, nil)
		require.NoError(t, err)
		defer closeAll()
		_, jobs := w.Hosts["c1"].(*upstart.Host)
		assert.Equal(t, layout == "upstart", jobs, layout)
		op, _ := w.Secrets["c1"].(*virsh.Store).ListOp()
		argv := op.(remote.Run).Argv
		assert.Equal(t, container != "", argv[0] == "sh" && argv[4] == container, layout)
	}
}
