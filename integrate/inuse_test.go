package integrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
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

// TestTheNameOfABackendIsKept: volume types and volumes know the backend by that name.
func TestTheNameOfABackendIsKept(t *testing.T) {
	s := exampleSpec()
	for name, text := range map[string]string{
		"RBD_SSD": cephBackend + "rbd_pool = volumes\nvolume_backend_name = RBD_SSD\n",
		"RBD":     cephBackend + "rbd_pool = volumes\n", // the driver's own
	} {
		w, in := with(t, s, cinderOnHost, text)
		w.API.AddVolumeType("ceph", name)
		p := plan(t, in)
		f := finds(t, p, "backend-name-in-use")
		assert.Contains(t, f.Message, "set volume_backend_name: "+name+" for backend ceph in the Spec")
		require.Nil(t, change(p, "settings/controller/"+cinderOnHost))

		told := exampleSpec()
		told.Cinder.Backends[0].BackendName = name
		in = again(t, w, told)
		p = plan(t, in)
		require.Empty(t, p.Problems(), "%s", p)
		apply(t, in)
		require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
		data, _ := w.Machines["controller"].Contents(cinderOnHost)
		assert.Contains(t, string(data), "volume_backend_name = "+name+"\n")
		report, err := verify(t, in)
		require.NoError(t, err, "%s", report)
	}
}

// again is an integration of another Spec with a world.
func again(t *testing.T, w *integratetest.World, s spec.Spec) *integrate.Integration {
	t.Helper()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	return in
}

const oldSecret = "11111111-2222-4333-8444-555555555555"

// integrated gives a cloud that somebody integrated by hand, with a user and a secret of that
// UUID on compute1.
func integrated(t *testing.T, user, uuid string) *integratetest.World {
	t.Helper()
	w, _ := open(t, exampleSpec())
	caps, err := ceph.ParseCaps(map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=volumes, " +
		"profile rbd pool=vms, profile rbd-read-only pool=images"})
	require.NoError(t, err)
	u, err := ceph.New(w.Clusters["ceph"].Mon).CreateUser(t.Context(), "client."+user, caps)
	require.NoError(t, err)
	value, err := libvirtsecret.ParseValue(u.Key.Reveal())
	require.NoError(t, err)
	require.NoError(t, w.Secrets["compute1"].Define(t.Context(), libvirtsecret.Change{Secret: libvirtsecret.Secret{
		UUID: uuid, UsageID: "client." + user + " secret", Value: value}}))
	w.Machines["controller"].AddFile(cinderOnHost, []byte(cephBackend+"rbd_pool = volumes\n"+
		"volume_backend_name = ceph\nrbd_user = cinder\nrbd_secret_uuid = "+uuid+"\n"), 0o640)
	for _, host := range []string{"compute1", "compute2"} {
		w.Machines[host].AddFile(novaOnHost, []byte("[libvirt]\nimages_type = rbd\nimages_rbd_pool = vms\nrbd_user = "+user+
			"\nrbd_secret_uuid = "+uuid+"\n"), 0o640)
	}
	return w
}

// TestASecretThatIsInUseIsAdopted: the plan names the UUID and the field, and goes on once the Spec
// has it.
func TestASecretThatIsInUseIsAdopted(t *testing.T) {
	w := integrated(t, "cinder", oldSecret)
	p := plan(t, again(t, w, exampleSpec()))
	about := map[string]string{}
	for _, f := range p.Problems() {
		if f.Code == "secret-in-use" {
			about[f.Target+" "+f.Object] = f.Message
		}
	}
	require.Len(t, about, 2, "%s", p)
	for object, message := range about {
		assert.Contains(t, message, "set secret_uuid: "+oldSecret+" for backend ceph in the Spec", object)
	}
	for _, id := range []string{"settings/controller/" + cinderOnHost, "settings/compute1/" + novaOnHost,
		"secret/compute1/ceph.client.cinder"} {
		assert.Nil(t, change(p, id), id)
	}
	s := exampleSpec()
	s.Cinder.Backends[0].SecretUUID = oldSecret
	in := again(t, w, s)
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	for host, usage := range map[string]string{"compute1": "client.cinder secret", "compute2": ""} {
		secrets, err := w.Secrets[host].List(t.Context())
		require.NoError(t, err)
		require.Len(t, secrets, 1, host)
		assert.Equal(t, oldSecret, secrets[0].UUID)
		if usage != "" {
			assert.Equal(t, usage, secrets[0].UsageID, "it is as it was")
		}
	}
}

// TestTheDefaultSecretIsInUse: since 2023.1 Cinder takes the cluster's fsid where nothing says
// a UUID.
func TestTheDefaultSecretIsInUse(t *testing.T) {
	for release, says := range map[string]bool{"zed": false, "2025.1": true} {
		s := exampleSpec()
		s.Release = release
		w, in := with(t, s, cinderOnHost, cephBackend+"rbd_pool = volumes\nvolume_backend_name = ceph\nrbd_user = cinder\n")
		p := plan(t, in)
		if !says {
			require.Empty(t, p.Problems(), "%s", p)
			continue
		}
		assert.Contains(t, finds(t, p, "secret-in-use").Message,
			"set secret_uuid: "+w.Ceph["ceph"].FSID+" for backend ceph in the Spec")
	}
}

// TestASecretOfADocument cannot be in the Spec: it is replaced, and the plan says who keeps it.
func TestASecretOfADocument(t *testing.T) {
	const example = "457eb676-33da-42ec-9a8c-9293d545c337"
	w := integrated(t, "cinder", example)
	in := again(t, w, exampleSpec())
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.Contains(t, finds(t, p, "secret-changes").Message, "VMs that run keep naming "+example)
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	secrets, err := w.Secrets["compute1"].List(t.Context())
	require.NoError(t, err)
	assert.Len(t, secrets, 2, "the old secret stays")
}

// TestAnotherUserOfNova is kept as long as VMs run with it: they could not be migrated.
func TestAnotherUserOfNova(t *testing.T) {
	w := integrated(t, "nova-compute", oldSecret)
	w.Machines["controller"].AddFile(cinderOnHost, []byte("[DEFAULT]\n"), 0o640)
	vm := w.API.AddServer(api.Server{Name: "vm", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true, ImageID: "i"})
	mon := ceph.New(w.Clusters["ceph"].Mon)
	require.NoError(t, mon.CreatePool(t.Context(), ceph.Pool{Name: "vms", Application: "rbd"}))
	require.NoError(t, w.Ceph["ceph"].AddImage(ceph.Image{Pool: "vms", Name: vm + "_disk", Size: 1 << 30}))
	p := plan(t, again(t, w, exampleSpec()))
	f := finds(t, p, "user-in-use")
	assert.True(t, f.Problem)
	assert.Contains(t, f.Message, "[libvirt] is in use with rbd_user = nova-compute, and VMs run with it: vm (")
	assert.Contains(t, f.Message, "set user: nova-compute and secret_uuid: "+oldSecret+" for nova in the Spec")
	for _, host := range []string{"compute1", "compute2"} {
		assert.Nil(t, change(p, "settings/"+host+"/"+novaOnHost), host)
	}
	s := exampleSpec()
	s.Nova.User, s.Nova.SecretUUID = "nova-compute", oldSecret
	in := again(t, w, s)
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
}

// TestAnotherUserOfVolumes is kept as long as volumes are attached.
func TestAnotherUserOfVolumes(t *testing.T) {
	for volumes, problem := range map[string]bool{"": false, "a-volume": true} {
		w, in := with(t, exampleSpec(), cinderOnHost, cephBackend+
			"rbd_pool = volumes\nvolume_backend_name = ceph\nrbd_user = prod\n")
		w.API.AddServer(api.Server{Name: "vm", Host: "compute1", Status: "SHUTOFF", Volumes: strings.Fields(volumes)})
		p := plan(t, in)
		if !problem {
			require.Empty(t, p.Problems(), "%s", p)
			assert.Contains(t, finds(t, p, "user-changes").Message, "rbd_user = prod is replaced by cinder")
			continue
		}
		assert.Contains(t, finds(t, p, "user-in-use").Message, "set user: prod for backend ceph in the Spec")
	}
}

// TestDisksOfVMsInAnotherPool stay there, also in the pool that is Nova's default.
func TestDisksOfVMsInAnotherPool(t *testing.T) {
	for text, says := range map[string]string{
		"images_type = rbd\n":                         "images_rbd_pool = rbd (the default)",
		"images_type = rbd\nimages_rbd_pool = prod\n": "images_rbd_pool = prod",
		"images_type = rbd\nimages_rbd_pool = vms\nimages_rbd_ceph_conf = /etc/ceph/b.conf\n": "cluster of /etc/ceph/b.conf",
	} {
		for _, disks := range []string{"", "ceph"} {
			s := exampleSpec()
			s.Hosts[1].Disks = disks
			w, in := open(t, s)
			w.Machines["compute1"].AddFile(novaOnHost, []byte("[libvirt]\n"+text), 0o640)
			w.API.AddServer(api.Server{Name: "vm", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true, ImageID: "i"})
			p := plan(t, in)
			require.NotEmpty(t, p.Problems(), "%s", p)
			assert.Contains(t, p.Problems()[0].Message, "[libvirt] is in use with")
			assert.Contains(t, p.Problems()[0].Message, says)
			assert.Nil(t, change(p, "settings/compute1/"+novaOnHost))
		}
	}
}

// TestTheNameOfTheClusterIsTold: the keyring of an attached volume is looked for by that name.
func TestTheNameOfTheClusterIsTold(t *testing.T) {
	w, in := open(t, twoClusters())
	apply(t, in)
	data, _ := w.Machines["controller"].Contents(cinderOnHost)
	for backend, cluster := range map[string]string{"slow": "hdd", "fast": "ssd", "safe": "hdd"} {
		assert.Contains(t, sectionOf(t, string(data), backend), "rbd_cluster_name = "+cluster+"\n")
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "rbd_cluster_name = hdd\n", ""),
		"rbd_cluster_name = ssd\n", "")
	_, in = with(t, twoClusters(), cinderOnHost, text)
	assert.Contains(t, finds(t, plan(t, in), "cluster-name-is-told").Message, "told the name ceph, and keep it")
	w, in = open(t, exampleSpec())
	apply(t, in)
	data, _ = w.Machines["controller"].Contents(cinderOnHost)
	assert.NotContains(t, string(data), "rbd_cluster_name", "ceph is the default")
	old := twoClusters()
	old.Release = "kilo"
	w, in = open(t, old)
	apply(t, in)
	data, _ = w.Machines["controller"].Contents(cinderOnHost)
	assert.NotContains(t, string(data), "rbd_cluster_name", "liberty is the first release that reads it")
}

// TestAnotherNameOfTheCluster is kept where the Spec says so.
func TestAnotherNameOfTheCluster(t *testing.T) {
	const text = cephBackend + "rbd_pool = volumes\nvolume_backend_name = ceph\nrbd_cluster_name = prod\n" +
		"rbd_ceph_conf = /etc/ceph/ceph.conf\n"
	w, in := with(t, exampleSpec(), cinderOnHost, text)
	assert.Contains(t, finds(t, plan(t, in), "cluster-in-use").Message, "set options: {rbd_cluster_name: prod}")
	s := exampleSpec()
	s.Cinder.Backends[0].Options = map[string]string{"rbd_cluster_name": "prod"}
	in = again(t, w, s)
	require.Empty(t, plan(t, in).Problems(), "%s", plan(t, in))
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
}
