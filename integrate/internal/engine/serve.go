package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/step/serving"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// awaited is how long the APIs, or the host, may take to tell that a service serves.
const awaited = 4 * time.Minute

// A serviceWatch waits until the APIs report restarted services up.
type serviceWatch struct {
	host  string
	items []Item
	err   error // why the APIs cannot tell
	// first is the sign of life that each record had when it was first seen after the
	// restart. It may be the old process's last one. It may also be what Cinder's services
	// write before they open their drivers, and a service that hangs there writes no other.
	first map[string]time.Time
}

// watchServices asks, before services are restarted, whether the APIs can tell of them.
func (h *hostRun) watchServices(ctx context.Context, spans []*span) *serviceWatch {
	w := &serviceWatch{host: h.name, first: map[string]time.Time{}}
	for _, s := range spans {
		if s.step.Serves != nil {
			w.items = append(w.items, s.items...)
		}
	}
	if len(w.items) > 0 {
		_, w.err = h.records(ctx, w.items)
	}
	return w
}

// serves is how the APIs tell that the service of an item serves.
func serves(i Item) serving.Signs { return *i.Do.(step.HostStep).Serves }

// records reads the service records of the host, at least, by binary and host.
func (r *Run) records(ctx context.Context, items []Item) (map[string]api.ServiceRecord, error) {
	cloud := r.e.World.Cloud
	if cloud == nil {
		return nil, step.ErrNoCloud
	}
	read := cloud.Services
	only := true
	for _, i := range items {
		only = only && serves(i).Computes
	}
	if only { // the answer then has the records of one compute, and not of all
		read = func(ctx context.Context) ([]api.ServiceRecord, error) {
			return cloud.ComputeServices(ctx, items[0].ID.Target.Name)
		}
	}
	all, err := read(ctx)
	mine := map[string]api.ServiceRecord{}
	for _, record := range all {
		mine[record.Binary+" "+record.Host] = record
	}
	return mine, err
}

// all settles the restarts that went well on the host. A service is up when its
// records say so, and have a newer sign of life than when they were first seen after
// the restart.
func (w *serviceWatch) all(ctx context.Context, r *Run, began time.Time) {
	for _, i := range w.items {
		if _, ended := r.Outcome(i.ID); ended {
			continue
		}
		var err error
		if w.err == nil || len(serves(i).Peers) > 0 && !errors.Is(w.err, step.ErrNoCloud) || serves(i).Answers != nil {
			err = w.await(ctx, r, i)
		}
		r.settle(i.ID, true, err, began)
	}
}

func (w *serviceWatch) await(ctx context.Context, r *Run, i Item) error {
	waiting, cancel := context.WithTimeout(ctx, cmp.Or(r.e.Await, awaited))
	defer cancel()
	var missing []string
	var err error
	for looked := false; ; looked = true {
		now, fault := w.behind(waiting, r, i)
		if fault == nil && len(now) == 0 {
			return nil
		}
		if !looked || waiting.Err() == nil { // a look that was cut short tells less than the look before it
			missing, err = now, fault
		}
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("%s was restarted and is active; whether the APIs report it up was not awaited: %w",
					i.ID.Name, ended(ctx))
			}
			return notUp(missing, err, w.host)
		case <-time.After(cmp.Or(r.e.Poll, 2*time.Second)):
		}
	}
}

// ended is why ctx ended: its error, and the cause that somebody gave.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, ctx.Err()) {
		return cause
	}
	return fmt.Errorf("%w: %w", ctx.Err(), cause)
}

// notUp says of a restarted unit's service what the last look at the APIs gave:
// the records that are missing, or that nothing could be asked.
func notUp(missing []string, err error, host string) error {
	if err != nil {
		what := "the APIs do not tell that it is up"
		if errors.Is(err, errNoAnswer) {
			what = "it does not serve"
		}
		return fmt.Errorf("%w: restarted and active, but %s: %w; look at its log on %s", remote.ErrUnitFailed, what, err,
			host)
	}
	return fmt.Errorf("%w: restarted and active, but the APIs do not report it up: %s; look at its log on %s",
		remote.ErrUnitFailed, strings.Join(missing, ", "), host)
}

// behind lists the records that are not yet up, or have no new sign of life.
func (w *serviceWatch) behind(ctx context.Context, r *Run, i Item) ([]string, error) {
	s := serves(i)
	if s.Answers != nil {
		told, err := r.answers(ctx, w.host, s.Answers)
		if told {
			return nil, err
		}
	}
	if s.Images && r.e.World.Cloud == nil {
		return nil, nil
	}
	if s.Images {
		_, err := r.e.World.Cloud.Images(ctx, "cephstack-none")
		return nil, err
	}
	now, err := r.records(ctx, w.items)
	for name, record := range now {
		if _, seen := w.first[name]; !seen {
			w.first[name] = record.Updated
		}
	}
	var missing []string
	for _, name := range s.Records {
		if record, ok := now[name]; !ok || !record.Up || !record.Updated.After(w.first[name]) {
			missing = append(missing, name)
		}
	}
	return missing, err
}
