package hostbatch

import (
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

// A Store is a libvirtsecret.Store whose work can travel in an exchange of its
// host. An operation that it makes belongs to that host, and may run again. The
// reader that comes with the operation takes the results of that operation
// only.
type Store interface {
	libvirtsecret.Store
	// ListOp is List as an operation. The caller names the UUIDs that it
	// expects; text that is not a UUID is ignored. It is not an error if an
	// expected secret is absent.
	ListOp(expected ...string) (remote.Op, ListReader)
	// DefineOp is Define as one operation for any number of secrets. It fails
	// at once, and makes no operation, if a secret is not valid. A secret that
	// libvirt refuses, or that is not as it was seen, does not keep the others
	// from being defined. The operation itself compares, on the host and right
	// before it writes.
	//
	// Unlike Define, the reader knows a conflict by libvirt's words alone. A
	// daemon that translates its messages makes it an error without
	// libvirtsecret.ErrConflict.
	DefineOp(changes ...libvirtsecret.Change) (remote.Op, DefineReader, error)
}

// An Allowing store tells what a helper on the host has to allow for it: see remote/helper.
type Allowing interface {
	// Allow gives the operations that list these secrets, in this order, as the expected ones,
	// and the scripts that define them, whatever their values.
	Allow(secrets []libvirtsecret.Secret) ([]remote.Op, []helper.Script)
}

// A ListReader gives the secrets of usage type ceph, sorted by UUID. whole is
// false, and the list empty, if the daemon has a secret that was not expected:
// List then tells all of them.
type ListReader func(remote.Result) (list []libvirtsecret.Secret, whole bool, err error)

// A DefineReader gives an error, or nil, for each secret in the order of
// DefineOp.
type DefineReader func(remote.Result) []error
