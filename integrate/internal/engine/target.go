package engine

import (
	"context"
	"errors"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// Do carries out the steps of a part. It returns when all of them have an outcome.
func (r *Run) Do(ctx context.Context, p Part) {
	switch p.Target.Where {
	case step.OnCluster:
		r.cluster(ctx, p)
	case step.OnHost:
		r.host(ctx, p)
	default:
		r.cloud(ctx, p)
	}
}

// Well reports whether all changes of a part are there now.
func (r *Run) Well(p Part) (bad Item, o Outcome, well bool) {
	for _, i := range p.Items {
		if !i.Changes() {
			continue
		}
		if o, ok := r.Outcome(i.ID); !ok || !o.Well() {
			return i, o, false
		}
	}
	return Item{}, Outcome{}, true
}

func (r *Run) cluster(ctx context.Context, p Part) {
	world := r.e.World.Clusters[p.Target.Name]
	door := step.ClusterDoor{Cluster: ceph.New(world.Mon), Images: world.Images}
	for _, i := range p.Items {
		s, ok := i.Do.(step.ClusterStep)
		if !ok || !r.ready(ctx, i, nil) {
			continue
		}
		began := time.Now()
		user, err := s.Do(ctx, door)
		if err == nil && !user.Key.IsZero() {
			r.mu.Lock()
			r.keys[[2]string{p.Target.Name, user.Entity}] = user.Key
			r.mu.Unlock()
		}
		r.settle(i.ID, true, err, began)
	}
}

func (r *Run) cloud(ctx context.Context, p Part) {
	for _, i := range p.Items {
		s, ok := i.Do.(step.CloudStep)
		if !ok || !r.ready(ctx, i, nil) {
			continue
		}
		began := time.Now()
		r.settle(i.ID, true, s.Do(ctx, r.e.World.Cloud), began)
	}
}

// Leave settles what was not begun.
func (r *Run) Leave(p Part, why error) {
	if why == nil {
		why = errors.New("it was not begun")
	}
	for _, i := range p.Items {
		if _, ok := r.Outcome(i.ID); !ok && i.Changes() {
			r.End(i.ID, Outcome{Status: Cancelled, Err: why})
		}
	}
}
