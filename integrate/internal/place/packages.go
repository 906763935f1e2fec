package place

import (
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// A packageRow is a package that services need in a layout, from a release
// until another one, both included; until is open when empty.
type packageRow struct {
	layout, name string
	service      openstack.Service // all when empty
	from, until  openstack.Release
}

// packageTable: the bindings are of the Python that the services run on, and
// Ceph split python-ceph during Kilo. In the releases that came with both
// Pythons either will do.
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
		{spec.LayoutRDO, "python3-rbd|python-rbd", "", "train", "train"}, // of EL7 and EL8
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

// Alternatives are the packages any of which will do.
func Alternatives(name string) []string { return strings.Split(name, "|") }
