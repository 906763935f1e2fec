package host

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

const (
	glanceID = "settings/controller/" + glanceConf
	cinderID = "settings/controller/" + cinderConf
	rbd      = "cinder.volume.drivers.rbd.RBDDriver"
)

// cinder is the cinder.conf that a comparison would write.
func (s *scene) cinder() *osloconf.File {
	s.t.Helper()
	f, err := osloconf.Parse(s.ops(s.compare(cinderID))[0].(remote.WriteFile).Data)
	require.NoError(s.t, err)
	return f
}

func withBackends(backends ...spec.Backend) func(*spec.Spec) {
	return func(s *spec.Spec) { s.Cinder.Backends = backends }
}

// TestSeveralBackends extend one list, which is shown as one difference. What they
// share is shown once.
func TestSeveralBackends(t *testing.T) {
	s := newScene(t, "controller", withBackends(spec.Backend{Name: "one", Pool: "p1", AvailabilityZone: "az1"},
		spec.Backend{Name: "two", Pool: "p2"}, spec.Backend{Name: "three", Pool: "p3"}))
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = lvm\n[lvm]\nvolume_driver = x\n")
	fields := map[string]int{}
	for _, d := range s.compare(cinderID).Diffs {
		if fields[d.Field]++; d.Field == "[DEFAULT] enabled_backends" {
			assert.Equal(t, []string{"lvm", "lvm,one,two,three"}, []string{d.Observed, d.Desired})
		}
	}
	for field, n := range fields {
		assert.Equal(t, 1, n, field)
	}
	f := s.cinder()
	for _, o := range [][3]string{{"one", "rbd_pool", "p1"}, {"two", "rbd_pool", "p2"}, {"three", "rbd_pool", "p3"},
		{"one", "backend_availability_zone", "az1"}, {"lvm", "volume_driver", "x"}} {
		have, _ := f.Lookup(o[0], o[1])
		assert.Equal(t, o[2], have, "%v", o)
	}
	_, zone := f.Lookup("two", "backend_availability_zone")
	assert.False(t, zone)
}

// TestWhatIsNotInUseIsSetAnew, and what is in use is not moved.
func TestWhatIsNotInUseIsSetAnew(t *testing.T) {
	const mine = "[ceph-rbd]\nvolume_backend_name = ceph-rbd\nvolume_driver = " + rbd + "\n"
	for name, c := range map[string]struct {
		text, code string
		edit       func(*spec.Spec)
	}{
		"another backend is served": {"[DEFAULT]\nenabled_backends = other\n" + mine + "rbd_pool = old\n", "",
			func(*spec.Spec) {}},
		"served from the default pool": {"[DEFAULT]\nenabled_backends = ceph-rbd\n" + mine, "pool-in-use",
			func(*spec.Spec) {}},
		"served by no driver": {"[DEFAULT]\nenabled_backends = ceph-rbd\n[ceph-rbd]\nrbd_user = x\n", "",
			func(*spec.Spec) {}},
		"the list has spaces": {"[DEFAULT]\nenabled_backends = x, ceph-rbd\n" + mine + "rbd_pool = old\n", "pool-in-use",
			func(*spec.Spec) {}},
		"the same pool": {"[DEFAULT]\nenabled_backends = ceph-rbd\n" + mine + "rbd_pool = volumes\n", "",
			func(*spec.Spec) {}},
		"not served, elsewhere": {mine + "rbd_pool = volumes\nrbd_ceph_conf = /etc/ceph/b.conf\n", "", func(*spec.Spec) {}},
		"of the default cluster": {"[DEFAULT]\nenabled_backends = ceph-rbd\n" + mine + "rbd_pool = volumes\n",
			"cluster-in-use", twoClusters},
		"of that cluster": {"[DEFAULT]\nenabled_backends = ceph-rbd\n" + mine +
			"rbd_pool = volumes\nrbd_ceph_conf = /etc/ceph/b.conf\n", "", twoClusters},
	} {
		s := newScene(t, "controller", c.edit, func(s *spec.Spec) { s.Backup = nil })
		s.file(cinderConf, c.text)
		d := s.compare(cinderID)
		if c.code != "" {
			f := s.one(d, c.code)
			assert.Nil(t, d.Do, name)
			assert.Contains(t, f.Message, "another backend name", name)
			continue
		}
		assert.False(t, d.Refused, "%s: %v", name, d.Findings)
		pool, _ := s.cinder().Lookup("ceph-rbd", "rbd_pool")
		assert.Equal(t, "volumes", pool, name)
	}
}

// TestTheSingleBackendIsNotMoved: before Cinder had several, its options were in DEFAULT.
func TestTheSingleBackendIsNotMoved(t *testing.T) {
	single := func(s *spec.Spec) {
		s.Release, s.Backup = "havana", nil
		s.Cinder.Backends = []spec.Backend{{Name: spec.SingleBackend}}
	}
	for text, code := range map[string]string{
		"[DEFAULT]\nvolume_driver = " + rbd + "\nrbd_pool = old\n":     "pool-in-use",
		"[DEFAULT]\nvolume_driver = " + rbd + "\nrbd_pool = volumes\n": "",
		"[DEFAULT]\nvolume_driver = " + rbd + "\nrbd_pool = volumes\nrbd_ceph_conf = /etc/ceph/b.conf\n": "cluster-" +
			"in-use",
		"[DEFAULT]\nrbd_pool = old\n": "",
	} {
		s := newScene(t, "controller", single)
		s.file(cinderConf, text)
		d := s.compare(cinderID)
		assert.Equal(t, code != "", d.Refused, text)
		if code != "" {
			s.one(d, code)
		}
	}
	named := newScene(t, "controller", func(s *spec.Spec) { s.Backup = nil })
	named.file(cinderConf, "[DEFAULT]\nvolume_driver = x\nenabled_backends = ceph-rbd\n[ceph-rbd]\nvolume_driver = "+rbd+
		"\nrbd_pool = old\n")
	named.one(named.compare(cinderID), "pool-in-use")
	named.file(cinderConf, "[DEFAULT]\nvolume_driver = x\n[ceph-rbd]\nvolume_driver = "+rbd+"\nrbd_pool = old\n")
	assert.False(t, named.compare(cinderID).Refused, "the driver in DEFAULT serves no backend that has a name")
}

// TestTheLastOfSeveralIsNotMoved: each backend and each store is looked at.
func TestTheLastOfSeveralIsNotMoved(t *testing.T) {
	s := newScene(t, "controller", withBackends(spec.Backend{Name: "one", Pool: "p1"},
		spec.Backend{Name: "two", Pool: "p2"}),
		func(s *spec.Spec) {
			s.Backup, s.Glance.Stores = nil, []spec.Store{{Name: "more", Pool: "more-images", User: "glance-more"}}
		})
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = one,two\n[two]\nvolume_driver = "+rbd+"\nrbd_pool = old\n")
	assert.Contains(t, s.one(s.compare(cinderID), "pool-in-use").Message, "[two] is in use with rbd_pool = old")
	s.file(glanceConf, "[DEFAULT]\nenabled_backends = rbd:rbd, more:rbd\n[more]\nrbd_store_pool = old\n")
	assert.Contains(t, s.one(s.compare(glanceID), "pool-in-use").Message, "[more] is in use with rbd_store_pool = old")
}

// TestWhatAServiceHas are the options that tell where its data goes, as they take effect.
func TestWhatAServiceHas(t *testing.T) {
	for id, want := range map[string]string{
		glanceID: "[DEFAULT] enabled_backends=file:file,http:http,rbd:rbd, [glance_store] default_backend=rbd, " +
			"[rbd] rbd_store_pool=images",
		cinderID: "[DEFAULT] enabled_backends=ceph-rbd, [ceph-rbd] rbd_pool=volumes, [ceph-rbd] rbd_secret_uuid=" +
			uuidOf("client.cinder") + ", [DEFAULT] backup_driver=cinder.backup.drivers.ceph.CephBackupDriver, " +
			"[DEFAULT] backup_ceph_pool=backups",
	} {
		s := newScene(t, "controller")
		path := s.resource(id).ID().Name
		d := s.compare(id)
		assert.Equal(t, len(s.ops(d)[0].(remote.WriteFile).Data), d.Do.(step.HostStep).Size)
		s.file(path, string(s.ops(d)[0].(remote.WriteFile).Data))
		assert.Equal(t, want, s.compare(id).Have)
	}
	s := newScene(t, "controller", func(s *spec.Spec) { s.Release = "mitaka" })
	s.file(glanceConf, string(s.ops(s.compare(glanceID))[0].(remote.WriteFile).Data))
	assert.NotContains(t, s.compare(glanceID).Have, "enabled_backends", "what is not set has no value")
	require.True(t, s.compare(glanceID).Fact == nil, "a file without backends of Cinder serves none")
}

// TestOptionsThatMustGo are taken out, and are no difference where they are not there.
func TestOptionsThatMustGo(t *testing.T) {
	const gone = "[ceph-rbd] rbd_keyring_conf"
	s := newScene(t, "controller", func(s *spec.Spec) { s.Backup = nil })
	assert.NotContains(t, fieldsOf(s.compare(cinderID)), gone)
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = ceph-rbd\n[ceph-rbd]\nvolume_driver = "+rbd+
		"\nrbd_pool = volumes\nvolume_backend_name = ceph-rbd\nrbd_keyring_conf = /etc/ceph/x.keyring\n")
	d := s.compare(cinderID)
	for _, diff := range d.Diffs {
		if diff.Field == gone {
			assert.Equal(t, step.FieldDiff{Field: gone, Observed: "/etc/ceph/x.keyring", Why: diff.Why}, diff)
		}
	}
	assert.Contains(t, fieldsOf(d), gone)
	s.file(cinderConf, "[DEFAULT]\nenabled_backends = ceph-rbd\n[ceph-rbd]\nvolume_driver = "+rbd+
		"\nrbd_pool = volumes\nvolume_backend_name = ceph-rbd\nrbd_keyring_conf =\n")
	assert.Contains(t, fieldsOf(s.compare(cinderID)), gone, "also where it has no value")
	f := s.cinder()
	_, there := f.Lookup("ceph-rbd", "rbd_keyring_conf")
	assert.False(t, there)
	s.file(cinderConf, string(f.Bytes()))
	assert.Nil(t, s.compare(cinderID).Do)
}

// TestValuesThatMeanTheSame: only booleans are written in several ways.
func TestValuesThatMeanTheSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"", "", true}, {"images", "images", true}, {"images", "Images", false}, {"True", "true", true},
		{"FALSE", "False", true}, {"true", "false", false}, {"false", "true", false}, {"true", "", false},
		{"true", "images", false}, {"0", "false", false},
	} {
		assert.Equal(t, c.same, sameValue(c.a, c.b), "%q %q", c.a, c.b)
	}
	s := newScene(t, "controller")
	s.file(cinderConf, string(s.cinder().Bytes())+"\n[x]\nrbd_flatten_volume_from_snapshot = False\n")
	assert.Nil(t, s.compare(cinderID).Do)
}

// TestWhichFileOverrides is the last of those that set the option, also a second file of
// the service itself.
func TestWhichFileOverrides(t *testing.T) {
	s := newScene(t, "controller")
	s.file("/etc/glance/glance-api.conf.d/a.conf", "[glance_store]\ndefault_backend = other\n")
	s.file("/etc/glance/glance.conf.d/b.conf", "[DEFAULT]\ndebug = true\n")
	assert.Contains(t, s.one(s.compare(glanceID), "settings-overridden").Message,
		"remove the option default_backend from [glance_store] of /etc/glance/glance-api.conf.d/a.conf")
	s = newScene(t, "compute1")
	s.file("/etc/nova/nova-compute.conf", "[libvirt]\nrbd_user = other\n")
	assert.Contains(t, s.one(s.compare(novaID), "settings-overridden").Message,
		"remove the option rbd_user from [libvirt] of /etc/nova/nova-compute.conf")
}

// TestSettingsOfContainersWaitForTheirOwnFiles, and for the pools that they use.
func TestSettingsOfContainersWaitForTheirOwnFiles(t *testing.T) {
	for service, want := range map[string][]string{
		"glance-api":    {"service/controller/glance-api", "pool/ceph/images"},
		"cinder-volume": {"service/controller/cinder-volume", "pool/ceph/volumes"},
		"cinder-backup": {"service/controller/cinder-backup", "pool/ceph/backups", "pool/ceph/volumes"},
	} {
		s := newScene(t, "controller", inKollaSpec)
		var have []string
		for _, id := range s.n.settingNeeds([]string{service}) {
			if id.Kind == "file" {
				assert.Contains(t, id.Name, "/etc/kolla/"+service+"/", service)
				continue
			}
			have = append(have, id.String())
		}
		assert.Subset(t, want, have, service)
		assert.Subset(t, have, want, service)
	}
	s := newScene(t, "controller", func(s *spec.Spec) {
		s.Hosts[0].Services = append(s.Hosts[0].Services, "nova-compute")
	})
	for _, id := range s.resource(cinderID).Needs() {
		assert.NotEqual(t, "secret", id.Kind, "cinder-volume does not use libvirt")
	}
}
