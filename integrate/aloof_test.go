package integrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestABackendThatCannotBeInACluster: cluster is an option of a whole cinder-volume, which then does
// not open a backend whose driver cannot be in a cluster.
func TestABackendThatCannotBeInACluster(t *testing.T) {
	clustered := exampleSpec()
	clustered.Cinder.Cluster, clustered.Cinder.Coordination = "ha", spec.NewSecret("redis://203.0.113.5:6379")
	const nfs = "enabled_backends = nfs\n[nfs]\nvolume_driver = cinder.volume.drivers.nfs.NfsDriver\n"
	for name, c := range map[string]struct {
		text, code, says string
	}{
		"nfs": {"[DEFAULT]\n" + nfs, "backend-unfit-for-cluster",
			"[nfs] is enabled with volume_driver = cinder.volume.drivers.nfs.NfsDriver, a driver that cannot be in a cluster"},
		"lvm": {"[DEFAULT]\nenabled_backends = old\n[old]\nvolume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver\n",
			"backend-unfit-for-cluster", "[old] is enabled with volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver"},
		"by default": {"[DEFAULT]\nenabled_backends = old\n[old]\nvolume_group = x\n", "backend-unfit-for-cluster",
			"[old] is enabled with "},
		"without a driver": {"[DEFAULT]\nenabled_backends = old\n[old]\n", "", ""},
		"another": {"[DEFAULT]\nenabled_backends = san\n[san]\nvolume_driver = a.vendor.Driver\n",
			"backend-comes-into-cluster", "comes into cluster ha, too"},
		"in it already": {"[DEFAULT]\ncluster = ha\n" + nfs, "", ""},
		"not enabled": {"[DEFAULT]\nenabled_backends =\n[nfs]\n" +
			"volume_driver = cinder.volume.drivers.nfs.NfsDriver\n", "", ""},
		"a backend in Ceph":  {"[DEFAULT]\nenabled_backends = old\n[old]\n" + rbdBackend + "rbd_pool = other\n", "", ""},
		"that of the Spec":   {cephBackend + "rbd_pool = volumes\nvolume_backend_name = ceph\n", "", ""},
		"nothing is enabled": {"[DEFAULT]\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, in := with(t, clustered, cinderOnHost, c.text)
			p := plan(t, in)
			if c.code == "" {
				for _, f := range p.Findings {
					assert.NotContains(t, []string{"backend-unfit-for-cluster", "backend-comes-into-cluster"}, f.Code, "%s", p)
				}
				require.Empty(t, p.Problems(), "%s", p)
				return
			}
			f := finds(t, p, c.code)
			assert.Contains(t, f.Message, c.says)
			assert.Equal(t, "controller", f.Target)
			writes := func(change integrate.Change) bool { return strings.Contains(change.ID, cinderOnHost) }
			unfit := c.code == "backend-unfit-for-cluster"
			assert.Equal(t, unfit, f.Problem)
			assert.Equal(t, !unfit, slices.ContainsFunc(p.Changes, writes), "%s", p)
		})
	}

	_, in := with(t, exampleSpec(), cinderOnHost, "[DEFAULT]\n"+nfs)
	require.Empty(t, plan(t, in).Problems(), "without a cluster the backend stays")
}
