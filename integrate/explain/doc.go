// Package explain has a text for each check of Verify, each code of a finding, and each kind of change: what it means,
// why it matters, how to see it by hand, and what to do next.
//
// # Use
//
// To say below a finding or a failed check what it means: see the Example.
//
// Take what a Report, a Plan or a Result shows, and look it up: Check takes the ID of a check, such as files/compute1,
// or its first words, such as files. Code takes the code of a finding, such as pool-in-use. Change takes the kind of a
// change, such as secret. Lookup takes any of them. A tool can show Topic.String below its own message, or link to the
// topic of the reference pages (examples/guide/reference), whose anchors are Topic.Anchor.
//
// The texts are files in the folder texts. They are for people, and may change in any release. Which topics there are
// follows from the checks and codes of package integrate, which stay: see the section JSON of its documentation.
// A name that is not known has no topic; Suggest names topics that look like it. A program that meets a new code should
// show its message alone.
//
// # Errors
//
// No function fails. What is not known is told by a second result that is false.
//
// # Concurrency and cancellation
//
// All functions may be called at the same time. They read nothing but what is in the program, and block on nothing.
//
// # Testing
//
// The package has no seam, and needs no fake. Its own tests hold the texts against the checks, codes, kinds and fields
// that there are.
package explain
