// Package gate lets hosts begin only while the clusters that they use are healthy enough.
//
// # Use
//
// A Gate is for one rollout. Pass is called right before a host is begun, by any number of
// hosts at once. It looks at the clusters of the host, waits while one of them is not
// healthy enough, and tells that. All hosts share a look at a cluster.
//
// # Errors
//
// Pass gives world.ErrUnhealthy when it has waited for the Limit. When ctx ends, Pass gives
// the cause of that at once.
//
// # Concurrency and cancellation
//
// A Gate is safe for concurrent use. Nothing outlives a Pass.
//
// # Testing
//
// Look is a function, and time passes as package testing/synctest lets it.
package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/integrate/world"
)

// longestLook bounds a look at a cluster.
const longestLook = 30 * time.Second

// A Gate lets hosts begin.
type Gate struct {
	// Look gives the reasons why a cluster is not healthy enough, and what to do about them, as the beginning of a
	// sentence. The ctx of a Look has a bound.
	Look func(ctx context.Context, cluster string) (reasons []string, next string)
	// Tell is told when a wait begins, when its reasons change, and when it ends. It is called
	// by one Pass at a time, and may take long.
	Tell  func(world.Wait)
	Limit time.Duration // of one wait for one cluster
	Pause time.Duration // between two looks of a host that waits; a look is shared for half of it

	mu       sync.Mutex // guards clusters
	clusters map[string]*watched
	telling  sync.Mutex
}

// watched is what is known of a cluster.
type watched struct {
	last  *look
	since time.Time // zero while the cluster is healthy enough
	told  []string
}

// A look is one look at a cluster, which hosts share.
type look struct {
	began time.Time
	done  chan struct{} // closed when the rest is there
	found world.Wait
	next  string // what to do about the reasons
	cut   bool   // it was cut short, and tells nothing
}

// Pass waits until all of the clusters are healthy enough. Each of them was so in a look that
// began no longer than half a Pause before Pass returns, or that was the last to end.
func (g *Gate) Pass(ctx context.Context, clusters ...string) error {
	for {
		well, wait := true, g.Pause
		for _, name := range clusters {
			l, err := g.see(ctx, name)
			if err != nil {
				return err
			}
			if len(l.found.Reasons) == 0 {
				continue
			}
			well = false
			left := time.Until(l.found.Until)
			if left <= 0 {
				return g.unhealthy(l)
			}
			wait = min(wait, left)
		}
		if well {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}

func (g *Gate) unhealthy(l *look) error {
	w := l.found
	return fmt.Errorf("%w: cluster %s, since %s: %s; the rollout waited for %s. %s; the next run goes on where this one "+
		"ended", world.ErrUnhealthy, w.Cluster, w.Since.UTC().Format("15:04:05 MST"), strings.Join(w.Reasons, "; "),
		g.Limit, l.next)
}

// see is what a look at a cluster tells: that of another host where it is fresh.
func (g *Gate) see(ctx context.Context, name string) (*look, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	g.mu.Lock()
	w := g.clusters[name]
	if w == nil {
		w = &watched{}
		if g.clusters == nil {
			g.clusters = map[string]*watched{}
		}
		g.clusters[name] = w
	}
	l := w.last
	mine := l == nil || l.ended() && (l.cut || time.Since(l.began) >= g.Pause/2)
	if mine {
		l = &look{began: time.Now(), done: make(chan struct{})}
		w.last = l
	}
	g.mu.Unlock()
	if mine {
		g.look(ctx, name, w, l)
	}
	select {
	case <-l.done:
	case <-ctx.Done():
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case l.cut:
		return g.see(ctx, name)
	}
	g.tell(w)
	return l, nil
}

func (l *look) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// look looks at a cluster.
func (g *Gate) look(ctx context.Context, name string, w *watched, l *look) {
	defer close(l.done)
	bounded, cancel := context.WithTimeout(ctx, longestLook)
	defer cancel()
	reasons, next := g.Look(bounded, name)
	if l.cut = ctx.Err() != nil; l.cut {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l.found, l.next = world.Wait{Cluster: name, Reasons: reasons}, next
	switch {
	case len(reasons) == 0:
		w.since = time.Time{}
		return
	case w.since.IsZero():
		w.since = l.began
	}
	l.found.Since, l.found.Until = w.since, w.since.Add(g.Limit)
}

// tell tells of a cluster what was not told yet.
func (g *Gate) tell(w *watched) {
	g.telling.Lock()
	defer g.telling.Unlock()
	g.mu.Lock()
	l := w.last
	news := l.ended() && !l.cut && !slices.Equal(w.told, l.found.Reasons)
	if news {
		w.told = l.found.Reasons
	}
	g.mu.Unlock()
	if news {
		g.Tell(l.found)
	}
}
