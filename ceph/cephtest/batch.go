package cephtest

import (
	"context"

	"github.com/cephstack/cephstack/ceph"
)

var _ ceph.Batcher = (*Cluster)(nil)

// Batch implements ceph.Batcher. The requests run in their order.
func (c *Cluster) Batch(ctx context.Context, requests ...ceph.Request) []ceph.Answer {
	c.mu.Lock()
	c.batches++
	c.mu.Unlock()
	// The value hides the method Batch, so that the requests come one by one.
	single := struct{ ceph.Commander }{c}
	return ceph.New(single).WithImages(c).Batch(ctx, requests...)
}

// Batches counts the calls of Batch so far: through a host, each is one exchange.
func (c *Cluster) Batches() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.batches
}
