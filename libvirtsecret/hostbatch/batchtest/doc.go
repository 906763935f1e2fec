// Package batchtest has a hostbatch.Store in memory, and the conformance suite
// that it and package virsh pass.
//
// # Use
//
// To test code that does so: see the Example.
//
//	host := remotetest.NewHost("compute1")
//	store := batchtest.New(secrettest.New(), host)
//
// TestStore proves a Store of your own, or a wrapper around one:
//
//	func TestMine(t *testing.T) {
//		batchtest.TestStore(t, func(t *testing.T) (hostbatch.Store, remote.Host) { return mine, host })
//	}
//
// # Errors
//
// As in package hostbatch. A result of another operation is an error.
//
// # Concurrency and cancellation
//
// A Store is safe for concurrent use.
//
// # Testing
//
// The fake passes TestStore like virsh does in front of a real libvirtd.
package batchtest
