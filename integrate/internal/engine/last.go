package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// errLast says that a service was not restarted, as no other host is known to serve it.
var errLast = errors.New("no other host serves it")

// errNoAnswer says that a host was asked, and that its service does not answer.
var errNoAnswer = errors.New("no answer")

// notFound is the exit status where a program is not there, as shells give it.
const notFound = 127

// errTaken says that a service was not started, as another host may serve under its name.
var errTaken = errors.New("another host may serve under the same name")

// spare gives the spans without the restarts that would take the last instance of a service down, and
// without the starts of services that other hosts have taken over. It writes down why these are not made.
func (h *hostRun) spare(ctx context.Context, spans []*span, w *serviceWatch) []*span {
	var kept []*span
	first := map[string]time.Time{}
	for _, s := range spans {
		var why error
		if s.step.Serves != nil {
			why = h.unfit(ctx, s, first)
		}
		if why == nil {
			kept = append(kept, s)
			continue
		}
		w.drop(s.items)
		for _, i := range s.items {
			h.End(i.ID, Outcome{Status: Failed, Err: why})
		}
	}
	return kept
}

// unfit says why a service must be left as it is. What the plan saw may be long ago: a service that did not run
// then may run now, here or on another host.
func (h *hostRun) unfit(ctx context.Context, s *span, first map[string]time.Time) error {
	serves := s.step.Serves
	switch {
	case serves.Stopped && !h.runs(ctx, s.items[0].ID.Name):
		return h.taken(ctx, s)
	case len(serves.Peers) > 0:
		return h.last(ctx, s, first)
	}
	return nil
}

// runs reports whether a unit is known to run.
func (h *hostRun) runs(ctx context.Context, unit string) bool {
	results, err := h.e.World.Hosts[h.name].Do(ctx, remote.UnitState{Unit: unit})
	return err == nil && len(results) == 1 && results[0].Err == nil && results[0].Unit.Active == "active"
}

// taken says why a service that does not run here must not be started: another host serves under its name.
func (h *hostRun) taken(ctx context.Context, s *span) error {
	serves := s.step.Serves
	if len(serves.Shared) == 0 {
		return nil
	}
	const hint = "two that run clean up each other's work. If that host has taken over, give this host standby in the " +
		"Spec, and take it off that host; if nobody serves, the record is down a minute after its last sign of life"
	unit := s.items[0].ID.Name
	all, err := h.records(ctx, s.items)
	switch {
	case errors.Is(err, step.ErrNoCloud), ctx.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("%w: %s was not started, as the APIs do not tell whether another host does: %w", errTaken, unit,
			err)
	}
	for _, name := range serves.Shared {
		if record, ok := all[name]; ok && record.Up {
			return fmt.Errorf("%w: %s was not started, as the APIs report %s up: %s: run again then", errTaken, unit,
				record.Host, hint)
		}
	}
	return nil
}

// last says why a service must not be restarted here: it serves, and no other host does. It is nil where
// nobody can tell: what comes after the restart is then the only proof.
func (h *hostRun) last(ctx context.Context, s *span, first map[string]time.Time) error {
	began := time.Now()
	why := ""
	if serves := *s.step.Serves; serves.Answers != nil {
		why = h.lastByAnswers(ctx, serves)
	} else if len(serves.Records) > 0 {
		why = h.lastByRecords(ctx, s.items[0], first)
	}
	if why == "" || ctx.Err() != nil {
		return nil
	}
	if looked := time.Since(began).Round(time.Second); looked > 0 {
		why += "; looked for " + looked.String()
	}
	unit := s.items[0].ID.Name
	return fmt.Errorf("%w: %s was not restarted, as %s would then be down everywhere (%s): start it on another host, and "+
		"run again%s; if the other hosts are gone for good, take %[3]s off their services in the Spec",
		errLast, unit, s.step.Serves.Service, why, h.leftOut(s.step.Serves.Peers))
}

// leftOut says what to do about peers that are out of the scope. They are asked all the same, and not changed.
func (h *hostRun) leftOut(peers []serving.Peer) string {
	var names []string
	for _, p := range peers {
		if !h.base.scope.Has(step.AtHost(p.Host)) {
			names = append(names, p.Host)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", with these hosts in the scope, too, or with the whole Spec: " + words.JoinShort(names)
}

// lastByAnswers asks the hosts themselves, also those that are out of the scope. A host that cannot be asked does not
// count as serving.
func (h *hostRun) lastByAnswers(ctx context.Context, s serving.Signs) (why string) {
	if told, err := h.answers(ctx, h.name, s.Answers); !told || err != nil {
		return "" // it does not serve now, or nobody can tell
	}
	var down []string
	for _, p := range s.Peers {
		told, err := h.answers(ctx, p.Host, p.Answers)
		if !h.base.scope.Has(step.AtHost(p.Host)) {
			h.e.Rest(p.Host) // nothing else of this run uses the connection
		}
		switch {
		case !told:
			return ""
		case err == nil:
			return ""
		}
		down = append(down, fmt.Sprintf("%s: %v", p.Host, err))
	}
	return strings.Join(down, ", ")
}

// answers asks a host whether a service answers there. told is false where the host has no way to tell.
func (r *Run) answers(ctx context.Context, host string, ask remote.Op) (told bool, err error) {
	if ask == nil {
		return false, nil
	}
	results, err := r.e.World.Hosts[host].Do(ctx, ask)
	switch {
	case err != nil:
		return true, fmt.Errorf("%w: %w", errNoAnswer, err)
	case len(results) != 1:
		return true, errNoAnswer
	case results[0].Err != nil:
		return true, fmt.Errorf("%w: %w", errNoAnswer, results[0].Err)
	case results[0].Exit == notFound:
		return false, nil
	case results[0].Exit != 0:
		return true, fmt.Errorf("%w: %s", errNoAnswer, words.LastWords(results[0]))
	}
	return true, nil
}

// lastByRecords looks at the records of the APIs. A record of a process that has died stays up for a while: a peer
// serves once its record has a sign of life that is newer than the first that was seen.
func (h *hostRun) lastByRecords(ctx context.Context, i Item, first map[string]time.Time) (why string) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(h.e.Await, awaited))
	defer cancel()
	for {
		all, err := h.records(ctx, []Item{i})
		switch {
		case errors.Is(err, step.ErrNoCloud):
			return ""
		case err != nil && why != "" && ctx.Err() != nil: // the look was cut short, and tells less than the one before it
			return why
		case err != nil:
			return fmt.Sprintf("the APIs do not tell: %v", err)
		}
		for name, r := range all {
			if _, seen := first[name]; !seen {
				first[name] = r.Updated
			}
		}
		var wait bool
		if wait, why = h.peers(all, serves(i), first); !wait {
			return why
		}
		select {
		case <-ctx.Done():
			return why
		case <-time.After(cmp.Or(h.e.Poll, 2*time.Second)):
		}
	}
}

// peers looks for a peer that serves, for each record of this host that is up. first are the signs of life that were
// seen first. wait says that a peer which is up may yet give a newer one.
func (h *hostRun) peers(all map[string]api.ServiceRecord, s serving.Signs, first map[string]time.Time) (wait bool,
	why string) {
	for _, own := range slices.Sorted(maps.Keys(all)) {
		mine := all[own]
		backend, here := recordOn(mine, s.Service, h.name)
		if !here || !mine.Up {
			continue
		}
		var down []string
		served, waits := false, false
		for name, r := range all {
			if !slices.ContainsFunc(s.Peers, func(p serving.Peer) bool {
				of, there := recordOn(r, s.Service, p.Host)
				return there && of == backend && name != own
			}) {
				continue
			}
			served = served || r.Up && r.Updated.After(first[name])
			waits = waits || r.Up
			down = append(down, r.Host)
		}
		slices.Sort(down)
		switch {
		case served || len(down) == 0:
		case !waits:
			return false, "the APIs report down: " + words.JoinShort(down)
		default:
			wait, why = true, "the APIs have no new sign of life from "+words.JoinShort(down)
		}
	}
	return wait, why
}

// recordOn reports whether a record is of a service on a host, and of which backend. The APIs may know a host with its
// domain, and the Spec without it, or the other way round.
func recordOn(r api.ServiceRecord, service, host string) (backend string, ok bool) {
	name, backend, _ := strings.Cut(strings.ToLower(r.Host), "@")
	host = strings.ToLower(host)
	same := name == host || strings.HasPrefix(name, host+".") || strings.HasPrefix(host, name+".")
	return backend, r.Binary == service && same
}

// drop takes items off that are not restarted.
func (w *serviceWatch) drop(items []Item) {
	for _, i := range items {
		for k, own := range w.items {
			if own.ID == i.ID {
				w.items = append(w.items[:k:k], w.items[k+1:]...)
				break
			}
		}
	}
}

// noteDown writes down which restarted services that other hosts serve, too, are not known to serve again.
func (h *hostRun) noteDown(w *serviceWatch) {
	for _, i := range w.items {
		o, ended := h.Outcome(i.ID)
		s := serves(i)
		if !ended || o.Well() || len(s.Peers) == 0 || o.Status != Unknown && !errors.Is(o.Err, remote.ErrUnitFailed) {
			continue
		}
		h.mu.Lock()
		h.down[i.ID.Target] = fmt.Errorf("%w: %s on %s is not known to serve again after its restart, so the hosts behind "+
			"it are left alone: look at journalctl -u %s there, see that it serves, and run again to go on",
			ErrStopped, s.Service, h.name, i.ID.Name)
		h.mu.Unlock()
	}
}

// Down says which service is not known to serve again on a target after its restart, where other hosts serve it, too.
func (r *Run) Down(t step.Target) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.down[t]
}
