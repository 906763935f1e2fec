package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
)

// A progress tells what is going on: on a terminal a line that changes and
// stays for what is done, elsewhere plain lines.
type progress struct {
	w       io.Writer
	live    bool
	byParts bool // lines tell of parts, not of their changes

	mu   sync.Mutex // parts end beside the events of others
	busy []string
}

func newProgress(w io.Writer, byParts bool) *progress {
	p := &progress{w: w, byParts: byParts}
	if o, ok := w.(*output); ok {
		w = o.w
	}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.live = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return p
}

func (p *progress) event(e integrate.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case integrate.ChangeStarted:
		p.begin(describe(e.Change))
	case integrate.ChangeFinished:
		o := e.Outcome
		line := fmt.Sprintf("%-9s %s (%.1fs)", o.Status, describe(o.Change), o.Seconds)
		if o.Because != "" {
			line += " because of " + o.Because
		}
		p.end(describe(o.Change))
		if !p.byParts {
			p.say(line)
		}
	case world.Wait:
		p.end(waitsFor(e.Cluster))
		if len(e.Reasons) == 0 {
			p.say(fmt.Sprintf("%-9s cluster %s is healthy enough", "goes on", e.Cluster))
			return
		}
		p.begin(waitsFor(e.Cluster))
		p.say(fmt.Sprintf("%-9s cluster %s: %s; since %s, until %s at most", "waits", e.Cluster,
			strings.Join(e.Reasons, "; "), e.Since.Format(time.TimeOnly), e.Until.Format(time.TimeOnly)))
	case integrate.CheckStarted:
		p.begin(e.Name)
	case integrate.CheckFinished:
		p.end(e.Check.Name)
		p.say(fmt.Sprintf("%-9s %s (%.1fs)", e.Check.Status, e.Check.Name, e.Check.Seconds))
	}
}

// part tells how a part of a converge ended and what it found. One that had
// nothing to do and found nothing is not told.
func (p *progress) part(part integrate.Part) {
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

func waitsFor(cluster string) string { return "waits for cluster " + cluster }

func describe(c integrate.Change) string {
	return fmt.Sprintf("%s: %s %s %s", c.Target, c.Action, c.Kind, c.Name)
}

func (p *progress) begin(what string) {
	p.busy = append(p.busy, what)
	p.draw()
}

func (p *progress) end(what string) {
	for i, b := range p.busy {
		if b == what {
			p.busy = append(p.busy[:i], p.busy[i+1:]...)
			break
		}
	}
	p.clear()
	p.draw()
}

// say tells a line that stays.
func (p *progress) say(line string) {
	p.clear()
	fmt.Fprintln(p.w, oneLine(line))
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
	text := []rune(oneLine("... " + strings.Join(p.busy, "; ")))
	const width = 100
	if len(text) > width {
		text = append(text[:width-1], '…')
	}
	fmt.Fprint(p.w, string(text))
}

// printable leaves out what a terminal would take for a command, such as escape
// sequences in what a host has said.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return '?'
	}, s)
}

// oneLine is printable for a text that is a line of its own.
func oneLine(s string) string { return strings.ReplaceAll(printable(s), "\n", "?") }

// encode writes JSON. What does not print is escaped in it, also where JSON does not ask for
// that, as the output may go to a terminal.
func encode(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// close clears the line that changes.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
