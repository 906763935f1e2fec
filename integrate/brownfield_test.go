package integrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/libvirtsecret"
)

func TestAPoolOfAnotherApplication(t *testing.T) {
	w, in := open(t, exampleSpec())
	require.NoError(t, ceph.New(w.Clusters["ceph"].Mon).CreatePool(t.Context(),
		ceph.Pool{Name: "volumes", Application: "cephfs"}))
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.Problems()[0].Message, "cephfs")
	assert.Nil(t, change(p, "user/ceph/client.cinder"))
	assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))
	assert.Nil(t, change(p, "unit/controller/cinder-volume.service"))
	assert.NotNil(t, change(p, "unit/controller/glance-api.service"))
}

func TestCapsOf2014WithAForeignClause(t *testing.T) {
	w, in := open(t, exampleSpec())
	caps, err := ceph.ParseCaps(map[string]string{"mon": "allow r", "osd": "allow class-read object_prefix " +
		"rbd_children, allow rwx pool=volumes, allow rx pool=images, allow r pool=operator-data"})
	require.NoError(t, err)
	c := ceph.New(w.Clusters["ceph"].Mon)
	before, err := c.CreateUser(t.Context(), "client.cinder", caps)
	require.NoError(t, err)
	apply(t, in)
	after, err := c.User(t.Context(), "client.cinder")
	require.NoError(t, err)
	assert.True(t, before.Key.Equal(after.Key), "the key must stay")
	assert.Contains(t, after.Caps["osd"], "allow r pool=operator-data")
	assert.NotContains(t, after.Caps["osd"], "rbd_children")
	assert.True(t, plan(t, in).Empty())
}

func TestASecretWithTheSameUsage(t *testing.T) {
	w, in := open(t, exampleSpec())
	status, err := ceph.New(w.Clusters["ceph"].Mon).Status(t.Context())
	require.NoError(t, err)
	value, err := libvirtsecret.ParseValue("AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==")
	require.NoError(t, err)
	other := "11111111-2222-4333-8444-555555555555"
	require.NoError(t, w.Secrets["compute1"].Define(t.Context(),
		libvirtsecret.Change{Secret: libvirtsecret.Secret{UUID: other, Value: value,
			UsageID: libvirtsecret.UsageID(status.FSID, "client.cinder")}}))
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.Problems()[0].Message, other)
	assert.Nil(t, change(p, "unit/compute1/nova-compute.service"))
}

func TestCephConfOfAnotherCluster(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.conf",
		[]byte("[global]\nfsid = 00000000-1111-4222-8333-444444444444\nmon_host = 192.0.2.1\n"), 0o644)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.Problems()[0].Message, "another cluster")
	_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete)
	data, _ := w.Machines["compute1"].Contents("/etc/ceph/ceph.conf")
	assert.Contains(t, string(data), "192.0.2.1")
}

func TestABackendThatIsInUseWithAnotherPool(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["controller"].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nenabled_backends = ceph\n[ceph]\n"+
		"volume_driver = cinder.volume.drivers.rbd.RBDDriver\nrbd_pool = prod\n"), 0o640)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.Problems()[0].Message, "rbd_pool = prod")
	assert.Nil(t, change(p, "settings/controller//etc/cinder/cinder.conf"))
}

func TestABackendAndAStoreThatAreInUseWithAnotherCluster(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["controller"].AddFile("/etc/cinder/cinder.conf", []byte("[DEFAULT]\nenabled_backends = ceph\n[ceph]\n"+
		"volume_driver = cinder.volume.drivers.rbd.RBDDriver\nrbd_pool = volumes\nrbd_ceph_conf = /etc/ceph/old.conf\n"),
		0o640)
	w.Machines["controller"].AddFile("/etc/glance/glance-api.conf", []byte("[DEFAULT]\nenabled_backends = rbd:rbd\n"+
		"[glance_store]\ndefault_backend = rbd\n[rbd]\nrbd_store_pool = images\nrbd_store_ceph_conf = /etc/ceph/old.conf\n"),
		0o640)
	p := plan(t, in)
	for _, path := range []string{"/etc/cinder/cinder.conf", "/etc/glance/glance-api.conf"} {
		assert.Nil(t, change(p, "settings/controller/"+path))
		assert.True(t, slices.ContainsFunc(p.Problems(), func(f integrate.Finding) bool {
			return f.Object == path && strings.Contains(f.Message, "in use with the cluster of /etc/ceph/old.conf")
		}), "%s: %s", path, p)
	}
}

func TestAKeyringThatHoldsAnotherUserSKey(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.client.cinder.keyring",
		[]byte("[client.admin]\n\tkey = AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==\n"), 0o600)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.Problems()[0].Message, "client.admin")
	assert.Nil(t, change(p, "unit/compute1/nova-compute.service"))
}

func TestACephConfWithAPasswordKeepsItsMode(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["controller"].AddFile("/etc/ceph/ceph.conf", []byte("[client.rgw]\nrgw keystone admin password = x\n"),
		0o640)
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	assert.Contains(t, p.Problems()[0].Message, "its mode is left alone")
	assert.Nil(t, change(p, "file/controller//etc/ceph/ceph.conf"))
}

func TestAPrivateSecretIsNoProof(t *testing.T) {
	w, in := open(t, exampleSpec())
	apply(t, in)
	all, err := w.Secrets["compute1"].List(t.Context())
	require.NoError(t, err)
	all[0].Private = true
	w.Libvirt["compute1"].Put(all[0])
	report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.ErrorIs(t, err, integrate.ErrChecks)
	assert.Contains(t, report.String(), "private")
}

func TestAnOptionThatALaterFileOverrides(t *testing.T) {
	w, in := open(t, exampleSpec())
	w.Machines["compute2"].AddFile("/etc/nova/nova-compute.conf", []byte("[libvirt]\nrbd_user = someone\n"), 0o640)
	p := plan(t, in)
	require.Len(t, p.Problems(), 1)
	assert.Contains(t, p.Problems()[0].Message, "/etc/nova/nova-compute.conf")
}

func TestASharedPoolIsSaid(t *testing.T) {
	spec := exampleSpec()
	spec.Nova.Pool = "volumes"
	_, in := open(t, spec)
	p := plan(t, in)
	require.Empty(t, p.Problems())
	assert.Contains(t, p.String(), "note: ceph pool volumes: holds volumes and VM disks")
}
