package integrate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// Apply makes a plan's changes. The result is never nil, and the error is its
// Err. A change that fails keeps only those that need it from being made;
// a host that fails delays no other of its stage. Run again to finish: what is
// done is found done. Without a plan, or with options that cannot be, nothing is
// done.
func (in *Integration) Apply(ctx context.Context, plan *Plan, opts ApplyOptions) (*Result, error) {
	if plan == nil {
		return &Result{}, errors.New("integrate: Apply without a plan")
	}
	r := newRun(in, plan)
	if err := opts.check(); err != nil {
		r.close(err)
		return r.result, err
	}
	if r.seen == nil {
		r.rebase(ctx)
	} else {
		r.seen = r.seen.clone()
	}
	r.clusters(ctx)
	_, err := opts.rollout(ctx, r.targets(StageComputes), in.limit(), r.host)
	if err == nil {
		for _, name := range r.targets(StageControllers) { // so that one of several serves at any time
			r.hosts(ctx, []string{name})
		}
		r.cloud(ctx)
		err = context.Cause(ctx)
	}
	r.close(err)
	return r.result, r.result.Err()
}

// A run is one Apply under way.
type run struct {
	in     *Integration
	plan   *Plan
	seen   *observed
	index  map[string]int   // change ID to position
	of     map[string][]int // target to positions
	mu     sync.Mutex       // guards result
	result *Result
	// before are changes of other plans that ended before, by ID.
	before map[string]Status
}

func newRun(in *Integration, plan *Plan) *run {
	r := &run{in: in, plan: plan, seen: plan.seen, index: map[string]int{}, of: map[string][]int{}}
	r.result = &Result{Outcomes: make([]Outcome, len(plan.Changes)), Findings: plan.Findings}
	for i, c := range plan.Changes {
		r.index[c.ID] = i
		r.of[c.Target] = append(r.of[c.Target], i)
		r.result.Outcomes[i] = Outcome{Change: c}
	}
	return r
}

// rebase observes the world for a plan that was stored, and settles the
// changes that are no longer what they were.
func (r *run) rebase(ctx context.Context) {
	r.seen = r.in.observe(ctx)
	now := r.in.diff(r.seen)
	fresh := map[string]Change{}
	for _, c := range now.Changes {
		fresh[c.ID] = c
	}
	broken := map[string]error{}
	for _, f := range now.Problems() {
		broken[f.Target] = errors.Join(broken[f.Target], &problemError{f})
	}
	for _, c := range r.plan.Changes {
		now, ok := fresh[c.ID]
		switch {
		case !ok && broken[c.Target] != nil:
			r.finish(c.ID, Failed, broken[c.Target], 0)
		case !ok:
			r.finish(c.ID, Unchanged, nil, 0)
		case !same(now, c) || slices.ContainsFunc(now.Needs, func(id string) bool { return !slices.Contains(c.Needs, id) }):
			r.finish(c.ID, Failed, fmt.Errorf("%w: plan again", ErrConflict), 0)
		}
	}
}

// same compares two changes but for their reasons and needs.
func same(a, b Change) bool {
	a.Reason, a.Needs, b.Reason, b.Needs = "", nil, "", nil
	if len(a.Diffs) == 0 && len(b.Diffs) == 0 {
		a.Diffs, b.Diffs = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// changes lists the changes of a target that are not settled yet.
func (r *run) changes(target string, pick func(Change) bool) []Change {
	var out []Change
	for _, i := range r.of[target] {
		if c := r.plan.Changes[i]; pick(c) && r.status(c.ID) == "" {
			out = append(out, c)
		}
	}
	return out
}

func (r *run) status(id string) Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, ok := r.index[id]; ok {
		return r.result.Outcomes[i].Status
	}
	if s, ok := r.before[id]; ok {
		return s
	}
	return Unchanged
}

// ready reports whether a change may begin: all that it needs ended well, or
// goes before it in the same batch, and ctx goes on. Otherwise it is settled.
func (r *run) ready(ctx context.Context, c Change, batch ...string) bool {
	if ctx.Err() != nil {
		return false // close settles it
	}
	for _, id := range c.Needs {
		if slices.Contains(batch, id) {
			continue
		}
		if r.failed(id) {
			r.skip(c.ID, id)
			return false
		}
	}
	r.in.emit(ChangeStarted{c})
	return true
}

// skip settles a change that was not made because of another one.
func (r *run) skip(id, because string) {
	r.mu.Lock()
	o := &r.result.Outcomes[r.index[id]]
	o.Status, o.Because = Skipped, because
	done := *o
	r.mu.Unlock()
	r.in.emit(ChangeFinished{done})
}

func (r *run) finish(id string, s Status, err error, took time.Duration) {
	r.mu.Lock()
	o := &r.result.Outcomes[r.index[id]]
	o.Status, o.Err, o.Took = s, err, took
	if err != nil {
		o.Error = err.Error()
	}
	done := *o
	r.mu.Unlock()
	r.in.emit(ChangeFinished{done})
}

// close settles what was not reached.
func (r *run) close(why error) {
	if why == nil {
		why = ErrStopped
	}
	for _, c := range r.plan.Changes {
		if r.status(c.ID) == "" {
			r.finish(c.ID, Cancelled, why, 0)
		}
	}
}

// settle translates an error into a status.
func (r *run) settle(id string, changed bool, err error, began time.Time) {
	s := Applied
	switch {
	case err == nil && !changed:
		s = Unchanged
	case errors.Is(err, remote.ErrConflict) || errors.Is(err, ceph.ErrConflict):
		s, err = Failed, fmt.Errorf("%w: %w", ErrConflict, err)
	case errors.Is(err, remote.ErrUnknown) || errors.Is(err, ceph.ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		s = Unknown
	case err != nil:
		s = Failed
	}
	r.finish(id, s, err, time.Since(began))
}

func (r *run) clusters(ctx context.Context) {
	var wg sync.WaitGroup
	for _, s := range r.in.site.spec.Clusters {
		wg.Go(func() {
			for _, c := range r.changes(s.Name, func(c Change) bool { return c.Stage == StageCluster }) {
				if r.ready(ctx, c) {
					began := time.Now()
					r.settle(c.ID, true, r.clusterChange(ctx, s, c), began)
				}
			}
		})
	}
	wg.Wait()
}

func (r *run) clusterChange(ctx context.Context, s spec.Cluster, c Change) error {
	world := r.in.world.Clusters[s.Name]
	cluster := ceph.New(world.Mon)
	seen := r.seen.clusters[s.Name]
	switch c.Kind {
	case KindErasureProfile:
		return applyProfile(ctx, cluster, s, c.Name)
	case KindPool:
		p := poolChange{change: c, cluster: cluster, seen: seen.pools[c.Name], want: asKnown(r.in.site.poolDetails(s.Name, c.Name), seen.status.Release)}
		if !r.in.site.holdsData(s.Name, c.Name) {
			p.images = world.Images
		}
		return p.apply(ctx)
	}
	i := slices.IndexFunc(r.in.site.users, func(u userUse) bool { return u.Cluster == s.Name && u.Entity == c.Name })
	want := r.in.site.users[i]
	have, ok := seen.users[c.Name]
	caps := wantedCaps(s, have, want)
	if ok {
		return cluster.SetCaps(ctx, c.Name, have.Caps, caps)
	}
	user, err := cluster.CreateUser(ctx, c.Name, caps)
	if errors.Is(err, ceph.ErrExists) {
		return fmt.Errorf("%w: somebody made the user with other rights: %w", ErrConflict, err)
	}
	if err != nil {
		return err
	}
	seen.users[c.Name] = user
	return nil
}

// targets lists the hosts of a stage that have changes or a Problem, in order.
func (r *run) targets(stage Stage) []string {
	there := map[string]bool{}
	for _, c := range r.plan.Changes {
		there[c.Target] = there[c.Target] || c.Stage == stage
	}
	for _, f := range r.plan.Findings {
		there[f.Target] = there[f.Target] || f.Problem
	}
	var names []string
	for _, h := range r.in.site.inOrder() {
		if stageOf(h) == stage && there[h.Name] {
			names = append(names, h.Name)
		}
	}
	return names
}

// hosts applies all changes of hosts in parallel.
func (r *run) hosts(ctx context.Context, names []string) {
	remote.Each(ctx, names, r.in.limit(), r.host)
}

// host applies a host's changes; the error is the first that did not end well,
// or a Problem.
func (r *run) host(ctx context.Context, name string) (struct{}, error) {
	if len(r.of[name]) > 0 {
		h := &hostRun{run: r, spec: r.in.host(name)}
		h.diff = h.differ()
		h.apply(ctx)
		r.in.rest(name)
	}
	for _, i := range r.of[name] {
		if c := r.plan.Changes[i]; r.failed(c.ID) {
			return struct{}{}, &ChangeError{Change: c, Status: r.status(c.ID)}
		}
	}
	for _, f := range r.plan.Findings {
		if f.Problem && f.Target == name {
			return struct{}{}, &problemError{f}
		}
	}
	return struct{}{}, nil
}

func (r *run) failed(id string) bool {
	s := r.status(id)
	return s != Applied && s != Unchanged
}

func (r *run) cloud(ctx context.Context) {
	for _, c := range r.changes(cloudTarget, func(c Change) bool { return c.Stage == StageCloud }) {
		if r.ready(ctx, c) {
			began := time.Now()
			r.settle(c.ID, true, r.volumeType(ctx, c), began)
		}
	}
}
