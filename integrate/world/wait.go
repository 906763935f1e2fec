package world

import (
	"errors"
	"log/slog"
	"time"
)

// ErrUnhealthy says that a host was not begun, because a cluster that it uses was not healthy enough for the Spec's
// gate, for as long as a rollout waits.
var ErrUnhealthy = errors.New("integrate: the cluster is not healthy enough for gate: health")

// A Wait is an event of package integrate: no further host is begun that uses a cluster, as the cluster is not healthy
// enough for the Spec's gate. It comes again whenever the reasons change, and without reasons when the rollout goes on.
type Wait struct {
	Cluster string
	Reasons []string  // such as "3 PGs are not active (3 down), in pool volumes"; none when the wait has ended
	Since   time.Time // when a look first found a reason, by the clock of this machine
	Until   time.Time // when the rollout gives up
}

// LogValue implements slog.LogValuer.
func (w Wait) LogValue() slog.Value {
	if len(w.Reasons) == 0 {
		return slog.GroupValue(slog.String("event", "wait-ended"), slog.String("cluster", w.Cluster))
	}
	return slog.GroupValue(slog.String("event", "wait"), slog.String("cluster", w.Cluster),
		slog.Any("reasons", w.Reasons), slog.Time("since", w.Since), slog.Time("until", w.Until))
}
