package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cephstack/cephstack/integrate"
)

// A progress tells what is going on: on a terminal a line that changes and
// stays for what is done, elsewhere plain lines.
type progress struct {
	w    io.Writer
	live bool
	busy []string
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.live = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return p
}

func (p *progress) event(e integrate.Event) {
	switch e := e.(type) {
	case integrate.ChangeStarted:
		p.begin(describe(e.Change))
	case integrate.ChangeFinished:
		o := e.Outcome
		line := fmt.Sprintf("%-9s %s (%.1fs)", o.Status, describe(o.Change), o.Took.Seconds())
		if o.Because != "" {
			line += " because of " + o.Because
		}
		p.done(describe(o.Change), line)
	case integrate.CheckStarted:
		p.begin(e.Name)
	case integrate.CheckFinished:
		p.done(e.Check.Name, fmt.Sprintf("%-9s %s (%.1fs)", e.Check.Status, e.Check.Name, e.Check.Seconds))
	}
}

func describe(c integrate.Change) string {
	return fmt.Sprintf("%s: %s %s %s", c.Target, c.Action, c.Kind, c.Name)
}

func (p *progress) begin(what string) {
	p.busy = append(p.busy, what)
	p.draw()
}

func (p *progress) done(what, line string) {
	for i, b := range p.busy {
		if b == what {
			p.busy = append(p.busy[:i], p.busy[i+1:]...)
			break
		}
	}
	p.clear()
	fmt.Fprintln(p.w, line)
	p.draw()
}

func (p *progress) clear() {
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func (p *progress) draw() {
	if !p.live || len(p.busy) == 0 {
		return
	}
	p.clear()
	text := "... " + strings.Join(p.busy, "; ")
	const width = 100
	if len(text) > width {
		text = text[:width-1] + "…"
	}
	fmt.Fprint(p.w, text)
}

// end clears the line that changes.
func (p *progress) end() { p.clear() }
