package integrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
)

const (
	rbdBackend   = "volume_driver = cinder.volume.drivers.rbd.RBDDriver\n"
	cephBackend  = "[DEFAULT]\nenabled_backends = ceph\n[ceph]\n" + rbdBackend
	cinderOnHost = "/etc/cinder/cinder.conf"
	glanceOnHost = "/etc/glance/glance-api.conf"
	novaOnHost   = "/etc/nova/nova.conf"
)

// finds gives the finding of a plan with a code. It fails where there is none.
func finds(t *testing.T, p *integrate.Plan, code string) integrate.Finding {
	t.Helper()
	i := slices.IndexFunc(p.Findings, func(f integrate.Finding) bool { return f.Code == code })
	require.GreaterOrEqual(t, i, 0, "%s: %s", code, p)
	return p.Findings[i]
}

// with opens a world in which the controller has a file.
func with(t *testing.T, s spec.Spec, path, text string) (*integratetest.World, *integrate.Integration) {
	t.Helper()
	w, in := open(t, s)
	w.Machines["controller"].AddFile(path, []byte(text), 0o640)
	return w, in
}

// TestADefaultThatIsInForceIsAChoice: a service that is in use and names no pool uses its default
// pool, and is not sent to another one.
func TestADefaultThatIsInForceIsAChoice(t *testing.T) {
	queens := exampleSpec()
	queens.Release = "queens"
	ownImages := exampleSpec()
	ownImages.Glance.Pool, ownImages.Clusters[0].Pools = "prod-images", nil
	oldImages := ownImages
	oldImages.Release = "queens"
	havana := ownImages
	havana.Release, havana.Layout = "havana", spec.LayoutUpstart
	ownBackups := exampleSpec()
	ownBackups.Backup.Pool = "prod-backups"
	for name, c := range map[string]struct {
		spec             spec.Spec
		path, text, says string
	}{
		"Cinder": {exampleSpec(), cinderOnHost, cephBackend + "volume_backend_name = ceph\nrbd_user = cinder\n",
			"[ceph] is in use with rbd_pool = rbd (the default)"},
		"Cinder's shared section": {exampleSpec(), cinderOnHost, cephBackend + "[backend_defaults]\nrbd_pool = prod\n",
			"[ceph] is in use with rbd_pool = prod"},
		"a driver that backends share": {exampleSpec(), cinderOnHost,
			"[DEFAULT]\nenabled_backends = ceph\n[backend_defaults]\n" + rbdBackend, "in use with rbd_pool = rbd (the default)"},
		"Cinder of old": {queens, cinderOnHost, cephBackend, "[ceph] is in use with rbd_pool = rbd (the default)"},
		"a store": {ownImages, glanceOnHost, "[DEFAULT]\nenabled_backends = rbd:rbd\n[glance_store]\n" +
			"default_backend = rbd\n[rbd]\nrbd_store_user = glance\n",
			"[rbd] is in use with rbd_store_pool = images (the default)"},
		"the only store": {oldImages, glanceOnHost, "[glance_store]\nstores = file,rbd\ndefault_store = rbd\n",
			"[glance_store] is in use with rbd_store_pool = images (the default)"},
		"the only store in Havana": {havana, glanceOnHost, "[DEFAULT]\ndefault_store = rbd\n",
			"[DEFAULT] is in use with rbd_store_pool = images (the default)"},
		"a store that is carried over": {ownImages, glanceOnHost, "[glance_store]\nstores = file,rbd\ndefault_store = rbd\n",
			`keeps images in pool "images"`},
		"backups": {ownBackups, cinderOnHost, "[DEFAULT]\nbackup_driver = cinder.backup.drivers.ceph.CephBackupDriver\n",
			"cinder-backup is in use with backup_ceph_pool = backups (the default)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, in := with(t, c.spec, c.path, c.text)
			p := plan(t, in)
			require.NotEmpty(t, p.Problems(), "%s", p)
			assert.True(t, slices.ContainsFunc(p.Problems(), func(f integrate.Finding) bool {
				return f.Object == c.path && strings.Contains(f.Message, c.says)
			}), "%s", p)
			assert.Nil(t, change(p, "settings/controller/"+c.path), "%s", p)
		})
	}
}

// TestADefaultThatTheSpecWants is nothing to refuse.
func TestADefaultThatTheSpecWants(t *testing.T) {
	s := exampleSpec()
	s.Cinder.Backends[0].Pool = "rbd"
	w, in := with(t, s, cinderOnHost, cephBackend+"volume_backend_name = ceph\n")
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	data, _ := w.Machines["controller"].Contents(cinderOnHost)
	assert.Contains(t, string(data), "rbd_pool = rbd\n")
}

// TestAnotherUserOfBackups is told: the default of backup_ceph_user is Cinder's user.
func TestAnotherUserOfBackups(t *testing.T) {
	_, in := with(t, exampleSpec(), cinderOnHost,
		"[DEFAULT]\nbackup_driver = cinder.backup.drivers.ceph.CephBackupDriver\n")
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, finds(t, p, "user-changes").Message,
		"backup_ceph_user = cinder (the default) is replaced by cinder-backup")
}
