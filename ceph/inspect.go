package ceph

import (
	"context"
	"sync"
)

// An Inspector is an Images that describes many images in one exchange.
//
// Implementations: radosconn, cephcli, cephtest. cephtest.TestInspector is the contract in executable form.
type Inspector interface {
	Images
	// InspectAll describes images of a pool, as Inspect does, and returns one Inspection for each name, index-aligned.
	// An image that cannot be described keeps no other from being described.
	//
	// Similar To: rbd info <pool>/<name>; rbd snap ls <pool>/<name>
	InspectAll(ctx context.Context, pool string, names []string) []Inspection
}

// An Inspection is an image, or the error that Inspect would have given.
type Inspection struct {
	Image Image
	Err   error
}

// InspectAll describes images of a pool: in one exchange where images is an Inspector, and with several calls of Inspect
// at a time where it is not.
func InspectAll(ctx context.Context, images Images, pool string, names []string) []Inspection {
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
