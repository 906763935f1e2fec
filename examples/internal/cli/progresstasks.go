package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
)

// tasks are what is at work in an operation.
type tasks struct {
	begun    time.Time // of the operation; zero where none is under way
	done, of int
	failed   int // changes and checks that did not end well
	checks   int // that ended
	at       map[string]*task
	number   int // of tasks so far
}

// A task is a host or a cluster at work, a check, or a wait.
type task struct {
	name   string
	number int // tasks are shown in the order of their begin
	steps  []atStep
	since  time.Time
}

// An atStep is what a task does now, and since when.
type atStep struct {
	what  string
	since time.Time
}

func (t *tasks) none() bool { return t.begun.IsZero() }

// event takes an event of an operation.
func (t *tasks) event(e integrate.Event, now time.Time) {
	switch e := e.(type) {
	case world.Progress:
		t.progress(e, now)
	case *integrate.Plan:
		*t = tasks{} // what comes next is for somebody to read and to answer
	case integrate.ChangeStarted:
		t.task(e.Change.Target, now).begin(doing(e.Change), now)
	case integrate.ChangeFinished:
		if s := e.Outcome.Status; s != integrate.Applied && s != integrate.Unchanged {
			t.failed++
		}
		if task, ok := t.at[e.Outcome.Change.Target]; ok {
			task.end(doing(e.Outcome.Change))
		}
	case world.Wait:
		name := "cluster " + e.Cluster
		delete(t.at, name)
		if len(e.Reasons) > 0 {
			t.task(name, now).begin("waits: "+strings.Join(e.Reasons, "; "), now)
		}
	case integrate.CheckStarted:
		t.task(e.Name, now)
	case integrate.CheckFinished:
		if t.checks++; e.Check.Status != integrate.Pass {
			t.failed++
		}
		delete(t.at, e.Check.Name)
	}
}

func (t *tasks) progress(e world.Progress, now time.Time) {
	switch {
	case e.Target == "":
		*t = tasks{begun: now}
	case e.Ended:
		delete(t.at, e.Target)
	default:
		t.task(e.Target, now)
	}
	t.done, t.of = e.Done, e.Of
}

// task is that of a name, which begins if it is not there.
func (t *tasks) task(name string, now time.Time) *task {
	if t.begun.IsZero() {
		t.begun = now
	}
	if t.at == nil {
		t.at = map[string]*task{}
	}
	if t.at[name] == nil {
		t.number++
		t.at[name] = &task{name: name, number: t.number, since: now}
	}
	return t.at[name]
}

func (t *task) begin(what string, now time.Time) { t.steps = append(t.steps, atStep{what, now}) }

func (t *task) end(what string) {
	t.steps = slices.DeleteFunc(t.steps, func(s atStep) bool { return s.what == what })
}

// line tells how long a task is at what it does now. The duration comes first, as a narrow terminal cuts the end.
func (t *task) line(now time.Time) string {
	what, since := "", t.since
	if n := len(t.steps); n > 0 {
		what, since = ": "+t.steps[0].what, t.steps[0].since
		if n > 1 {
			what += fmt.Sprintf(" and %d more", n-1)
		}
	}
	return fmt.Sprintf("%6s %s%s", clock(now.Sub(since)), oneLine(t.name), oneLine(what))
}

func doing(c integrate.Change) string { return fmt.Sprintf("%s %s %s", c.Action, c.Kind, c.Name) }

// lines are at most as many as a terminal of so many rows has room for, besides a line that stays.
func (t *tasks) lines(now time.Time, height int) []string {
	if t.none() {
		return nil
	}
	all := slices.SortedFunc(maps.Values(t.at), func(a, b *task) int { return cmp.Compare(a.number, b.number) })
	room := max(height-2, 0) // for tasks; the total has a line of its own
	var lines []string
	more := 0
	if len(all) > room {
		shown := max(room-1, 0)
		all, more = all[:shown], len(all)-shown
	}
	for _, task := range all {
		lines = append(lines, task.line(now))
	}
	if more > 0 && room > 0 {
		lines = append(lines, fmt.Sprintf("%6s and %d more", "", more))
	}
	return append(lines, t.total(now))
}

// total tells how far the operation is, and how long the rest may take: as long as what is done took, for each target.
func (t *tasks) total(now time.Time) string {
	took := now.Sub(t.begun)
	words := []string{fmt.Sprintf("%d of %d", t.done, t.of)}
	if t.done == t.of { // Verify has read everything, and now makes its checks
		words = []string{fmt.Sprintf("%d done", max(t.checks, t.done))}
	}
	if t.done > 0 && t.done < t.of {
		left := time.Duration(float64(took) / float64(t.done) * float64(t.of-t.done))
		words = append(words, "about "+clock(left)+" left")
	}
	if t.failed > 0 {
		words = append(words, fmt.Sprintf("%d not well", t.failed))
	}
	if n := len(t.at); n > 0 {
		words = append(words, fmt.Sprintf("%d at work", n))
	}
	return fmt.Sprintf("%6s %s", clock(took), strings.Join(words, ", "))
}

// clock is a duration as a clock shows it, such as 0:07 or 1:02:03.
func clock(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
