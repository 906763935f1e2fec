// Package step is the contract between the engine and the kinds of resources.
//
// A Resource is one thing that a Spec asks for: a pool, a keyring on a host, a
// volume type. It says what has to be read (Asks), compares what was read with
// what should be (Compare, which is pure), and returns a Delta. The Delta
// carries everything that happens afterwards: what a plan shows, the findings,
// and the operations that make the change. Nothing computes the desired state a
// second time.
//
// # Use
//
// To add a kind, write one file in integrate/internal/kind with a type that
// implements Resource, and register it in kind.Cluster, kind.Host or kind.Cloud.
//
// # Errors
//
// Compare does not fail. What keeps a resource from being as it should is a
// Finding of its Delta, with the cause in Err.
//
// # Concurrency and cancellation
//
// Resources and Views are read by several goroutines, and nobody changes them
// after they were made. Steps run in one goroutine for each target.
//
// # Testing
//
// A kind is tested with a View that the test fills; no world is needed.
package step
