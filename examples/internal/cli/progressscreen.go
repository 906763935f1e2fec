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
	width int // at the last draw
	lines int // that change, at the last draw
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
	if len(stay) == 0 && len(live) == 0 && s.lines == 0 {
		return
	}
	var b strings.Builder
	b.WriteString(noWrap + "\r")
	if width != s.width {
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
	s.width, s.lines = width, len(live)
	_, _ = io.WriteString(s.w, b.String()) // an output remembers that a part of it was lost
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
