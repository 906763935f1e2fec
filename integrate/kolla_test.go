package integrate_test

import (
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

func kollaSpec() spec.Spec {
	s := exampleSpec()
	s.Release, s.Layout, s.Packages = "2023.1", "kolla", ""
	s.Nova.User = "nova"
	return s
}

const (
	glanceUnit = "kolla-glance_api-container.service"
	novaUnit   = "kolla-nova_compute-container.service"
	secretsDir = "/etc/kolla/nova-libvirt/secrets"
)

// idsOf lists the changes of a host, in order.
func idsOf(p *integrate.Plan, host string) []string {
	var ids []string
	for _, c := range p.Changes {
		if c.Target == host {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// TestThePlanOfContainers is the whole plan of two hosts: files go where each
// container copies them from, and nothing else is touched.
func TestThePlanOfContainers(t *testing.T) {
	for _, release := range []string{"2023.1", "2025.1", "2026.2"} {
		s := kollaSpec()
		s.Release = release
		_, in := open(t, s)
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s", p)
		assert.Equal(t, []string{
			"directory/compute1/" + secretsDir,
			"file/compute1//etc/kolla/nova-compute/ceph.conf",
			"file/compute1//etc/kolla/nova-libvirt/ceph.conf",
			"file/compute1//etc/kolla/nova-compute/ceph.client.nova.keyring",
			"secret/compute1/ceph.client.nova", "secret/compute1/ceph.client.cinder",
			"file/compute1/" + secretsDir + "/ceph.client.nova.xml", "file/compute1/" + secretsDir + "/ceph.client.nova.base64",
			"file/compute1/" + secretsDir + "/ceph.client.cinder.xml",
			"file/compute1/" + secretsDir + "/ceph.client.cinder.base64",
			"settings/compute1//etc/kolla/nova-compute/nova.conf",
			"unit/compute1/" + novaUnit,
		}, idsOf(p, "compute1"))
		assert.Equal(t, []string{
			"directory/controller//etc/kolla/cinder-backup/ceph", "directory/controller//etc/kolla/cinder-volume/ceph",
			"directory/controller//etc/kolla/glance-api/ceph",
			"file/controller//etc/kolla/glance-api/ceph.conf", "file/controller//etc/kolla/cinder-volume/ceph.conf",
			"file/controller//etc/kolla/cinder-backup/ceph.conf",
			"file/controller//etc/kolla/glance-api/ceph.client.glance.keyring",
			"file/controller//etc/kolla/cinder-volume/ceph.client.cinder.keyring",
			"file/controller//etc/kolla/cinder-backup/ceph.client.cinder-backup.keyring",
			"file/controller//etc/kolla/cinder-backup/ceph.client.cinder.keyring",
			"settings/controller//etc/kolla/glance-api/glance-api.conf",
			"settings/controller//etc/kolla/cinder-volume/cinder.conf",
			"settings/controller//etc/kolla/cinder-backup/cinder.conf",
			"unit/controller/" + glanceUnit, "unit/controller/kolla-cinder_volume-container.service",
			"unit/controller/kolla-cinder_backup-container.service",
		}, idsOf(p, "controller"))
		settings := change(p, "settings/controller//etc/kolla/cinder-volume/cinder.conf")
		assert.Contains(t, linesOf(settings), "[ceph] rbd_ceph_conf"+": "+"/etc/ceph/ceph.conf", "as the service finds it")
		assert.NotContains(t, linesOf(settings), "[DEFAULT] backup_ceph_conf"+": "+"/etc/ceph/ceph.conf",
			"which has a file of its own")
		assert.Contains(t, change(p, "unit/compute1/"+novaUnit).Needs, "settings/compute1//etc/kolla/nova-compute/nova.conf")
		assert.Contains(t, change(p, "file/compute1/"+secretsDir+"/ceph.client.nova.base64").Needs, "user/ceph/client.nova")
		assert.Contains(t, change(p, "settings/compute1//etc/kolla/nova-compute/nova.conf").Needs,
			"file/compute1/"+secretsDir+"/ceph.client.cinder.base64")
		assert.Contains(t, change(p, "settings/compute1//etc/kolla/nova-compute/nova.conf").Needs,
			"file/compute1//etc/kolla/nova-libvirt/ceph.conf")
		assert.NotContains(t, change(p, "unit/compute1/"+novaUnit).Needs, "file/compute1//etc/kolla/nova-libvirt/ceph.conf",
			"which is not the service's")
		assert.Contains(t, p.String(), "note: 2 hosts (compute[1-2]) /etc/kolla/nova-compute: kolla-ansible writes these "+
			"files anew whenever it runs")
		assert.Contains(t, p.String(), "(config/nova/nova-compute.conf)")
	}
}

func TestContainersReachTheSpec(t *testing.T) {
	w, in := open(t, kollaSpec())
	m := w.Machines["compute1"]
	libvirt := m.Unit("kolla-nova_libvirt-container.service")
	apply(t, in)
	again := plan(t, in)
	require.True(t, again.Empty(), "%s", again)
	require.Empty(t, again.Findings, "%s", again)
	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Empty(t, w.API.Violations())
	assert.Contains(t, statusOf(report, "rights client.nova"), "pass: as nova@compute1")
	assert.Contains(t, statusOf(report, "files controller"),
		"/etc/kolla/cinder-backup/ceph/ceph.client.cinder.keyring root:root 0660")
	assert.Contains(t, statusOf(report, "units compute2"), novaUnit+" active")
	assert.Equal(t, libvirt.Invocation, m.Unit("kolla-nova_libvirt-container.service").Invocation,
		"libvirt needs no restart")

	user, err := ceph.New(w.Clusters["ceph"].Mon).User(t.Context(), "client.cinder")
	require.NoError(t, err)
	file := secretsDir + "/" + libvirtsecret.DeriveUUID(w.Ceph["ceph"].FSID, "client.cinder")
	value, _ := m.Contents(file + ".base64")
	assert.Equal(t, user.Key.Reveal(), string(value))
	xml, _ := m.Contents(file + ".xml")
	described, err := libvirtsecret.ParseXML(xml)
	require.NoError(t, err)
	live, err := w.Libvirt["compute1"].Lookup(t.Context(), described.UUID)
	require.NoError(t, err)
	assert.Equal(t, live.UsageID, described.UsageID)
	for path, mode := range map[string]fs.FileMode{secretsDir: 0o770, file + ".base64": 0o600,
		"/etc/kolla/nova-compute/ceph.conf": 0o660} {
		results, err := m.Do(t.Context(), remote.Stat{Path: path})
		require.NoError(t, err)
		assert.Equal(t, mode, results[0].File.Mode.Perm(), path)
	}
	conf, _ := w.Machines["controller"].Contents("/etc/kolla/cinder-backup/ceph/ceph.conf")
	assert.Contains(t, string(conf), "keyring = /etc/ceph/ceph.client.cinder-backup.keyring")
	conf, _ = w.Machines["controller"].Contents("/etc/kolla/glance-api/ceph/ceph.conf")
	assert.NotContains(t, string(conf), "client.cinder")
	conf, _ = m.Contents("/etc/kolla/nova-libvirt/ceph.conf")
	assert.Contains(t, string(conf), w.Ceph["ceph"].FSID)
	assert.NotContains(t, string(conf), "client.", "no keyring is in that container")
	_, there := m.Contents("/etc/ceph/ceph.conf")
	assert.False(t, there, "the host itself needs nothing")
}

// TestOneExchangeForContainers counts as TestOneExchangeAHost does.
func TestOneExchangeForContainers(t *testing.T) {
	w, _ := open(t, kollaSpec())
	in, err := integrate.New(integrate.Config{Spec: kollaSpec(), World: world.World{Clusters: w.Clusters, Hosts: w.Hosts,
		Secrets: w.Secrets}, Settle: 1, Poll: 1})
	require.NoError(t, err)
	forget := func() {
		for _, m := range w.Machines {
			m.Forget()
		}
	}
	forget()
	p := plan(t, in)
	for name, m := range w.Machines {
		assert.Equal(t, 1, m.Exchanges(), "plan of %s", name)
	}
	forget()
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete, "without a cloud the disks of the computes are left alone")
	for name, m := range w.Machines {
		assert.Equal(t, 1, m.Exchanges(), "apply on %s", name)
	}
}

// TestFilesBesideTheConfiguration is of config.json that copies each file.
func TestFilesBesideTheConfiguration(t *testing.T) {
	w, in := open(t, kollaSpec())
	const config = `{"command": "glance-api", "config_files": [
		{"source": "/var/lib/kolla/config_files/ceph.*", "dest": "/etc/ceph/", "owner": "glance", "perm": "0600"}]}`
	w.Machines["controller"].AddFile("/etc/kolla/glance-api/config.json", []byte(config), 0o660)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.NotNil(t, change(p, "file/controller//etc/kolla/glance-api/ceph.conf"))
	assert.NotNil(t, change(p, "file/controller//etc/kolla/glance-api/ceph.client.glance.keyring"))
	assert.Nil(t, change(p, "directory/controller//etc/kolla/glance-api/ceph"))
	apply(t, in)
	require.True(t, plan(t, in).Empty())
}

// TestContainersBesidePackages has both on the hosts of one cloud.
func TestContainersBesidePackages(t *testing.T) {
	s := kollaSpec()
	s.Hosts[2].Layout, s.Packages = "debian", "install"
	w, in := open(t, s)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	assert.NotNil(t, change(p, "file/compute1//etc/kolla/nova-compute/ceph.conf"))
	assert.NotNil(t, change(p, "file/compute2//etc/ceph/ceph.conf"))
	assert.NotNil(t, change(p, "file/compute2//etc/ceph/ceph.client.cinder.keyring"))
	apply(t, in)
	require.True(t, plan(t, in).Empty())
	conf, _ := w.Machines["compute1"].Contents("/etc/kolla/nova-compute/ceph.conf")
	assert.NotContains(t, string(conf), "client.cinder", "whose keyring is not in the container")
	conf, _ = w.Machines["compute2"].Contents("/etc/ceph/ceph.conf")
	assert.Contains(t, string(conf), "client.cinder")
}

// TestWhatKollaPutThereStays adopts a cloud that kolla-ansible integrated: its
// owners, modes and the usage of its secrets.
func TestWhatKollaPutThereStays(t *testing.T) {
	s := kollaSpec()
	const uuid = "11111111-2222-3333-4444-555555555555"
	s.Cinder.Backends[0].SecretUUID = uuid
	w, in := open(t, s)
	apply(t, in)
	m := w.Machines["compute1"]
	m.AddUser("kolla", "kolla")
	live, err := w.Libvirt["compute1"].Lookup(t.Context(), uuid)
	require.NoError(t, err)
	require.NoError(t, w.Libvirt["compute1"].Undefine(t.Context(), uuid))
	live.UsageID = "ceph-persistent-cinder"
	require.NoError(t, w.Libvirt["compute1"].Define(t.Context(), libvirtsecret.Change{Secret: live}))
	m.AddFile(secretsDir+"/"+uuid+".xml",
		[]byte("<secret ephemeral='no' private='no'>\n  <uuid>"+uuid+"</uuid>\n  <usage type='ceph'>\n"+
			"    <name>ceph-persistent-cinder</name>\n  </usage>\n</secret>\n"), 0o600)
	value, _ := m.Contents(secretsDir + "/" + uuid + ".base64")
	m.AddFile(secretsDir+"/"+uuid+".base64", append(value, '\n'), 0o600)
	_, err = m.Do(t.Context(), remote.SetAttr{Path: "/etc/kolla/nova-compute/ceph.conf", Owner: "kolla", Group: "kolla",
		Mode: 0o640}, remote.RestartUnit{Unit: novaUnit})
	require.NoError(t, err)
	p := plan(t, in)
	require.True(t, p.Empty(), "%s", p)

	keyring := "/etc/kolla/nova-compute/ceph.client.nova.keyring"
	_, err = m.Do(t.Context(), remote.SetAttr{Path: keyring, Mode: 0o664})
	require.NoError(t, err)
	m.AddFile(secretsDir+"/"+uuid+".base64", []byte("AQAB"), 0o600)
	p = plan(t, in)
	assert.Contains(t, change(p, "file/compute1/"+keyring).Diffs,
		integrate.FieldDiff{Field: "mode", Observed: "root:root 0664", Desired: "root:root 0660"})
	assert.Equal(t, "value", change(p, "file/compute1/"+secretsDir+"/"+uuid+".base64").Diffs[0].Field)
	assert.NotContains(t, p.String(), "AQAB")
	assert.Nil(t, change(p, "secret/compute1/"+uuid), "the daemon has it still")
}

// TestARestartOfAContainerIsADebt is read from the container, not from its unit.
func TestARestartOfAContainerIsADebt(t *testing.T) {
	w, in := open(t, kollaSpec())
	before := w.Machines["controller"].Unit(glanceUnit).Since
	apply(t, in)
	require.True(t, plan(t, in).Empty())
	w.Containers["controller"]["glance_api"].Since = before // its unit began anew, and it did not
	p := plan(t, in)
	require.Equal(t, []string{"unit/controller/" + glanceUnit}, idsOf(p, "controller"), "%s", p)
	assert.Contains(t, p.Changes[0].Reason, "/etc/kolla/glance-api/ceph/ceph.conf")
	w.Containers["controller"]["glance_api"].Since = time.Time{}

	config, _ := w.Machines["compute2"].Contents("/etc/kolla/nova-compute/config.json")
	w.Machines["compute2"].AddFile("/etc/kolla/nova-compute/config.json", append(config, '\n'), 0o660)
	p = plan(t, in)
	require.Equal(t, []string{"unit/compute2/" + novaUnit}, idsOf(p, "compute2"))
	assert.Contains(t, p.Changes[0].Reason, "/etc/kolla/nova-compute/config.json changed")
	apply(t, in)
	assert.True(t, plan(t, in).Empty())

	w.Machines["compute2"].StopUnit(novaUnit)
	assert.Contains(t, plan(t, in).String(), novaUnit+"  (it is inactive, not active)")
}

// linesOf are the differences of a change without their reasons.
func linesOf(c *integrate.Change) (lines []string) {
	for _, d := range c.Diffs {
		d.Why = ""
		lines = append(lines, d.String())
	}
	return lines
}
