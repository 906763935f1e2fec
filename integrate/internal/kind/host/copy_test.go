package host

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// twoClusters keeps volumes in a cluster of their own, which has a user of the same
// name.
func twoClusters(s *spec.Spec) {
	s.Clusters = append(s.Clusters, spec.Cluster{Name: "b"})
	s.Cinder.Backends[0].Cluster = "b"
	s.Nova.Cluster = "ceph"
}

func TestTheCopiesOfAHost(t *testing.T) {
	cinder := spec.User{Cluster: "b", Entity: "client.cinder"}
	nova := spec.User{Cluster: "ceph", Entity: "client.cinder"}
	n := newScene(t, "compute1", twoClusters).n
	assert.Equal(t, []Copy{{Services: []string{"nova-compute"}, Users: []spec.User{nova, cinder},
		Clusters: []string{"ceph", "b"}}}, n.Copies())
	assert.Equal(t, []step.ID{n.FileID("/etc/ceph/ceph.conf"), n.FileID("/etc/ceph/ceph.client.cinder.keyring"),
		n.FileID("/etc/ceph/b.conf"), n.FileID("/etc/ceph/b.client.cinder.keyring")}, n.CephFiles("nova-compute"))

	n = newScene(t, "compute1", twoClusters, inKollaSpec).n
	copies := n.Copies()
	assert.Len(t, copies, 2)
	assert.Equal(t, []spec.User{nova}, copies[0].Users, "QEMU alone logs in as Cinder's user")
	assert.Equal(t, []string{"ceph"}, copies[0].Clusters)
	assert.True(t, copies[1].Libvirt)
	assert.Equal(t, []string{"ceph", "b"}, copies[1].Clusters)
	assert.Equal(t, "nova_libvirt", copies[1].Kolla.Container)
	assert.Equal(t, []step.ID{n.FileID("/etc/kolla/nova-compute/ceph.conf"),
		n.FileID("/etc/kolla/nova-compute/ceph.client.cinder.keyring")}, n.CephFiles("nova-compute"))
}

// TestWhereAFileOfACopyIs: config.json says it.
func TestWhereAFileOfACopyIs(t *testing.T) {
	s := newScene(t, "controller", inKollaSpec)
	c := s.n.Copies()[0]
	at, ok := c.Path(s.n.Site.Containers(s.v.Host), spec.ConfPath("ceph"))
	assert.True(t, ok)
	assert.Equal(t, "/etc/kolla/glance-api/ceph/ceph.conf", at)
	assert.Equal(t, s.n.FileID("/etc/kolla/glance-api/ceph.conf"), s.n.ConfID(c, "ceph"), "the Spec alone names it")
	s.copies("/etc/kolla/glance-api", map[string]string{"ceph.*": "/etc/ceph/"})
	s.again()
	at, _ = c.Path(s.n.Site.Containers(s.v.Host), spec.ConfPath("ceph"))
	assert.Equal(t, "/etc/kolla/glance-api/ceph.conf", at)
	_, ok = c.Path(s.n.Site.Containers(s.v.Host), spec.ConfPath("b"))
	assert.False(t, ok)
}

// TestClustersDoNotMixOnAHost: a problem of one cluster's files leaves the services of
// the other cluster alone.
func TestClustersDoNotMixOnAHost(t *testing.T) {
	s := newScene(t, "controller", twoClusters)
	s.file("/etc/ceph/b.conf", "[global]\nfsid = 1\n")
	assert.Equal(t, []string{"conf-of-another-cluster /etc/ceph/b.conf", "settings-left-alone " + cinderConf},
		codes(s.all()))
	assert.True(t, s.v.Ledger.Planned(s.n.SettingsID(glanceConf)))
	assert.True(t, s.v.Ledger.Planned(s.n.FileID("/etc/ceph/ceph.client.cinder-backup.keyring")))
	assert.False(t, s.v.Ledger.Planned(s.n.FileID("/etc/ceph/b.client.cinder.keyring")))
	assert.False(t, s.v.Ledger.Planned(s.n.UnitID("cinder-volume")))
}

func TestWhoReadsAFile(t *testing.T) {
	n := newScene(t, "controller").n
	assert.Equal(t, []string{glanceConf, cinderConf}, n.ConfigPaths())
	assert.Equal(t, []string{"cinder-volume", "cinder-backup"}, n.Readers(cinderConf))
	assert.Empty(t, n.Readers(novaConf))
	assert.Equal(t, []string{"glance-api", "cinder-volume", "cinder-backup"}, n.Services, "the list stays whole")
	n = newScene(t, "controller", inKollaSpec).n
	assert.Equal(t, []string{"cinder-backup"}, n.Readers("/etc/kolla/cinder-backup/cinder.conf"))
}

// TestContainersAreAskedAboutOnce as all resources ask the same.
func TestContainersAreAskedAboutOnce(t *testing.T) {
	s := newScene(t, "controller", inKollaSpec)
	asks := 0
	for _, r := range s.resources() {
		for _, op := range r.Asks().Host {
			if run, ok := op.(remote.Run); ok {
				asks++
				assert.Equal(t, s.n.Site.ContainersOn(s.n.Spec), run.Argv[6:], r.ID().String())
			}
		}
	}
	assert.Greater(t, asks, 1, "several resources ask, with the same words")
}
