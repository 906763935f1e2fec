package host

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/spec"
)

// TestAClientThatOffersNoKey cannot log in to a cluster that asks for one.
func TestAClientThatOffersNoKey(t *testing.T) {
	s := newScene(t, "controller")
	fit := fitConf(s)
	const required, supported = "auth_client_required = none", "auth_supported = none"
	for text, says := range map[string]string{
		"[global]\n" + required: "has " + required + " in [global], with which client.glance does not offer to log in with " +
			"its key (cephx)",
		"[global]\nauth client required = none":                "has " + required + " in [global]",
		"[client]\n" + required:                                "has " + required + " in [client]",
		"[client.cinder]\nauth\tclient required=gss;none":      "with which client.cinder does not",
		"[global]\nauth_client_required = Cephx":               "auth_client_required = Cephx in [global]",
		"[global]\nauth_client_required =":                     `auth_client_required = "" in [global]`,
		"[global]\nauth_client_required = cephx\n" + supported: supported + " in [global]",
		"[client.glance]\nauth_client_required = cephx\n[client]\n" + supported: "set the option for conf: {client: …} of " +
			"cluster ceph in the Spec",
	} {
		s.file("/etc/ceph/ceph.conf", fit+text+"\n")
		d := s.compare(confID)
		assert.Contains(t, s.one(d, "conf-bypasses").Message, says)
		assert.True(t, d.Refused)
	}
	for _, text := range []string{
		"[global]\nauth_client_required = cephx", "[global]\nauth_client_required = none,cephx",
		"[global]\nauth_client_required = none\n[client]\nauth_client_required = cephx",
		"[global]\nauth_supported =\nauth_cluster_required = none\nauth_service_required = none",
		"[global]\nauth_client_required = none\nauth_supported = cephx",
		"[client.admin]\nauth_client_required = none",
		"[global]\nauth-client-required = none", // which Ceph does not read
	} {
		s.file("/etc/ceph/ceph.conf", fit+text+"\n")
		assert.Empty(t, s.compare(confID).Findings, text)
	}
}

// TestAClusterThatAsksForNoKeys tells clients so, or the Spec does.
func TestAClusterThatAsksForNoKeys(t *testing.T) {
	const without = "[global]\nauth_client_required = none\n"
	s := newScene(t, "controller")
	s.v.Clusters["ceph"].Conf = []byte(minimalConf + "\tauth_client_required = none\n")
	assert.Contains(t, fitConf(s), "auth_client_required = none")
	s.file("/etc/ceph/ceph.conf", without)
	assert.Empty(t, s.compare(confID).Findings)
	s.v.Clusters["ceph"].Conf = []byte(minimalConf)
	s.one(s.compare(confID), "conf-bypasses")
	s = newScene(t, "controller", func(s *spec.Spec) {
		s.Clusters[0].Conf = map[string]map[string]string{"global": {"auth_client_required": "none"}}
	})
	s.file("/etc/ceph/ceph.conf", without)
	assert.Empty(t, s.compare(confID).Findings)
}

// TestADataPoolThatTheSpecDoesNotHave is told: the user may have no rights there.
func TestADataPoolThatTheSpecDoesNotHave(t *testing.T) {
	s := newScene(t, "controller")
	fit := fitConf(s)
	for section, says := range map[string][]string{
		"global": {"client.glance", "client.cinder", "client.cinder-backup"}, "client.cinder": {"client.cinder"},
		"client": {"client.glance", "client.cinder", "client.cinder-backup"}, "client.x": nil,
	} {
		s.file("/etc/ceph/ceph.conf", fit+"["+section+"]\nrbd default data pool = ec\n")
		d := s.compare(confID)
		assert.Nil(t, d.Do)
		assert.Len(t, d.Findings, len(says))
		for i, user := range says {
			place := map[string]string{"client.glance": "glance", "client.cinder": "backend ceph-rbd and nova",
				"client.cinder-backup": "backup"}[user]
			assert.Equal(t, "data-pool-differs /etc/ceph/ceph.conf ["+section+"] rbd_default_data_pool", codes(d.Findings)[i])
			assert.Contains(t, d.Findings[i].Message, "what "+user+" makes has its data in pool ec, in which the Spec gives it "+
				"no rights; set data_pool: ec for "+place+" in the Spec, or remove the option rbd_default_data_pool from ["+
				section+"] of this file")
			assert.False(t, d.Findings[i].Problem)
		}
	}
	c := newScene(t, "compute1", func(s *spec.Spec) { s.Nova.User = "nova" })
	c.file("/etc/ceph/ceph.conf", "[client]\nrbd_default_data_pool = ec\n")
	assert.Len(t, c.compare("file/compute1//etc/ceph/ceph.conf").Findings, 1, "Nova makes nothing as Cinder's user")

	ec := func(s *spec.Spec) { s.Glance.DataPool = "ec" }
	s = newScene(t, "controller", ec)
	s.file("/etc/ceph/ceph.conf", "[client.glance]\nrbd_default_data_pool = ec\n")
	assert.Empty(t, s.compare(confID).Findings)
	s.file("/etc/ceph/ceph.conf", "[global]\nrbd_default_data_pool = old\n[client.cinder]\nrbd_default_data_pool =\n"+
		"[client.cinder-backup]\nrbd_default_data_pool = \"\"\n")
	d := s.compare(confID)
	assert.Contains(t, s.one(d, "data-pool-differs").Message, "what client.glance makes from now on has its data in pool "+
		"ec, and no longer in old")
	s.file("/etc/ceph/ceph.conf", string(fitConf(s)))
	assert.Empty(t, s.compare(confID).Findings)
}
