package host

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

const (
	glanceConf = "/etc/glance/glance-api.conf"
	cinderConf = "/etc/cinder/cinder.conf"
	novaConf   = "/etc/nova/nova.conf"
)

// TestWhatSettingsWaitFor are only the things that the services of the file use.
func TestWhatSettingsWaitFor(t *testing.T) {
	needs := func(host, path string, edit ...func(*spec.Spec)) []string {
		var out []string
		for _, id := range newScene(t, host, edit...).resource("settings/" + host + "/" + path).Needs() {
			out = append(out, id.String())
		}
		return out
	}
	assert.Equal(t, []string{"service/controller/glance-api", "pool/ceph/images", "file/controller//etc/ceph/ceph.conf",
		"file/controller//etc/ceph/ceph.client.glance.keyring"}, needs("controller", glanceConf))
	assert.Equal(t, []string{"service/controller/cinder-volume", "service/controller/cinder-backup",
		"pool/ceph/backups", "pool/ceph/volumes", "pool/ceph/backups", "pool/ceph/volumes",
		"file/controller//etc/ceph/ceph.conf", "file/controller//etc/ceph/ceph.client.cinder.keyring",
		"file/controller//etc/ceph/ceph.client.cinder-backup.keyring"}, needs("controller", cinderConf))
	assert.Equal(t, []string{"service/compute1/nova-compute", "pool/ceph/vms", "pool/ceph/vms-data",
		"file/compute1//etc/ceph/ceph.conf",
		"file/compute1//etc/ceph/ceph.client.cinder.keyring", "secret/compute1/ceph.client.cinder"},
		needs("compute1", novaConf, func(s *spec.Spec) { s.Nova.DataPool = "vms-data" }))
	assert.Equal(t, []string{"service/compute1/nova-compute", "pool/ceph/vms",
		"file/compute1//etc/kolla/nova-compute/ceph.conf",
		"file/compute1//etc/kolla/nova-compute/ceph.client.cinder.keyring", "file/compute1//etc/kolla/nova-libvirt/ceph.conf",
		"secret/compute1/ceph.client.cinder", "file/compute1//etc/kolla/nova-libvirt/secrets/ceph.client.cinder.xml",
		"file/compute1//etc/kolla/nova-libvirt/secrets/ceph.client.cinder.base64"},
		needs("compute1", "/etc/kolla/nova-compute/nova.conf", inKollaSpec))
}

// TestWhySettingsAreLeftAlone has the words for each root cause.
func TestWhySettingsAreLeftAlone(t *testing.T) {
	user := spec.User{Cluster: "ceph", Entity: "client.cinder"}
	for _, c := range []struct {
		path  string
		chain func(*Node) []step.ID // from the need to the root
		want  string
	}{
		{glanceConf, func(*Node) []step.ID { return []step.ID{cluster.PoolID("ceph", "images"), cluster.ID("ceph")} },
			"left alone, as cluster ceph cannot be read"},
		{glanceConf, func(*Node) []step.ID { return []step.ID{cluster.PoolID("ceph", "images")} },
			"left alone, as pool images cannot be used"},
		{glanceConf, func(*Node) []step.ID {
			return []step.ID{cluster.PoolID("ceph", "images"), cluster.ProfileID("ceph", "ec")}
		},
			"left alone, as pool images cannot be used"},
		{cinderConf, func(n *Node) []step.ID { return []step.ID{n.KeyringID(n.Copies()[0], user), cluster.UserID(user)} },
			"left alone until the problem of user client.cinder is solved"},
		{cinderConf, func(n *Node) []step.ID { return []step.ID{n.ConfID(n.Copies()[0], "ceph")} },
			"left alone until /etc/ceph/ceph.conf is in order"},
		{cinderConf, func(n *Node) []step.ID {
			return []step.ID{n.KeyringID(n.Copies()[0], user), n.ConfID(n.Copies()[0], "ceph")}
		}, "left alone until /etc/ceph/ceph.conf is in order"},
		{cinderConf, func(n *Node) []step.ID { return []step.ID{n.KeyringID(n.Copies()[0], user)} },
			"left alone until the problem of cinder-volume on this host is solved"},
		{cinderConf, func(n *Node) []step.ID {
			return []step.ID{n.KeyringID(n.Copies()[0], spec.User{Cluster: "ceph", Entity: "client.cinder-backup"})}
		}, "left alone until the problem of cinder-backup on this host is solved"},
		{cinderConf, func(n *Node) []step.ID { return []step.ID{n.ServiceID("cinder-backup"), n.PackagesID()} },
			"left alone until the problem of cinder-backup on this host is solved"},
		{cinderConf, func(n *Node) []step.ID {
			return []step.ID{n.ConfID(n.Copies()[0], "ceph"),
				n.DirectoryID("/etc/ceph")}
		},
			"left alone until the problem of cinder-volume on this host is solved"},
	} {
		s := newScene(t, "controller")
		ids := c.chain(s.n)
		for i, id := range ids {
			d := step.Delta{Refused: true}
			if i+1 < len(ids) {
				d.Because = ids[i+1]
			}
			s.v.Ledger.Put(id, &d)
		}
		r := s.resource("settings/controller/" + c.path).(step.Blocked)
		root := s.v.Ledger.Root(ids[0])
		f := r.LeftAlone(s.v, ids[0], root)
		assert.Equal(t, step.Finding{Code: "settings-left-alone", Problem: true, Object: c.path, Message: c.want,
			Because: root}, f)
	}
}

func TestOptionsOfEachService(t *testing.T) {
	for path, want := range map[string][]string{
		glanceConf: {"[DEFAULT] enabled_backends", "[glance_store] default_backend"},
		cinderConf: {"[DEFAULT] enabled_backends", "[DEFAULT] backup_driver", "[ceph-rbd] rbd_pool"},
		novaConf:   {"[libvirt] images_type", "[libvirt] rbd_secret_uuid"},
	} {
		host := "controller"
		if path == novaConf {
			host = "compute1"
		}
		s := newScene(t, host)
		d := s.compare("settings/" + host + "/" + path)
		assert.Equal(t, step.Update, d.Action)
		assert.Equal(t, "options are not as the services need them", d.Reason)
		fields := map[string]bool{}
		for _, diff := range d.Diffs {
			fields[diff.Field] = true
			assert.NotEmpty(t, diff.Why, diff.Field)
		}
		for _, field := range want {
			assert.True(t, fields[field], field)
		}
		write := s.ops(d)[0].(remote.WriteFile)
		assert.Contains(t, string(write.Data), "debug = false\n", "what is there stays")
		assert.Equal(t, []any{"", "", s.v.Host.Files[path].SHA256}, []any{write.Owner, write.Group, write.Was})
		s.file(path, string(write.Data))
		d = s.compare("settings/" + host + "/" + path)
		assert.Nil(t, d.Do)
		assert.NotEmpty(t, d.Have)
	}
	s := newScene(t, "compute1")
	s.file(novaConf, string(s.ops(s.compare("settings/compute1/" + novaConf))[0].(remote.WriteFile).Data))
	assert.Equal(t, "[libvirt] images_type=rbd, [libvirt] images_rbd_pool=vms, [libvirt] "+
		"rbd_secret_uuid="+uuidOf("client.cinder"),
		s.compare("settings/compute1/"+novaConf).Have)
}

func TestAConfigurationThatIsLeftAlone(t *testing.T) {
	for _, c := range []struct{ path, text, code, message string }{
		{glanceConf, "[DEFAULT]\nenabled_backends = rbd:rbd\n[rbd]\nrbd_store_pool = old\n", "pool-in-use",
			"[rbd] is in use with rbd_store_pool = old, and what is there would be out of reach in images; set pool: old " +
				"for glance in the Spec, or take another store"},
		{glanceConf, "[DEFAULT]\nenabled_backends = rbd:rbd\n[rbd]\nrbd_store_pool = images\nrbd_store_ceph_conf = " +
			"/etc/ceph/b.conf\n", "cluster-in-use",
			"[rbd] is in use with the cluster of /etc/ceph/b.conf, and what is there would be out of reach with " +
				"/etc/ceph/ceph.conf; call the cluster"},
		{cinderConf, "[DEFAULT]\nenabled_backends = ceph-rbd\n[ceph-rbd]\nvolume_driver = " +
			"cinder.volume.drivers.rbd.RBDDriver\nrbd_pool = old\n", "pool-in-use",
			"would be out of reach in volumes; set pool: old for backend ceph-rbd in the Spec, or take another backend name"},
		{cinderConf, "[ceph-rbd]\nvolume_driver = x.NFS\n", "settings-not-possible", "choose another name"},
		{cinderConf, "[DEFAULT\n", "config-unreadable", "cannot be read, so it is left alone: "},
	} {
		s := newScene(t, "controller")
		s.file(c.path, c.text)
		d := s.compare("settings/controller/" + c.path)
		f := s.one(d, c.code)
		assert.True(t, d.Refused && f.Problem)
		assert.Contains(t, f.Message, c.message)
		assert.Nil(t, d.Do)
		assert.Empty(t, d.Diffs)
	}
	s := newScene(t, "controller")
	s.v.Host.Files[glanceConf] = step.File{Missing: true}
	assert.Equal(t, "configuration file missing: is glance-api installed here? install it, or take glance-api off this "+
		"host's services",
		s.one(s.compare("settings/controller/"+glanceConf), "config-missing").Message)
}

func TestALaterFileOverrides(t *testing.T) {
	s := newScene(t, "controller")
	s.file("/etc/glance/glance-api.conf.d/a.conf", "[glance_store]\ndefault_backend = other\n")
	s.file("/etc/glance/glance.conf.d/b.conf", "[glance_store]\ndefault_backend = file\n")
	f := s.one(s.compare("settings/controller/"+glanceConf), "settings-overridden")
	assert.Equal(t, `[glance_store] default_backend would not take effect: `+
		`a file that glance-api reads later overrides it with "file"; `+
		"remove the option default_backend from [glance_store] of /etc/glance/glance.conf.d/b.conf", f.Message)
	assert.True(t, sameValue("True", "true"))
	assert.False(t, sameValue("1", "True"))
}

func TestNotesOnOptions(t *testing.T) {
	s := newScene(t, "controller")
	s.file(cinderConf, "[DEFAULT]\nbackup_driver = cinder.backup.drivers.nfs.NFSBackupDriver\nvolume_driver = x\n")
	d := s.compare("settings/controller/" + cinderConf)
	require.NotNil(t, d.Do)
	assert.Contains(t, codes(d.Findings), "backup-driver-changes backup_driver")
	assert.Contains(t, codes(d.Findings), "service-option "+cinderConf+" [DEFAULT] volume_driver")
	for _, f := range d.Findings {
		assert.False(t, f.Problem)
	}
}

func TestHowAHostServesBackends(t *testing.T) {
	s := newScene(t, "controller", func(s *spec.Spec) {
		s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: "b",
			Options: map[string]string{"backend_host": "own"}})
	})
	s.file(cinderConf, "[DEFAULT]\nhost = all\ncluster = c\n[coordination]\nbackend_url = etcd3://x\n")
	assert.Equal(t, []want.Serving{{Backend: "ceph-rbd", Host: "controller", Name: "all", Cluster: "c",
		Coordinator: "etcd3://x"},
		{Backend: "b", Host: "controller", Name: "own", Cluster: "c",
			Coordinator: "etcd3://x"}}, s.compare("settings/controller/"+cinderConf).Fact)
	assert.Equal(t, []string{"cinder-volume all@ceph-rbd", "cinder-volume own@b"}, s.n.Records(s.v.Host, "cinder-volume"))
	assert.Equal(t, []string{"cinder-backup all"}, s.n.Records(s.v.Host, "cinder-backup"))
	assert.Empty(t, s.n.Records(s.v.Host, "glance-api"))
	assert.Nil(t, s.compare("settings/controller/"+glanceConf).Fact)

	s = newScene(t, "controller", func(s *spec.Spec) {
		s.Release = "mitaka"
		s.Cinder.Backends[0] = spec.Backend{Name: spec.SingleBackend, Options: map[string]string{"host": "h"}}
	})
	assert.Equal(t, []string{"cinder-volume h"}, s.n.Records(s.v.Host, "cinder-volume"))
}

func TestZonesOfBackends(t *testing.T) {
	zone := func(release string) func(*spec.Spec) {
		return func(s *spec.Spec) {
			s.Release = release
			s.Cinder.Backends[0].AvailabilityZone = "az1"
		}
	}
	const served = "[DEFAULT]\nenabled_backends = ceph-rbd\n[ceph-rbd]\nvolume_driver = " +
		"cinder.volume.drivers.rbd.RBDDriver\nrbd_pool = volumes\nvolume_backend_name = ceph-rbd\n"
	for name, c := range map[string]struct {
		release, text, code string
		volumes             []api.Volume
		err                 error
	}{
		"a new backend": {"2023.1", "", "backend-outside-default-zone", nil, nil},
		"without volumes": {"2023.1", served, "backend-outside-default-zone", []api.Volume{{ID: "v", Host: "x@other#p",
			Zone: "nova"}}, nil},
		"with volumes": {"2023.1", served, "volumes-of-another-zone", []api.Volume{{ID: "v", Host: "x@ceph-rbd#p",
			Zone: "nova"}}, nil},
		"unknown": {"2023.1", served, "volumes-unknown", nil, api.ErrUnreachable},
		"in its zone": {"2023.1", served + "backend_availability_zone = az1\n", "backend-outside-default-zone",
			[]api.Volume{{ID: "v", Host: "x@ceph-rbd", Zone: "nova"}}, nil},
		"the default":      {"2023.1", "[DEFAULT]\ndefault_availability_zone = az1\n", "", nil, nil},
		"one zone for all": {"mitaka", "", "zone-of-all-services", nil, nil},
		"another is there": {"mitaka", "[DEFAULT]\nenabled_backends = lvm\n[lvm]\nvolume_driver = x\n",
			"zone-of-another-backend", nil, nil},
		"that is already one": {"mitaka", "[DEFAULT]\nstorage_availability_zone = az1\n", "", nil, nil},
	} {
		s := newScene(t, "controller", zone(c.release), func(s *spec.Spec) { s.Backup, s.Glance = nil, nil })
		s.file(cinderConf, c.text)
		s.v.Cloud.Volumes, s.v.Cloud.VolumesErr = c.volumes, c.err
		d := s.compare("settings/controller/" + cinderConf)
		var have []string
		for _, f := range d.Findings {
			if f.Code != "service-option" {
				have = append(have, f.Code)
			}
		}
		if c.code == "" {
			assert.Empty(t, have, name)
			continue
		}
		assert.Equal(t, []string{c.code}, have, name)
	}
	s := newScene(t, "controller", zone("2023.1"))
	s.file(cinderConf, served)
	s.v.Cloud = nil
	require.ErrorIs(t, s.one(s.compare("settings/controller/"+cinderConf), "volumes-unknown").Err, step.ErrNoCloud)
}

const novaID = "settings/compute1/" + novaConf

func fieldsOf(d step.Delta) map[string]string {
	out := map[string]string{}
	for _, diff := range d.Diffs {
		out[diff.Field] = diff.Desired
	}
	return out
}

func TestVMsWithLocalDisks(t *testing.T) {
	local := api.Server{ID: "1", Name: "vm", Host: "compute1", Status: "ACTIVE", ImageID: "i", HasLocalDisk: true}
	off := local
	off.Status = "SHUTOFF"
	drive := off
	drive.ConfigDrive = true
	fromVolume := api.Server{ID: "2", Name: "v", Status: "ACTIVE"}
	waiting := local
	waiting.Status = "VERIFY_RESIZE"
	for name, c := range map[string]struct {
		disks   string
		server  api.Server
		images  []string
		toCeph  bool
		finding string
	}{
		"no VMs":                       {"", api.Server{}, nil, true, ""},
		"from a volume":                {"", fromVolume, nil, true, ""},
		"with a local disk":            {"", local, nil, false, "vm-disks-local"},
		"shut off with a local disk":   {"", off, nil, false, "vm-disks-local"},
		"moved, and running":           {"", local, []string{"1_disk"}, false, "vm-disks-local"},
		"moved":                        {"", off, []string{"1_disk"}, true, ""},
		"moved without a config drive": {"", drive, []string{"1_disk"}, false, "vm-disks-local"},
		"moved with a config drive":    {"", drive, []string{"1_disk", "1_disk.config"}, true, ""},
		"asked for":                    {"ceph", local, nil, true, "vm-disks-left-behind"},
		"not asked for":                {"keep", api.Server{}, nil, false, ""},
		"waiting":                      {"", waiting, nil, false, "vm-disks-local"},
	} {
		s := newScene(t, "compute1", func(s *spec.Spec) { s.Hosts[1].Disks = c.disks })
		s.v.Cloud.Servers["compute1"] = []api.Server{c.server}
		for _, image := range c.images {
			s.v.Clusters["ceph"].Images["vms"][image] = true
		}
		d := s.compare(novaID)
		_, moves := fieldsOf(d)["[libvirt] images_type"]
		assert.Equal(t, c.toCeph, moves, name)
		assert.Equal(t, uuidOf("client.cinder"), fieldsOf(d)["[libvirt] rbd_secret_uuid"], "volumes need it anyway")
		found := ""
		for _, f := range d.Findings {
			found += " " + f.Code
			assert.Equal(t, "VM disks", f.Object)
			assert.Contains(t, f.Message, "vm (1)")
		}
		assert.Equal(t, c.finding, trimmed(found), name)
		recheck := d.Do.(step.HostStep).Servers
		if !moves {
			assert.Nil(t, recheck, name)
			continue
		}
		require.NoError(t, recheck([]api.Server{fromVolume}, nil))
		if err := recheck([]api.Server{local}, nil); c.disks == "ceph" {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, step.ErrConflict)
			require.EqualError(t, err, "integrate: changed since the plan was made: vm (1) is there now, with a local disk")
		}
	}
}

func trimmed(s string) string {
	if s == "" {
		return ""
	}
	return s[1:]
}

func TestVMDisksThatAreNotKnown(t *testing.T) {
	for message, spoil := range map[string]func(*step.View){
		"left as they are: which VMs with local disks are here cannot be told: no cloud was " +
			"given": func(v *step.View) { v.Cloud = nil },
		"left as they are: which VMs with local disks are here cannot be told: " +
			api.ErrAuth.Error(): func(v *step.View) { v.Cloud.Err = api.ErrAuth },
		`left as they are: which VMs with local disks are here cannot be told: ` +
			`the APIs know no nova-compute on "compute1", but on c9; ` +
			"call the host in the Spec as they do": func(v *step.View) { v.Cloud.Computes = map[string]bool{"c9": true} },
	} {
		s := newScene(t, "compute1")
		spoil(&s.v)
		d := s.compare(novaID)
		f := s.one(d, "vm-disks-unknown")
		assert.True(t, f.Problem && !d.Refused)
		assert.Equal(t, message, f.Message)
		assert.NotNil(t, d.Do, "the secret's UUID is set all the same")
	}
}

// TestDisksThatAreInCeph: where nova-compute runs with options that put disks into Ceph,
// the comparison does not need the APIs. Where the file is newer than the process, it does.
func TestDisksThatAreInCeph(t *testing.T) {
	s := newScene(t, "compute1")
	s.file(novaConf, string(s.ops(s.compare(novaID))[0].(remote.WriteFile).Data))
	s.v.Cloud = nil
	assert.Empty(t, s.compare(novaID).Findings)
	f := s.v.Host.Files[novaConf]
	f.Changed = started().Add(time.Second)
	s.v.Host.Files[novaConf] = f
	s.one(s.compare(novaID), "vm-disks-unknown")
}

func TestComputesOfVolumesAlone(t *testing.T) {
	s := newScene(t, "compute1", func(s *spec.Spec) { s.Nova = nil })
	s.v.Cloud = nil
	d := s.compare(novaID)
	assert.Nil(t, d.Do)
	assert.Empty(t, d.Findings)
}
