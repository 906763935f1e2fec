package integrate

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack"
)

// knownLayouts are the first and the last release whose hosts are known in each
// layout; one that is still made has no last.
func knownLayouts() map[string][2]openstack.Release {
	return map[string][2]openstack.Release{
		layoutDebian:  {"icehouse", ""}, // Debian 8, and Ubuntu from 16.04 on
		layoutRDO:     {"icehouse", ""}, // EL7
		layoutUpstart: {"havana", "mitaka"},
		layoutKolla:   {"2023.1", ""},
	}
}

// layout checks a layout's name, and that its hosts are known for the release;
// a release that is not known has been reported.
func (v *validation) layout(path, name string, r openstack.Release) {
	if name == "" {
		name = layoutDebian
	}
	known, ok := knownLayouts()[name]
	switch {
	case !ok:
		v.fault(path, "%q is none of %s", name, strings.Join(slices.Sorted(maps.Keys(knownLayouts())), ", "))
	case r != "" && r.Before(known[0]) && name == layoutDebian:
		v.fault(path, "hosts of %s have no systemd; say layout: %s for Ubuntu 12.04 and 14.04", r, layoutUpstart)
	case r != "" && r.Before(known[0]) && name == layoutKolla:
		v.fault(path, "containers of %s have no systemd units, by which they could be restarted; %s is the first release of kolla-ansible that makes them", r, known[0])
	case r != "" && r.Before(known[0]):
		v.fault(path, "%s hosts of %s have SysV init, which does not tell when a service started; %s is the first release whose hosts are known", name, r, known[0])
	case known[1] != "" && known[1].Before(r):
		v.fault(path, "%s is a layout of %s to %s; hosts of %s have systemd", name, known[0], known[1], r)
	}
}

// withoutSystemd refuses what hosts with Upstart could not keep.
func (v *validation) withoutSystemd() {
	p := v.spec.Prepare
	if p == nil || !slices.ContainsFunc(v.spec.Hosts, func(h HostSpec) bool { return cmp.Or(h.Layout, v.spec.Layout) == layoutUpstart }) {
		return
	}
	if p.Repository != nil {
		v.fault("prepare.repository", "is written in a form that apt knows from 1.4 on, and hosts with layout upstart have an older one; leave it out, and make the repository known to them by hand")
	}
	if p.Guests != nil {
		v.fault("prepare.guests", "makes folders that systemd-tmpfiles makes again after a reboot, and hosts with layout upstart have none; leave it out, and put its options under conf, client of the cluster")
	}
}

// containers refuses what would be done to a host, and does nothing for the
// services of containers.
func (v *validation) containers() {
	kolla := func(h HostSpec) bool { return cmp.Or(h.Layout, v.spec.Layout) == layoutKolla }
	if !slices.ContainsFunc(v.spec.Hosts, kolla) {
		return
	}
	const why = "is for the packages of hosts, and Kolla's containers have theirs in their images; leave it out and build or pull such images"
	for i, c := range v.spec.Clusters {
		if c.MinClient != "" {
			v.fault(fmt.Sprintf("clusters[%d].min_client", i), why)
		}
	}
	if p := v.spec.Prepare; p != nil && p.Repository != nil {
		v.fault("prepare.repository", why)
	}
	if p := v.spec.Prepare; p != nil && p.Guests != nil {
		v.fault("prepare.guests", "makes folders on hosts, and the guests of Kolla's computes run in a container; leave it out, and give its options to kolla-ansible's nova/ceph.conf")
	}
}

var (
	confSection = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	confOption  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _-]*$`)
)

// conf checks the further options of a cluster's configuration file.
func (v *validation) conf(path string, c ClusterSpec) {
	for _, section := range slices.Sorted(maps.Keys(c.Conf)) {
		at := path + "." + section
		if !confSection.MatchString(section) {
			v.fault(at, "%q is no section's name", section)
		}
		for _, option := range slices.Sorted(maps.Keys(c.Conf[section])) {
			name := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(option), " ", "_"), "-", "_")
			switch {
			case !confOption.MatchString(option):
				v.fault(at, "%q is no option's name", option)
			case strings.ContainsAny(c.Conf[section][option], "\r\n#;"):
				v.fault(at+"."+option, "does not fit on one line of the file")
			case section == "global" && (name == "fsid" || name == "mon_host"):
				v.fault(at+"."+option, "is set from the cluster itself")
			case name == "keyring" && v.isUser(c.Name, section):
				v.fault(at+"."+option, "is set for each user of the Spec")
			case name == "rbd_default_data_pool":
				v.fault(at+"."+option, "comes with a data_pool, beside the pool whose data go there, for the rights that it takes")
			case name == "key":
				v.fault(at+"."+option, "is a secret, and the file is readable for all")
			}
		}
	}
}

// isUser reports whether a section is that of a user of the Spec.
func (v *validation) isUser(cluster, section string) bool {
	return slices.ContainsFunc(resolve(v.spec).users, func(u userUse) bool { return u.cluster == cluster && u.entity == section })
}
