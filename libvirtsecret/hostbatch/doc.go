// Package hostbatch is an optional extension of libvirtsecret.Store: the work
// of a store as operations that travel to the host together with other
// operations. Reading the secrets of a compute host, or defining them, then
// costs no exchange of its own.
//
// # Use
//
// To read the secrets of a compute in the exchange of something else: see the Example.
//
//	if batch, ok := store.(hostbatch.Store); ok {
//		op, read := batch.ListOp(uuid)
//		results, err := host.Do(ctx, remote.ReadFile{Path: path}, op)
//		secrets, whole, err := read(results[1])
//	}
//
// Package virsh implements Store. Package libvirtconn does not: its daemon is
// not reached through a remote.Host.
//
// A type that wraps a Store loses the extension if it embeds the interface
// libvirtsecret.Store. Nothing fails then, but integrate makes one exchange for
// each secret. Embed hostbatch.Store instead, and wrap ListOp and DefineOp as
// well as List and Define: integrate calls only ListOp and DefineOp where they
// are there. batchtest.TestStore shows whether the wrapper keeps the contract.
//
// # Errors
//
// As in package libvirtsecret. A host that does not answer is an error of
// remote.Host.Do, not of a reader.
//
// # Concurrency and cancellation
//
// A Store is safe for concurrent use. Making an operation does no I/O; running
// it is up to the host, and so is cancelling it.
//
// # Testing
//
// Package batchtest has a Store in memory and the conformance suite that it and
// package virsh pass.
package hostbatch
