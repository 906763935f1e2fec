package integrate

import (
	"cmp"
	"path"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// A service's place on a host.
type serviceLayout struct {
	service  openstack.Service
	unit     string
	dist     []string // the distribution's own defaults, read first
	config   []string // read in this order, the first is the one edited
	confDirs []string // read after config, sorted by file name
	account  string   // the service's user and group
	program  string   // the package whose version tells the service's release
	packages []string // Ceph client packages that the service needs; a|b is either
	kolla    *kollaService
}

// A kollaService is what a service has more of where it runs in one of Kolla's
// containers: config and what else it takes in are then on the host, in folder,
// and confDirs are in the container.
type kollaService struct {
	container string
	folder    string
	variable  string // of kolla-ansible, that makes it use Ceph
	overrides string // where kolla-ansible is given further options of the service
	libvirt   string // the container of libvirt that the service uses
}

const (
	cephDir  = "/etc/ceph"
	rootName = "root"
)

// layouts are the places of all services in each layout, with the packages that
// a release needs there.
func layouts(r openstack.Release) map[string]map[string]serviceLayout {
	all := map[string]map[string]serviceLayout{spec.LayoutDebian: debianLayout(), spec.LayoutRDO: rdoLayout(), spec.LayoutUpstart: upstartLayout(), spec.LayoutKolla: kollaLayout()}
	for name, services := range all {
		for service, l := range services {
			if l.packages = clientPackages(name, l.service, r); name == spec.LayoutUpstart {
				l.packages = clientPackages(spec.LayoutDebian, l.service, r)
			}
			services[service] = l
		}
	}
	return all
}

func debianLayout() map[string]serviceLayout {
	return map[string]serviceLayout{
		"glance-api": {
			service:  openstack.GlanceAPI,
			unit:     "glance-api.service",
			config:   []string{"/etc/glance/glance-api.conf"},
			confDirs: []string{"/etc/glance/glance-api.conf.d", "/etc/glance/glance.conf.d"},
			account:  "glance",
			program:  "glance-api",
		},
		"cinder-volume": {
			service:  openstack.CinderVolume,
			unit:     "cinder-volume.service",
			config:   []string{"/etc/cinder/cinder.conf"},
			confDirs: []string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-volume.conf.d"},
			account:  "cinder",
			program:  "cinder-volume",
		},
		"cinder-backup": {
			service:  openstack.CinderBackup,
			unit:     "cinder-backup.service",
			config:   []string{"/etc/cinder/cinder.conf"},
			confDirs: []string{"/etc/cinder/cinder.conf.d", "/etc/cinder/cinder-backup.conf.d"},
			account:  "cinder",
			program:  "cinder-backup",
		},
		"nova-compute": {
			service:  openstack.NovaCompute,
			unit:     "nova-compute.service",
			config:   []string{"/etc/nova/nova.conf", "/etc/nova/nova-compute.conf"},
			confDirs: []string{"/etc/nova/nova.conf.d", "/etc/nova/nova-compute.conf.d"},
			account:  "nova",
			program:  "nova-compute",
		},
	}
}

// rdoLayout is that of the RHEL family. Its oslo.config reads -dist.conf files
// before all others, and Cinder's units name theirs.
func rdoLayout() map[string]serviceLayout {
	all := debianLayout()
	for name, changes := range map[string]serviceLayout{
		"glance-api":    {program: "openstack-glance", dist: []string{"/usr/share/glance/glance-dist.conf", "/usr/share/glance/glance-api-dist.conf"}},
		"cinder-volume": {program: "openstack-cinder", dist: []string{"/usr/share/cinder/cinder-dist.conf"}},
		"cinder-backup": {program: "openstack-cinder", dist: []string{"/usr/share/cinder/cinder-dist.conf"}},
		"nova-compute":  {program: "openstack-nova-compute", dist: []string{"/usr/share/nova/nova-dist.conf", "/usr/share/nova/nova-compute-dist.conf"}},
	} {
		l := all[name]
		l.unit, l.program, l.dist = "openstack-"+l.unit, changes.program, changes.dist
		all[name] = l
	}
	return all
}

func upstartLayout() map[string]serviceLayout {
	all := debianLayout()
	for name, l := range all {
		l.unit = strings.TrimSuffix(l.unit, ".service")
		all[name] = l
	}
	return all
}

// kollaLayout is that of containers, each with a unit and a folder of its own.
// The packages are in their images.
func kollaLayout() map[string]serviceLayout {
	all := debianLayout()
	for name, k := range map[string]kollaService{
		"glance-api":    {variable: "glance_backend_ceph", overrides: "glance/glance-api.conf"},
		"cinder-volume": {variable: "cinder_backend_ceph", overrides: "cinder/cinder-volume.conf"},
		"cinder-backup": {variable: "cinder_backend_ceph", overrides: "cinder/cinder-backup.conf"},
		"nova-compute":  {variable: "nova_backend_ceph", overrides: "nova/nova-compute.conf", libvirt: "nova_libvirt"},
	} {
		l := all[name]
		k.container, k.folder = strings.ReplaceAll(name, "-", "_"), kollaFolder(name)
		l.unit, l.program, l.kolla = "kolla-"+k.container+"-container.service", "", &k
		l.config = []string{k.folder + "/" + path.Base(l.config[0])}
		all[name] = l
	}
	return all
}

// A packageRow is a package that services need in a layout, from a release
// until another one, both included; until is open when empty.
type packageRow struct {
	layout, name string
	service      openstack.Service // all when empty
	from, until  openstack.Release
}

// packageTable: the bindings are of the Python that the services run on, and
// Ceph split python-ceph during Kilo. In the releases that came with both
// Pythons either will do.
func packageTable() []packageRow {
	return []packageRow{
		{spec.LayoutDebian, "ceph-common", "", "havana", ""},
		{spec.LayoutDebian, "python-ceph|python-rbd", "", "havana", "kilo"},
		{spec.LayoutDebian, "python-rbd", "", "liberty", "queens"},
		{spec.LayoutDebian, "python3-rbd|python-rbd", "", "rocky", "rocky"},
		{spec.LayoutDebian, "python3-rados", "", "stein", ""},
		{spec.LayoutDebian, "python3-rbd", "", "stein", ""},
		{spec.LayoutDebian, "qemu-block-extra", openstack.NovaCompute, "mitaka", ""}, // before, QEMU had all block drivers in it

		{spec.LayoutRDO, "ceph-common", "", "icehouse", ""},
		{spec.LayoutRDO, "python-ceph|python-rbd", "", "icehouse", "juno"},
		{spec.LayoutRDO, "python-rbd", "", "kilo", "stein"},
		{spec.LayoutRDO, "python3-rbd|python-rbd", "", "train", "train"}, // of EL7 and EL8
		{spec.LayoutRDO, "python3-rados", "", "ussuri", ""},
		{spec.LayoutRDO, "python3-rbd", "", "ussuri", ""},
		{spec.LayoutRDO, "qemu-kvm-block-rbd", openstack.NovaCompute, "ussuri", ""}, // of EL8 and later
	}
}

func clientPackages(layout string, service openstack.Service, r openstack.Release) []string {
	var names []string
	for _, row := range packageTable() {
		applies := row.layout == layout && (row.service == "" || row.service == service)
		if applies && !r.Before(row.from) && (row.until == "" || !row.until.Before(r)) {
			names = append(names, row.name)
		}
	}
	return names
}

// alternatives are the packages any of which will do.
func alternatives(name string) []string { return strings.Split(name, "|") }

// service is a service's place on a host.
func (s *site) service(h spec.Host, name string) serviceLayout {
	return s.services[s.layoutOf(h)][name]
}

// service is a service's place on this host.
func (x *hostDiffer) service(name string) serviceLayout { return x.site.service(x.spec, name) }

// diskOptions is the section of the options of VM disks, and what their names
// begin with.
func (s *site) diskOptions() (section, prefix string) {
	if s.release.Before("icehouse") {
		return "DEFAULT", "libvirt_"
	}
	return "libvirt", ""
}

func keyringPath(cluster, entity string) string {
	return cephDir + "/" + cluster + "." + entity + ".keyring"
}

// layoutOf names a host's layout.
func (s *site) layoutOf(h spec.Host) string {
	return cmp.Or(h.Layout, s.spec.Layout, spec.LayoutDebian)
}
