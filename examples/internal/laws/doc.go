// Package laws has no code of its own. Its test holds the whole module to the
// laws that CONTRIBUTING names: what may import what, no state that outlives a
// call, and sizes that a reader can keep in mind. The tests that the guide
// and SECURITY name as proofs must be there, too. The test parses every Go
// file, whatever its build tags are, and every document.
//
// Each law is a subtest of TestLaws. A failure names the file, the line and
// what to do. Each law has a test of its own on small sources, which shows
// that the law fails where it should.
package laws
