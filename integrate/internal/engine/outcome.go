package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// A Status says how a change ended.
type Status string

// The statuses of an Outcome.
const (
	Applied   Status = "applied"
	Unchanged Status = "unchanged" // it was so already
	Failed    Status = "failed"    // no write had an effect; a restart or a program may have gone a part of its way
	Unknown   Status = "unknown"   // an effect is possible; the next plan tells
	Skipped   Status = "skipped"   // because a change that it needs did not end well
	Cancelled Status = "cancelled" // it was not begun
)

// An Outcome is how a change ended.
type Outcome struct {
	Status  Status
	Because step.ID // of Skipped: the change that did not end well
	Err     error
	Took    time.Duration
}

// Well reports whether the change is there now.
func (o Outcome) Well() bool { return o.Status == Applied || o.Status == Unchanged }

// A Watcher is told how far a Run is. Calls are not serialized.
type Watcher interface {
	Started(step.ID)
	Ended(step.ID, Outcome)
}

// A Run carries steps out, target by target. It remembers how they ended, since
// those of other targets may need them.
type Run struct {
	e     *Engine
	base  *Base
	watch Watcher
	// Held says right before a step whether it may begin, apart from ctx; nil where
	// nobody else is kept out.
	Held func(step.Step) error

	mu    sync.Mutex
	done  map[step.ID]Outcome
	down  map[step.Target]error // see Down
	users map[string]*reading   // by cluster
	again *recheck              // nil before the first change with a Recheck

	journal *journal // nil where nothing is taken back
}

// NewRun begins a run on top of a comparison.
func (e *Engine) NewRun(base *Base, watch Watcher) *Run {
	return &Run{e: e, base: base, watch: watch, done: map[step.ID]Outcome{}, down: map[step.Target]error{},
		users: map[string]*reading{}}
}

// Outcome is how a change ended, if it did.
func (r *Run) Outcome(id step.ID) (Outcome, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.done[id]
	return o, ok
}

// Forget drops the outcomes of a target, where no other target can need them.
func (r *Run) Forget(p Part) {
	if p.Target.Where != step.OnHost {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range p.Items {
		if !r.base.asked[i.ID] {
			delete(r.done, i.ID)
		}
	}
}

// End writes down how a change ended.
func (r *Run) End(id step.ID, o Outcome) {
	r.mu.Lock()
	r.done[id] = o
	r.mu.Unlock()
	r.watch.Ended(id, o)
}

// settle writes down how a step ended that was begun.
func (r *Run) settle(id step.ID, changed bool, err error, began time.Time) {
	r.End(id, Outcome{Status: status(changed, err), Err: conflict(err), Took: time.Since(began)})
}

// unbegun writes down that a step was not begun, as it could not be made ready.
func (r *Run) unbegun(ctx context.Context, id step.ID, err error, began time.Time) {
	o := Outcome{Status: Failed, Err: conflict(err), Took: time.Since(began)}
	if ctx.Err() != nil {
		o.Status = Cancelled
	}
	r.End(id, o)
}

func status(changed bool, err error) Status {
	switch {
	case err == nil && changed:
		return Applied
	case err == nil:
		return Unchanged
	case isConflict(err):
		return Failed
	case errors.Is(err, remote.ErrUnknown), cutShort(err), errors.Is(err, ceph.ErrUnreachable),
		errors.Is(err, libvirtsecret.ErrUnknown), errors.Is(err, api.ErrUnknown),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unknown
	}
	return Failed
}

// cutShort reports whether an operation was ended on the host for its time. A host that
// could not be connected to in time is something else.
func cutShort(err error) bool {
	return errors.Is(err, remote.ErrTimeout) && !errors.As(err, new(*remote.HostError))
}

func isConflict(err error) bool {
	for _, known := range []error{step.ErrConflict, remote.ErrConflict, ceph.ErrConflict, libvirtsecret.ErrConflict} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func conflict(err error) error {
	if isConflict(err) && !errors.Is(err, step.ErrConflict) {
		return fmt.Errorf("%w: %w; plan again", step.ErrConflict, err)
	}
	return err
}

// ready reports whether a change may begin: all that it needs ended well, or goes
// before it in the same exchange, and ctx goes on. Otherwise it is written down why
// not.
func (r *Run) ready(ctx context.Context, i Item, together func(step.ID) bool) bool {
	if err := r.stopped(ctx, i); err != nil {
		r.End(i.ID, Outcome{Status: Cancelled, Err: err})
		return false
	}
	for _, id := range i.Needs {
		if together(id) {
			continue
		}
		o, ok := r.Outcome(id)
		if !ok {
			r.End(i.ID, Outcome{Status: Failed, Err: fmt.Errorf("%w: it needs %s, which is not done yet, and this plan "+
				"does not do it; plan again", step.ErrConflict, id)})
			return false
		}
		if !o.Well() {
			r.End(i.ID, Outcome{Status: Skipped, Because: id})
			return false
		}
	}
	if err := r.open(ctx, i); err != nil {
		r.unbegun(ctx, i.ID, err, time.Now())
		return false
	}
	r.watch.Started(i.ID)
	return true
}

// stopped is why nothing is begun any more.
func (r *Run) stopped(ctx context.Context, i Item) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.Held != nil {
		return r.Held(i.Do)
	}
	return nil
}

// late is what is known only now.
func (r *Run) late(ctx context.Context) step.Late {
	key := func(cluster, entity string) (ceph.Key, error) { return r.key(ctx, cluster, entity) }
	return step.Late{Key: key, Settle: r.e.Settle}
}

// alone says that a change goes together with no other.
func alone(step.ID) bool { return false }
