package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A Copy is a copy of Ceph's files on a host, with the services that read it. A
// host has one copy in /etc/ceph. A host of Kolla has one copy for each container.
type Copy struct {
	Services []string
	Users    []spec.User // whose keyrings are in it
	Clusters []string    // whose ceph.conf is in it
	// Kolla is the container that the copy is for; nil for /etc/ceph.
	Kolla *place.Kolla
	// Libvirt says that the container is that of libvirt. It needs a ceph.conf only
	// where its config.json copies that file.
	Libvirt bool
}

// Copies lists the copies of Ceph's files on this host.
func (n *Node) Copies() []Copy {
	if !n.InContainers() {
		return []Copy{{Services: n.Services, Users: n.Users, Clusters: want.ClustersOf(n.Users)}}
	}
	var all []Copy
	for _, name := range n.Services {
		k, users := n.Service(name).Kolla, n.Site.CopiedUsers(name)
		all = append(all, Copy{Services: []string{name}, Users: users, Clusters: want.ClustersOf(users), Kolla: k})
		if k.Libvirt != "" {
			libvirt := k.OfLibvirt()
			all = append(all, Copy{Services: []string{name}, Clusters: want.ClustersOf(n.Site.Secrets),
				Kolla: &libvirt, Libvirt: true})
		}
	}
	return all
}

// name is the name of a file's ID: the file's path, or the first of the two places
// from which its container may copy it.
func (c Copy) name(file string) string {
	if c.Kolla != nil {
		return c.Kolla.Copies(file)[0]
	}
	return file
}

// Path is where a file of Ceph is on the host, by its path as the services see it.
// It is false for a file that the container does not copy.
func (c Copy) Path(in place.Containers, file string) (string, bool) {
	if c.Kolla == nil {
		return file, true
	}
	return in.ByName[c.Kolla.Container].From(file)
}

// readFiles asks for a file of Ceph, wherever the container may copy it from.
func (c Copy) readFiles(file string) []string {
	if c.Kolla == nil {
		return []string{file}
	}
	return c.Kolla.Copies(file)
}

// Readers lists the services of this host whose main configuration file is path.
func (n *Node) Readers(path string) []string {
	return slices.DeleteFunc(slices.Clone(n.Services), func(name string) bool { return n.Service(name).Config[0] != path })
}

// ConfigPaths lists the main configuration files of this host's services, each once.
func (n *Node) ConfigPaths() []string {
	var paths []string
	for _, name := range n.Services {
		if p := n.Service(name).Config[0]; !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// CephFiles lists the files of Ceph that a service reads.
func (n *Node) CephFiles(service string) []step.ID {
	var ids []step.ID
	for _, c := range n.Copies() {
		if !slices.Contains(c.Services, service) {
			continue
		}
		for _, u := range n.Site.UsersOn(service) {
			if slices.Contains(c.Users, u) {
				ids = append(ids, n.ConfID(c, u.Cluster), n.KeyringID(c, u))
			}
		}
	}
	return ids
}
