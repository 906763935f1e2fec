// Package secrettest has a libvirt daemon's secrets in memory, and the
// conformance suite that it and the real adapters pass.
//
// # Use
//
// To test code that uses libvirt's secrets: see the Example.
//
//	store := secrettest.New()
//	store.Fail = func(c secrettest.Call) error { return libvirtsecret.ErrUnreachable }
//
// The fake refuses what libvirt refuses: a usage that another secret has, a
// UUID with another usage, and a private secret defined as not private. Put
// makes states that Define cannot make, such as a secret without a value.
// Restart loses ephemeral secrets as a daemon does.
//
// TestStore proves a Store of your own:
//
//	func TestMine(t *testing.T) {
//		secrettest.TestStore(t, func(t *testing.T) libvirtsecret.Store { return mine })
//	}
//
// # Errors
//
// As in package libvirtsecret. The error that Fail returns is the cause of an
// *libvirtsecret.Error.
//
// # Concurrency and cancellation
//
// A Store is safe for concurrent use once Fail and FailAfter are set. They are
// called while no lock is held, and may use the Store. A call whose ctx has
// ended does nothing.
//
// # Testing
//
// The fake passes TestStore as libvirtd does.
package secrettest
