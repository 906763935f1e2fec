// Package virsh is a libvirtsecret.Store that runs the virsh program on a
// host. virsh is there wherever libvirt runs, and is reached through the same
// remote.Host as everything else on that host.
//
// # Use
//
// To reach libvirt through the virsh program of a host: see the Example.
//
//	store := virsh.New(host, virsh.Options{}) // host from remote.New, or remote.Local{}
//	secrets, err := store.List(ctx)
//
// Every call is one exchange with the host, whatever the number of secrets. The
// Store is also a hostbatch.Store, whose work travels in an exchange together
// with other operations.
//
// A value goes from standard input to the standard input of virsh. It is never in
// a file, an argument of a program or the environment. The same holds for the value
// that Change.Was has: the script on the host compares. Setting a value needs the
// virsh of libvirt 6.3 or newer, which reads at most 1023 bytes of it.
//
// Where libvirt runs in a container, Options.Container names the container. A
// secret that is defined there lasts as long as the container. To make it last
// longer, put files into the secrets folder that the container is made with.
//
// # Errors
//
// Errors are *libvirtsecret.Error with virsh's own words. A host that does
// not answer is libvirtsecret.ErrUnreachable too, and errors.Is and errors.As
// find remote's error behind it. A virsh that was killed by a signal is told with the
// signal's number: a Define or Undefine is then libvirtsecret.ErrUnknown, unless virsh was
// only looking.
//
// Daemons translate their messages. Where the words do not tell whether a
// refusal is a conflict, Define lists the secrets in a second exchange.
// ErrNotFound means that the daemon listed its secrets and the UUID is not among
// them.
//
// # Concurrency and cancellation
//
// A Store is as safe for concurrent use as its Host. Cancelling ctx ends the
// wait as the Host does it.
//
// # Testing
//
// Packages secrettest and batchtest have Stores in memory. The tests here run
// their suites against a libvirtd of their own.
package virsh
