// Package place says where a service has its things: the files, units, accounts and
// packages of each distribution, and the containers of Kolla.
package place

import (
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// A Service is a service's place on a host.
type Service struct {
	Service  openstack.Service
	Unit     string
	Dist     []string // the distribution's own defaults, which are read first
	Config   []string // read in this order; the first file is the one that is edited
	ConfDirs []string // read after Config, in the order of the file names
	Account  string   // the service's user and group
	Program  string   // the package whose version tells the service's release
	Packages []string // Ceph client packages that the service needs; a|b is either
	Kolla    *Kolla   // nil where the service does not run in a container
}

// Root is the account and the group of root.
const Root = "root"

// Layouts are the places of all services in each layout, with the packages that
// a release needs there.
func Layouts(r openstack.Release) map[string]map[string]Service {
	all := map[string]map[string]Service{
		spec.LayoutDebian:  debianLayout(),
		spec.LayoutRDO:     rdoLayout(),
		spec.LayoutUpstart: upstartLayout(),
		spec.LayoutKolla:   kollaLayout(),
	}
	for name, services := range all {
		for service, l := range services {
			if l.Packages = clientPackages(name, l.Service, r); name == spec.LayoutUpstart {
				l.Packages = clientPackages(spec.LayoutDebian, l.Service, r)
			}
			services[service] = l
		}
	}
	return all
}

// KeyringPath is where a service finds the keyring of a user.
func KeyringPath(cluster, entity string) string {
	return spec.CephDir + "/" + cluster + "." + entity + ".keyring"
}
