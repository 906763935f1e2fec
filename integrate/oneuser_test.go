package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// oneUser has one Ceph user for all services.
func oneUser() spec.Spec {
	s := exampleSpec()
	s.Glance.User, s.Backup.User, s.Nova.User = "openstack", "openstack", "openstack"
	s.Cinder.Backends[0].User = "openstack"
	return s
}

// TestOneUserForAllServices: its rights are those of all, and its key is on each host once.
func TestOneUserForAllServices(t *testing.T) {
	w, in := open(t, oneUser())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, finds(t, p, "user-of-several-services").Message, "is for images, volumes, backups, VM disks: each")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	wantRights(t, w, right{"ceph", "client.openstack",
		"profile rbd pool=images, profile rbd pool=volumes, profile rbd pool=backups, profile rbd pool=vms"})
	for _, host := range []string{"compute1", "compute2"} {
		secrets, err := w.Secrets[host].List(t.Context())
		require.NoError(t, err)
		assert.Len(t, secrets, 1, host)
	}
	data, _ := w.Machines["controller"].Contents(glanceOnHost)
	assert.Contains(t, string(data), "show_multiple_locations = True\n", "Nova can write images, and registers snapshots")
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Empty(t, w.API.Violations())
}

// TestOneUserOnOldClusters has the rights of before Luminous.
func TestOneUserOnOldClusters(t *testing.T) {
	s := oneUser()
	s.Clusters[0].Caps = "classic"
	w, in := open(t, s)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	u, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client.openstack")
	require.NoError(t, err)
	assert.Equal(t, "allow class-read object_prefix rbd_children, allow rwx pool=backups, allow rwx pool=images, "+
		"allow rwx pool=vms, allow rwx pool=volumes", u.Caps["osd"])
}

// TestOneUserOfACloudThatIsThere is adopted with its rights, its secret and its options.
func TestOneUserOfACloudThatIsThere(t *testing.T) {
	w := integrated(t, "openstack", oldSecret)
	w.Machines["controller"].AddFile(cinderOnHost, []byte(cephBackend+"rbd_pool = volumes\n"+
		"volume_backend_name = ceph\nrbd_user = openstack\nrbd_secret_uuid = "+oldSecret+"\n"), 0o640)
	s := oneUser()
	s.Nova.SecretUUID = oldSecret
	in := again(t, w, s)
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
}

// TestTooManyAccountsOnAHost: a file has one owner and one group.
func TestTooManyAccountsOnAHost(t *testing.T) {
	s := oneUser()
	s.Hosts = []spec.Host{{Name: "all", Services: []string{"glance-api", "cinder-volume", "nova-compute"}}}
	s.Backup = nil
	_, in := open(t, s)
	assert.Contains(t, finds(t, plan(t, in), "keyring-of-several-accounts").Message, "is needed by cinder, glance, nova")
}

// TestRightsThatAreTakenAway are told, with what keeps them.
func TestRightsThatAreTakenAway(t *testing.T) {
	w, in := open(t, exampleSpec())
	caps, err := ceph.ParseCaps(map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=volumes, " +
		"profile rbd pool=vms, profile rbd pool=images, allow rwx pool=backups"})
	require.NoError(t, err)
	_, err = ceph.New(w.Clusters["ceph"].Mon).CreateUser(t.Context(), "client.cinder", caps)
	require.NoError(t, err)
	p := plan(t, in)
	f := finds(t, p, "rights-are-taken")
	assert.Equal(t, "user client.cinder", f.Object)
	assert.Contains(t, f.Message, "loses the right to write pool images")
	assert.Contains(t, f.Message, "set direct_snapshots: true for nova in the Spec")
	assert.NotContains(t, p.String(), "write pool backups", "what the Spec does not speak of stays")
	s := exampleSpec()
	s.Nova.DirectSnapshots = true
	assert.NotContains(t, plan(t, again(t, w, s)).String(), "loses the right")
}

// TestWhoKeepsOldMonitorsAndKeys is told while VMs run.
func TestWhoKeepsOldMonitorsAndKeys(t *testing.T) {
	for status, told := range map[string]bool{"ACTIVE": true, "SHUTOFF": false} {
		w, in := open(t, exampleSpec())
		apply(t, in)
		w.API.AddServer(api.Server{Name: "vm", Host: "compute1", Status: status, Volumes: []string{"v"}})
		changeMonitorsAndKey(t, w)
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s", p)
		if !told {
			assert.NotContains(t, p.String(), "keeps the", "%s", p)
			continue
		}
		f := finds(t, p, "guests-keep-old-monitors")
		assert.Equal(t, "compute1", f.Target)
		assert.Contains(t, f.Message, "vm (")
		assert.Contains(t, f.Message, "nova-manage volume_attachment refresh")
		f = finds(t, p, "guests-keep-old-key")
		assert.Equal(t, "key of client.cinder", f.Object)
		apply(t, in)
		assert.NotContains(t, plan(t, in).String(), "keeps the")
	}
}

func changeMonitorsAndKey(t *testing.T, w *integratetest.World) {
	t.Helper()
	u, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder", Caps: u.Caps})
	w.Ceph["ceph"].MonHosts = []string{"[v2:203.0.113.1:3300/0,v1:203.0.113.1:6789/0]"}
}
