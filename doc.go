// Package cephstack is the map of the house: an SDK that makes an OpenStack cloud
// keep its images, volumes, backups and VM disks in Ceph, and proves that it does. The
// package has no code of its own.
//
// # Rooms
//
// Begin with integrate: one Spec, one Plan that can be read before it happens, one
// Apply that survives being killed, one Verify that boots a VM and checks the bytes
// that the VM wrote. Around it:
//
//   - integrate/spec: the Spec, its defaults, its validation and its YAML.
//   - integrate/world: the World, everything outside, behind interfaces.
//   - integrate/connect: opens the World of a Spec.
//   - integrate/detect: asks the hosts which release of OpenStack they run.
//   - integrate/integratetest: a whole cloud in memory.
//
// The ground floor has four rooms, which can be used without integrate:
//
//   - ceph: pools, users with computed rights, keys, keyrings and ceph.conf, through
//     one interface, Commander. Adapters: ceph/radosconn (librados), ceph/cephcli (the
//     ceph program on a host).
//   - remote: many operations on a host in one exchange over SSH, with atomic writes,
//     units, packages and programs. remote/hostkeys reads and extends known_hosts.
//     remote/upstart is for hosts without systemd.
//   - libvirtsecret: the CephX keys that QEMU uses. Adapters: libvirtsecret/libvirtconn
//     (libvirt's library), libvirtsecret/virsh (the virsh program on a host).
//     libvirtsecret/hostbatch is an optional interface: many secrets in one exchange
//     with a host.
//   - openstack: which options each service needs in which release.
//     openstack/osloconf edits oslo.config files without touching a byte that it was
//     not asked to change. openstack/api is a client of the cloud's APIs.
//
// Programs are in examples: examples/cephstack for operators, examples/quickstart for
// newcomers, examples/lab, a real cloud on one machine, examples/havana, a guide of
// 2014 as a Spec, and examples/bench.
//
// # Seams and fakes
//
// Each outside world has one small interface, and a package with its fake and its
// conformance suite, which the real adapters pass, too: ceph/cephtest,
// remote/remotetest, libvirtsecret/secrettest and libvirtsecret/hostbatch/batchtest.
// The interface of OpenStack is HTTP, and openstack/openstacktest is a server with a
// state. integrate/integratetest puts all of them together.
//
// # Laws
//
// Packages ceph, remote, libvirtsecret, openstack and integrate are pure Go and do not
// need librados or libvirt. ceph, remote, libvirtsecret and openstack do not import
// each other. integrate sees interfaces, never adapters, apart from the client
// openstack/api; integrate/connect puts the adapters together. No package has an init
// function, a global logger or state of its own. A context comes first and is
// mandatory. Secrets are types whose text does not print. The file
// .github/CONTRIBUTING.md has the design.
package cephstack
