package cephx

import (
	"context"
	"errors"

	"github.com/cephstack/cephstack/ceph"
)

func (a *Auth) watchers(ctx context.Context, pool string, images []string) (map[string][]ceph.Watcher, error) {
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
	all := map[string][]ceph.Watcher{}
	for i, answer := range a.cluster.Batch(ctx, requests...) {
		switch {
		case answer.Err == nil:
			all[images[i]] = answer.Watchers
		case !errors.Is(answer.Err, ceph.ErrNotFound):
			return nil, answer.Err
		}
	}
	return all, nil
}
