package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// An UndoStatus says what became of a change that was to be taken back.
type UndoStatus string

// The statuses of an Undone.
const (
	TakenBack UndoStatus = "undone" // all is as it was before the change
	Left      UndoStatus = "left"   // it stays, or a part of it; Err says why
	NotUndone UndoStatus = "failed" // it could not be taken back; Err says why
)

// An Undone is what became of a change that was to be taken back.
type Undone struct {
	Status UndoStatus
	Err    error
}

// A record is what a Run did for a change, and what was there before.
type record struct {
	item Item
	door remote.Host
	ops  []remote.Op // without their conditions
	// results are those of ops; fewer where the exchange broke off.
	results []remote.Result
	before  map[string]remote.Result // by path
	secret  *libvirtsecret.Change
	// undefined is a secret that was removed, as it was right before.
	undefined *libvirtsecret.Secret
	work      *ceph.Work
	user      ceph.User // of a work that made a user: as it was made
	found     bool      // of such a work: the user was there already, or that could not be told
}

// A journal is what a Run that may be taken back has done.
type journal struct {
	mu   sync.Mutex
	list []*record
}

func (j *journal) add(rec *record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, rec)
}

// Undoable makes the Run keep what it takes to take its changes back: each host is read right before it is changed.
func (r *Run) Undoable() { r.journal = &journal{} }

// An undoing takes the changes of a Run back.
type undoing struct {
	*Run
	held map[step.ID]step.ID // what a restarted process uses, and the change of the restart
	// needing are the changes that need another one.
	needing map[step.ID][]*record

	mu   sync.Mutex
	done map[step.ID]Undone
}

// Undo takes back what the Run has changed, in the reverse order: what goes through the APIs, the hosts, the clusters.
// Only what still is as the Run made it is touched. It gives what became of each change that had an effect, or may
// have had one.
func (r *Run) Undo(ctx context.Context) map[step.ID]Undone {
	u := &undoing{Run: r, held: map[step.ID]step.ID{}, needing: map[step.ID][]*record{}, done: map[step.ID]Undone{}}
	byTarget := map[step.Target][]*record{}
	var hosts []string
	for _, rec := range r.journal.list {
		t := rec.item.ID.Target
		if t.Where == step.OnHost && byTarget[t] == nil {
			hosts = append(hosts, t.Name)
		}
		byTarget[t] = append(byTarget[t], rec)
	}
	u.hold()
	u.cloud(ctx, byTarget[step.AtCloud()])
	slices.Reverse(hosts)
	work := func(ctx context.Context, name string) (struct{}, error) {
		u.host(ctx, byTarget[step.AtHost(name)])
		return struct{}{}, nil
	}
	_ = remote.Each(ctx, hosts, r.e.Parallel, work)
	for _, c := range r.e.Site.Clusters {
		u.cluster(ctx, c.Name, byTarget[step.AtCluster(c.Name)])
	}
	for _, rec := range r.journal.list { // of hosts that were not begun, as ctx ended
		if _, told := u.done[rec.item.ID]; !told && u.hadEffect(rec) {
			u.end(rec, NotUndone, context.Cause(ctx))
		}
	}
	return u.done
}

func (u *undoing) end(rec *record, s UndoStatus, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done[rec.item.ID] = Undone{s, err}
}

// hold finds what processes use that this Run has restarted. Such a process has read the new options, and works with
// what is in Ceph and in files beside them until it is restarted again.
func (u *undoing) hold() {
	items := map[step.ID]Item{}
	for _, rec := range u.journal.list {
		items[rec.item.ID] = rec.item
		for _, need := range rec.item.Needs {
			u.needing[need] = append(u.needing[need], rec)
		}
	}
	var keep func(id, unit step.ID)
	keep = func(id, unit step.ID) {
		for _, need := range items[id].Needs {
			if _, seen := u.held[need]; !seen {
				u.held[need] = unit
				keep(need, unit)
			}
		}
	}
	for _, rec := range u.journal.list {
		o, _ := u.Outcome(rec.item.ID)
		if rec.restarts() && (o.Status == Applied || o.Status == Unknown) {
			keep(rec.item.ID, rec.item.ID)
		}
	}
}

// restarts reports whether the change is a restart.
func (rec *record) restarts() bool {
	return slices.ContainsFunc(rec.ops, func(op remote.Op) bool { _, is := op.(remote.RestartUnit); return is })
}

// hadEffect reports whether a change did something, or may have done something.
func (u *undoing) hadEffect(rec *record) bool {
	o, ok := u.Outcome(rec.item.ID)
	switch {
	case !ok:
		return false
	case o.Status == Applied, o.Status == Unknown:
		return true
	case o.Status == Failed && rec.restarts():
		return true
	}
	return o.Status == Failed && slices.ContainsFunc(rec.results, func(r remote.Result) bool { return r.Changed })
}

// stays says why a change is not taken back: a process uses it, or something stays that needs it. Options are only
// read when a process starts, so that they go back all the same.
func (u *undoing) stays(rec *record) error {
	id := rec.item.ID
	if unit, ok := u.held[id]; ok && id.Kind != "settings" {
		return fmt.Errorf("it stays, as %s on %s was restarted, and uses it from now on", unit.Name, unit.Target.Name)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, other := range u.needing[id] {
		if d, told := u.done[other.item.ID]; told && d.Status != TakenBack && !other.restarts() {
			return fmt.Errorf("it stays, as %s, which needs it, stays", other.item.ID)
		}
	}
	return nil
}

// mayWrite is why nothing is written any more, such as a lock that is lost.
func (u *undoing) mayWrite(ctx context.Context, rec *record) error {
	return u.stopped(ctx, rec.item)
}

// cloud takes back what was made through the APIs.
func (u *undoing) cloud(ctx context.Context, recs []*record) {
	for _, rec := range slices.Backward(recs) {
		s, _ := rec.item.Do.(step.CloudStep)
		if !u.hadEffect(rec) {
			continue
		}
		if err := u.mayWrite(ctx, rec); err != nil {
			u.end(rec, NotUndone, err)
			continue
		}
		if s.Undo == nil {
			u.end(rec, Left, errors.New("the Ceph user is gone with its key, and so stays what was removed before it"))
			continue
		}
		u.settleUndo(rec, s.Undo(ctx, u.e.World.Cloud))
	}
}

// settleUndo tells what somebody else has changed since from what could not be done.
func (u *undoing) settleUndo(rec *record, err error) {
	switch {
	case err == nil:
		u.end(rec, TakenBack, nil)
	case isConflict(err):
		u.end(rec, Left, fmt.Errorf("somebody changed it since, so it stays: %w", err))
	default:
		u.end(rec, NotUndone, err)
	}
}

// cluster takes back what was made in a cluster. Pools and profiles stay.
func (u *undoing) cluster(ctx context.Context, name string, recs []*record) {
	c := ceph.New(u.e.World.Clusters[name].Mon)
	for _, rec := range slices.Backward(recs) {
		if !u.hadEffect(rec) {
			continue
		}
		if rec.work.User == nil {
			u.end(rec, Left, errors.New("it stays: no pool, value of a pool or erasure profile is ever taken back"))
			continue
		}
		if why := u.stays(rec); why != nil {
			u.end(rec, Left, why)
			continue
		}
		if err := u.mayWrite(ctx, rec); err != nil {
			u.end(rec, NotUndone, err)
			continue
		}
		was, want := rec.work.User.Was, rec.work.User.Want
		if was.Entity != "" {
			u.settleUndo(rec, c.SetCaps(ctx, want.Entity, want.Caps, was.Caps))
			continue
		}
		u.unmake(ctx, c, rec)
	}
}

// unmake removes a user that this Run has made, if the user still is as it was made.
func (u *undoing) unmake(ctx context.Context, c *ceph.Cluster, rec *record) {
	want := rec.work.User.Want
	now, err := c.User(ctx, want.Entity)
	switch {
	case errors.Is(err, ceph.ErrNotFound):
		u.end(rec, TakenBack, nil)
	case err != nil:
		u.end(rec, NotUndone, err)
	case rec.found, rec.user.Key.IsZero():
		u.end(rec, Left, errors.New("the user stays, as it cannot be proved that this run has made it"))
	case !now.Caps.Equal(want.Caps), !now.Key.Equal(rec.user.Key):
		u.end(rec, Left, errors.New("the user stays, as somebody gave it other rights or another key since"))
	default:
		u.settleUndo(rec, c.RemoveUser(ctx, want.Entity))
	}
}

// secret takes a libvirt secret back.
func (u *undoing) secret(ctx context.Context, name string, rec *record) {
	store, wrote := u.e.World.Secrets[name], *rec.secret
	now, err := store.Lookup(ctx, wrote.UUID)
	gone := errors.Is(err, libvirtsecret.ErrNotFound)
	was := wrote.Was
	made := was == nil || was.UUID == ""
	switch {
	case err != nil && !gone:
		u.end(rec, NotUndone, err)
	case gone && made:
		u.end(rec, TakenBack, nil)
	case gone, now.Private, now.Value.Reveal() != wrote.Value.Reveal(), now.UsageID != wrote.UsageID:
		u.end(rec, Left, errors.New("somebody changed the secret since, so it stays"))
	case made:
		u.settleUndo(rec, store.Undefine(ctx, wrote.UUID))
	default:
		u.settleUndo(rec, store.Define(ctx, libvirtsecret.Change{Secret: *was, Was: &now}))
	}
}

// redefine puts a secret back that was removed, unless somebody has defined another one since.
func (u *undoing) redefine(ctx context.Context, name string, rec *record) {
	store, was := u.e.World.Secrets[name], *rec.undefined
	now, err := store.Lookup(ctx, was.UUID)
	switch {
	case errors.Is(err, libvirtsecret.ErrNotFound):
		u.settleUndo(rec, store.Define(ctx, libvirtsecret.Change{Secret: was, Was: &libvirtsecret.Secret{}}))
	case err != nil:
		u.end(rec, NotUndone, err)
	case now.UsageID == was.UsageID && now.Value.Equal(was.Value):
		u.end(rec, TakenBack, nil)
	default:
		u.end(rec, Left, errors.New("somebody defined another secret since, so that secret stays"))
	}
}

// absent reports whether a path was not there.
func absent(r remote.Result) bool { return errors.Is(r.Err, fs.ErrNotExist) }
