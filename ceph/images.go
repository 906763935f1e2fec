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
	// Watchers are the clients that have an image open for writing, or ErrNotFound when there is no such image: the
	// address of each, such as 10.0.0.7:0/953100561, by the global ID that the monitors gave it when it logged in. A
	// client that has the image open for reading only is not a watcher.
	//
	// Similar To: rbd status <pool>/<name>
	Watchers(ctx context.Context, pool, name string) (map[int64]string, error)
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
