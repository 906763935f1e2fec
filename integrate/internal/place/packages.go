package place

import (
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// A packageRow is a package that services need in a layout. The fields from and
// until are the first and the last release that need it. An empty until has no end.
type packageRow struct {
	layout, name string
	service      openstack.Service // that needs the package; all services when empty
	from, until  openstack.Release
}

// packageTable lists the packages of Ceph's clients. The bindings of a release are for the
// Python that its services run on. A release that came with Python 2 and 3 takes the
// bindings of either. During Kilo, Ceph split python-ceph into packages such as python-rbd.
func packageTable() []packageRow {
	return []packageRow{
		{spec.LayoutDebian, "ceph-common", "", "havana", ""},
		{spec.LayoutDebian, "python-ceph|python-rbd", "", "havana", "kilo"},
		{spec.LayoutDebian, "python-rbd", "", "liberty", "queens"},
		{spec.LayoutDebian, "python3-rbd|python-rbd", "", "rocky", "rocky"},
		{spec.LayoutDebian, "python3-rados", "", "stein", ""},
		{spec.LayoutDebian, "python3-rbd", "", "stein", ""},
		// before, QEMU had all block drivers in it
		{spec.LayoutDebian, "qemu-block-extra", openstack.NovaCompute, "mitaka", ""},

		{spec.LayoutRDO, "ceph-common", "", "icehouse", ""},
		{spec.LayoutRDO, "python-ceph|python-rbd", "", "icehouse", "juno"},
		{spec.LayoutRDO, "python-rbd", "", "kilo", "stein"},
		{spec.LayoutRDO, "python3-rbd|python-rbd", "", "train", "train"}, // EL7 has Python 2, and EL8 has Python 3
		{spec.LayoutRDO, "python3-rados", "", "ussuri", ""},
		{spec.LayoutRDO, "python3-rbd", "", "ussuri", ""},
		{spec.LayoutRDO, "qemu-kvm-block-rbd", openstack.NovaCompute, "ussuri", ""}, // of EL8 and later
	}
}

func clientPackages(layout string, service openstack.Service, r openstack.Release) []string {
	var names []string
	for _, row := range packageTable() {
		applies := row.layout == layout && (row.service == "" || row.service == service)
		if applies && !r.Before(row.from) && (row.until == "" || !row.until.Before(r)) {
			names = append(names, row.name)
		}
	}
	return names
}

// Alternatives are the packages in a name such as a|b: any of them will do.
func Alternatives(name string) []string { return strings.Split(name, "|") }
