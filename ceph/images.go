package ceph

import (
	"context"
	"time"
)

// Images is the view of RBD that integration and verification need.
//
// Implementations: radosconn, cephcli, cephtest. cephtest.TestImages is the
// contract in executable form.
type Images interface {
	// InitPool readies a pool for RBD; once done it does nothing. A pool of
	// another application is left alone and ErrDenied.
	//
	// Similar To: rbd pool init <pool>
	InitPool(ctx context.Context, pool string) error
	// List returns the image names of a pool in sorted order, or
	// ErrNotFound when there is no such pool.
	//
	// Similar To: rbd ls <pool>
	List(ctx context.Context, pool string) ([]string, error)
	// Inspect describes one image, or ErrNotFound.
	//
	// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
	Inspect(ctx context.Context, pool, name string) (Image, error)
	// Trash lists the images in a pool's trash.
	//
	// Similar To: rbd trash ls --all <pool>
	Trash(ctx context.Context, pool string) ([]TrashEntry, error)
	// Lock takes an exclusive advisory lock. ErrLocked says that another holder
	// has it; each call is a holder of its own, whoever the owner. Unlocking a
	// lock that has expired is ErrNotFound and leaves the next holder's lock alone.
	//
	// Similar To: rados -p <pool> lock get <object> <name> --lock-duration <s>
	Lock(ctx context.Context, lock Lock) (unlock func(context.Context) error, err error)
}

// A Lock is an exclusive advisory lock on an object of a pool.
type Lock struct {
	Pool, Object string
	Owner        string        // for people who ask who holds it
	TTL          time.Duration // after which it expires by itself
}

// An Image is one RBD image.
type Image struct {
	Pool, Name string
	Size       int64      // bytes
	Parent     *Parent    // nil for an image that is not a clone
	Snapshots  []Snapshot // oldest first
	Features   []string
	DataPool   string // empty when data is in Pool
}

// A Parent is the snapshot that a copy-on-write clone came from.
type Parent struct{ Pool, Image, Snapshot string }

// A Snapshot is a snapshot of an image.
type Snapshot struct {
	Name      string
	Size      int64 // bytes
	Protected bool
}

// A TrashEntry is an image that waits in a pool's trash.
type TrashEntry struct{ ID, Name string }
