// Package cephcli reaches a Ceph cluster through the programs ceph, rbd and
// rados on a host that has them, such as a monitor: ceph.Commander and
// ceph.Images without librados on this machine.
//
// # Use
//
//	host, err := remote.New(remote.Config{Address: "ceph01", User: "root", …})
//	cli := cephcli.New(host, cephcli.Options{})
//	cluster := ceph.New(cli)
//
// The programs of Octopus and later are spoken to. Key material goes in by
// standard input and comes out by standard output, never by arguments.
//
// # Errors
//
// A refusal is a *ceph.CommandError with the errno that the program named. A
// host that cannot be reached, or a program that got no answer, is
// ceph.ErrUnreachable; the errors of package remote stay visible to errors.Is
// and errors.As. A mon command that the package has no arguments for is
// ceph.ErrInvalid; those that package ceph sends are all known.
//
// # Concurrency and cancellation
//
// A CLI holds no state and is as safe for concurrent use as its host. When
// ctx ends, the method returns as soon as the host does; a program that was
// started may have had its effect.
//
// # Testing
//
// The package passes cephtest.TestCommander and cephtest.TestImages against a
// cluster that its tests start. Tests of code that uses it want
// cephtest.Cluster instead.
package cephcli
