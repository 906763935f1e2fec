package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/clipperhouse/displaywidth"
	"golang.org/x/term"
)

// A screen shows lines on a terminal: lines that stay, and below them lines that change.
//
// The cursor waits at the begin of the first line that changes. A terminal that is made narrower folds what it shows,
// and moves the cursor along with the text. So the screen never has to know over how many rows its old lines went:
// it clears what is behind the cursor, and draws again. (The libraries for progress bars wait below their lines, and
// go up by as many rows as they drew. Rows of folded lines then stay on the terminal.) No line wraps: each is cut to
// the width, and the terminal wraps nothing while the lines are written.
type screen struct {
	w     io.Writer
	size  func() (width, height int)
	width int      // at the last draw
	lines []string // that change, at the last draw
	last  []string // lines that stayed
}

const (
	noWrap   = "\x1b[?7l"
	wrap     = "\x1b[?7h"
	eraseEnd = "\x1b[K" // of the line
	eraseAll = "\x1b[J" // behind the cursor
)

// resized reports whether the terminal has another width than at the last draw.
func (s *screen) resized() bool {
	width, _ := s.size()
	return width != s.width
}

// draw shows more lines that stay, and then those that change, which compose gives for a size. A line is text for one
// line, without commands for the terminal; paint may add them to a text that was cut.
func (s *screen) draw(stay []string, compose func(width, height int) []string, paint func(string) string) {
	width, height := s.size()
	live := compose(width, height)
	if len(stay) == 0 && len(live) == 0 && len(s.lines) == 0 {
		return
	}
	s.last = append(s.last, stay...)
	s.last = s.last[max(0, len(s.last)-mostLast):]
	var b strings.Builder
	b.WriteString(noWrap + "\r")
	switch {
	case s.overflows(width, height):
		b.WriteString(scrollAway(height))
		stay = s.last[max(0, len(s.last)-max(0, height-1-len(live))):]
	case width != s.width:
		b.WriteString(eraseAll)
	}
	for _, line := range stay {
		b.WriteString(paint(cut(line, width-1)) + eraseEnd + "\r\n")
	}
	for i, line := range live {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(paint(cut(line, width-1)) + eraseEnd)
	}
	b.WriteString(eraseAll)
	if n := len(live) - 1; n > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", n)
	}
	b.WriteString("\r" + wrap)
	s.width, s.lines = width, live
	_, _ = io.WriteString(s.w, b.String()) // an output remembers that a part of it was lost
}

// mostLast is how many lines that stayed are kept, for the terminals that have to be drawn anew.
const mostLast = 200

// overflows reports whether the old lines, once folded, do not fit on the terminal. It
// then cannot clear all of them.
func (s *screen) overflows(width, height int) bool {
	rows := 0
	for _, line := range s.lines {
		rows += 1 + (min(displaywidth.String(line), s.width-1)-1)/width
	}
	return width < s.width && rows > height-1
}

// scrollAway moves all that a terminal shows to where it can be scrolled back to.
func scrollAway(height int) string {
	return fmt.Sprintf("\x1b[%dB", height) + strings.Repeat("\n", height) + "\x1b[H" + eraseAll
}

// cut gives what of a text fits into so many columns of a terminal. It cuts no character in two.
func cut(text string, columns int) string {
	return displaywidth.TruncateString(text, max(columns, 1), "…")
}

// terminal is the terminal that a stream goes to, if it goes to a terminal that can be drawn on.
func terminal(stream any) (*os.File, bool) {
	if o, ok := stream.(*output); ok {
		stream = o.w
	}
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// sizeOf tells the size of a terminal at each call.
func sizeOf(f *os.File) func() (width, height int) {
	return func() (int, int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil || width < 1 || height < 1 {
			return 80, 24
		}
		return width, height
	}
}
