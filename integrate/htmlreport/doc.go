// Package htmlreport shows a plan or a verification as a page to look at.
//
// # Use
//
// To mail a plan or a verification, or to keep it as the artifact of a job: see the Examples.
//
// Plan and Report write one file of HTML. The file needs nothing else: no network, no script, no font. It can be
// mailed, kept as the artifact of a job, printed, and read on a phone. It has
//
//   - a picture of the cloud, as the Spec wants it: clusters, pools, Ceph users, hosts with their services, libvirt's
//     secrets, and who reads what. The same is there as a table;
//   - of a plan: problems and notes, the stages, and each change with its differences to open;
//   - of a report: how many checks passed, and each check with its evidence, its duration, and what to do next. What
//     did not pass comes first.
//
// What is equal on several hosts is told once, as in the text of a plan. Options.Spec is what the picture is drawn
// from. It should be the Spec that the plan or the report is of.
//
// # What is in a page
//
// A page has what its plan or report has, and of the Spec only names and UUIDs, so that no secret is in it. All that
// comes from outside is escaped. What does not print is shown as in Go, such as \x1b. The policy in the page lets a
// browser load nothing and run nothing. A page says status with words, not by color alone.
//
// The same plan or report with the same Options gives the same page, byte for byte. The form of the page may change in
// any release: programs should read JSON.
//
// # Errors
//
// Plan and Report fail only if the writer fails. Nothing is written by halves because of what a plan or a report has.
//
// # Concurrency and cancellation
//
// The functions are pure, apart from the writer, and may be called at the same time.
//
// # Testing
//
// Make plans and reports with package integratetest. The tests of this package open pages in Chromium.
package htmlreport
