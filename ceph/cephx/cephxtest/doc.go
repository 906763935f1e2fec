// Package cephxtest is the conformance suite of package cephx: what it promises must hold with every adapter, with
// every release of Ceph, and with the cluster in memory.
//
// # Use
//
// To check an adapter of your own, or a release of Ceph, call TestAuth with a throw-away cluster: see the Example.
//
// # Errors
//
// A promise that is not kept fails the test. There are no flags to skip a promise: what a release does not have must be
// cephx.ErrUnsupported.
//
// # Concurrency and cancellation
//
// The promises are tried one after the other, as they allow and forbid types of keys of the whole cluster.
//
// # Testing
//
// The suite runs against the cluster of package cephtest, in both of its releases, and against real clusters of 16.2.15
// and of 20.2.4 behind all adapters.
package cephxtest
