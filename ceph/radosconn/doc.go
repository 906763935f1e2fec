// Package radosconn reaches a Ceph cluster through librados and librbd. It is a
// ceph.Batcher.
//
// It needs cgo and the libraries' headers (librados-dev and librbd-dev on
// Debian); without cgo the package is empty, and the rest of the module does
// not need it. Any release since Nautilus will do, without a build tag: of go-ceph
// only the rados package is used, and all these releases have the few calls to
// librbd.
//
// # Use
//
// To reach a cluster through the librados of this machine: see the Example.
//
//	conn, err := radosconn.Dial(ctx, radosconn.Config{
//		ConfFile: "/etc/ceph/ceph.conf",
//		Keyring:  "/etc/ceph/ceph.client.admin.keyring",
//	})
//	if err != nil {
//		return err
//	}
//	defer conn.Close()
//	cluster := ceph.New(conn)
//
// # Errors
//
// A refusal is a *ceph.CommandError. Dial returns ceph.ErrUnreachable when no
// monitor answers, ceph.ErrDenied when there is no key for the name or the
// monitors refuse it, and ceph.ErrInvalid for a conf or a keyring that librados
// cannot read. A librados before 20.2.4 and 19.2.6 cannot read a keyring with an
// aes256k key. A call after Close is ceph.ErrUnreachable.
//
// # Concurrency and cancellation
//
// A Conn is safe for concurrent use; at most Config.Calls are under way at a
// time, since each holds an operating system thread. librados cannot cancel:
// when ctx ends, the method returns its error at once and the call goes on
// behind it until it is answered or Timeouts end it, so a write may have
// happened. Close returns at once too; the connection is shut down, once,
// when the last such call is over.
//
// # Testing
//
// The package passes cephtest.TestCommander, cephtest.TestImages,
// cephtest.TestBatcher and cephtest.TestLocker against a cluster that its tests start. Tests of code that uses it want
// cephtest.Cluster instead.
package radosconn
