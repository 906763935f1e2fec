//go:build cgo

package radosconn

import (
	"context"
	"sync"

	"github.com/cephstack/cephstack/ceph"
)

// Batch implements ceph.Batcher. Requests that do not name each other run side by
// side, as many at a time as Config.Calls says.
func (c *Conn) Batch(ctx context.Context, requests ...ceph.Request) []ceph.Answer {
	// The value hides the method Batch, so that the requests come one by one.
	single := ceph.New(struct{ ceph.Commander }{c}).WithImages(c)
	answers := make([]ceph.Answer, len(requests))
	ended := make([]chan struct{}, len(requests))
	for i := range ended {
		ended[i] = make(chan struct{})
	}
	var wg sync.WaitGroup
	for i, r := range requests {
		wg.Go(func() {
			defer close(ended[i])
			for _, j := range r.After {
				if j >= 0 && j < i {
					<-ended[j]
				}
				if j < 0 || j >= i || answers[j].Err != nil {
					answers[i].Err = ceph.ErrSkipped
					return
				}
			}
			r.After = nil
			answers[i] = single.Batch(ctx, r)[0]
		})
	}
	wg.Wait()
	return answers
}
