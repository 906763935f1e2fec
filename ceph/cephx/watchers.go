package cephx

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/cephstack/cephstack/ceph"
)

// A Watcher is a client that has an image open for writing.
type Watcher struct {
	Client  int64  // the global ID, as in a Session
	Address string // with the nonce of the process, such as 10.0.0.7:0/953100561
}

// Watchers reads who has the images of a pool open for writing, by name of the image. Without images, it asks of all
// images of the pool. An image that is not there is missing in the map. A client that has an image open for reading
// only, such as a config drive, is not a watcher. A client without a session is there all the same.
//
// Similar To: rbd status <pool>/<image>
func (a *Auth) Watchers(ctx context.Context, pool string, images ...string) (map[string][]Watcher, error) {
	if len(images) == 0 {
		answer := a.cluster.Batch(ctx, ceph.Request{ListPool: pool})[0]
		if answer.Err != nil {
			return nil, answer.Err
		}
		images = answer.Images
	}
	requests := make([]ceph.Request, len(images))
	for i, name := range images {
		requests[i] = ceph.Request{Watchers: pool + "/" + name}
	}
	all := map[string][]Watcher{}
	for i, answer := range a.batch(ctx, requests) {
		switch {
		case answer.Err == nil:
			all[images[i]] = nil
			for _, client := range slices.Sorted(maps.Keys(answer.Watchers)) {
				all[images[i]] = append(all[images[i]], Watcher{client, answer.Watchers[client]})
			}
		case !errors.Is(answer.Err, ceph.ErrNotFound):
			return nil, answer.Err
		}
	}
	return all, nil
}
