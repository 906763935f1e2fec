// Package libvirtsecret is what OpenStack on Ceph needs of libvirt: secrets of
// usage type ceph, which hand a CephX key to the QEMU of a compute host. It is
// pure Go and reaches a libvirt daemon through a small interface, Store.
//
// # Use
//
// To keep the keys of Ceph users in libvirt: see the Examples.
//
// A Store comes from libvirtconn.Dial (libvirt's own library), virsh.New (the
// virsh program on a host) or secrettest.New (in memory). Define is safe to
// repeat:
//
//	value, err := libvirtsecret.ParseValue(key)
//	err = store.Define(ctx, libvirtsecret.Change{Secret: libvirtsecret.Secret{
//		UUID:    libvirtsecret.DeriveUUID(fsid, "client.cinder"),
//		UsageID: libvirtsecret.UsageID(fsid, "client.cinder"),
//		Value:   value,
//	}})
//
// The same UUID has to be on every compute host and in the configuration of
// Cinder and Nova. DeriveUUID computes the UUID, so that nobody has to keep it.
//
// Change.Was says what the caller saw before. Define then overwrites no secret that
// somebody else has changed since.
//
// libvirt accepts any text as a value, so Define reads the value back and
// compares. Nobody can read the value of a private secret: only a login to Ceph
// proves it. A running QEMU keeps the value that it was started with.
//
// Secret.Ephemeral tells that a secret is lost when the daemon ends.
//
// Package hostbatch is an optional extension of Store, for many secrets in one
// exchange with a host.
//
// Value does not print: String, Format, JSON, text and slog give "[redacted]".
// Value.Reveal is the one way out.
//
// # Errors
//
// A failed call is an *Error with libvirt's own words. Test the conditions
// with errors.Is:
//
//	ErrNotFound     no secret of usage type ceph has the UUID
//	ErrConflict     another secret has the UUID or the usage, a private
//	                secret would become readable, or the secret is not
//	                as the caller saw it
//	ErrUnreachable  no daemon answers
//	ErrUnknown      a Define or Undefine may have had its effect, or a part of
//	                that: read the secret again
//
// ErrNotFound means that the daemon answered, and has no such secret. No error
// holds a value.
//
// # Concurrency and cancellation
//
// Every Store is safe for concurrent use. Cancelling ctx ends the wait. A Define
// or Undefine that is under way may still happen.
//
// # Testing
//
// Package secrettest has a daemon in memory and the conformance suite that it
// and the real adapters pass.
package libvirtsecret
