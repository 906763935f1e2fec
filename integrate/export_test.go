package integrate

import (
	"context"

	"github.com/cephstack/cephstack/integrate/internal/engine"
)

// KeepNothing makes plans forget all that they would write.
func (in *Integration) KeepNothing() { in.keep = 0 }

// KeepNoKeys reads the users of a cluster again for each host that needs their keys.
func (in *Integration) KeepNoKeys() { in.engine.Fresh = 1 }

// Differ observes once, and gives what compares.
func (in *Integration) Differ(ctx context.Context) func() *Plan {
	base := in.engine.Base(ctx, engine.Scope{})
	seen := engine.Each(ctx, in.engine, in.engine.HostsIn(engine.Scope{}), func(s *engine.Seen) *engine.Seen { return s })
	return func() *Plan {
		var parts []engine.Part
		for _, s := range seen {
			parts = append(parts, slim(base.Host(s)))
		}
		return in.planOf(base, parts)
	}
}
