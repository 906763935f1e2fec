package integratetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// These are configuration files as they are before an integration, without what does not matter here.
var configs = map[string]string{
	"/etc/glance/glance-api.conf": `[DEFAULT]
#enabled_backends = <None>
[glance_store]
# where the images are
filesystem_store_datadir = /var/lib/glance/images/
[keystone_authtoken]
password = not-a-real-one
`,
	"/etc/cinder/cinder.conf": `[DEFAULT]
enabled_backends = nfs
[nfs]
volume_driver = cinder.volume.drivers.nfs.NfsDriver
volume_backend_name = nfs
`,
	"/etc/nova/nova.conf": `[DEFAULT]
compute_driver = libvirt.LibvirtDriver
[libvirt]
#images_type = default
`,
	"/etc/nova/nova-compute.conf": `[libvirt]
virt_type = qemu
`,
}

// configBefore is what a file holds before an integration. A cloud whose Spec has the backend of Cinder without a name
// has no other backends. In a cluster of Cinder, the other backend is one that can be in it.
func (w *World) configBefore(path string) string {
	c := w.spec.Cinder
	switch {
	case path != "/etc/cinder/cinder.conf" || c == nil:
	case slices.ContainsFunc(c.Backends, func(b spec.Backend) bool { return b.Name == "DEFAULT" }):
		return "[DEFAULT]\nvolume_group = cinder-volumes\n"
	case c.Cluster != "":
		return "[DEFAULT]\nenabled_backends = san\n[san]\nvolume_driver = cinder.volume.drivers.pure.PureISCSIDriver\n" +
			"volume_backend_name = san\n"
	}
	return configs[path]
}

// A configFile is a configuration file of a service on its host, with what it
// held before an integration.
type configFile struct{ path, before string }

// configOf lists a service's configuration files, in the order of reading.
func (w *World) configOf(h spec.Host, service string) []configFile {
	if w.layout(h) == "kolla" {
		usual := configPaths[service][0]
		return []configFile{{kollaFolder(service) + "/" + base(usual), w.configBefore(usual)}}
	}
	var files []configFile
	for _, path := range configPaths[service] {
		files = append(files, configFile{path, w.configBefore(path)})
	}
	return files
}

var configPaths = map[string][]string{
	"glance-api":    {"/etc/glance/glance-api.conf"},
	"cinder-volume": {"/etc/cinder/cinder.conf"},
	"cinder-backup": {"/etc/cinder/cinder.conf"},
	"nova-compute":  {"/etc/nova/nova.conf", "/etc/nova/nova-compute.conf"},
}

// newMachine makes a host with the packages, files and units of its services. Nothing of Ceph is there, but the
// packages of Ceph can be installed.
func (w *World) newMachine(h spec.Host) *remotetest.Host {
	m := remotetest.NewHost(h.Name)
	for _, service := range h.Services {
		for _, f := range w.configOf(h, service) {
			if _, ok := m.Contents(f.path); !ok {
				m.AddFile(f.path, []byte(f.before), 0o640)
			}
		}
	}
	if w.layout(h) == "kolla" {
		w.addContainers(m, h)
	} else {
		w.addPackages(m, h)
	}
	w.addInstallers(m, h)
	m.AddFile("/etc/os-release", []byte(w.osRelease(h)), 0o644)
	m.AddFile("/etc/tmpfiles.d/README", []byte("see tmpfiles.d(5)\n"), 0o644)
	m.AddUser("libvirt-qemu", "kvm")
	m.AddUser("qemu", "qemu")
	m.Handle("rbd", w.rbd)
	w.addNovaManage(m, h)
	m.Handle("rados", w.rados)
	m.Handle("python3", func(run remote.Run) (stdout, stderr []byte, exit int) { return w.python(h, run) })
	return m
}

// osRelease is the /etc/os-release of a host of a layout.
func (w *World) osRelease(h spec.Host) string {
	switch w.layout(h) {
	case "rdo":
		return "ID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"9\"\n"
	case "upstart":
		return "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"14.04\"\n"
	}
	return "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"
}

// addPackages installs the packages of the services of a host, and starts the services.
func (w *World) addPackages(m *remotetest.Host, h spec.Host) {
	for _, p := range clientPackages {
		m.AddPackage(p, "16.2.15+ds-0+deb12u1", w.spec.Packages != "install")
	}
	for _, service := range h.Services {
		m.AddUnit(w.unit(h, service))
		m.AddPackage(w.program(h, service), w.packageVersion(service), true)
	}
}

// clientPackages are the packages of Ceph's clients, of all releases and layouts.
var clientPackages = []string{"ceph-common", "python-ceph", "python-rbd", "python3-rados", "python3-rbd",
	"qemu-block-extra", "qemu-kvm-block-rbd"}

func (w *World) layout(h spec.Host) string { return cmp.Or(h.Layout, w.spec.Layout) }

func (w *World) unit(h spec.Host, service string) string {
	switch w.layout(h) {
	case "kolla":
		return kollaUnit(containerOf(service))
	case "rdo":
		return "openstack-" + service + ".service"
	case "upstart":
		return service
	}
	return service + ".service"
}

// program is the package that a service is in.
func (w *World) program(h spec.Host, service string) string {
	switch {
	case w.layout(h) != "rdo":
		return service
	case service == "nova-compute":
		return "openstack-nova-compute"
	}
	project, _, _ := strings.Cut(service, "-")
	return "openstack-" + project
}

// packageVersion is a version that the package of a service has in the release of the Spec.
func (w *World) packageVersion(service string) string {
	return w.version(func(v string) (openstack.Release, error) {
		return openstack.ReleaseOf(openstack.Service(service), v)
	})
}

// version is a version from which releaseOf tells the release of the Spec.
func (w *World) version(releaseOf func(string) (openstack.Release, error)) string {
	versions := []string{"1:2013.2.3-1", "1:2014.1.5-1", "1:2014.2.4-1", "1:2015.1.4-1"}
	for major := range 50 {
		versions = append(versions, fmt.Sprintf("2:%d.0.0-1", major))
	}
	want, _ := openstack.ParseRelease(w.spec.Release) // an unknown one has no version
	for _, v := range versions {
		if r, err := releaseOf(v); err == nil && r == want {
			return v
		}
	}
	return "0"
}

// running gives the value of an option that a service runs with.
func (w *World) running(host, service, section, option string) string {
	value, _ := w.options(host, service).Lookup(section, option)
	return value
}

// options are those that a service runs with. A service that was not restarted since a file of its changed still runs
// with the file from before the integration. A service whose files cannot be read has none.
func (w *World) options(host, service string) (values osloconf.Values) {
	values.Own = openstack.OwnOption
	m := w.Machines[host]
	if m == nil {
		return values
	}
	for _, file := range w.configOf(w.host(host), service) {
		read := m.Look(remote.ReadFile{Path: file.path})
		if read.Err != nil {
			return osloconf.Values{}
		}
		data := read.Data
		if !w.hasRead(host, service, read.File) {
			data = []byte(file.before)
		}
		f, err := w.parse(string(data))
		if err != nil {
			return osloconf.Values{}
		}
		values.Files = append(values.Files, f)
	}
	return values
}

// parse reads a file of options, each text once: the records of services are looked up at each request.
func (w *World) parse(text string) (*osloconf.File, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.parsed[text]; f != nil {
		return f, nil
	}
	f, err := osloconf.Parse([]byte(text))
	if err == nil {
		w.parsed[text] = f
	}
	return f, err
}

// hasRead reports whether a service runs with a file as it is now.
func (w *World) hasRead(host, service string, f remote.File) bool {
	u := w.Machines[host].Unit(w.unit(w.host(host), service))
	if was, known := u.Read[f.Path]; known {
		return was == f.SHA256
	}
	return !f.Changed.After(u.Since)
}

// A login is a cluster and the user with which a program of Ceph was called.
type login struct {
	cluster *cephtest.Cluster
	osd     string   // the user's rights
	args    []string // the arguments after --conf and --id
}

// login reads the options that all programs of Ceph have.
func (w *World) login(run remote.Run) (l login, ok bool) {
	a := run.Argv
	if len(a) < 7 || a[1] != "--conf" || a[3] != "--id" {
		return l, false
	}
	l = login{cluster: w.Ceph[strings.TrimSuffix(base(a[2]), ".conf")], args: a[5:]}
	if l.cluster == nil {
		return l, false
	}
	user, err := ceph.New(l.cluster).User(context.Background(), "client."+a[4])
	l.osd = user.Caps["osd"]
	return l, err == nil
}

// rbd stands for the rbd program. A user may do what the caps of the user allow.
func (w *World) rbd(run remote.Run) (stdout, stderr []byte, exit int) {
	l, ok := w.login(run)
	if !ok {
		return nil, []byte("rbd: couldn't connect to the cluster!\n"), 1
	}
	object := l.args[len(l.args)-1]
	switch l.args[0] {
	case "create":
		object = l.args[1]
	case "ls", "rm":
	default:
		return nil, []byte("rbd: unrecognized command\n"), 1
	}
	pool, name, _ := strings.Cut(object, "/")
	if !permits(l.osd, pool, l.args[0] != "ls") {
		return nil, []byte("rbd: error: (1) Operation not permitted\n"), 1
	}
	var err error
	switch l.args[0] {
	case "create":
		err = l.cluster.AddImage(ceph.Image{Pool: pool, Name: name, Size: 1 << 20})
	case "rm":
		err = l.cluster.RemoveImage(pool, name)
	}
	if err != nil {
		return nil, []byte("rbd: error opening image " + name + ": (2) No such file or directory\n"), 2
	}
	return nil, nil, 0
}

// rados stands for the rados program. Its objects are not in the fake Ceph.
func (w *World) rados(run remote.Run) (stdout, stderr []byte, exit int) {
	l, ok := w.login(run)
	if !ok {
		return nil, []byte("couldn't connect to cluster: (2) No such file or directory\n"), 1
	}
	if len(l.args) != 4 || l.args[0] != "--pool" {
		return nil, []byte("usage: rados [options] [commands]\n"), 1
	}
	pool, verb, object := l.args[1], l.args[2], l.args[3]
	doing := map[string]string{"create": "error creating ", "rm": "error removing ", "stat": " error stat-ing "}[verb]
	pools, err := ceph.New(l.cluster).Pools(context.Background())
	there := slices.ContainsFunc(pools, func(p ceph.Pool) bool { return p.Name == pool })
	switch {
	case doing == "":
		return nil, []byte("unrecognized command " + verb + "; -h or --help for usage\n"), 1
	case err != nil || !there:
		return nil, []byte("error opening pool " + pool + ": (2) No such file or directory\n"), 1
	case !permits(l.osd, pool, verb != "stat"):
		return nil, []byte(doing + pool + "/" + object + ": (1) Operation not permitted\n"), 1
	case verb == "stat":
		return nil, []byte(doing + pool + "/" + object + ": (2) No such file or directory\n"), 1
	}
	return nil, nil, 0
}

func permits(osd, pool string, write bool) bool {
	for clause := range strings.SplitSeq(osd, ",") {
		switch strings.Join(strings.Fields(clause), " ") {
		case "profile rbd pool=" + pool, "allow rwx pool=" + pool:
			return true
		case "profile rbd-read-only pool=" + pool, "allow rx pool=" + pool:
			if !write {
				return true
			}
		}
	}
	return false
}
