// Package libvirtsecret is what OpenStack on Ceph needs of libvirt: secrets of
// usage type ceph, which hand a CephX key to the QEMU of a compute host. It is
// pure Go and reaches a libvirt daemon through a small interface, Store.
//
// # Use
//
// A Store comes from libvirtconn.Dial (libvirt's own library), virsh.New (the
// virsh program on a host) or secrettest.New (in memory). Define is safe to
// repeat:
//
//	value, err := libvirtsecret.ParseValue(key)
//	err = store.Define(ctx, libvirtsecret.Secret{
//		UUID:    libvirtsecret.DeriveUUID(fsid, "client.cinder"),
//		UsageID: libvirtsecret.UsageID(fsid, "client.cinder"),
//		Value:   value,
//	})
//
// The same UUID has to be on every compute host and in the configuration of
// Cinder and Nova. DeriveUUID gives one without anybody having to keep it;
// WellKnown tells the ones that guides have spread.
//
// libvirt takes any text for a value, so Define reads it back and compares.
// That of a private secret cannot be read by anybody: only a login with it
// proves it. A running QEMU keeps the value that it was started with.
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
//	ErrConflict     another secret has the UUID or the usage, or a private
//	                secret would become readable
//	ErrUnreachable  no daemon answers
//
// Not found is said on positive evidence only. No error holds a value.
//
// # Concurrency and cancellation
//
// Every Store is safe for concurrent use. Cancelling ctx ends the wait: a
// Define or Undefine that is under way may still happen.
//
// # Testing
//
// Package secrettest has a daemon in memory and the conformance suite that it
// and the real adapters pass.
package libvirtsecret
