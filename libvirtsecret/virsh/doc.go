// Package virsh is a libvirtsecret.Store that runs the virsh program on a
// host: what there is wherever libvirt runs, and reachable through the same
// remote.Host as everything else on that host.
//
// # Use
//
//	store := virsh.New(host, virsh.Options{}) // host from remote.New, or remote.Local{}
//	secrets, err := store.List(ctx)
//
// Every call is one exchange with the host, whatever the number of secrets. A
// value goes from standard input to virsh's, through no file, no argument of a
// program and no environment. The virsh of libvirt 6.3 or newer is
// needed to set one; it reads no more than 1023 bytes of it.
//
// Where libvirt runs in a container, Options.Container names that. What is
// defined there lasts as long as the container; the files of its secrets folder
// are for whoever makes it.
//
// # Errors
//
// Errors are *libvirtsecret.Error with virsh's own words. A host that does
// not answer is libvirtsecret.ErrUnreachable too, and errors.Is and errors.As
// find remote's error behind it.
//
// Daemons translate their messages, so a conflict that the words do not tell
// is found by listing the secrets, in a second exchange; and not found is said
// only when the daemon listed its secrets and the UUID is not among them.
//
// # Concurrency and cancellation
//
// A Store is as safe for concurrent use as its Host. Cancelling ctx ends the
// wait as the Host does it.
//
// # Testing
//
// Package secrettest has a Store in memory; the tests here run its suite
// against a libvirtd of their own.
package virsh
