package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A Node is a host of a Spec, with what the Spec wants there. It does not change.
type Node struct {
	Site     *want.Site
	Spec     spec.Host
	Services []string    // those that the Spec configures
	Users    []spec.User // the Ceph users whose keyrings the services need
}

// NewNode is a host of a Site.
func NewNode(s *want.Site, h spec.Host) *Node {
	names := s.ServicesOf(h)
	return &Node{Site: s, Spec: h, Services: names, Users: s.UsersOf(names)}
}

// Stays is this host without what retires; the Node itself where nothing retires.
func (n *Node) Stays() *Node {
	if rest := n.Site.Rest; rest != nil {
		return NewNode(rest, rest.Host(n.Spec.Name))
	}
	return n
}

// Service is a service's place on this host.
func (n *Node) Service(name string) place.Service { return n.Site.Service(n.Spec, name) }

// InContainers reports whether the services of this host run in containers.
func (n *Node) InContainers() bool {
	return len(n.Services) > 0 && n.Service(n.Services[0]).Kolla != nil
}

// Computes reports whether nova-compute is among the services of this host.
func (n *Node) Computes() bool { return slices.Contains(n.Services, "nova-compute") }

// ID names a resource of this host.
func (n *Node) ID(kind, name string) step.ID {
	return step.ID{Target: step.AtHost(n.Spec.Name), Kind: kind, Name: name}
}

// AccessID is the gate behind which everything on this host is: it can be read.
func (n *Node) AccessID() step.ID { return n.ID("access", "access") }

// LoginID is the gate of the normal login.
func (n *Node) LoginID() step.ID { return n.ID("login", "login") }

// RepositoryID is the repository of Ceph's packages.
func (n *Node) RepositoryID() step.ID { return n.ID("repository", "cephstack") }

// PackagesID is the installation of Ceph's client packages.
func (n *Node) PackagesID() step.ID { return n.ID("packages", "ceph-clients") }

// UpgradeID is the upgrade of Ceph's client packages.
func (n *Node) UpgradeID() step.ID { return n.ID("upgrade", "ceph-clients") }

// ServiceID is the gate of a service.
func (n *Node) ServiceID(service string) step.ID { return n.ID("service", service) }

// DirectoryID is a folder.
func (n *Node) DirectoryID(path string) step.ID { return n.ID("directory", path) }

// FileID is a file by its path.
func (n *Node) FileID(path string) step.ID { return n.ID("file", path) }

// ConfID is a cluster's ceph.conf in a copy of Ceph's files.
func (n *Node) ConfID(c Copy, cluster string) step.ID {
	return n.FileID(c.name(spec.ConfPath(cluster)))
}

// KeyringID is a user's keyring in a copy of Ceph's files.
func (n *Node) KeyringID(c Copy, u spec.User) step.ID {
	return n.FileID(c.name(place.KeyringPath(u.Cluster, u.Entity)))
}

// SecretID is the libvirt secret with a user's key.
func (n *Node) SecretID(u spec.User) step.ID { return n.ID("secret", u.Cluster+"."+u.Entity) }

// SecretFileID is a file from which the container of libvirt has a user's secret;
// suffix is .xml or .base64. The file itself is called by the secret's UUID.
func (n *Node) SecretFileID(u spec.User, suffix string) step.ID {
	k := n.Service("nova-compute").Kolla.OfLibvirt()
	return n.FileID(k.Folder + "/secrets/" + u.Cluster + "." + u.Entity + suffix)
}

// SettingsID is the options in a service's configuration file.
func (n *Node) SettingsID(path string) step.ID { return n.ID("settings", path) }

// UnitID is the unit of a service.
func (n *Node) UnitID(service string) step.ID { return n.ID("unit", n.Service(service).Unit) }

// KollaID is the note on what kolla-ansible undoes.
func (n *Node) KollaID() step.ID { return n.ID("kolla", "kolla-ansible") }
