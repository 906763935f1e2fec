// Package integrate makes an OpenStack cloud keep its data in Ceph: it plans
// what a Spec is missing, applies the plan, and verifies the result.
//
// # Use
//
// A Spec (package spec) is plain data. New takes it together with a World, the interfaces
// through which everything outside is reached: Ceph clusters, hosts, libvirt's
// secrets and the cloud's APIs. Package connect opens the World of a Spec. Then
//
//   - Plan observes the world and computes what is missing; it writes nothing.
//   - Apply makes a plan's changes: the cluster first, then the computes, which
//     must know keys and secrets before anybody hands their UUID out, then the
//     controllers, one after the other. A host with nova-compute is a compute,
//     whatever else runs on it. On each host, restarts come last, and only units that owe
//     one are restarted.
//   - Verify reads, tries every user's rights, and takes an image, volumes, VMs
//     and backups through the cloud, looking at each step where the data went.
//
// Converge is Plan and Apply in one, part by part, for fleets and for runs that
// nobody approves. A plan looks at each host in one exchange, and an apply makes
// all of a host's changes in another, over the same connection. Plan and Apply
// keep that, too, unless there are more hosts than Config.Parallel. The hosts of a
// World that are reached alike are best made by one remote.Fleet.
//
// A Spec names the cloud's release, as options differ; DetectRelease asks the
// hosts' packages and containers for it. A plan says where they are of another.
//
// There is no state but the world: run Plan and Apply again after a failure or
// a kill, and they finish what is missing. See the Example.
//
// # Bare hosts
//
// What Spec.Prepare asks for is planned with the rest, and goes first on its
// host: public keys and a sudo rule for the login user, a repository, packages
// and upgrades, folders and options for guests. A host that refuses the normal
// login is read by its first entry (World.Entries), and only what lets the normal
// login in is written by that; if it then still is refused, nothing else of that
// host is done. Host keys are never learned on the way: see ScanHostKeys of
// remote.Config and package hostkeys.
//
// # Containers
//
// With layout kolla, services run in containers that kolla-ansible (2023.1 or
// newer, with docker or podman) deployed. Each has a folder of its own on its
// host, /etc/kolla/<service>, and config.json there says what of it is copied
// into the container when that starts. Options and ceph.conf name paths as the
// service sees them, such as /etc/ceph/ceph.conf; files are written to where the
// container copies them from, with the owner and mode that kolla-ansible gives. A
// restart is that of the container's unit, and is owed when an input is newer than
// the container's start. Secrets are defined in the container nova_libvirt, which
// is not restarted; what it needs to start again is in its folder as well: the
// secrets, and a ceph.conf where its config.json copies one.
//
// A container that is not as kolla-ansible makes it, or that would not copy what
// its service needs, is a Problem, and its service is left alone: kolla-ansible has
// to know that Ceph is used, or its next run would undo everything. It writes all
// of those files anew whenever it runs; where a plan changes them, it says where
// kolla-ansible is given the same. A Spec with kolla-ansible's names (store rbd,
// backend rbd-1, its users and pools, secret_uuid as in its passwords.yml) changes
// the least. The programs of a cluster's host, such as ceph, run on the host itself.
//
// # Ownership
//
// Of a configuration file only the options of a service's integration are
// owned; every other byte stays. Foreign clauses in a user's rights stay unless
// the Spec says otherwise. What belongs to another cluster, another application
// or another secret is a Problem of the plan, and is left alone. Computes with
// VMs on local disks keep local disks until those are gone (see spec.Host.Disks).
// Nothing is ever deleted.
//
// # Errors
//
// Validate joins *FieldError. A part of the world that cannot be read does not
// fail a plan: it is one of its Problems, and nothing is planned for it. Apply
// returns one Outcome per change, and its error joins a *ChangeError for each
// that did not end well, and ErrIncomplete for each Problem. ErrConflict says
// that the world changed after the plan was made; that change is not made.
// ErrStopped says that failures before it had stopped the rollout. The
// errors of packages ceph, remote, libvirtsecret and openstack show through
// errors.Is and errors.As. Verify's error is ErrChecks. No error, plan, event
// or report holds a secret.
//
// # Concurrency and cancellation
//
// An Integration is safe for concurrent use. Hosts are worked on in parallel,
// Config.Parallel at a time. A dead one delays none of its stage, but holds its
// place for as long as package remote waits for it (see spec.Timeouts), and the
// controllers wait for all computes. When the context ends,
// what is under way is waited for as long as its own context allows, and what
// was not begun is Cancelled, or a part of Converge that says so. Two programs that apply at once do not overwrite
// each other: every file is written only if it still is what the plan saw.
// Verify removes what it made also after its context ended.
//
// # Testing
//
// Package integratetest has a whole cloud in memory, for tests of tools that
// embed this package. It needs no C library and no network.
package integrate
