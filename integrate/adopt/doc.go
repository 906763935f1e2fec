// Package adopt finds the Spec of a cloud that is integrated already: by cephstack, by hand, by kolla-ansible or by
// another tool.
//
// # Use
//
// To write the Spec of a cloud that has none: see the Example.
//
// Adopt reads the hosts, the clusters and the APIs, and writes nothing. Of each host it finds the services and their
// layout, and of each service the options that take effect, with the defaults of its release. It asks the clusters
// for pools and for the rights of users, libvirt for secrets that no option names, and the APIs for volume types.
// Then it makes the plan of the Spec that it found.
//
// The plan is empty where the Spec says all that there is. What a plan would set otherwise in a cloud that others made,
// such as an option, the owner of a file, or a right, the Spec keeps as found (spec.Keep): an entry a difference.
// The plan still makes what is missing, and restarts a service that has not read its files. That, what could not be
// decided, and why each entry of keep is there, is in Adoption.Remarks, by fields of the Spec. Known holes are remarked
// loudly. Adoption.Text is the Spec with these remarks as comments.
//
// What most hosts of a service have goes into the Spec. Hosts with other options are named in a remark.
//
// These are kept as they are: the size and placement groups of pools, further rights of users, further options of
// ceph.conf and of services, other stores of Glance and backends of Cinder, and the disks of computes that have them
// outside of Ceph (disks: keep).
//
// # Errors
//
// A host that cannot be read is left out, and is in Adoption.Unread. A cluster that cannot be read is an error, and so
// is a cloud without a service that keeps data in Ceph. Faults of the given Spec are joined *spec.FieldErrors. Adopt
// returns an Adoption beside an error: it has what was found until then. Neither has a key or a password.
//
// # Concurrency and cancellation
//
// Hosts are read in parallel, at most Config.Parallel at a time. Adopt ends with the error of ctx when that is done.
//
// # Testing
//
// Package integratetest has a whole cloud in memory, to be adopted once it was integrated.
package adopt
