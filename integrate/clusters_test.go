package integrate_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
)

// twoClusters has two clusters, neither called ceph, three backends, a user for
// each service, and the same name for two users of different clusters.
func twoClusters() spec.Spec {
	s := exampleSpec()
	s.Clusters = []spec.Cluster{{Name: "hdd"}, {Name: "ssd"}}
	s.Glance = &spec.Glance{}
	s.Cinder = &spec.Cinder{Backends: []spec.Backend{
		{Name: "slow", VolumeType: "slow"},
		{Name: "fast", Cluster: "ssd", VolumeType: "fast"},
		{Name: "safe", Pool: "safe", User: "safe", VolumeType: "safe"},
	}}
	s.Backup = &spec.Backup{Cluster: "ssd"}
	s.Nova = &spec.Nova{User: "nova"}
	return s
}

func TestTwoClusters(t *testing.T) {
	w, in := open(t, twoClusters())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))

	t.Run("users", func(t *testing.T) {
		wantRights(t, w, []right{
			{"hdd", "client.glance", "profile rbd pool=images"},
			{"hdd", "client.cinder", "profile rbd pool=volumes, profile rbd-read-only pool=images"},
			{"hdd", "client.safe", "profile rbd pool=safe, profile rbd-read-only pool=images"},
			{"hdd", "client.nova", "profile rbd pool=vms, profile rbd-read-only pool=images"},
			{"ssd", "client.cinder", "profile rbd pool=volumes"},
			{"ssd", "client.cinder-backup", "profile rbd pool=backups, profile rbd-read-only pool=volumes"},
		}...)
	})
	t.Run("one secret for each user of each cluster, with its key", func(t *testing.T) { twoClustersSecrets(t, w) })
	t.Run("files", func(t *testing.T) { twoClustersFiles(t, w) })
	t.Run("cinder.conf", func(t *testing.T) { twoClustersCinder(t, w) })
	t.Run("volume types", func(t *testing.T) {
		types, err := w.Cloud.VolumeTypes(t.Context())
		require.NoError(t, err)
		for _, name := range []string{"slow", "fast", "safe"} {
			assert.Equal(t, map[string]string{"volume_backend_name": name}, types[name])
		}
	})
	t.Run("journey", func(t *testing.T) {
		report, err := verify(t, in)
		require.NoError(t, err, "%s", report)
		for _, backend := range []string{"fast", "safe"} {
			assert.Contains(t, report.String(), "volume in ceph on backend "+backend)
		}
		assert.Empty(t, w.API.Violations())
	})
}

func twoClustersSecrets(t *testing.T, w *integratetest.World) {
	secrets, err := w.Secrets["compute1"].List(t.Context())
	require.NoError(t, err)
	require.Len(t, secrets, 4)
	keys := map[string]bool{}
	for _, s := range secrets {
		keys[s.Value.Reveal()] = true
	}
	for _, id := range [][2]string{{"hdd", "client.nova"}, {"hdd", "client.cinder"}, {"hdd", "client.safe"},
		{"ssd", "client.cinder"}} {
		u, err := ceph.New(w.Clusters[id[0]].Mon).User(t.Context(), id[1])
		require.NoError(t, err)
		assert.True(t, keys[u.Key.Reveal()], "%v", id)
	}
	assert.Len(t, keys, 4)
	other, err := w.Secrets["compute2"].List(t.Context())
	require.NoError(t, err)
	for _, s := range secrets {
		assert.True(t, slices.ContainsFunc(other, func(o libvirtsecret.Secret) bool {
			return o.UUID == s.UUID && o.UsageID == s.UsageID
		}), s.UUID)
	}
}

func twoClustersFiles(t *testing.T, w *integratetest.World) {
	for file, text := range map[string]string{
		"/etc/ceph/hdd.conf":                  "keyring = /etc/ceph/hdd.client.nova.keyring",
		"/etc/ceph/ssd.conf":                  "keyring = /etc/ceph/ssd.client.cinder.keyring",
		"/etc/ceph/hdd.client.cinder.keyring": "[client.cinder]",
		"/etc/ceph/ssd.client.cinder.keyring": "[client.cinder]",
		"/etc/ceph/hdd.client.safe.keyring":   "[client.safe]",
	} {
		data, ok := w.Machines["compute1"].Contents(file)
		require.True(t, ok, file)
		assert.Contains(t, string(data), text, file)
	}
	_, ok := w.Machines["compute1"].Contents("/etc/ceph/ceph.conf")
	assert.False(t, ok)
	_, ok = w.Machines["compute1"].Contents("/etc/ceph/hdd.client.glance.keyring")
	assert.False(t, ok, "no compute needs Glance's key")
}

func twoClustersCinder(t *testing.T, w *integratetest.World) {
	data, _ := w.Machines["controller"].Contents("/etc/cinder/cinder.conf")
	text := string(data)
	assert.Contains(t, text, "enabled_backends = nfs,slow,fast,safe")
	for _, c := range []struct{ section, conf, pool, user string }{
		{"slow", "hdd", "volumes", "cinder"}, {"fast", "ssd", "volumes", "cinder"}, {"safe", "hdd", "safe", "safe"},
	} {
		part := sectionOf(t, text, c.section)
		for _, line := range []string{"rbd_ceph_conf = /etc/ceph/" + c.conf + ".conf", "rbd_pool = " + c.pool,
			"rbd_user = " + c.user, "volume_backend_name = " + c.section} {
			assert.Contains(t, part, line, c.section)
		}
	}
	assert.Contains(t, text, "backup_ceph_conf = /etc/ceph/ssd.conf")
}

func TestBackendInAnotherClusterThanImages(t *testing.T) {
	s := twoClusters()
	s.Glance.Cluster = "ssd"
	_, in := open(t, s)
	apply(t, in)
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Contains(t, report.String(), "is a full copy, as images are in cluster ssd")
}

// TestOneClusterDown wants what needs the other one alone to be planned.
func TestOneClusterDown(t *testing.T) {
	w, in := open(t, twoClusters())
	w.Ceph["ssd"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.NotNil(t, change(p, "settings/controller//etc/glance/glance-api.conf"), "Glance is in the other one")
	assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))
	assert.NotNil(t, change(p, "user/hdd/client.cinder"))
	assert.Nil(t, change(p, "user/ssd/client.cinder"))
	assert.Nil(t, change(p, "unit/controller/cinder-volume.service"))
}

// TestKeyOfOneClusterChanges wants the same user of the other one left alone.
func TestKeyOfOneClusterChanges(t *testing.T) {
	w, in := open(t, twoClusters())
	apply(t, in)
	u, err := ceph.New(w.Clusters["ssd"].Mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	w.Ceph["ssd"].AddUser(ceph.User{Entity: "client.cinder", Caps: u.Caps})
	p := plan(t, in)
	require.Empty(t, p.Problems())
	for _, c := range p.Changes {
		switch c.Kind {
		case "file":
			assert.Equal(t, "/etc/ceph/ssd.client.cinder.keyring", c.Name)
		case "secret":
			assert.Equal(t, integrate.Update, c.Action)
		case "unit":
			assert.NotContains(t, c.Name, "glance")
		default:
			t.Errorf("%s", c.ID)
		}
	}
	assert.NotNil(t, change(p, "file/compute2//etc/ceph/ssd.client.cinder.keyring"))
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

func conf(s *spec.Spec, section, option, value string) {
	s.Clusters[0].Conf = map[string]map[string]string{section: {option: value}}
}

func TestFurtherOptionsOfTheConfiguration(t *testing.T) {
	s := twoClusters()
	conf(&s, "client", "rbd cache", "true")
	w, in := open(t, s)
	apply(t, in)
	require.True(t, plan(t, in).Empty())
	data, _ := w.Machines["compute1"].Contents("/etc/ceph/hdd.conf")
	assert.Contains(t, string(data), "rbd_cache = true")
	data, _ = w.Machines["compute1"].Contents("/etc/ceph/ssd.conf")
	assert.NotContains(t, string(data), "rbd_cache")
}

func TestClassicCaps(t *testing.T) {
	s := exampleSpec()
	s.Clusters[0].Caps = "classic"
	w, in := open(t, s)
	w.Ceph["ceph"].Release = "jewel"
	assert.NotContains(t, plan(t, in).String(), "before Luminous")
	w.Ceph["ceph"].Release = "pacific"
	assert.Contains(t, plan(t, in).String(), "note: ceph caps: are of the form before Luminous, "+
		"and this cluster is of pacific")
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	u, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	assert.Equal(t, ceph.Caps{"mon": "allow r", "osd": "allow class-read object_prefix rbd_children, " +
		"allow rwx pool=vms, allow rwx pool=volumes, allow rx pool=images"}, u.Caps)
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)

	s.Clusters[0].Caps = "" // and on to profiles
	in, err = integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	apply(t, in)
	u, err = ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	assert.NotContains(t, u.Caps["osd"]+u.Caps["mon"], "allow")
}

// TestHowAClusterIsReached is said in the plan when it is not as asked for.
func TestHowAClusterIsReached(t *testing.T) {
	w, in := open(t, twoClusters())
	assert.NotContains(t, plan(t, in).String(), "access")
	c := w.Clusters["ssd"]
	c.Note = "is reached another way"
	w.Clusters["ssd"] = c
	in, err := integrate.New(integrate.Config{Spec: twoClusters(), World: w.World})
	require.NoError(t, err)
	assert.Contains(t, plan(t, in).String(), "note: ssd access: is reached another way")
	assert.Empty(t, plan(t, in).Problems())
}
