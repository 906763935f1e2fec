package spec

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// A Host is a machine and the services that run on it.
type Host struct {
	// Name is the host's name, as the OpenStack APIs know it too. In a text, a name with
	// ranges stands for many hosts, such as compute[001-400].
	// Default: none; the name must be given.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; each
	// name once, whatever its case.
	Name string `json:"name" yaml:"name"`
	// Address is what SSH connects to. In a text, the address of hosts with a range in their
	// name has a range, too, such as 10.1.0.[1-400]; one that begins with a dot is a domain
	// behind the name.
	// Default: the name.
	// Limits: host or host:port; each address once.
	Address string `json:"address,omitempty" yaml:"address,omitempty"`
	// Services are the services of OpenStack on the host that keep data in Ceph.
	// Default: no services, such as a host that only reaches a cluster.
	// Limits: glance-api, cinder-volume, cinder-backup and nova-compute, each once.
	Services []string `json:"services,omitempty" yaml:"services,omitempty"`
	// Standby are those of services that stand by: cinder-volume or cinder-backup, where
	// another host serves under the same name, and this host takes over only if somebody
	// makes it. A unit that stands by is neither started nor restarted, and may be down. The
	// files of the service are kept right all the same.
	// Default: all services serve.
	// Limits: cinder-volume and cinder-backup, where they are among services; not on all hosts, and
	// not cinder-volume with cinder.cluster.
	Standby []string `json:"standby,omitempty" yaml:"standby,omitempty"`
	// Disks says where Nova puts the disks of VMs on this compute. auto is in Ceph, unless there
	// are VMs with local disks, which the switch would break. ceph is always in Ceph: such VMs are
	// only noted. keep leaves the compute as it is. No compute is switched while a VM is on its
	// way to or from it, or waits to be confirmed.
	// Default: auto.
	// Limits: auto, ceph or keep.
	Disks string `json:"disks,omitempty" yaml:"disks,omitempty"`
	// Layout is the layout of this host, if it is not the layout of the Spec.
	// Default: the layout of the Spec.
	// Limits: debian, rdo, upstart or kolla, with the releases of the layout of the Spec.
	Layout string `json:"layout,omitempty" yaml:"layout,omitempty"`
	// Retire are those of services that leave this host: the next plan takes back what cephstack
	// has made for them here, and nothing else. It refuses while VMs are on a compute that leaves.
	// Afterwards, the services can leave the Spec, or the host.
	// Default: all services stay.
	// Limits: services of this host; for each service, a host stays that has it.
	Retire []string `json:"retire,omitempty" yaml:"retire,omitempty"`
}

// ServiceNames are the services that a Spec may name for a host.
func ServiceNames() []string {
	return []string{"glance-api", "cinder-volume", "cinder-backup", "nova-compute"}
}

func (v *validation) hosts() {
	if n := len(v.spec.Hosts); n > maxHosts {
		v.fault("hosts", "has %d hosts, %d are possible", n, maxHosts)
		return
	}
	seen := seenHost{map[string]int{}, map[string]int{}}
	for i, h := range v.spec.Hosts {
		path := fmt.Sprintf("hosts[%d]", i)
		v.name(path+".name", h.Name)
		v.oneHost(i, h, seen)
		if strings.HasPrefix(h.Address, ".") {
			v.fault(path+".address", "%q begins with a dot; only the text of a Spec has such addresses", h.Address)
		} else if h.Address != "" {
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
		v.standby(path, h)
		v.retire(path, h)
		if !slices.Contains([]string{"", "auto", "ceph", "keep"}, h.Disks) {
			v.fault(path+".disks", "%q is none of auto, ceph and keep", h.Disks)
		}
	}
}

// A seenHost has the names and the addresses of the hosts so far, with the index of
// each host. All spellings of a name or an address have one form.
type seenHost struct{ names, endpoints map[string]int }

// oneHost checks that a host is not a host before it in another spelling: the same
// machine would be changed twice at once, each time as if alone.
func (v *validation) oneHost(i int, h Host, seen seenHost) {
	if h.Name == "" {
		return
	}
	path, name, endpoint := fmt.Sprintf("hosts[%d]", i), strings.ToLower(h.Name), h.endpoint()
	if first, ok := seen.names[name]; ok {
		at := fmt.Sprintf("hosts[%d]", first)
		if other := v.spec.Hosts[first].Name; other == h.Name {
			v.repeated(path+".name", at+".name", "%q is there twice", h.Name)
		} else {
			v.repeated(path+".name", at+".name", "%q is %q of %s in another case; list each machine once",
				h.Name, other, at)
		}
		return
	}
	if first, ok := seen.endpoints[endpoint]; ok {
		other := v.spec.Hosts[first]
		at := fmt.Sprintf("hosts[%d]", first)
		v.repeated(path+h.addressField(), at+other.addressField(),
			"%q is the address of %s (%s) too; list each machine once", cmp.Or(h.Address, h.Name), at, other.Name)
		return
	}
	seen.names[name], seen.endpoints[endpoint] = i, i
}

// addressField is the field that has the address.
func (h Host) addressField() string {
	if h.Address == "" {
		return ".name"
	}
	return ".address"
}

// endpoint is the one form of all spellings of where SSH connects to.
func (h Host) endpoint() string {
	address := cmp.Or(h.Address, h.Name)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = address, "22"
	}
	if n, err := strconv.Atoi(port); err == nil {
		port = strconv.Itoa(n)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(host), "."), port)
}

func (v *validation) hasHost(name string) bool {
	return slices.ContainsFunc(v.spec.Hosts, func(h Host) bool { return h.Name == name })
}

func (v *validation) needsHost(path, service string) {
	runs := func(h Host) bool { return slices.Contains(h.Services, service) }
	if !slices.ContainsFunc(v.spec.Hosts, runs) {
		v.fault("hosts", "no host runs %s, which %s needs", service, path)
	}
}
