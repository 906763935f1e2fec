package spec

import (
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/openstack"
)

// A Host is a machine and the services that run on it.
type Host struct {
	// Name is the host's name, as the OpenStack APIs know it too.
	Name string `json:"name" yaml:"name"`
	// Address is what SSH connects to, host or host:port; Name when empty.
	Address string `json:"address,omitempty" yaml:"address,omitempty"`
	// Services are among glance-api, cinder-volume, cinder-backup and
	// nova-compute.
	Services []string `json:"services,omitempty" yaml:"services,omitempty"`
	// Disks says where Nova puts the disks of VMs on this compute: auto (the
	// default: in Ceph, unless VMs with local disks are there, which the
	// switch would break), ceph (always), or keep (leave as it is).
	Disks string `json:"disks,omitempty" yaml:"disks,omitempty"`
	// Layout is that of this host, where it differs from the Spec's.
	Layout string `json:"layout,omitempty" yaml:"layout,omitempty"`
}

// ServiceNames are the services that a Spec may name for a host.
func ServiceNames() []string {
	return []string{"glance-api", "cinder-volume", "cinder-backup", "nova-compute"}
}

func (v *validation) hosts() {
	seen := map[string]bool{}
	for i, h := range v.spec.Hosts {
		path := fmt.Sprintf("hosts[%d]", i)
		v.name(path+".name", h.Name)
		if seen[h.Name] {
			v.fault(path+".name", "%q is there twice", h.Name)
		}
		seen[h.Name] = true
		if h.Address != "" {
			v.address(path+".address", h.Address)
		}
		if h.Layout != "" {
			release, _ := openstack.ParseRelease(v.spec.Release) // release() reports it
			v.layout(path+".layout", h.Layout, release)
		}
		for j, name := range h.Services {
			if !slices.Contains(ServiceNames(), name) {
				v.fault(fmt.Sprintf("%s.services[%d]", path, j),
					"%q is none of glance-api, cinder-volume, cinder-backup and nova-compute", name)
			}
			if slices.Contains(h.Services[:j], name) {
				v.fault(fmt.Sprintf("%s.services[%d]", path, j), "%q is there twice", name)
			}
		}
		if !slices.Contains([]string{"", "auto", "ceph", "keep"}, h.Disks) {
			v.fault(path+".disks", "%q is none of auto, ceph and keep", h.Disks)
		}
	}
}

func (v *validation) hasHost(name string) bool {
	return slices.ContainsFunc(v.spec.Hosts, func(h Host) bool { return h.Name == name })
}

func (v *validation) needsHost(path, service string) {
	runs := func(h Host) bool { return slices.Contains(h.Services, service) }
	if !slices.ContainsFunc(v.spec.Hosts, runs) {
		v.fault("hosts", "none runs %s, which %s needs", service, path)
	}
}
