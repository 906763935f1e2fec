// Package world has the World: everything outside that a Spec is compared with and changed into.
//
// # Use
//
// To hand connections of your own to package integrate: see the Example.
//
// connect.Open opens the World of a Spec over SSH and HTTP. integratetest.New makes a World in memory. A program with
// connections of its own fills a World in by itself, and hands it to integrate.New: cephcli.New or radosconn.Dial for
// a cluster, Host of one remote.Fleet for all hosts that are reached alike, virsh.New for the secrets of a compute,
// api.Dial for the APIs.
//
// # Concurrency and cancellation
//
// A World is read by several goroutines, and nobody changes it after it was handed over. Its parts must be safe for
// concurrent use.
package world

import (
	"errors"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// ErrLock says that the operator lock, which is in the first cluster of a World, could not be taken or was lost. If
// another program has the lock, the error is ceph.ErrLocked, too. Nothing is begun without the lock.
var ErrLock = errors.New("integrate: the operator lock is not held")

// A World is everything outside: what a Spec is compared with and changed into. Its parts are interfaces, so that
// fakes can stand in.
type World struct {
	Clusters map[string]Cluster     // by name in the Spec
	Hosts    map[string]remote.Host // by name; every host with services
	// Entries are other ways into hosts, by name: as another user, or with a password. An entry is used only where
	// the host refuses the login of Hosts, or refuses it sudo, and the Spec asks for its keys or its sudo rule. A
	// plan then reads the host by the entry. An apply writes the keys and the sudo rule by the entry, and everything
	// else by Hosts.
	Entries map[string]remote.Host
	Secrets map[string]libvirtsecret.Store // by host name; every compute
	// Cloud gives the APIs. Without it, plans leave the VM disks of computes alone, and Verify cannot run the checks
	// that need the APIs.
	Cloud *api.Cloud
	// CloudErr says why there is no Cloud, where there should be one. A plan then has CloudErr as a Problem, and
	// everything else is planned.
	CloudErr error
}

// A Cluster is one Ceph cluster's two views.
type Cluster struct {
	// Mon is a ceph.Locker, too, in the first cluster of the Spec. If it is not, nobody else is kept out while somebody
	// applies, and every plan says so.
	Mon    ceph.Commander
	Images ceph.Images
	// Note says how the cluster is reached, where whoever approves a plan should know. Every plan has it.
	Note string
}
