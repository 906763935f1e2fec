package ceph

import "context"

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
	// Watchers lists the clients that have an image open for writing, or ErrNotFound when there is no
	// such image. A client that has the image open for reading only is not a watcher.
	//
	// Similar To: rbd status <pool>/<name>
	Watchers(ctx context.Context, pool, name string) ([]Watcher, error)
}

// A Watcher is a client that has an image open.
type Watcher struct {
	Client  int64  // the global ID that the monitors gave to the client when it logged in
	Address string // with a nonce that tells the processes of a host apart, such as 10.0.0.7:0/953100561
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
