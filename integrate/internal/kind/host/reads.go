package host

import "github.com/cephstack/cephstack/remote"

// ConfigAsks reads what a service reads of its configuration, and since when it runs.
func (n *Node) ConfigAsks(service string) []remote.Op { return n.configAsks(service) }

// Libvirt is the container that libvirt is in; empty where it is on the host itself.
func (n *Node) Libvirt() string {
	if !n.Computes() {
		return ""
	}
	k := n.Service("nova-compute").Kolla
	if k == nil {
		return ""
	}
	return k.OfLibvirt().Container
}
