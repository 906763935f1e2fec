// Package drift tells what of a cloud is not as its Spec says: by resource, with the differences.
//
// # Use
//
// To look whether a cloud is still as its Spec says: see the Example.
//
// Look compares the world with the Spec, as a plan does, and writes nothing. It takes no operator lock, so it may run
// beside an apply, which it then sees half done. It costs what a plan costs that has nothing to do: one exchange with
// each host. The Report has three lists:
//
//   - Drift is what differs. An Item is a resource that a plan would change, or a Problem of which it is known that the
//     world is not as the Spec says, such as a pool of another application.
//   - Unknown is what could not be told, such as a host that does not answer. Unknown is never "no drift".
//   - Behind is what was not compared because of another resource that is in one of the other lists.
//
// An Item with Because only follows from another Item, such as the restart of a service whose options were edited.
// Such Items are told, and not counted.
//
// Report.Status puts this into one word: None, Found or Unknown. Report.String is for people, and the JSON of a Report
// for programs. WriteTextfile gives a Report to Prometheus, by the textfile collector of node_exporter. It also tells
// Prometheus of a run that failed.
//
// A package that the Spec does not hold back is not drift if it is newer than the Spec needs. What cephstack does not
// own is never drift: an option that it does not set, a foreign right, a pool of others. Nor is what the Spec keeps as
// found (spec.Keep), as long as it has the value that was found: Report.Kept says where there is such a thing.
//
// # Errors
//
// Look fails as integrate.Integration.Plan does: if ctx ends, and for a scope that the Spec does not have. A host that
// does not answer is not an error, but Unknown. Report.Err is ErrDrift or ErrUnknown.
//
// # Concurrency and cancellation
//
// Look may be called several times at once. If ctx ends, or Options.Timeout is over, Look returns the error, which
// names the hosts that had not answered.
//
// # Testing
//
// Package integratetest has a cloud in memory, whose files, users and pools a test can change by hand.
package drift
