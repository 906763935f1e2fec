package world

import "log/slog"

// A Progress is an event of package integrate: how far an operation is. Plan and Verify read hosts; Apply works on
// what the plan changes, and Converge on all clusters, hosts and APIs. The first Progress of an operation has no
// Target. Then each Target comes twice, when it is begun and when it has ended. A target that is not begun, such as
// after failures, only ends.
type Progress struct {
	Target string // a cluster or a host; "cloud" for the APIs
	Ended  bool
	Done   int // how many targets have ended so far
	Of     int // how many targets there are
}

// LogValue implements slog.LogValuer.
func (p Progress) LogValue() slog.Value {
	event := "begins"
	switch {
	case p.Ended:
		event = "target-ended"
	case p.Target != "":
		event = "target-begun"
	}
	return slog.GroupValue(slog.String("event", event), slog.String("target", p.Target), slog.Int("done", p.Done),
		slog.Int("of", p.Of))
}
