// Package cloud has the kinds of resources that are changed or seen through the
// APIs of OpenStack: volume types, how the hosts together serve the backends of
// Cinder, and where the computes together keep the disks of VMs.
//
// # Use
//
// The engine builds the resources of Kinds for the cloud of a Spec, and compares
// them after those of all hosts: the settings of hosts say in their Fact how each
// host serves the backends, or where it keeps the disks of VMs.
//
// # Errors
//
// A step that finds a volume type other than the plan saw it fails with
// step.ErrConflict, and has written nothing. All other errors are those of package
// openstack/api.
//
// # Concurrency and cancellation
//
// Resources do not change after they were made. Steps end when their ctx ends.
//
// # Testing
//
// A test fills the View by hand. Steps are tried against openstacktest.
package cloud
