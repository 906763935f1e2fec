package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
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

// files lists the files of Ceph in the copy, by their paths as the services see them.
func (c Copy) files() []string {
	var files []string
	for _, cluster := range c.Clusters {
		files = append(files, spec.ConfPath(cluster))
	}
	for _, u := range c.Users {
		files = append(files, place.KeyringPath(u.Cluster, u.Entity))
	}
	return files
}

// asks reads a file of Ceph, wherever the container may copy it from.
func (n *Node) asks(c Copy, file string) []remote.Op {
	if c.Kolla == nil {
		return []remote.Op{remote.ReadFile{Path: file}}
	}
	ops := n.kollaAsks(c)
	for _, p := range c.Kolla.Copies(file) {
		ops = append(ops, remote.ReadFile{Path: p})
	}
	return ops
}

// kollaAsks reads what tells where a container's files are copied from.
func (n *Node) kollaAsks(c Copy) []remote.Op {
	ops := []remote.Op{remote.ReadFile{Path: c.Kolla.ConfigJSON()}}
	return append(ops, place.Inspect(n.Site.ContainersOn(n.Spec))...)
}

// unfit is the Delta of what is for a service whose container is not as kolla-ansible
// makes it. The gate of the service says why.
func (n *Node) unfit(v step.View, service string) (step.Delta, bool) {
	if n.unfitContainer(v.Host, service) == nil {
		return step.Delta{}, false
	}
	return step.Delta{Refused: true, Because: n.ServiceID(service)}, true
}

// folderID is the folder that a copy's files are in.
func (n *Node) folderID(c Copy) step.ID {
	if c.Kolla == nil {
		return n.DirectoryID(spec.CephDir)
	}
	return n.DirectoryID(c.Kolla.Folder + "/ceph")
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
			if _, leaves := n.Site.Replaced(u); !leaves && slices.Contains(c.Users, u) {
				ids = append(ids, n.ConfID(c, u.Cluster), n.KeyringID(c, u))
			}
		}
	}
	return ids
}

// confIDs are the files of a cluster's ceph.conf that a service reads, or that its
// libvirt has.
func (n *Node) confIDs(service, cluster string) []step.ID {
	var ids []step.ID
	for _, c := range n.Copies() {
		if slices.Contains(c.Services, service) && slices.Contains(c.Clusters, cluster) {
			ids = append(ids, n.ConfID(c, cluster))
		}
	}
	return ids
}
