// Package bulk describes many RBD images in one exchange.
//
// # Use
//
// Inspect takes the images of a cluster and names: see the Example. Where the images are an Inspector, hundreds of
// images cost one exchange. Where they are not, Inspect calls their method Inspect for each name.
//
// # Errors
//
// Each Inspection has the error that ceph.Images.Inspect would have given. An image that cannot be described keeps no
// other from being described.
//
// # Concurrency and cancellation
//
// Inspect may be called at the same time. When the context ends, its error is that of each image without an answer.
//
// # Testing
//
// cephtest.Cluster is an Inspector. cephtest.TestInspector is the contract in executable form.
package bulk

import (
	"context"
	"sync"

	"github.com/cephstack/cephstack/ceph"
)

// An Inspector is a ceph.Images that describes many images in one exchange.
//
// Implementations: radosconn, cephcli, cephtest.
type Inspector interface {
	ceph.Images
	// InspectAll describes images of a pool, as Inspect does, and returns one Inspection for each name, index-aligned.
	// An image that cannot be described keeps no other from being described.
	//
	// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
	InspectAll(ctx context.Context, pool string, names []string) []Inspection
}

// An Inspection is an image, or the error that Inspect would have given.
type Inspection struct {
	Image ceph.Image
	Err   error
}

// Inspect describes images of a pool: in one exchange where images is an Inspector, and with several calls of its
// method Inspect at a time where it is not.
//
// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
func Inspect(ctx context.Context, images ceph.Images, pool string, names []string) []Inspection {
	if all, ok := images.(Inspector); ok {
		return all.InspectAll(ctx, pool, names)
	}
	const atOnce = 8
	out := make([]Inspection, len(names))
	var wg sync.WaitGroup
	for w := range atOnce {
		wg.Go(func() {
			for i := w; i < len(names); i += atOnce {
				out[i].Image, out[i].Err = images.Inspect(ctx, pool, names[i])
			}
		})
	}
	wg.Wait()
	return out
}
