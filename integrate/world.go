package integrate

import (
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// A World is everything outside: what a Spec is compared with and changed
// into. Its parts are interfaces, so that fakes can stand in; package
// integratetest has a whole one in memory.
type World struct {
	Clusters map[string]Cluster     // by name in the Spec
	Hosts    map[string]remote.Host // by name; every host with services
	// Entries are other ways into hosts, by name: as another user, or with a
	// password. One is used only where the host refuses the login of Hosts, or
	// refuses it sudo, and the Spec asks for its keys or its sudo rule; a plan
	// then reads the host by it, and an apply does no more by it than placing
	// those. Everything else goes by Hosts.
	Entries map[string]remote.Host
	Secrets map[string]libvirtsecret.Store // by host name; every compute
	// Cloud gives the APIs. Without it, plans leave the VM disks of computes
	// alone and Verify cannot run the checks that need it.
	Cloud *api.Cloud
	// CloudErr says why there is no Cloud, when there should be one: the plan
	// then has it as a Problem, and the rest goes on.
	CloudErr error
}

// A Cluster is one Ceph cluster's two views.
type Cluster struct {
	Mon    ceph.Commander
	Images ceph.Images
	// Note says how it is reached, where whoever approves a plan should know. Every
	// plan has it.
	Note string
}
