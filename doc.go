// Package cephstack is the map of the house: an SDK that makes an OpenStack
// cloud keep its images, volumes, backups and VM disks in Ceph, and proves
// that it does. It has no code of its own.
//
// # Rooms
//
//   - integrate: one Spec, one Plan that can be read before it happens, one
//     Apply that survives being killed, one Verify that boots a VM and checks
//     the bytes it wrote. Begin here. integrate/spec is the Spec, its validation
//     and its YAML. integrate/connect opens everything that a Spec names.
//   - ceph: pools, users with computed rights, keys, keyrings and ceph.conf,
//     through one seam, Commander. Adapters: ceph/radosconn (librados),
//     ceph/cephcli (the ceph program on a host).
//   - remote: a batch of operations on a host in one exchange over SSH, with
//     atomic writes, units, packages and programs. remote/upstart does so where
//     systemd is not there.
//   - libvirtsecret: the CephX keys that QEMU uses. Adapters:
//     libvirtsecret/libvirtconn (libvirt's library), libvirtsecret/virsh (the
//     virsh program on a host).
//   - openstack: which options each service needs in which release.
//     openstack/osloconf edits oslo.config files without touching a byte that
//     it was not asked to change. openstack/api drives the cloud's APIs.
//   - examples: programs, among them examples/cephstack for operators,
//     examples/quickstart for newcomers and examples/lab, a real cloud on one
//     machine.
//
// # Seams and fakes
//
// Each outside world has one small interface, and a package with its fake and
// its conformance suite, which the real adapters pass too: ceph/cephtest,
// remote/remotetest, libvirtsecret/secrettest; openstack/openstacktest is a
// stateful HTTP server, since HTTP is that world's interface.
// integrate/integratetest puts all of them together into one cloud in memory.
//
// # Laws
//
// Packages ceph, remote, libvirtsecret, openstack and integrate are pure Go
// and do not need librados or libvirt. ceph, remote, libvirtsecret and
// openstack do not import each other; integrate sees interfaces, never
// adapters. integrate/connect puts the adapters together. No package has an init
// function, a global logger or state of its own. A context comes first and is
// mandatory. Secrets are types whose text does not print.
package cephstack
