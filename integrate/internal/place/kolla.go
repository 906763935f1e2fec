package place

import (
	"path"
	"strings"
)

// A Kolla is what a service has more of where it runs in a container of Kolla. Its
// Config and what else the service reads are then in Folder on the host, and its
// ConfDirs are in the container.
type Kolla struct {
	Container string
	Folder    string
	Variable  string // the variable of kolla-ansible that makes the service use Ceph
	Overrides string // where kolla-ansible is given further options of the service
	Libvirt   string // the container of libvirt that the service uses
}

// kollaLayout is that of containers, each with a unit and a folder of its own.
// The packages are in their images.
func kollaLayout() map[string]Service {
	all := debianLayout()
	for name, k := range map[string]Kolla{
		"glance-api":    {Variable: "glance_backend_ceph", Overrides: "glance/glance-api.conf"},
		"cinder-volume": {Variable: "cinder_backend_ceph", Overrides: "cinder/cinder-volume.conf"},
		"cinder-backup": {Variable: "cinder_backend_ceph", Overrides: "cinder/cinder-backup.conf"},
		"nova-compute":  {Variable: "nova_backend_ceph", Overrides: "nova/nova-compute.conf", Libvirt: "nova_libvirt"},
	} {
		l := all[name]
		k.Container, k.Folder = strings.ReplaceAll(name, "-", "_"), kollaFolder(name)
		l.Unit, l.Program, l.Kolla = "kolla-"+k.Container+"-container.service", "", &k
		l.Config = []string{k.Folder + "/" + path.Base(l.Config[0])}
		all[name] = l
	}
	return all
}

// KollaManagers are the containers in which nova-manage has Nova's databases and the login of [cinder], the best first:
// with several cells, the API database is known to the conductor above them and to the API.
func KollaManagers() []string { return []string{"nova_super_conductor", "nova_conductor", "nova_api"} }

// The folder of a service on its host, and where its container finds that.
func kollaFolder(service string) string { return "/etc/kolla/" + service }

const (
	kollaInside = "/var/lib/kolla/config_files"
	// KollaSecrets is the folder of libvirt's secrets in the container of libvirt.
	KollaSecrets = "/etc/libvirt/secrets"
)

// OfLibvirt is the container of libvirt that a service uses.
func (k Kolla) OfLibvirt() Kolla {
	return Kolla{Container: k.Libvirt, Folder: kollaFolder(strings.ReplaceAll(k.Libvirt, "_", "-")),
		Variable: k.Variable, Overrides: k.Overrides}
}

// ConfigJSON is the file that says what the container takes in.
func (k Kolla) ConfigJSON() string { return k.Folder + "/config.json" }

// Copies are the two places from which kolla-ansible's config.json may copy a file of
// Ceph.
func (k Kolla) Copies(file string) []string {
	return []string{k.Folder + "/" + path.Base(file), k.Folder + "/ceph/" + path.Base(file)}
}
