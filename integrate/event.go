package integrate

import (
	"context"
	"log/slog"
	"sync"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/world"
)

// An Event tells an Observer how far an operation is. It is a ChangeStarted, ChangeFinished,
// world.Progress, world.Wait, CheckStarted or CheckFinished, or the *Plan that Plan is about to
// return, which the Observer must not change. The events of one operation come one at a time, and
// no event comes after the operation returned. An Observer may call the Integration.
type Event interface {
	slog.LogValuer
}

// events are those of one operation.
type events struct {
	mu       sync.Mutex
	observer func(Event)
}

func (in *Integration) newEvents() *events { return &events{observer: in.observer} }

func (e *events) emit(event Event) {
	if e.observer == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.observer(event)
}

// A pace tells how many of the targets of an operation have ended.
type pace struct {
	events *events

	mu       sync.Mutex
	done, of int
}

// pace begins to count targets.
func (e *events) pace(of int) *pace {
	e.emit(world.Progress{Of: of})
	return &pace{events: e, of: of}
}

// begin tells that a target is begun.
func (p *pace) begin(t step.Target) { p.tell(t, false) }

// end tells that a target has ended.
func (p *pace) end(t step.Target) { p.tell(t, true) }

func (p *pace) tell(t step.Target, ended bool) {
	p.mu.Lock() // held while the event is told, so that the counts come in order
	defer p.mu.Unlock()
	if ended {
		p.done++
	}
	p.events.emit(world.Progress{Target: t.Name, Ended: ended, Done: p.done, Of: p.of})
}

// do is work on a target, between its begin and its end.
func (p *pace) do(work func(context.Context, step.Target) error) func(context.Context, step.Target) error {
	return func(ctx context.Context, t step.Target) error {
		p.begin(t)
		defer p.end(t)
		return work(ctx, t)
	}
}

// ChangeStarted says that a change is being made.
type ChangeStarted struct{ Change Change }

// ChangeFinished says how a change ended.
type ChangeFinished struct{ Outcome Outcome }

// CheckStarted says that a check is running.
type CheckStarted struct{ Name string }

// CheckFinished says how a check ended.
type CheckFinished struct{ Check Check }

// LogValue implements slog.LogValuer: how many changes and findings the plan has.
func (p *Plan) LogValue() slog.Value {
	return slog.GroupValue(slog.String("event", "plan-ready"), slog.Int("changes", len(p.Changes)),
		slog.Int("findings", len(p.Findings)))
}

// LogValue implements slog.LogValuer.
func (e ChangeStarted) LogValue() slog.Value {
	return slog.GroupValue(slog.String("event", "change-started"), slog.String("change", e.Change.ID))
}

// LogValue implements slog.LogValuer.
func (e ChangeFinished) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("event", "change-finished"),
		slog.String("change", e.Outcome.Change.ID),
		slog.String("status", string(e.Outcome.Status)),
		slog.Float64("seconds", e.Outcome.Seconds),
	}
	if e.Outcome.Err != nil {
		attrs = append(attrs, slog.String("error", e.Outcome.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// LogValue implements slog.LogValuer.
func (e CheckStarted) LogValue() slog.Value {
	return slog.GroupValue(slog.String("event", "check-started"), slog.String("check", e.Name))
}

// LogValue implements slog.LogValuer.
func (e CheckFinished) LogValue() slog.Value {
	return slog.GroupValue(slog.String("event", "check-finished"), slog.String("check", e.Check.ID),
		slog.String("status", string(e.Check.Status)), slog.Float64("seconds", e.Check.Seconds))
}
