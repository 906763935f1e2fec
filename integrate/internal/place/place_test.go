package place_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/remote"
)

// TestEachLayoutHasAPlaceForEachService: whole, and of the right account.
func TestEachLayoutHasAPlaceForEachService(t *testing.T) {
	accounts := map[string]string{"glance-api": "glance", "cinder-volume": "cinder", "cinder-backup": "cinder",
		"nova-compute": "nova"}
	for _, release := range []openstack.Release{"havana", "queens", "2025.1"} {
		layouts := place.Layouts(release)
		assert.Len(t, layouts, 4)
		for layout, services := range layouts {
			require.Len(t, services, len(spec.ServiceNames()), layout)
			for _, name := range spec.ServiceNames() {
				l, where := services[name], layout+" "+name
				assert.Equal(t, openstack.Service(name), l.Service, where)
				assert.Equal(t, accounts[name], l.Account, where)
				assert.NotEmpty(t, l.ReleasedAs(), where)
				for _, op := range paths(l) {
					assert.NoError(t, remote.Check(op), where)
				}
				assert.Equal(t, layout == spec.LayoutKolla, l.Kolla != nil, where)
				assert.Equal(t, layout == spec.LayoutRDO, len(l.Dist) > 0, where)
			}
		}
	}
}

// paths are looks at all that a place names.
func paths(l place.Service) (ops []remote.Op) {
	ops = append(ops, remote.UnitState{Unit: l.Unit})
	for _, p := range append(append(l.Dist, l.Config...), l.ConfDirs...) {
		ops = append(ops, remote.Stat{Path: p})
	}
	if l.Kolla != nil {
		ops = append(ops, remote.Stat{Path: l.Kolla.Folder}, remote.Stat{Path: l.Kolla.ConfigJSON()})
	}
	return ops
}

// TestUnitsAndFiles is the table of what differs between layouts.
func TestUnitsAndFiles(t *testing.T) {
	all := place.Layouts("2023.1")
	for layout, want := range map[string][]string{
		spec.LayoutDebian:  {"nova-compute.service", "/etc/nova/nova.conf", "nova-compute"},
		spec.LayoutRDO:     {"openstack-nova-compute.service", "/etc/nova/nova.conf", "openstack-nova-compute"},
		spec.LayoutUpstart: {"nova-compute", "/etc/nova/nova.conf", "nova-compute"},
		spec.LayoutKolla: {"kolla-nova_compute-container.service", "/etc/kolla/nova-compute/nova.conf",
			"nova_compute"},
	} {
		l := all[layout]["nova-compute"]
		assert.Equal(t, want, []string{l.Unit, l.Config[0], l.ReleasedAs()}, layout)
	}
	k := all[spec.LayoutKolla]["nova-compute"].Kolla
	assert.Equal(t, "/etc/kolla/nova-compute/config.json", k.ConfigJSON())
	assert.Equal(t, "/etc/kolla/nova-libvirt/config.json", k.OfLibvirt().ConfigJSON())
	assert.Equal(t, []string{"/etc/kolla/nova-compute/a.conf", "/etc/kolla/nova-compute/ceph/a.conf"},
		k.Copies("/etc/ceph/a.conf"))
	assert.Empty(t, all[spec.LayoutKolla]["glance-api"].Kolla.Libvirt)
	assert.Empty(t, all[spec.LayoutKolla]["glance-api"].Packages, "they are in the image")
	assert.Equal(t, all[spec.LayoutDebian]["glance-api"].Packages, all[spec.LayoutUpstart]["glance-api"].Packages)
	assert.Equal(t, []string{"a", "b"}, place.Alternatives("a|b"))
}

// hostWith is a host with files.
func hostWith(files map[string]string) *step.Host {
	h := step.NewHost("h")
	for at, text := range files {
		h.Files[at] = step.File{Data: []byte(text)}
	}
	return h
}

// TestFilesAreReadInTheOrderOfTheService: what comes later wins, and folders are sorted.
func TestFilesAreReadInTheOrderOfTheService(t *testing.T) {
	l := place.Layouts("2023.1")[spec.LayoutRDO]["glance-api"]
	h := hostWith(map[string]string{
		"/usr/share/glance/glance-dist.conf":   "[DEFAULT]\na = dist\nb = dist\n",
		l.Config[0]:                            "[DEFAULT]\nb = own\nc = own\n",
		"/etc/glance/glance-api.conf.d/2.conf": "[DEFAULT]\nc = two\n",
		"/etc/glance/glance-api.conf.d/1.conf": "[DEFAULT]\nc = one\n",
		"/etc/glance/glance.conf.d/0.conf":     "[DEFAULT]\nd = last\n",
		"/etc/glance/glance.conf.d/sub/x.conf": "[DEFAULT]\n", "/etc/other": "x"})
	h.Files["/usr/share/glance/glance-api-dist.conf"] = step.File{Missing: true}
	assert.Equal(t, []string{"/usr/share/glance/glance-dist.conf", "/usr/share/glance/glance-api-dist.conf",
		"/etc/glance/glance-api.conf",
		"/etc/glance/glance-api.conf.d/1.conf", "/etc/glance/glance-api.conf.d/2.conf",
		"/etc/glance/glance.conf.d/0.conf"},
		l.Inputs(h, place.Containers{}))
	first, all, err := l.Parsed(h, place.Containers{})
	require.NoError(t, err)
	assert.Len(t, all.Files, 5, "a missing file of the distribution is passed over")
	assert.Equal(t, "[DEFAULT]\nb = own\nc = own\n", string(first.Bytes()))
}

// TestConfigurationsThatAreNotKnown say which file, and why.
func TestConfigurationsThatAreNotKnown(t *testing.T) {
	l := place.Layouts("2023.1")[spec.LayoutDebian]["glance-api"]
	for name, c := range map[string]struct {
		file step.File
		want error
		text string
	}{
		"missing":    {step.File{Missing: true}, fs.ErrNotExist, "read /etc/glance/glance-api.conf: "},
		"unreadable": {step.File{Err: fs.ErrPermission}, fs.ErrPermission, "permission"},
		"broken":     {step.File{Data: []byte("[x\n")}, nil, "parse /etc/glance/glance-api.conf: "},
	} {
		h := step.NewHost("h")
		h.Files[l.Config[0]] = c.file
		_, _, err := l.Parsed(h, place.Containers{})
		require.ErrorContains(t, err, c.text, name)
		assert.True(t, c.want == nil || errors.Is(err, c.want), name)
	}
	_, _, err := l.Parsed(step.NewHost("h"), place.Containers{})
	require.ErrorContains(t, err, "look into /etc/glance/glance-api.conf: ",
		"a file that was not looked for is not missing")
}

// TestStatesAndVersionsOfContainers: the container tells, and not its unit.
func TestStatesAndVersionsOfContainers(t *testing.T) {
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	deb, kolla := place.Layouts("2023.1")[spec.LayoutDebian]["glance-api"],
		place.Layouts("2023.1")[spec.LayoutKolla]["glance-api"]
	h := step.NewHost("h")
	for _, unit := range []string{deb.Unit, kolla.Unit} {
		h.Units[unit] = remote.Unit{Name: unit, Active: "active", Since: time.Unix(1, 0)}
	}
	h.Packages["glance-api"] = "2:26.0.0-2"
	box := place.Container{Running: true, Started: started, Version: "16.1.0"}
	boxes := place.Containers{ByName: map[string]place.Container{"glance_api": box}}
	assert.Equal(t, time.Unix(1, 0), deb.State(h, boxes).Since)
	assert.Equal(t, started, kolla.State(h, boxes).Since)
	assert.Equal(t, "active", kolla.State(h, boxes).Active)
	stopped := kolla.State(h, place.Containers{})
	assert.Equal(t, "inactive", stopped.Active)
	assert.True(t, stopped.Since.IsZero())
	for l, want := range map[*place.Service]string{&deb: "2:26.0.0-2", &kolla: "16.1.0"} {
		assert.Equal(t, want, l.Version(h, boxes))
		release, err := l.ReleaseOf(want)
		require.NoError(t, err)
		assert.Equal(t, openstack.Release("2023.1"), release)
		_, err = l.ReleaseOf("no version")
		require.Error(t, err)
	}
	assert.Empty(t, kolla.Version(h, place.Containers{}))
}

// TestDistributions takes os-release as the distributions ship it.
func TestDistributions(t *testing.T) {
	for text, want := range map[string]place.Distribution{
		"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian " +
			"GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\n" +
			"VERSION_CODENAME=bookworm\nID=debian\nHOME_URL=\"https://www.debian.org/\"\n": {ID: "debian",
			Version: "12", Codename: "bookworm", Family: place.Deb},
		"PRETTY_NAME=\"Ubuntu 22.04.4 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nVERSION=\"22.04.4 LTS (Jammy " +
			"Jellyfish)\"\n" +
			"VERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=jammy\n": {ID: "ubuntu",
			Version: "22.04", Codename: "jammy", Family: place.Deb},
		"NAME=\"Ubuntu\"\nVERSION=\"14.04.6 LTS, Trusty " +
			"Tahr\"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"14.04\"\n": {ID: "ubuntu",
			Version: "14.04", Family: place.Deb},
		"NAME=\"Rocky Linux\"\nVERSION=\"9.4 (Blue Onyx)\"\nID=\"rocky\"\nID_LIKE=\"rhel centos " +
			"fedora\"\nVERSION_ID=\"9.4\"\n" +
			"PLATFORM_ID=\"platform:el9\"\n": {ID: "rocky", Version: "9.4", Family: place.RPM},
		"NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nID_LIKE=\"rhel " +
			"fedora\"\nVERSION_ID=\"7\"\n": {ID: "centos",
			Version: "7", Family: place.RPM},
		"NAME=\"CentOS Stream\"\nID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"9\"\n": {ID: "centos",
			Version: "9", Family: place.RPM},
		"NAME=\"Red Hat Enterprise Linux\"\nID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.2\"\n": {ID: "rhel",
			Version: "9.2", Family: place.RPM},
		"NAME='Fedora Linux'\r\nID=fedora\r\nVERSION_ID=40\r\nVERSION_CODENAME=\"\"\r\n": {ID: "fedora",
			Version: "40", Family: place.RPM},
		"NAME=\"SLES\"\nVERSION=\"15-SP5\"\nVERSION_ID=\"15.5\"\nID=\"sles\"\nID_LIKE=\"suse\"\n" +
			"ANSI_COLOR=\"0;32\"\n": {ID: "sles",
			Version: "15.5", Family: place.Deb},
		"ID=mine\nID_LIKE=centos\n": {ID: "mine", Family: place.RPM}, "ID=mine\nID_LIKE=centos9\n": {ID: "mine",
			Family: place.Deb},
		"": {Family: place.Deb}, "no equals sign\n=\n": {Family: place.Deb},
	} {
		assert.Equal(t, want, place.DistributionOf(hostWith(map[string]string{place.OSRelease: text})), text)
	}
	assert.Equal(t, place.Distribution{Family: place.Deb}, place.DistributionOf(step.NewHost("h")))
}

// TestFamiliesOfDistributions: each of the three words tells packages of RPM, as a name or as what a host is like.
func TestFamiliesOfDistributions(t *testing.T) {
	for text, want := range map[string]string{"ID=rhel": "rpm", "ID=fedora": "rpm", "ID=centos": "rpm",
		"ID=almalinux\nID_LIKE='rhel'": "rpm", "ID=ol\nID_LIKE=fedora": "rpm", "ID=x\nID_LIKE=\"suse centos\"": "rpm",
		"ID=debian": "deb", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"": "deb", "NAME=rhel": "deb", "ID=rhel9": "deb"} {
		assert.Equal(t, want, place.DistributionOf(hostWith(map[string]string{"/etc/os-release": text})).Family, text)
	}
}

// TestContainersAreWorkedOutOnce from what all engines say.
func TestContainersAreWorkedOutOnce(t *testing.T) {
	names := []string{"glance_api"}
	h := hostWith(map[string]string{"/etc/kolla/glance-api/config.json": `{"config_files":[{` +
		`"source":"/var/lib/kolla/config_files/a.conf",` +
		`"dest":"/etc/glance/glance-api.conf.d/a.conf"},` +
		`{"source":"/var/lib/kolla/config_files/b.txt","dest":"/etc/glance/glance-api.conf.d/"}]}`})
	said := `{"name":"/glance_api","running":true,"version":"16",` +
		`"mounts":[{"Source":"/etc/kolla/glance-api/","Destination":"/var/lib/kolla/config_files/"}]}`
	require.NoError(t, h.Take(place.Inspect(names), []remote.Result{{Err: errors.New("not installed")},
		{Data: []byte(said)}}))
	boxes := place.ContainersOn(h, names)
	assert.Equal(t, "podman", boxes.ByName["glance_api"].Engine)
	assert.Equal(t, []string{"docker: not installed"}, boxes.Engines)
	from, ok := boxes.ByName["glance_api"].From("/etc/glance/glance-api.conf.d/a.conf")
	assert.True(t, ok)
	assert.Equal(t, "/etc/kolla/glance-api/a.conf", from)
	l := place.Layouts("2023.1")[spec.LayoutKolla]["glance-api"]
	assert.Equal(t, []string{"/etc/kolla/glance-api/a.conf"}, l.DropIns(h, boxes), "only what ends in .conf")
	h.Files["/etc/kolla/glance-api/config.json"] = step.File{Missing: true}
	require.NoError(t, place.ContainersOn(h, names).ByName["glance_api"].Err, "it is kept")
	assert.Empty(t, place.ContainersOn(h, nil).ByName)
}
