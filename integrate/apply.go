package integrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// ApplyOptions say how a plan rolls out over the computes. A compute does not end well
// if a change of it fails, if it cannot be reached, or if it has another Problem. What is
// not begun because of that has the error ErrStopped.
type ApplyOptions struct {
	// Only restricts the plan; see Plan.Only.
	Only Scope
	// Canaries is how many computes go first, in the order of the Spec. If one of
	// them does not end well, the other computes and the controllers are not begun.
	// An Apply counts only computes with a change or a Problem; a Converge counts
	// all of them.
	Canaries int
	// MaxFailed stops the rollout once this many computes did not end well: no
	// further compute and no controller is begun. 0 never stops.
	MaxFailed int
	// MaxWait is how long the rollout waits for a cluster that is not healthy enough, if the Spec
	// has gate: health. After that, the hosts that were not begun have the error world.ErrUnhealthy.
	// 0 is 30 minutes. Each wait has the whole time.
	MaxWait time.Duration
	// BreakLock is owner@host of an operator lock, as the error names them. If that program
	// has the lock, it is taken away first. The program learns that within 30 s, and begins
	// nothing more then. Use it only for a program that will not come back.
	BreakLock string
	// UndoOnFailure takes back what this Apply has changed, if a change does not end well. Outcome.Undo tells what became
	// of it. The section on taking back in the documentation of the package says what stays.
	UndoOnFailure bool
}

func (o ApplyOptions) check(in *Integration) error {
	if o.Canaries < 0 || o.MaxFailed < 0 {
		return fmt.Errorf("integrate: a rollout with %d canaries and at most %d failed computes: neither can be negative",
			o.Canaries, o.MaxFailed)
	}
	if o.MaxWait < 0 {
		return fmt.Errorf("integrate: a rollout that waits for %s: that cannot be negative", o.MaxWait)
	}
	return o.Only.check(in)
}

var errEdited = errors.New("integrate: the plan was edited after it was made; plan again, and restrict what is " +
	"applied instead of editing the plan")

// Apply makes the changes of a plan. A change that does not end well holds back only
// those changes that need it. But if a service of several controllers does not come back
// after its restart, the hosts behind are left alone (see the documentation of the package).
// A host that does not answer delays no other host of its stage. Plan and apply again to
// finish: a change that was made is not made again.
//
// The Result is never nil, and has an Outcome for each change. The error is Result.Err,
// or says why the plan or the options were refused. A plan is refused if it was made for
// another Spec or for other clusters, or was edited. Nothing is done then, and all
// outcomes are Cancelled.
//
// A plan that was stored, or that another Integration made, is compared with the world
// once more. A change that would not be the same now fails with ErrConflict, or with the
// Problem that it has become.
//
// Apply holds the operator lock of the first cluster of the Spec while it changes things.
// If the lock cannot be taken, nothing is done, and the error is world.ErrLock. A plan without
// changes needs no lock, and takes it only if BreakLock asks for that.
func (in *Integration) Apply(ctx context.Context, plan *Plan, opts ApplyOptions) (*Result, error) {
	if plan == nil {
		return &Result{Format: planFormat}, errors.New("integrate: Apply without a plan")
	}
	err := errors.Join(in.refuses(plan), opts.check(in))
	if err == nil {
		plan, err = plan.Only(opts.Only)
	}
	a := newApplying(in, plan)
	if err == nil && (len(plan.Changes) > 0 || opts.BreakLock != "") {
		a.hold, err = in.hold(ctx, "apply", opts)
		defer func() { a.release() }() // that of then: an undo may take the lock once more
		ctx = a.ctx
	}
	if err == nil {
		err = a.begin(ctx)
	}
	if err != nil {
		a.close(err)
		return a.result, err
	}
	if opts.UndoOnFailure {
		a.run.Undoable()
	}
	targets := a.targets()
	pace := a.events.pace(len(targets))
	rollout := engine.Rollout{Canaries: opts.Canaries, MaxFailed: opts.MaxFailed,
		Begin: in.gate(a.events, opts, a.changes), Do: pace.do(a.target),
		Left: func(t step.Target, _ error) { pace.end(t) }, Down: a.run.Down}
	err = in.engine.Roll(ctx, rollout, targets)
	a.close(err)
	if opts.UndoOnFailure {
		a.undo(ctx)
	}
	return a.result, a.result.Err()
}

// refuses says why a plan is not one of this Spec.
func (in *Integration) refuses(p *Plan) error {
	switch {
	case p.Format != planFormat:
		return fmt.Errorf("%w: the plan has format %d, and this program makes format %d", ErrConflict, p.Format, planFormat)
	case p.Digest != p.sum():
		return errEdited
	case p.Spec != in.digest:
		return fmt.Errorf("%w: the plan is of another Spec, or the Spec was changed since (digest %.23s, "+
			"not %.23s%s); plan again", ErrConflict, p.Spec, in.digest, in.unknown(p))
	case in.unknown(p) != "":
		return fmt.Errorf("%w: the plan is of another Spec%s; plan again", ErrConflict, in.unknown(p))
	}
	return nil
}

// unknown says which targets of a plan the Spec does not have.
func (in *Integration) unknown(p *Plan) string {
	known := map[step.Target]bool{}
	for _, t := range in.engine.Site.Targets() {
		known[t] = true
	}
	names := map[string]bool{}
	for _, c := range p.Changes {
		if !known[c.target()] {
			names[c.Target] = true
		}
	}
	for name := range p.Clusters {
		if !known[step.AtCluster(name)] {
			names[name] = true
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; the Spec does not have " + words.JoinShort(slices.Sorted(maps.Keys(names)))
}

// An applying is one Apply under way.
type applying struct {
	in     *Integration
	plan   *Plan
	events *events
	run    *engine.Run
	base   *engine.Base
	hold
	index map[string]int // change ID to position
	of    map[step.Target][]int
	// problems are those of the plan, by target.
	problems map[string][]error

	mu     sync.Mutex // guards result
	result *Result
}

func newApplying(in *Integration, plan *Plan) *applying {
	a := &applying{in: in, plan: plan, events: in.newEvents(), index: map[string]int{}, of: map[step.Target][]int{},
		problems: problemsByTarget(plan.Findings)}
	a.result = &Result{Format: planFormat, Outcomes: make([]Outcome, len(plan.Changes)), Findings: plan.Findings,
		LeftOut: plan.LeftOut}
	for i, c := range plan.Changes {
		a.index[c.ID] = i
		a.of[c.target()] = append(a.of[c.target()], i)
		a.result.Outcomes[i] = Outcome{Change: c}
	}
	return a
}

// begin gets what changes are compared with. What the plan was made from is still
// there, unless the plan was stored or is another Integration's.
func (a *applying) begin(ctx context.Context) error {
	var now map[string]string
	if k := a.plan.kept; k != nil && k.by == a.in.engine {
		a.base = k.base
		now = a.in.engine.FSIDs(ctx, slices.Sorted(maps.Keys(a.plan.Clusters)))
	} else {
		a.base = a.in.engine.Base(ctx, a.scope())
		now = a.base.FSIDs()
	}
	for _, name := range slices.Sorted(maps.Keys(a.plan.Clusters)) {
		if fsid, known := now[name]; known && fsid != a.plan.Clusters[name] {
			return fmt.Errorf("%w: the plan is for cluster %s with fsid %s, and its fsid is %s here; plan again",
				ErrConflict, words.Short(name), words.Short(a.plan.Clusters[name]), words.Short(fsid))
		}
	}
	a.run = a.in.engine.NewRun(a.base, a)
	a.run.Held = a.held
	return nil
}

// scope is what a stored plan is about.
func (a *applying) scope() engine.Scope {
	var s engine.Scope
	if len(a.plan.LeftOut) == 0 {
		return s
	}
	for _, t := range a.targets() {
		switch t.Where {
		case step.OnCluster:
			s.Clusters = append(s.Clusters, t.Name)
		case step.OnHost:
			s.Hosts = append(s.Hosts, t.Name)
		}
	}
	return s
}

// targets lists where the plan has changes or, on hosts, a Problem.
func (a *applying) targets() []step.Target {
	return slices.DeleteFunc(a.in.engine.Site.Targets(), func(t step.Target) bool {
		return len(a.of[t]) == 0 && (t.Where != step.OnHost || len(a.problems[t.Name]) == 0)
	})
}

// changes lists what is changed in a target.
func (a *applying) changes(t step.Target) (list []Change, known bool) {
	for _, i := range a.of[t] {
		list = append(list, a.plan.Changes[i])
	}
	return list, true
}

// target makes the changes of a target. The error is the first that did not end
// well, or a Problem.
func (a *applying) target(ctx context.Context, t step.Target) error {
	if len(a.of[t]) > 0 {
		part, ok := a.part(ctx, t)
		if ok {
			a.run.Do(ctx, part)
		}
		if t.Where == step.OnHost {
			a.in.engine.Rest(t.Name)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, i := range a.of[t] {
		if o := a.result.Outcomes[i]; o.Status != Applied && o.Status != Unchanged {
			return &ChangeError{Change: o.Change, Status: o.Status, Err: o.Err}
		}
	}
	return errors.Join(a.problems[t.Name]...)
}

// part gives the steps of a target: those that the plan kept, or those of another
// comparison, which must be the same.
func (a *applying) part(ctx context.Context, t step.Target) (engine.Part, bool) {
	if k := a.plan.kept; k != nil && k.by == a.in.engine {
		if part, ok := k.parts[t]; ok {
			return a.planned(part), true
		}
	}
	if ctx.Err() != nil {
		return engine.Part{}, false // close settles what is left
	}
	return a.same(a.refresh(ctx, t)), true
}

// refresh reads and compares a target once more.
func (a *applying) refresh(ctx context.Context, t step.Target) engine.Part {
	switch t.Where {
	case step.OnCluster:
		part, _ := a.base.Cluster(t.Name)
		return part
	case step.OnHost:
		return a.base.Host(a.in.engine.Look(ctx, t.Name, a.base))
	}
	return a.base.Cloud()
}

// planned keeps the items of a part that are changes of the plan.
func (a *applying) planned(p engine.Part) engine.Part {
	p.Items = slices.DeleteFunc(slices.Clone(p.Items), func(i engine.Item) bool {
		_, ok := a.index[i.ID.String()]
		return !ok
	})
	return p
}

// same keeps the changes of the plan that are the same now, and settles the others.
func (a *applying) same(now engine.Part) engine.Part {
	fresh := map[step.ID]engine.Item{}
	for _, i := range now.Items {
		fresh[i.ID] = i
	}
	kept := engine.Part{Target: now.Target}
	for _, k := range a.of[now.Target] {
		c := a.plan.Changes[k]
		id := c.id()
		i, there := fresh[id]
		switch {
		case !there:
			a.fail(id, fmt.Errorf("%w: the Spec asks for no such thing", ErrConflict))
		case i.Changes() && sameChange(a.asPlanned(a.in.changeOf(i), c), c):
			i.Needs = a.needs(i, c)
			kept.Items = append(kept.Items, i)
		case i.Changes():
			a.fail(id, fmt.Errorf("%w: what is there now asks for another change%s; plan again", ErrConflict,
				otherChange(a.in.changeOf(i), c)))
		case i.Refused || i.Unable != nil:
			a.refuse(now, i)
		case !i.HeldBy.IsZero():
			i.Because = i.HeldBy
			a.refuse(now, i)
		default:
			a.run.End(id, engine.Outcome{Status: engine.Unchanged})
		}
	}
	return kept
}

// needs are what a change needs now, and what it needed when it was planned, where
// the plan still has that.
func (a *applying) needs(i engine.Item, c Change) []step.ID {
	needs := slices.Clone(i.Needs)
	for _, id := range c.Needs {
		k, ok := a.index[id]
		if ok && !slices.Contains(needs, a.plan.Changes[k].id()) {
			needs = append(needs, a.plan.Changes[k].id())
		}
	}
	return needs
}

// refuse settles a change that is left alone now. A change is skipped where another change
// of the plan is the cause, which fails.
func (a *applying) refuse(now engine.Part, i engine.Item) {
	root := a.base.Root(now, i)
	if _, planned := a.index[root.ID.String()]; planned && root.ID != i.ID {
		a.run.End(i.ID, engine.Outcome{Status: engine.Skipped, Because: root.ID})
		return
	}
	for _, f := range root.Findings {
		if f.Problem {
			a.fail(i.ID, &problemError{findingOf(root, f)})
			return
		}
	}
	a.fail(i.ID, cmp.Or(root.Unable, fmt.Errorf("%w: it is left alone because of %s", ErrIncomplete, root.ID)))
}

// fail settles a change that is not begun.
func (a *applying) fail(id step.ID, why error) {
	a.run.End(id, engine.Outcome{Status: engine.Failed, Err: why})
}

// asPlanned words a change as the plan words it. A plan that makes a user shows the key of
// the user as "of the new user". After an earlier Apply has made the user, a comparison
// shows the digest of the key instead, and means the same key.
func (a *applying) asPlanned(now, planned Change) Change {
	made := slices.ContainsFunc(planned.Needs, func(id string) bool {
		k, ok := a.index[id]
		return ok && a.plan.Changes[k].Kind == "user" && a.plan.Changes[k].Action == Create
	})
	if !made || len(now.Diffs) != len(planned.Diffs) {
		return now
	}
	now.Diffs = slices.Clone(now.Diffs)
	for n, d := range planned.Diffs {
		if d.Desired == words.OfNewUser && now.Diffs[n].Field == d.Field {
			now.Diffs[n].Desired = words.OfNewUser
		}
	}
	return now
}

// sameChange compares two changes but for their reasons and needs: what the change
// needs is looked at when it begins.
func sameChange(a, b Change) bool {
	a.Reason, a.Needs, b.Reason, b.Needs = "", nil, "", nil
	if len(a.Diffs) == 0 && len(b.Diffs) == 0 {
		a.Diffs, b.Diffs = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// otherChange tells the first difference that makes a change another one than was
// planned.
func otherChange(now, planned Change) string {
	for _, d := range now.Diffs {
		if !slices.Contains(planned.Diffs, d) {
			d.Why = ""
			return fmt.Sprintf(" (now %s)", d)
		}
	}
	for _, d := range planned.Diffs {
		if !slices.Contains(now.Diffs, d) {
			return fmt.Sprintf(" (%s needs no change any more)", d.Field)
		}
	}
	if now.Action != planned.Action {
		return fmt.Sprintf(" (the action is now %s)", now.Action)
	}
	return fmt.Sprintf(" (the name is now %s)", now.Name)
}

// Started implements engine.Watcher.
func (a *applying) Started(id step.ID) {
	a.events.emit(ChangeStarted{a.plan.Changes[a.index[id.String()]]})
}

// Ended implements engine.Watcher.
func (a *applying) Ended(id step.ID, e engine.Outcome) {
	i, ok := a.index[id.String()]
	if !ok {
		return
	}
	a.mu.Lock()
	o := &a.result.Outcomes[i]
	o.set(e)
	done := *o
	a.mu.Unlock()
	a.events.emit(ChangeFinished{done})
}

// close settles what was not reached.
func (a *applying) close(why error) {
	if why == nil {
		why = ErrStopped
	}
	for i := range a.result.Outcomes {
		a.mu.Lock()
		o := &a.result.Outcomes[i]
		open := o.Status == ""
		if open {
			o.set(engine.Outcome{Status: engine.Cancelled, Err: why})
		}
		done := *o
		a.mu.Unlock()
		if open {
			a.events.emit(ChangeFinished{done})
		}
	}
}
