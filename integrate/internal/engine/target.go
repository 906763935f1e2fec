package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/openstack/api"
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

// cluster makes all changes of a cluster side by side, each after what it needs.
func (r *Run) cluster(ctx context.Context, p Part) {
	places := map[step.ID]int{}
	var items []Item
	var works []ceph.Work
	for _, i := range p.Items {
		s, ok := i.Do.(step.ClusterStep)
		if !ok || !r.ready(ctx, i, func(id step.ID) bool { _, ok := places[id]; return ok }) {
			continue
		}
		work := s.Work
		for _, id := range i.Needs {
			if place, ok := places[id]; ok {
				work.Needs = append(work.Needs, place)
			}
		}
		places[i.ID] = len(works)
		items, works = append(items, i), append(works, work)
	}
	if len(works) == 0 {
		return
	}
	world := r.e.World.Clusters[p.Target.Name]
	began := time.Now()
	there := r.there(ctx, world.Mon, works)
	done := ceph.New(world.Mon).WithImages(world.Images).Do(stoppable{ctx, r, items[0]}, works...)
	for k, d := range done {
		if r.journal != nil && d.Wrote {
			r.journal.add(&record{item: items[k], work: &works[k], user: d.User, found: there(works[k])})
		}
		r.settleWork(ctx, items[k], d, began)
	}
}

// there tells of users that are to be made whether they were there right before. It is true where that cannot be told.
func (r *Run) there(ctx context.Context, mon ceph.Commander, works []ceph.Work) func(ceph.Work) bool {
	var names []string
	for _, w := range works {
		if r.journal != nil && w.User != nil && w.User.Was.Entity == "" {
			names = append(names, w.User.Want.Entity)
		}
	}
	if len(names) == 0 {
		return func(ceph.Work) bool { return false }
	}
	users, err := ceph.New(mon).Users(ctx, names...)
	return func(w ceph.Work) bool {
		if w.User == nil {
			return false
		}
		_, found := users[w.User.Want.Entity]
		return found || err != nil
	}
}

// A stoppable is a context whose Err also asks Held: the changes of a cluster are several
// exchanges, and Err is asked before each.
type stoppable struct {
	context.Context
	run  *Run
	item Item
}

func (s stoppable) Err() error {
	if s.run.stopped(s.Context, s.item) != nil && s.Context.Err() == nil {
		return context.Canceled
	}
	return s.Context.Err()
}

func (r *Run) settleWork(ctx context.Context, i Item, d ceph.Done, began time.Time) {
	switch {
	case errors.Is(d.Err, ceph.ErrSkipped):
		r.End(i.ID, Outcome{Status: Skipped, Because: r.culprit(i), Took: time.Since(began)})
		return
	case d.Err != nil && !d.Wrote && r.stopped(ctx, i) != nil:
		r.End(i.ID, Outcome{Status: Cancelled, Err: r.stopped(ctx, i), Took: time.Since(began)})
		return
	case d.Err != nil && !d.Wrote:
		r.End(i.ID, Outcome{Status: Failed, Err: conflict(d.Err), Took: time.Since(began)})
		return
	}
	if why := r.stopped(ctx, i); why != nil && errors.Is(d.Err, context.Canceled) && !errors.Is(why, context.Canceled) {
		d.Err = fmt.Errorf("%w: %w", d.Err, why)
	}
	r.settle(i.ID, true, d.Err, began)
}

func (r *Run) cloud(ctx context.Context, p Part) {
	for _, i := range p.Items {
		if !i.Changes() || !r.ready(ctx, i, alone) {
			continue
		}
		began := time.Now()
		changed, err := r.cloudStep(ctx, i.Do)
		if r.journal != nil && (changed || err != nil) {
			r.journal.add(&record{item: i})
		}
		if why := r.stopped(ctx, i); why != nil && !changed && unsent(err) {
			r.End(i.ID, Outcome{Status: Cancelled, Err: why, Took: time.Since(began)})
			continue
		}
		r.settle(i.ID, changed, err, began)
	}
}

func (r *Run) cloudStep(ctx context.Context, s step.Step) (changed bool, err error) {
	switch s := s.(type) {
	case step.CloudStep:
		return s.Do(ctx, r.e.World.Cloud)
	case step.UserStep:
		world := r.e.World.Clusters[s.Cluster]
		return s.Do(ctx, ceph.New(world.Mon).WithImages(world.Images))
	}
	return false, fmt.Errorf("integrate: %T is not a step of the cloud", s)
}

// unsent reports whether the end of a context kept a call from being sent that changes something.
func unsent(err error) bool {
	return !errors.Is(err, api.ErrUnknown) &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
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
