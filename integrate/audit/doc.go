// Package audit finds what is true about a cloud's data and credentials that no Spec says: RBD images that nobody owns,
// objects of the APIs without their data, images that cannot be cloned, credentials that are no longer right.
//
// # Use
//
// To look at the cloud of a Spec: see the Example. Run gives a Report with a Finding for each thing that was found.
// Each has its evidence and what to do next. Nothing is written, and no lock is needed. Package explain has a text for
// each code, by explain.Audit.
//
// # What is looked at
//
// The part Data reads the images of Glance, the volumes and backups of Cinder and the servers of Nova, page by page,
// and lists the RBD images of the pools of the Spec. Names alone are compared. An RBD image belongs to an object by its
// name:
//
//	ID                          an image
//	volume-ID                   a volume, by its ID or its name_id
//	volume-ID.deleted           a deleted volume that clones need
//	volume-ID.backup.ID         a backup, and the incremental backups that build upon it
//	volume-ID.backup.base       the same, of old releases
//	ID_disk, ID_disk.config, …  a server
//	ID_new                      a server whose disk is brought into Ceph, as the guide tells
//
// RBD images that are suspected and the newest others are opened, in one exchange for hundreds of them. That tells of
// lost copy-on-write, and of snapshots that are missing or were left.
//
// What rests on something not being there, or not being done, is looked at a second time after Options.Pause. What
// came, went or ended in between is not a finding. So objects that are made or deleted while the audit runs are not
// taken for orphans. If a list cannot be read, nothing is concluded from it.
//
// # What it costs
//
// Of 100,000 images and 100,000 volumes, some 6 s of CPU and 150 MiB of memory, and one exchange for each page and
// pool.
//
// # Errors
//
// The account of the APIs has to be an administrator's. Of another account, Data tells nothing: the account sees one
// project, and the data of others would look like orphans.
//
// The error joins ErrUnable and what could not be told, and the causes show through errors.Is and errors.As. The Report
// has what was found all the same, and what could not be told in Unable. Findings are no error.
//
// # Concurrency and cancellation
//
// Run may be called at the same time with the same Config. When the context ends, what is under way is waited for as
// long as its own timeouts allow; what was not looked at is in Unable.
//
// # Testing
//
// Package integratetest has a whole cloud in memory, into which a test can put what it likes: see the Example.
package audit
