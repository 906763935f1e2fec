// Package rotate moves a cloud from one Ceph user to another, or from one key to another, without an outage. The
// entries in rotate of a Spec say which users go, who takes their places, and what may be done to which guests.
//
// # Use
//
// To see how far a rotation is, and to take it as far as it can be taken now: see the Example.
//
// A user goes in these steps, and each Apply goes as far as it can:
//
//   - apply: the ordinary plan of the Spec makes the new user, its keyrings and secrets, and restarts the services that
//     work as it. As long as the entry is in the Spec, the user that goes keeps its rights, its keyrings and
//     its secrets:
//     a guest that has it can come back on any compute.
//   - guests: each guest that a rule allows leaves the user. Volumes of Cinder leave it by a live migration, disks that
//     Nova owns by a hard reboot, and both by stop, refresh and start. Nothing is done to a guest without a rule.
//   - key: guests that keep the user for Nova's disks (hybrid) take a new key of that user. The new key is put on all
//     computes before a guest uses it. From the first guest on, the old key is refused: a guest that has not moved yet
//     and loses its connections hangs until it is rebooted. So guests move one after another, and the first failure
//     ends that.
//   - proof: no domain of a guest that runs, no attachment, no session on any monitor and no watcher of an image has
//     the user, and everything could be asked. What is not known is never taken for absent.
//   - revoke: the user is removed, if Options.Revoke names it, and its key is refused from each host.
//   - clean: its keyrings and secrets are removed from the hosts.
//
// The domain that libvirt has stored for a guest does not count: Nova writes it anew at each start. A guest that is
// stopped has its volumes refreshed, and stays stopped.
//
// There is no state but the world. Guests carry two tags while something is done to them: cephstack-start, while a
// guest is stopped to be started again, and cephstack-refresh, while its attachments are renewed.
//
// A pre-check finds reasons not to begin at all: Report.Problems. What concerns a single guest, such as a migration by
// somebody else, is not among them. Such a guest waits, and the others go on.
//
// # Errors
//
// ErrRefused says that the pre-check found problems, and nothing was changed. ErrUnfinished says that something is left
// to do. world.ErrLock says that somebody else is at work. The error of an act names the guest. No error holds a key.
//
// # Concurrency and cancellation
//
// Apply holds the operator lock of the first cluster. When ctx ends, no further guest is begun. A live migration that
// is under way is aborted, and a guest that was stopped is started again.
//
// # Testing
//
// Package integratetest has guests whose disks are clients of the Ceph in memory.
package rotate
