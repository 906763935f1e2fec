// Package libvirtconn is a libvirtsecret.Store over a connection of libvirt's
// own C library. It needs cgo and libvirt's headers (Debian: libvirt-dev) to
// build; with the tag libvirt_dlopen it needs the library when it runs only.
// Built without cgo the package is empty.
//
// # Use
//
//	store, err := libvirtconn.Dial(ctx, "qemu:///system")
//	defer store.Close()
//	secrets, err := store.List(ctx)
//
// For the daemons of many hosts package virsh is the better one: a connection
// such as qemu+ssh://host/system starts a process of the ssh program, which
// checks host keys by its own configuration.
//
// # Errors
//
// Errors are *libvirtsecret.Error with libvirt's own words, and errors.As
// finds the libvirt.Error where a condition of libvirtsecret does not take its
// place. A connection that broke stays broken: calls are
// libvirtsecret.ErrUnreachable, and Dial makes a new one.
//
// # Concurrency and cancellation
//
// A Conn is safe for concurrent use. The C library cannot be interrupted: when
// ctx ends, the call returns within 100 ms and what it asked the daemon for
// goes on behind it. Close does not wait for that; the connection ends when
// the last such call has.
//
// # Testing
//
// Package secrettest has a Store in memory; the tests here run its suite
// against a libvirtd of their own.
package libvirtconn
