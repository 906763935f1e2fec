package adopt_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
)

// TestKnownHolesComeFirst: what is found and is a known hole is kept, and loudly: before all other entries, with a
// comment of its own, and with a note of the plan where somebody can read a key.
func TestKnownHolesComeFirst(t *testing.T) {
	s := plain(1)
	s.Release = "train"
	w := integratetest.Integrated(t, s)
	for path, mode := range map[string]remote.SetAttr{"/etc/ceph": {Mode: 0o777}, "/etc/ceph/ceph.conf": {Mode: 0o666},
		"/etc/ceph/ceph.client.glance.keyring": {Mode: 0o644}} {
		mode.Path = path
		_, err := w.Machines["controller"].Do(t.Context(), mode)
		require.NoError(t, err)
	}
	spot{w, "controller", "/etc/cinder/cinder.conf"}.edit(t, "rbd_user = cinder",
		"rbd_user = cinder\nrbd_keyring_conf = /etc/ceph/ceph.client.cinder.keyring", "rbd_max_clone_depth = 5\n", "",
		"rbd_store_chunk_size = 4\n", "")
	_, err := w.Machines["controller"].Do(t.Context(), remote.RestartUnit{Unit: "cinder-backup.service"})
	require.NoError(t, err)
	a, err := find(t, w.World, bare(s))
	require.NoError(t, err)
	text, err := a.Text()
	require.NoError(t, err)
	assert.Empty(t, left(a))
	told := strings.Join(strings.Fields(strings.ReplaceAll(text, "#", "")), " ")
	for _, hole := range []string{"Cinder gives the key of its Ceph user to whoever may attach a volume (OSSN-0085).",
		"accounts other than root can put files into the folder that Ceph's clients trust.",
		"every account on the host can read the key of a Ceph user."} {
		assert.Contains(t, told, "KNOWN HOLE, which stays open while this entry is here: "+hole, text)
	}
	last := strings.LastIndex(text, "KNOWN HOLE")
	assert.Greater(t, strings.Index(text, "rbd_store_chunk_size"), last, "entries that are no holes come behind")
	plan := a.Plan.String()
	assert.Contains(t, plan, "controller /etc/ceph: accounts other than root can put files there (0777)")
	assert.Contains(t, plan, "controller /etc/ceph/ceph.client.glance.keyring: everybody on the host can read the key")
	again := a.Spec.Clone()
	again.Keep = a.Spec.Keep[1:]
	assert.NotEmpty(t, diffsOf(planned(t, w, again)), "without its entry, a hole is closed")
}
