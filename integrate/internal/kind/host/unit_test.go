package host

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const glanceUnitID = "unit/controller/glance-api.service"

func TestWhatAUnitOwes(t *testing.T) {
	newer := func(path string) func(*scene) {
		return func(s *scene) {
			s.file(path, "[x]\n")
			f := s.v.Host.Files[path]
			f.Changed = started().Add(time.Second)
			s.v.Host.Files[path] = f
		}
	}
	planned := func(id func(*Node) step.ID) func(*scene) {
		return func(s *scene) { s.v.Ledger.Put(id(s.n), &step.Delta{Do: step.HostStep{}}) }
	}
	for name, c := range map[string]struct {
		change func(*scene)
		want   string
	}{
		"nothing":        {func(*scene) {}, ""},
		"settings":       {planned(func(n *Node) step.ID { return n.SettingsID(glanceConf) }), "its configuration changes"},
		"other settings": {planned(func(n *Node) step.ID { return n.SettingsID(cinderConf) }), ""},
		"ceph.conf": {planned(func(n *Node) step.ID { return n.FileID("/etc/ceph/ceph.conf") }),
			"its configuration changes"},
		"its keyring":   {planned(func(n *Node) step.ID { return n.FileID(ringPath) }), "its configuration changes"},
		"other keyring": {planned(func(n *Node) step.ID { return n.FileID("/etc/ceph/ceph.client.cinder.keyring") }), ""},
		"packages": {func(s *scene) {
			s.v.Ledger.Put(s.n.PackagesID(), &step.Delta{Do: step.HostStep{}})
			s.v.Ledger.Put(s.n.ServiceID("glance-api"), &step.Delta{Needs: []step.ID{s.n.PackagesID()}})
		}, "its configuration changes"},
		"a newer file": {newer(glanceConf), glanceConf + " changed after it started"},
		"a newer drop-in": {newer("/etc/glance/glance.conf.d/x.conf"),
			"/etc/glance/glance.conf.d/x.conf changed after it started"},
		"a newer keyring": {newer(ringPath), ringPath + " changed after it started"},
		"a foreign file":  {newer("/etc/ceph/ceph.client.cinder.keyring"), ""},
		"not running": {func(s *scene) {
			s.v.Host.Units["glance-api.service"] = remote.Unit{Name: "glance-api.service", Load: "loaded", Active: "failed"}
		}, "it is failed, not active"},
	} {
		s := newScene(t, "controller")
		c.change(s)
		d := s.compare(glanceUnitID)
		assert.Equal(t, c.want, d.Reason, name)
		if c.want == "" {
			assert.Equal(t, "glance-api.service active since 03:04:05Z", d.Have)
			assert.Nil(t, d.Do)
			continue
		}
		assert.Equal(t, step.Restart, d.Action)
		op := s.ops(d)[0].(remote.RestartUnit)
		assert.Subset(t, op.Inputs, []string{glanceConf, "/etc/ceph/ceph.conf", ringPath})
		op.Inputs = nil
		assert.Equal(t, remote.RestartUnit{Unit: "glance-api.service", Settle: 7 * time.Second}, op)
		assert.Equal(t, &serving.Signs{Images: true}, d.Do.(step.HostStep).Serves)
	}
}

// TestWhyAUnitRestarts names each newer file once, and of this plan's changes that of
// the service's own options.
func TestWhyAUnitRestarts(t *testing.T) {
	s := newScene(t, "controller")
	for _, path := range []string{glanceConf, "/etc/ceph/ceph.conf", ringPath} {
		s.file(path, "[x]\n")
		f := s.v.Host.Files[path]
		f.Changed = started().Add(time.Second)
		s.v.Host.Files[path] = f
	}
	d := s.compare(glanceUnitID)
	assert.Equal(t, glanceConf+", /etc/ceph/ceph.conf, "+ringPath+" changed after it started", d.Reason)
	assert.True(t, d.Because.IsZero())
	s.v.Ledger.Put(s.n.FileID("/etc/ceph/ceph.conf"), &step.Delta{Do: step.HostStep{}})
	assert.Equal(t, s.n.FileID("/etc/ceph/ceph.conf"), s.compare(glanceUnitID).Because)
	s.v.Ledger.Put(s.n.ServiceID("glance-api"), &step.Delta{Needs: []step.ID{s.n.FileID("/etc/ceph/ceph.conf")}})
	s.v.Ledger.Put(s.n.SettingsID(glanceConf), &step.Delta{Do: step.HostStep{}})
	assert.Equal(t, s.n.SettingsID(glanceConf), s.compare(glanceUnitID).Because)

	s = newScene(t, "controller")
	s.file("/etc/ceph/ceph.conf", "[x]\n")
	f := s.v.Host.Files["/etc/ceph/ceph.conf"]
	f.Changed = started().Add(time.Second)
	s.v.Host.Files["/etc/ceph/ceph.conf"] = f
	assert.Equal(t, "/etc/ceph/ceph.conf changed after it started",
		s.compare("unit/controller/cinder-backup.service").Reason, "two keyrings are beside it, and it is named once")
	u := s.v.Host.Units["glance-api.service"]
	u.Since = time.Time{}
	s.v.Host.Units["glance-api.service"] = u
	assert.Empty(t, s.compare(glanceUnitID).Reason, "since when it runs is not known")
}

// TestWhatAContainerReads are the files of its own copy.
func TestWhatAContainerReads(t *testing.T) {
	s := newScene(t, "compute1", inKollaSpec, twoClusters)
	service := "nova-compute"
	r := unit{s.n, service, s.n.Service(service)}
	have := r.inputs(s.v.Host)
	assert.Contains(t, have, "/etc/kolla/nova-compute/ceph/ceph.conf")
	assert.Contains(t, have, "/etc/kolla/nova-compute/ceph/ceph.client.cinder.keyring")
	assert.Contains(t, have, "/etc/kolla/nova-compute/config.json")
	assert.NotContains(t, have, "/etc/kolla/nova-libvirt/ceph/ceph.conf", "guests read that")
	assert.NotContains(t, have, "/etc/kolla/nova-compute/ceph/b.conf", "QEMU reads that")
	k := newScene(t, "controller", inKollaSpec)
	for _, path := range (unit{k.n, "glance-api", k.n.Service("glance-api")}).inputs(k.v.Host) {
		assert.Contains(t, path, "/etc/kolla/glance-api/")
	}
	both := newScene(t, "compute1", inKollaSpec, func(s *spec.Spec) {
		s.Hosts[1].Services = append(s.Hosts[1].Services, "cinder-volume")
	})
	for _, path := range (unit{both.n, service, both.n.Service(service)}).inputs(both.v.Host) {
		assert.NotContains(t, path, "/etc/kolla/cinder-volume/", "another service of the same user reads that")
	}
}

func TestHowAUnitServes(t *testing.T) {
	s := newScene(t, "compute1")
	s.v.Host.Units["nova-compute.service"] = remote.Unit{Active: "inactive"}
	serves := s.compare("unit/compute1/nova-compute.service").Do.(step.HostStep).Serves
	assert.Equal(t, &serving.Signs{Records: []string{"nova-compute compute1"}, Computes: true}, serves)
	s = newScene(t, "controller")
	s.v.Host.Units["cinder-volume.service"] = remote.Unit{Active: "inactive"}
	serves = s.compare("unit/controller/cinder-volume.service").Do.(step.HostStep).Serves
	assert.Equal(t, &serving.Signs{Records: []string{"cinder-volume controller@ceph-rbd"}}, serves)
}

func TestAUnitThatIsNotThere(t *testing.T) {
	for load, want := range map[string]step.Finding{
		"not-found": {Code: "unit-missing", Message: "there is no such unit; install it, take glance-api off this host's " +
			"services, " +
			"or name another layout for this host than debian"},
		"masked": {Code: "unit-masked", Message: "the unit is masked; run `systemctl unmask " +
			"glance-api.service` on this host, or take glance-api off this host's " +
			"services"},
	} {
		want.Problem, want.Object = true, "glance-api.service"
		s := newScene(t, "controller")
		s.v.Host.Units["glance-api.service"] = remote.Unit{Load: load}
		d := s.compare(glanceUnitID)
		assert.Equal(t, []step.Finding{want}, d.Findings)
		assert.True(t, d.Refused)
		r := s.resource(glanceUnitID).(step.Blocked)
		assert.Equal(t, want, r.LeftAlone(s.v, s.n.SettingsID(glanceConf), s.n.SettingsID(glanceConf)))
	}
	s := newScene(t, "controller")
	r := s.resource(glanceUnitID).(step.Blocked)
	assert.Equal(t, step.Finding{}, r.LeftAlone(s.v, s.n.SettingsID(glanceConf), s.n.SettingsID(glanceConf)),
		"settings say it")
	k := newScene(t, "controller", inKollaSpec)
	k.v.Host.Units["kolla-glance_api-container.service"] = remote.Unit{Load: "not-found"}
	blocked := k.resource("unit/controller/kolla-glance_api-container.service").(step.Blocked)
	assert.Equal(t, step.Finding{}, blocked.LeftAlone(k.v, k.n.ServiceID("glance-api"), k.n.ServiceID("glance-api")),
		"the container says it")
}

// TestWhatIsLeftAloneIsNotRestarted, and says so once.
func TestWhatIsLeftAloneIsNotRestarted(t *testing.T) {
	s := newScene(t, "controller")
	s.file(glanceConf, "[broken\n")
	assert.Equal(t, []string{"config-unreadable " + glanceConf}, codes(s.all()))
	assert.False(t, s.v.Ledger.Planned(s.n.UnitID("glance-api")))
	assert.True(t, s.v.Ledger.Planned(s.n.UnitID("cinder-volume")))
}

// TestAContainerStartsWithItsFiles, whatever its unit says.
func TestAContainerStartsWithItsFiles(t *testing.T) {
	s := newScene(t, "controller", inKollaSpec)
	const id = "unit/controller/kolla-glance_api-container.service"
	u := s.v.Host.Units["kolla-glance_api-container.service"]
	u.Since = started().Add(time.Hour)
	s.v.Host.Units[u.Name] = u
	assert.Empty(t, s.compare(id).Reason)
	f := s.v.Host.Files["/etc/kolla/glance-api/config.json"]
	f.Changed = started().Add(time.Minute)
	s.v.Host.Files["/etc/kolla/glance-api/config.json"] = f
	assert.Equal(t, "/etc/kolla/glance-api/config.json changed after it started", s.compare(id).Reason)
}

func TestWhatKollaAnsibleUndoes(t *testing.T) {
	s := newScene(t, "controller", inKollaSpec)
	assert.Empty(t, s.compare("kolla/controller/kolla-ansible").Findings)
	s.v.Ledger.Put(s.n.SettingsID("/etc/kolla/glance-api/glance-api.conf"), &step.Delta{Do: step.HostStep{}})
	s.v.Ledger.Put(s.n.FileID("/etc/kolla/cinder-volume/ceph.conf"), &step.Delta{Do: step.HostStep{}})
	d := s.compare("kolla/controller/kolla-ansible")
	assert.Equal(t, []string{"undone-by-kolla-ansible /etc/kolla/glance-api",
		"undone-by-kolla-ansible /etc/kolla/cinder-volume"}, codes(d.Findings))
	assert.Equal(t, "kolla-ansible writes these files anew whenever it runs, and undoes what differs from its own: "+
		"give it the same options (config/glance/glance-api.conf), ceph.conf and keyrings", d.Findings[0].Message)
	assert.False(t, d.Findings[0].Problem)
	s.v.Ledger.Put(s.n.FileID("/etc/kolla/glance-api/ceph.conf"), &step.Delta{Do: step.HostStep{}})
	assert.Len(t, s.compare("kolla/controller/kolla-ansible").Findings, 2, "one note for each service")
	assert.Empty(t, newKolla(newScene(t, "controller").n))
}

func TestWhatIsReadForAService(t *testing.T) {
	s := newScene(t, "controller", func(s *spec.Spec) { s.Layout = spec.LayoutRDO })
	ops := s.n.configAsks("cinder-volume")
	assert.Equal(t, []remote.Op{remote.ReadFile{Path: "/usr/share/cinder/cinder-dist.conf"},
		remote.ReadFile{Path: cinderConf},
		remote.ReadDir{Path: "/etc/cinder/cinder.conf.d",
			Suffix: ".conf"}, remote.ReadDir{Path: "/etc/cinder/cinder-volume.conf.d", Suffix: ".conf"},
		remote.UnitState{Unit: "openstack-cinder-volume.service"}}, ops)
	k := newScene(t, "controller", inKollaSpec)
	assert.Contains(t, k.n.configAsks("cinder-volume"), remote.Op(remote.ReadDir{Path: "/etc/kolla/cinder-volume",
		Suffix: ".conf"}))
}
