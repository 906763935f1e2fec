package want

import (
	"cmp"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Host is a host of the Spec.
func (s *Site) Host(name string) spec.Host {
	if h, ok := s.hosts[name]; ok {
		return h
	}
	return spec.Host{Name: name}
}

// InOrder lists the hosts that have services to configure: computes first.
func (s *Site) InOrder() []spec.Host { return s.order }

func (s *Site) inOrder() []spec.Host {
	var hosts []spec.Host
	for _, computes := range []bool{true, false} {
		for _, h := range s.Hosts {
			if IsCompute(h) == computes && len(s.ServicesOf(h)) > 0 {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts
}

// IsCompute reports whether a host is a compute: nova-compute is on it, whatever
// else is.
func IsCompute(h spec.Host) bool { return slices.Contains(h.Services, "nova-compute") }

// Peers lists the other hosts on which a service serves, in the order of a plan. A host on
// which the service stands by is not among them.
func (s *Site) Peers(host, service string) []spec.Host {
	return slices.DeleteFunc(slices.Clone(s.order), func(h spec.Host) bool {
		return h.Name == host || !slices.Contains(s.ServicesOf(h), service) || h.StandsBy(service)
	})
}

// Shares reports whether a host has a service that other hosts serve, too, apart from
// nova-compute: the VMs of a compute are its own.
func (s *Site) Shares(host string) bool {
	return slices.ContainsFunc(s.ServicesOf(s.Host(host)), func(name string) bool {
		return name != "nova-compute" && len(s.Peers(host, name)) > 0
	})
}

// LayoutOf names a host's layout.
func (s *Site) LayoutOf(h spec.Host) string { return cmp.Or(h.Layout, s.Layout, spec.LayoutDebian) }

// Service is a service's place on a host.
func (s *Site) Service(h spec.Host, name string) place.Service {
	return s.services[s.LayoutOf(h)][name]
}

// ServicesOf lists the services of a host that the Spec configures.
func (s *Site) ServicesOf(h spec.Host) []string {
	var out []string
	for _, name := range h.Services {
		if s.wants(name) {
			out = append(out, name)
		}
	}
	return out
}

// wants reports whether the Spec configures a service at all.
func (s *Site) wants(service string) bool {
	switch service {
	case "glance-api":
		return s.Glance != nil
	case "cinder-volume":
		return len(s.Cinder) > 0
	case "cinder-backup":
		return s.Backup != nil
	case "nova-compute":
		return s.Nova != nil || len(s.Cinder) > 0
	}
	return false
}

// ContainersOn lists the containers of the services of a host, and the containers of libvirt
// that these services use.
func (s *Site) ContainersOn(h spec.Host) []string {
	var names []string
	for _, service := range s.ServicesOf(h) {
		if k := s.Service(h, service).Kolla; k != nil {
			names = append(names, k.Container)
			if k.Libvirt != "" {
				names = append(names, k.Libvirt)
			}
		}
	}
	return names
}

// Containers are the containers of a host, as they were read.
func (s *Site) Containers(h *step.Host) place.Containers {
	return place.ContainersOn(h, s.ContainersOn(s.Host(h.Name)))
}

// UsersOn lists the Ceph users whose keyring a service needs on its host.
func (s *Site) UsersOn(service string) []spec.User { return s.on[service] }

// UsersOf lists the Ceph users whose keyrings a host with these services needs.
func (s *Site) UsersOf(services []string) []spec.User {
	var ids []spec.User
	for _, name := range services {
		for _, id := range s.UsersOn(name) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// CopiedUsers lists the Ceph users whose files a service needs in its container.
// They are all that the service uses, with one exception: nova-compute has that of
// Nova's user alone. Of Cinder's users, and of users that another one replaces,
// computes have the libvirt secrets, and kolla-ansible copies one keyring.
func (s *Site) CopiedUsers(service string) []spec.User {
	users := s.UsersOn(service)
	if service != "nova-compute" {
		return users
	}
	return slices.DeleteFunc(slices.Clone(users), func(id spec.User) bool { return !s.SharedWithNova(id) })
}

// ClustersOf lists the clusters of users, each once.
func ClustersOf(users []spec.User) []string {
	var names []string
	for _, id := range users {
		if !slices.Contains(names, id.Cluster) {
			names = append(names, id.Cluster)
		}
	}
	return names
}

func (s *Site) usersOn(service string) []spec.User {
	var ids []spec.User
	add := func(id spec.User) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch service {
	case "glance-api":
		for _, st := range s.Stores {
			add(st.Use().User)
		}
	case "cinder-volume":
		for _, b := range s.Cinder {
			add(b.Use().User)
		}
	case "cinder-backup":
		if s.Backup != nil {
			add(s.Backup.Use().User)
			// The driver exports the source volume as that volume's user.
			for _, b := range s.Cinder {
				add(b.Use().User)
			}
		}
	case "nova-compute":
		ids = s.Secrets
	}
	return ids
}
