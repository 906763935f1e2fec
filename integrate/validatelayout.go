package integrate

import (
	"github.com/cephstack/cephstack/openstack"
)

// layout checks a layout's name, and that its hosts are known for the release;
// a release that is not known has been reported.
func (v *validation) layout(path, name string, r openstack.Release) {
	switch name {
	case "", layoutDebian, layoutRDO:
	case "kolla":
		v.fault(path, "kolla is not supported: there, the configuration that counts is copied into containers by their start, "+
			"and kolla-ansible writes it anew with each of its runs; give Ceph to its own variables (enable_ceph … external) instead")
		return
	default:
		v.fault(path, "%q is none of %s and %s", name, layoutDebian, layoutRDO)
		return
	}
	// Until Havana the services' hosts have upstart or SysV init.
	const first = openstack.Release("icehouse")
	if r != "" && r.Before(first) {
		v.fault(path, "hosts of %s have no systemd, and units of another kind can neither be read nor restarted; %s is the first release whose hosts can be integrated", r, first)
	}
}
