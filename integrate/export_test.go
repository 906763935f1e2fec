package integrate

import "context"

// KeepNothing makes plans forget all contents of files.
func (in *Integration) KeepNothing() { in.keep = 0 }

// Differ observes once, and gives what compares.
func (in *Integration) Differ(ctx context.Context) func() *Plan {
	o := in.observe(ctx)
	return func() *Plan { return in.diff(o) }
}
