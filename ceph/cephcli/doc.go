// Package cephcli reaches a Ceph cluster through a host that has the programs
// ceph, rbd and rados, such as a monitor. It is a ceph.Batcher and a
// ceph.Locker, without librados on this machine.
//
// # Use
//
// To reach a cluster through a host that has the ceph program: see the Example.
//
//	host, err := remote.New(remote.Config{Address: "ceph01", User: "root", …})
//	cli := cephcli.New(host, cephcli.Options{})
//	cluster := ceph.New(cli)
//
// Ceph's own ceph program is a Python program. Where the host has it, all requests
// of a batch are one process: the Python of that program, with the bindings of
// librados and librbd (Python 3.6 or later). It takes configuration, name and
// keyring as the ceph program does, and a request takes some milliseconds.
//
// A host whose ceph program is something else (a wrapper around a container), that
// has no bindings, or that sets CEPH_ARGS, runs a program for each request, one
// after another. The programs of Octopus and later are spoken to. A CLI finds this
// out with its first batch, at the cost of one process, and remembers it.
//
// With Options.Container, Image or Cephadm, the programs are not those of the host: they are run
// in a container, in one of an image, or in cephadm shell, as root. So is the Python that has the
// bindings. Docker and podman are both asked for the container or the image. A call has a process of its
// own in there, and with an image or cephadm a container of its own, which takes a second or more.
// Where a call is ended early, the process in the container may go on until its own timeouts.
//
// A lock needs the program rados, which comes with ceph and rbd. Each call of it is a
// client of its own, and all of them are one holder: see ceph.Lock.ID.
//
// Key material goes in by standard input and comes out by standard output, never
// by arguments or the environment.
//
// # Errors
//
// A refusal is a *ceph.CommandError with the errno that librados or the program
// named. A host that cannot be reached, or an answer that did not come, is
// ceph.ErrUnreachable; the errors of package remote stay visible to errors.Is
// and errors.As. A monitor command that the package has no arguments for is
// ceph.ErrInvalid on every host; all commands of package ceph are known.
//
// # Concurrency and cancellation
//
// A CLI is as safe for concurrent use as its host. Requests of a batch run side by
// side, 32 at a time, where the host has the bindings. A monitor or an OSD that
// does not answer ends a request after three quarters of Options.Timeout. When ctx
// ends, the method returns as soon as the host does; a process that was started
// may have had its effect. An answer may have 64 MiB, and all answers of a batch
// 8 MiB, compressed.
//
// # Testing
//
// The package passes cephtest.TestCommander, cephtest.TestImages,
// cephtest.TestLocker and cephtest.TestBatcher against a cluster that its tests
// start, the last of them also without the bindings. Tests of code that uses it want
// cephtest.Cluster instead.
package cephcli
