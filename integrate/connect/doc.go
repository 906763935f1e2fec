// Package connect opens the World of a Spec: its hosts over SSH, its Ceph clusters,
// libvirt's secrets on its computes, and the cloud's APIs.
//
// # Use
//
// To open the real World of a Spec, and to give a Ceph user the rights for it: see the Examples.
//
//	w, err := connect.Open(ctx, s, connect.Options{}) // s from spec.Load
//	if err != nil {
//		return err
//	}
//	defer w.Close()
//	in, err := integrate.New(integrate.Config{Spec: s, World: w.World})
//
// # What is opened
//
// A host is a host of one remote.Fleet for the whole Spec: known_hosts and private
// keys are read once, and a jump host is connected to once. Nothing is sent to a
// host before its first use. What ssh of the Spec does not say comes from ~/.ssh/config and
// /etc/ssh/ssh_config, or from the file that ssh.config names; "none" there is no file. The setting
// of a file and its line are in the errors of connecting. Host keys are always checked; KeyTargets lists the
// machines whose keys have to be known; no file of ssh can turn the check off. With ssh.entry, every host has a
// second way
// in (World.Entries), of a fleet of its own. With layout upstart, a host is one of
// package remote/upstart.
//
// A cluster is reached through the programs ceph, rbd and rados on its host, as
// client.admin, or as the user that the Spec names: RightsFor says which rights that
// user needs. Options.Librados lets a cluster be reached through a library of
// this machine instead. The package itself needs no C library.
//
// The secrets of a compute are those of virsh on the compute. With layout kolla,
// virsh is in the container nova_libvirt.
//
// The APIs are those of the Spec's cloud in clouds.yaml. They are logged in to at
// once. Where that fails, the World has the reason as CloudErr, and a plan says it. A Spec with
// cloud.apis: none leaves the APIs alone.
//
// # Files
//
// The files of this machine are regular files. Private keys and certificates have at most
// 1 MiB, a password file 64 KiB, known_hosts 256 MiB, ceph.conf and keyrings 16 MiB; for
// clouds.yaml see package openstack/api. /dev/null is an empty file.
//
// # Errors
//
// Nothing is opened for a Spec with faults: the error joins a *spec.FieldError for
// each, those of Spec.ValidateExceptRelease and those that only matter for
// connecting, such as a key file that does not exist. A password file that cannot
// be read, or that others can read, is an error of another type. errors.Is finds
// the cause, such as fs.ErrNotExist. A cluster that cannot be opened is named by
// its field of the Spec. A host that does not answer is not an error of Open, as nobody asked
// it yet. No error holds a password or a key.
//
// # Concurrency and cancellation
//
// A World is safe for concurrent use as far as its parts are; all of this package
// are. Open returns when ctx ends, and has closed what it had opened.
//
// # Testing
//
// Options.Have takes parts from elsewhere, such as fakes. The tests open Worlds on
// an SSH server of package remotetest.
package connect
