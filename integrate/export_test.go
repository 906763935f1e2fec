package integrate

import (
	"context"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/engine"
)

// KeepNothing makes plans forget all that they would write.
func (in *Integration) KeepNothing() { in.keep = 0 }

// KeepNoKeys reads the users of a cluster again for each host that needs their keys.
func (in *Integration) KeepNoKeys() { in.engine.Fresh = 1 }

// Term sets the term of the operator lock, and the clock that it is measured with.
func (in *Integration) Term(term time.Duration, now func() time.Time) { in.term, in.now = term, now }

// Differ observes once, and gives what compares.
func (in *Integration) Differ(ctx context.Context) func() *Plan {
	base := in.engine.Base(ctx, engine.Scope{})
	seen := engine.Each(ctx, in.engine, in.engine.HostsIn(engine.Scope{}), func(string) func(*engine.Seen) *engine.Seen {
		return func(s *engine.Seen) *engine.Seen { return s }
	})
	return func() *Plan {
		var parts []engine.Part
		for _, s := range seen {
			parts = append(parts, slim(base.Host(s)))
		}
		return in.planOf(base, parts)
	}
}
