package remote

import (
	"context"
	"fmt"
	"sync"
)

// An Outcome is what Each got from one host.
type Outcome[T any] struct {
	Name  string
	Value T
	Err   error
}

// Format writes the name, and the value or the error as they print, for every verb.
func (o Outcome[T]) Format(f fmt.State, _ rune) {
	if o.Err != nil {
		fmt.Fprintf(f, "%s: error: %v", o.Name, o.Err)
		return
	}
	fmt.Fprintf(f, "%s: %v", o.Name, o.Value)
}

// Each runs fn for every name, at most limit at a time (0 is no limit), and
// returns when all calls have returned. Outcome i belongs to name i. fn runs at
// most once per name. A failure does not cancel the other calls. When ctx ends,
// the names that were not started have its cause as their error.
func Each[T any](
	ctx context.Context, names []string, limit int, fn func(ctx context.Context, name string) (T, error),
) []Outcome[T] {
	if limit <= 0 || limit > len(names) {
		limit = len(names)
	}
	outcomes := make([]Outcome[T], len(names))
	free := make(chan struct{}, limit)
	var running sync.WaitGroup
	for i, name := range names {
		o := &outcomes[i]
		o.Name = name
		select {
		case <-ctx.Done():
		case free <- struct{}{}:
		}
		if ctx.Err() != nil { // select may have taken a free place all the same
			o.Err = context.Cause(ctx)
			continue
		}
		running.Go(func() {
			defer func() { <-free }()
			o.Value, o.Err = fn(ctx, name)
		})
	}
	running.Wait()
	return outcomes
}
