package spec

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// The layouts, as a Spec calls them.
const (
	LayoutDebian = "debian"
	LayoutRDO    = "rdo"
	// LayoutUpstart is as LayoutDebian, with jobs of Upstart in place of units of
	// systemd.
	LayoutUpstart = "upstart"
	// LayoutKolla is for containers that kolla-ansible deployed.
	LayoutKolla = "kolla"
)

// knownLayouts are the first and the last release whose hosts are known in each
// layout. There is no last release where the layout is still made.
func knownLayouts() map[string][2]openstack.Release {
	return map[string][2]openstack.Release{
		LayoutDebian:  {"icehouse", ""}, // Debian 8, and Ubuntu from 16.04 on
		LayoutRDO:     {"icehouse", ""}, // EL7
		LayoutUpstart: {"havana", "mitaka"},
		LayoutKolla:   {"2023.1", ""},
	}
}

// layout checks the name of a layout, and that hosts of the release are known in
// that layout. An unknown release has been reported already.
func (v *validation) layout(path, name string, r openstack.Release) {
	if name == "" {
		name = LayoutDebian
	}
	known, ok := knownLayouts()[name]
	switch {
	case !ok:
		v.fault(path, "%q is none of %s", name, strings.Join(slices.Sorted(maps.Keys(knownLayouts())), ", "))
	case r != "" && r.Before(known[0]) && name == LayoutDebian:
		v.fault(path, "hosts of %s have no systemd; set layout: %s for Ubuntu 12.04 and 14.04", r, LayoutUpstart)
	case r != "" && r.Before(known[0]) && name == LayoutKolla:
		v.fault(path, "containers of %s have no systemd units, by which they could be restarted; "+
			"%s is the first release of kolla-ansible that makes them", r, known[0])
	case r != "" && r.Before(known[0]):
		v.fault(path, "%s hosts of %s have SysV init, which does not tell when a service started; "+
			"%s is the first release whose hosts are known", name, r, known[0])
	case known[1] != "" && known[1].Before(r):
		v.fault(path, "%s is a layout of %s to %s; hosts of %s have systemd", name, known[0], known[1], r)
	}
}

// withoutSystemd refuses what a host with Upstart cannot do.
func (v *validation) withoutSystemd() {
	p := v.spec.Prepare
	upstart := func(h Host) bool { return cmp.Or(h.Layout, v.spec.Layout) == LayoutUpstart }
	if p == nil || !slices.ContainsFunc(v.spec.Hosts, upstart) {
		return
	}
	if p.Repository != nil {
		v.fault("prepare.repository", "is written in a form that apt knows from 1.4 on, and hosts with layout upstart have "+
			"an older one; leave it out, and make the repository known to them by hand")
	}
	if p.Guests != nil {
		v.fault("prepare.guests", "makes folders that systemd-tmpfiles makes again after a reboot, and hosts with layout "+
			"upstart have none; leave it out, and put its options under conf, client of the cluster")
	}
}

// containers refuses what is for the host alone, and would do nothing for services
// in containers.
func (v *validation) containers() {
	kolla := func(h Host) bool { return cmp.Or(h.Layout, v.spec.Layout) == LayoutKolla }
	if !slices.ContainsFunc(v.spec.Hosts, kolla) {
		return
	}
	const why = "is for the packages of hosts, and Kolla's containers have theirs in their images; " +
		"leave it out and build or pull such images"
	for i, c := range v.spec.Clusters {
		if c.MinClient != "" {
			v.fault(fmt.Sprintf("clusters[%d].min_client", i), why)
		}
	}
	if p := v.spec.Prepare; p != nil && p.Repository != nil {
		v.fault("prepare.repository", why)
	}
	if p := v.spec.Prepare; p != nil && p.Guests != nil {
		v.fault("prepare.guests", "makes folders on hosts, and the guests of Kolla's computes run in a container; "+
			"leave it out, and give its options to kolla-ansible's nova/ceph.conf")
	}
}
