package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/remote"
)

// looks are operations that read what other operations change, each path once.
func looks(ops []remote.Op) []remote.Op {
	var all []remote.Op
	seen := map[string]bool{}
	add := func(path string, op remote.Op) {
		if !seen[path] {
			seen[path] = true
			all = append(all, op)
		}
	}
	for _, op := range ops {
		switch op := bare(op).(type) {
		case remote.WriteFile:
			add(op.Path, remote.ReadFile{Path: op.Path})
		case remote.Remove:
			add(op.Path, remote.ReadFile{Path: op.Path})
		case remote.SetAttr:
			add(op.Path, remote.Stat{Path: op.Path})
		case remote.Mkdir:
			add(op.Path, remote.Stat{Path: op.Path})
		}
	}
	return all
}

// bare is an operation without its condition.
func bare(op remote.Op) remote.Op {
	if guard, is := op.(remote.If); is {
		return guard.Op
	}
	return op
}

// looked reads what operations change, by path.
func looked(ctx context.Context, door remote.Host, ops []remote.Op) (map[string]remote.Result, error) {
	reads := looks(ops)
	if len(reads) == 0 {
		return nil, nil
	}
	results, err := door.Do(ctx, reads...)
	if err == nil && len(results) < len(reads) {
		err = errNoResult
	}
	if err != nil {
		return nil, err
	}
	out := map[string]remote.Result{}
	for i, r := range results {
		_, path := remote.Describe(reads[i])
		out[path] = r
	}
	return out, nil
}

// keepBefore reads what spans will change, if the Run may be taken back. It gives false where that cannot be read: the
// changes are not begun then.
func (h *hostRun) keepBefore(ctx context.Context, spans []*span) (before map[string]remote.Result, ok bool) {
	if h.journal == nil {
		return nil, true
	}
	before, err := looked(ctx, h.door(spans[0].step), operations(spans))
	if err == nil {
		return before, true
	}
	for _, s := range spans {
		for _, i := range s.items {
			o := Outcome{Status: Failed, Err: fmt.Errorf("what is there could not be read before, so that nothing was "+
				"changed which could not be taken back: %w", err)}
			if ctx.Err() != nil {
				o.Status = Cancelled
			}
			h.End(i.ID, o)
		}
	}
	return nil, false
}

// keep notes what a span did.
func (h *hostRun) keep(s *span, results []remote.Result, before map[string]remote.Result) {
	if h.journal == nil {
		return
	}
	if s.secrets != nil {
		for k, i := range s.items {
			h.journal.add(&record{item: i, secret: &s.defines[k]})
		}
		return
	}
	var ops []remote.Op
	for _, op := range s.ops {
		ops = append(ops, bare(op))
	}
	h.journal.add(&record{item: s.items[0], door: h.door(s.step), ops: ops, results: results, before: before})
}

// A host of an undo.
type undoHost struct {
	*undoing
	name  string
	door  remote.Host
	now   map[string]remote.Result
	recs  []*record // whose operations are in ops
	parts []string  // what stays of each
	ops   []remote.Op
	of    []int // the record of each operation
}

// host takes back what was done on a host: what comes last goes first.
func (u *undoing) host(ctx context.Context, recs []*record) {
	if len(recs) == 0 {
		return
	}
	name := recs[0].item.ID.Target.Name
	var ops []remote.Op
	var door remote.Host
	for _, rec := range recs {
		if ops = append(ops, rec.ops...); door == nil || rec.door == u.e.World.Entries[name] && rec.door != nil {
			door = rec.door
		}
	}
	if entry := u.e.World.Entries[name]; entry != nil && u.e.Site.Helps() {
		door = entry // the helper does only what a plan does
	}
	if door == nil {
		door = u.e.World.Hosts[name]
	}
	now, err := looked(ctx, door, ops)
	h := &undoHost{undoing: u, name: name, door: door, now: now}
	for _, rec := range slices.Backward(recs) {
		switch {
		case !u.hadEffect(rec):
		case err != nil:
			u.end(rec, NotUndone, err)
		case rec.secret != nil, rec.undefined != nil:
			h.flush(ctx)
			h.undefine(ctx, rec)
		default:
			h.plan(rec)
		}
	}
	h.flush(ctx)
	h.startAgain(ctx, recs)
}

// undefine takes a secret back, unless it stays.
func (h *undoHost) undefine(ctx context.Context, rec *record) {
	if why := h.stays(rec); why != nil {
		h.end(rec, Left, why)
		return
	}
	if err := h.mayWrite(ctx, rec); err != nil {
		h.end(rec, NotUndone, err)
		return
	}
	if rec.undefined != nil {
		h.redefine(ctx, h.name, rec)
		return
	}
	h.secret(ctx, h.name, rec)
}

// plan adds what takes a change back to the operations, or says why the change stays.
func (h *undoHost) plan(rec *record) {
	why := h.stays(rec)
	if rec.restarts() {
		if o, _ := h.Outcome(rec.item.ID); o.Status != Failed {
			h.end(rec, Left, errors.New("it was restarted; if its options were taken back, it owes a restart again"))
		}
		return
	}
	if why != nil {
		h.end(rec, Left, why)
		return
	}
	var ops []remote.Op
	kept := ""
	for k, op := range slices.Backward(rec.ops) {
		back, stays, err := h.back(rec, k, op)
		if err != nil {
			h.end(rec, Left, err)
			return
		}
		if stays != "" {
			kept = stays
		}
		ops = append(ops, back...)
	}
	n := len(h.recs)
	h.recs, h.parts = append(h.recs, rec), append(h.parts, kept)
	var needs []int // what needs this change goes first, and has to go well
	for i, r := range h.of {
		if slices.Contains(h.recs[r].item.Needs, rec.item.ID) {
			needs = append(needs, i)
		}
	}
	for _, op := range ops {
		if len(needs) > 0 {
			op = remote.If{OK: slices.Clone(needs), Op: op}
		}
		h.ops, h.of = append(h.ops, op), append(h.of, n)
		needs = append(needs, len(h.ops)-1)
	}
}

// errSince says that a file is not as this Run made it.
var errSince = errors.New("somebody changed it since, so it stays")

// back are the operations that take an operation back, or what stays of it. An error leaves the whole change.
func (h *undoHost) back(rec *record, k int, op remote.Op) (ops []remote.Op, stays string, err error) {
	done := remote.Result{Err: remote.ErrUnknown}
	if k < len(rec.results) {
		done = rec.results[k]
	}
	if known := done.Err == nil || !errors.Is(done.Err, remote.ErrUnknown); known && !done.Changed {
		if _, runs := op.(remote.Run); !runs {
			return nil, "", nil
		}
	}
	switch op := op.(type) {
	case remote.WriteFile:
		return h.backFile(rec, op, done)
	case remote.Mkdir:
		return h.backAttr(rec, op.Path, done)
	case remote.SetAttr:
		return h.backAttr(rec, op.Path, done)
	case remote.Remove:
		old := rec.before[op.Path]
		if old.Err != nil {
			return nil, "", fmt.Errorf("%s could not be read before it was removed: %w", op.Path, old.Err)
		}
		return []remote.Op{remote.WriteFile{Path: op.Path, Data: old.Data, Owner: old.File.Owner, Group: old.File.Group,
			Mode: old.File.Mode, Was: remote.Absent}}, "", nil
	case remote.InstallPackages:
		return nil, "packages stay installed", nil
	case remote.Run:
		if kind := rec.item.ID.Kind; kind == "packages" || kind == "upgrade" {
			return nil, "packages stay as they are now", nil
		}
	}
	return nil, "", nil
}

// backFile puts back what a file was before.
func (h *undoHost) backFile(rec *record, op remote.WriteFile, done remote.Result) ([]remote.Op, string, error) {
	old, now := rec.before[op.Path], h.now[op.Path]
	sum := sha256.Sum256(op.Data)
	wrote := hex.EncodeToString(sum[:])
	switch {
	case old.Err != nil && !absent(old):
		return nil, "", fmt.Errorf("%s could not be read before it was written: %w", op.Path, old.Err)
	case now.Err != nil && !absent(now):
		return nil, "", fmt.Errorf("%s cannot be read: %w", op.Path, now.Err)
	case absent(old) && absent(now), old.Err == nil && now.Err == nil && sameFile(old.File, now.File):
		return nil, "", nil
	case now.Err != nil, now.File.SHA256 != wrote, done.Err == nil && !sameFile(done.File, now.File):
		return nil, "", errSince
	case absent(old):
		return []remote.Op{remote.Remove{Path: op.Path, Was: wrote}}, "", nil
	}
	kept := ""
	if old.File.ACL {
		kept = "the access control list that it had is gone"
	}
	return []remote.Op{remote.WriteFile{Path: op.Path, Data: old.Data, Owner: old.File.Owner, Group: old.File.Group,
		Mode: old.File.Mode, Was: wrote}}, kept, nil
}

// sameFile compares content, owner and mode.
func sameFile(a, b remote.File) bool {
	return a.SHA256 == b.SHA256 && sameAttr(a, b)
}

func sameAttr(a, b remote.File) bool {
	return a.Owner == b.Owner && a.Group == b.Group && a.Mode == b.Mode
}

// backAttr puts owner and mode back. A folder that was made stays.
func (h *undoHost) backAttr(rec *record, path string, done remote.Result) ([]remote.Op, string, error) {
	old, now := rec.before[path], h.now[path]
	switch {
	case absent(old) && absent(now):
		return nil, "", nil
	case absent(old):
		return nil, fmt.Sprintf("the folder %s stays", path), nil
	case old.Err != nil, now.Err != nil:
		return nil, "", fmt.Errorf("%s cannot be read: %w", path, errors.Join(old.Err, now.Err))
	case sameAttr(old.File, now.File):
		return nil, "", nil
	case done.Err == nil && !sameAttr(done.File, now.File):
		return nil, "", errSince
	}
	back := remote.SetAttr{Path: path, Owner: old.File.Owner, Group: old.File.Group, Mode: old.File.Mode}
	return []remote.Op{back}, "", nil
}

// flush makes the operations that are planned, and says what became of their changes.
func (h *undoHost) flush(ctx context.Context) {
	recs, parts, ops, of := h.recs, h.parts, h.ops, h.of
	h.recs, h.parts, h.ops, h.of = nil, nil, nil, nil
	if len(recs) == 0 {
		return
	}
	errs := make([]error, len(recs))
	if len(ops) > 0 {
		err := h.mayWrite(ctx, recs[0])
		var results []remote.Result
		if err == nil {
			results, err = h.door.Do(ctx, ops...)
		}
		for k, n := range of {
			switch {
			case k < len(results) && results[k].Err != nil:
				errs[n] = errors.Join(errs[n], results[k].Err)
			case k >= len(results) && err == nil:
				errs[n] = errors.Join(errs[n], errNoResult)
			case k >= len(results):
				errs[n] = err
			}
		}
	}
	for n, rec := range recs {
		if errs[n] == nil && parts[n] != "" {
			h.end(rec, Left, errors.New(parts[n]))
			continue
		}
		h.settleUndo(rec, errs[n])
	}
}

// startAgain restarts units whose restart has failed: they are down, and may run with what was there before.
func (h *undoHost) startAgain(ctx context.Context, recs []*record) {
	for _, rec := range recs {
		o, _ := h.Outcome(rec.item.ID)
		if !rec.restarts() || o.Status != Failed || !h.hadEffect(rec) {
			continue
		}
		if err := h.mayWrite(ctx, rec); err != nil {
			h.end(rec, NotUndone, err)
			continue
		}
		results, err := h.door.Do(ctx, rec.ops...)
		for _, r := range results {
			err = errors.Join(err, r.Err)
		}
		if err != nil {
			h.end(rec, NotUndone, fmt.Errorf("the unit was started again with what was there before, and does not run: %w", err))
			continue
		}
		h.end(rec, TakenBack, nil)
	}
}
