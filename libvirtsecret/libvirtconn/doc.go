// Package libvirtconn is a libvirtsecret.Store over a connection of libvirt's
// own C library. It needs cgo and libvirt's headers (Debian: libvirt-dev) to
// build. Built with the tag libvirt_dlopen, it needs the library only when it
// runs. Built without cgo, the package is empty.
//
// # Use
//
// To reach libvirt through its library: see the Example.
//
//	store, err := libvirtconn.Dial(ctx, "qemu:///system")
//	defer store.Close()
//	secrets, err := store.List(ctx)
//
// Prefer package virsh for the daemons of many hosts. A connection such as
// qemu+ssh://host/system starts the ssh program, which checks host keys by its
// own configuration.
//
// # Errors
//
// Errors are *libvirtsecret.Error with libvirt's own words. Where no condition of
// libvirtsecret fits, errors.As finds the libvirt.Error. A connection that broke
// stays broken: its calls fail with libvirtsecret.ErrUnreachable. Dial makes a
// new connection.
//
// # Concurrency and cancellation
//
// A Conn is safe for concurrent use. The C library cannot be interrupted. When
// ctx ends, the call returns within 100 ms, and what it asked of the daemon may
// still happen. Close does not wait for such calls: the connection ends after
// the last of them.
//
// # Testing
//
// Package secrettest has a Store in memory. The tests here run its suite
// against a libvirtd of their own.
package libvirtconn
