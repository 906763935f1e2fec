package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
)

// A progress tells what is going on: on a terminal a line for each host at work, a total, and lines that stay above
// them; elsewhere plain lines.
type progress struct {
	w io.Writer
	progressOptions
	screen *screen // nil where plain lines are told
	now    func() time.Time

	mu    sync.Mutex // parts end beside the events of others
	tasks tasks
	stay  []string // lines that are not on the screen yet
	drawn time.Time
	dirty bool
	stop  chan struct{} // closed to end the drawing
	ended chan struct{} // closed once it has ended
}

// progressOptions say what is told.
type progressOptions struct {
	byParts bool // lines tell of parts, not of their changes
	quiet   bool // nothing is told
	verbose bool // each event is told
	plain   bool // no line changes, also on a terminal
	colors  colors
}

// Twice a second nobody sees a difference, and ten times a second nobody sees a delay.
const refresh = 100 * time.Millisecond

func newProgress(w io.Writer, opts progressOptions) *progress {
	p := &progress{w: w, progressOptions: opts, now: time.Now}
	if f, ok := terminal(w); ok && !opts.plain && !opts.quiet {
		p.live(sizeOf(f))
	}
	return p
}

// live begins to draw on a terminal.
func (p *progress) live(size func() (width, height int)) {
	p.screen = &screen{w: p.w, size: size}
	p.stop, p.ended = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(p.ended)
		tick := time.NewTicker(refresh)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				p.draw()
				p.mu.Unlock()
			case <-p.stop:
				return
			}
		}
	}()
}

// draw shows what has changed, if something has: durations change each second, and somebody may change the size of the
// terminal.
func (p *progress) draw() {
	now := p.now()
	if !p.dirty && !p.screen.resized() && (p.tasks.none() || now.Sub(p.drawn) < time.Second) {
		return
	}
	p.screen.draw(p.stay, func(height int) []string { return p.tasks.lines(now, height) }, p.colors.text)
	p.stay, p.dirty, p.drawn = nil, false, now
}

// rest clears the lines that change, until something begins again: somebody else is about to write to the terminal.
func (p *progress) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tasks, p.dirty = tasks{}, true
	p.draw()
}

// close ends the drawing, and clears the lines that change.
func (p *progress) close() {
	if p.screen == nil {
		return
	}
	close(p.stop)
	<-p.ended
	p.mu.Lock()
	defer p.mu.Unlock()
	p.screen.draw(p.stay, func(int) []string { return nil }, p.colors.text)
	p.stay = nil
}

// event takes an event of an operation.
func (p *progress) event(e integrate.Event) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dirty = true
	p.tasks.event(e, p.now())
	if _, done := e.(*integrate.Plan); done && p.screen != nil {
		p.draw() // a question may come next
	}
	if p.verbose {
		p.say(verbosely(e, p.now()))
		return
	}
	switch e := e.(type) {
	case integrate.ChangeFinished:
		if !p.byParts && e.Outcome.Status != integrate.Cancelled { // see cancelled
			p.say(endedLine(e.Outcome))
		}
	case world.Wait:
		p.say(waits(e))
	case integrate.CheckFinished:
		p.say(fmt.Sprintf("%-9s %s (%.1fs)", e.Check.Status, e.Check.Name, e.Check.Seconds))
	}
}

// endedLine tells how a change ended.
func endedLine(o integrate.Outcome) string {
	line := fmt.Sprintf("%-9s %s (%.1fs)", o.Status, describe(o.Change), o.Seconds)
	if o.Because != "" {
		line += " because of " + o.Because
	}
	return line
}

// waits tells why a rollout waits, or that it goes on.
func waits(e world.Wait) string {
	if len(e.Reasons) == 0 {
		return fmt.Sprintf("%-9s cluster %s is healthy enough", "goes on", e.Cluster)
	}
	return fmt.Sprintf("%-9s cluster %s: %s; since %s, until %s at most", "waits", e.Cluster,
		strings.Join(e.Reasons, "; "), e.Since.Format(time.TimeOnly), e.Until.Format(time.TimeOnly))
}

// verbosely tells an event with the time of day; nothing of one that only counts.
func verbosely(e integrate.Event, now time.Time) string {
	line := ""
	switch e := e.(type) {
	case *integrate.Plan:
		line = fmt.Sprintf("%-9s %d changes, %d findings", "planned", len(e.Changes), len(e.Findings))
	case integrate.ChangeStarted:
		line = fmt.Sprintf("%-9s %s", "begins", describe(e.Change))
	case integrate.ChangeFinished:
		line = endedLine(e.Outcome)
	case world.Wait:
		line = waits(e)
	case world.Progress:
		switch {
		case e.Target == "":
			line = fmt.Sprintf("%-9s %d clusters, hosts and APIs", "begins", e.Of)
		case e.Ended:
			line = fmt.Sprintf("%-9s %s, %d of %d", "ends", e.Target, e.Done, e.Of)
		default:
			line = fmt.Sprintf("%-9s %s", "begins", e.Target)
		}
	case integrate.CheckStarted:
		line = fmt.Sprintf("%-9s %s", "begins", e.Name)
	case integrate.CheckFinished:
		line = fmt.Sprintf("%-9s %s (%.1fs)", e.Check.Status, e.Check.Name, e.Check.Seconds)
	}
	return line + "  [" + now.Format("15:04:05.000") + "]"
}

// part tells how a part of a converge ended and what it found. One that had
// nothing to do and found nothing is not told.
func (p *progress) part(part integrate.Part) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := part.Result; len(r.Outcomes) > 0 {
		word := "done"
		if part.Err() != nil {
			word = "FAILED"
		}
		p.say(fmt.Sprintf("%-9s %s: %s", word, part.Target, counts(r.Count, 1)))
	}
	for _, f := range part.Plan.Findings {
		p.say(f.String())
	}
}

func describe(c integrate.Change) string {
	return fmt.Sprintf("%s: %s %s %s", c.Target, c.Action, c.Kind, c.Name)
}

// say tells a line that stays.
func (p *progress) say(line string) {
	line = oneLine(line)
	if p.screen == nil {
		fmt.Fprintln(p.w, p.colors.text(line))
		return
	}
	p.stay, p.dirty = append(p.stay, line), true
}
