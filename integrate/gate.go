package integrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/gate"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

const (
	// defaultMaxWait is how long a rollout waits for a cluster.
	defaultMaxWait = 30 * time.Minute
	// looksIn is how many Polls are between two looks at a cluster that is waited for.
	looksIn = 5
)

// gate is what a rollout asks right before each target; nil if the Spec has no gate. changes gives what may
// be changed there.
func (in *Integration) gate(events *events, opts ApplyOptions,
	changes func(step.Target) (list []Change, known bool)) func(context.Context, step.Target) error {
	if !in.engine.Site.Gated() {
		return nil
	}
	newGate := func() *gate.Gate {
		return &gate.Gate{Look: in.unhealthy, Tell: func(w world.Wait) { events.emit(w) },
			Limit: cmp.Or(opts.MaxWait, defaultMaxWait), Pause: looksIn * in.poll}
	}
	clusters, hosts := newGate(), newGate() // what a cluster was before its changes, hosts do not go by
	return func(ctx context.Context, t step.Target) error {
		list, known := changes(t)
		switch {
		case t.Where == step.OnHost && (len(list) > 0 || !known):
			return hosts.Pass(ctx, in.engine.Reads(engine.Scope{Hosts: []string{t.Name}})...)
		case t.Where == step.OnCluster && slices.ContainsFunc(list, movesData):
			return clusters.Pass(ctx, t.Name)
		}
		return nil
	}
}

// movesData reports whether a cluster moves data because of a change. All other changes of a cluster write
// little, and may be what makes it well.
func movesData(c Change) bool {
	return c.Kind == "pool" && c.Action == Update && slices.ContainsFunc(c.Diffs, func(d FieldDiff) bool {
		return slices.Contains([]string{"size", "crush_rule", "pg_num"}, d.Field)
	})
}

// unhealthy gives the reasons why a cluster is not healthy enough, and what to do about them. A cluster whose
// host lets the normal login in only after the Spec was applied there is passed over: nothing that depends on such a
// cluster is changed.
func (in *Integration) unhealthy(ctx context.Context, cluster string) (reasons []string, next string) {
	stops, _, err := ceph.New(in.engine.World.Clusters[cluster].Mon).Condition(ctx, in.engine.Site.PoolNames(cluster)...)
	switch {
	case err == nil:
		return stops, "See ceph health detail"
	case in.entersBefore(cluster, err):
		return nil, ""
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, ceph.ErrUnreachable),
		errors.Is(err, remote.ErrUnreachable):
		return []string{fmt.Sprintf("it does not answer, as when its monitors have lost their quorum: %v", err)},
			"See that most of its monitors run, and that they can be reached"
	case errors.Is(err, ceph.ErrDenied):
		return []string{fmt.Sprintf("it does not let its state be read: %v", err)},
			"See that the user with which the cluster is asked may read its state"
	}
	return []string{fmt.Sprintf("it cannot be asked: %v", err)}, "Put that right"
}
