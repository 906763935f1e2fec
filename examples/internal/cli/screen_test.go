package cli

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A shown is a terminal that shows what is written to it. It knows the commands that a screen gives, and no others.
type shown struct {
	t             *testing.T
	width, height int
	rows          []row // with those that have scrolled away
	top           int   // the first row that is on the terminal
	x, y          int
	nowrap        bool
	folds         bool   // made narrower, it folds long rows; otherwise it cuts them
	wrapped       int    // how often a row went on in the next one
	rest          string // a command or a character that a read has cut off
}

type row struct {
	cells []string // a wide character has an empty cell behind it
	goes  bool     // on in the next row
}

func (r row) text() string { return strings.TrimRight(strings.Join(r.cells, ""), " ") }

var csi = regexp.MustCompile(`^\x1b\[(\??)(\d*)([A-Za-z])`)

// begun is a command that a read has cut off.
var begun = regexp.MustCompile(`^\x1b(\[\??\d*)?$`)

// Write implements io.Writer.
func (s *shown) Write(p []byte) (int, error) {
	text := s.rest + string(p)
	s.rest = ""
	for text != "" {
		switch {
		case begun.MatchString(text), !utf8.FullRuneInString(text):
			s.rest, text = text, ""
		case text[0] == '\r':
			s.x, text = 0, text[1:]
		case text[0] == '\n':
			s.down()
			text = text[1:]
		case text[0] == '\x1b':
			m := csi.FindStringSubmatch(text)
			require.NotNil(s.t, m, "%.20q", text)
			s.command(m[1]+m[3], m[2])
			text = text[len(m[0]):]
		default:
			g := displaywidth.StringGraphemes(text)
			require.True(s.t, g.Next())
			require.NotContains(s.t, g.Value(), "\ufffd")
			s.put(g.Value(), g.Width())
			text = text[len(g.Value()):]
		}
	}
	return len(p), nil
}

func (s *shown) command(name, number string) {
	n, _ := strconv.Atoi(number)
	at := s.row()
	switch name {
	case "K":
		at.cells = at.cells[:min(s.x, len(at.cells))]
	case "J":
		at.cells = at.cells[:min(s.x, len(at.cells))]
		s.rows = s.rows[:s.y+1]
	case "A":
		s.y = max(s.y-n, s.top)
	case "B":
		s.y = min(s.y+n, s.top+s.height-1)
	case "H":
		s.y, s.x = s.top, 0
	case "?l", "?h":
		require.Equal(s.t, 7, n)
		s.nowrap = name == "?l"
	case "m":
	default:
		require.Fail(s.t, "command", name)
	}
}

func (s *shown) row() *row {
	for len(s.rows) <= s.y {
		s.rows = append(s.rows, row{})
	}
	return &s.rows[s.y]
}

func (s *shown) down() {
	s.y++
	s.row()
	s.top = max(s.top, s.y-s.height+1)
}

func (s *shown) put(text string, width int) {
	if s.x+width > s.width {
		s.wrapped++
		if s.nowrap {
			s.x = s.width - width
		} else {
			s.row().goes = true
			s.x = 0
			s.down()
		}
	}
	at := s.row()
	for len(at.cells) < s.x+max(width, 1) {
		at.cells = append(at.cells, " ")
	}
	at.cells[s.x] = text
	for i := 1; i < width; i++ {
		at.cells[s.x+i] = ""
	}
	s.x += width
}

// resize gives the terminal another size. The cursor stays at the character where it is.
func (s *shown) resize(width, height int) {
	s.width, s.height = width, height
	y, rows := 0, []row(nil)
	for i, r := range s.rows {
		if i == s.y {
			y = len(rows)
		}
		for s.folds && len(r.cells) > width {
			rows = append(rows, row{cells: r.cells[:width], goes: true})
			r.cells = r.cells[width:]
		}
		r.cells = r.cells[:min(width, len(r.cells))]
		rows = append(rows, r)
	}
	s.rows, s.y, s.x = rows, y, min(s.x, width-1)
	if s.top = max(0, len(rows)-height); s.y < s.top {
		s.rows, s.top = rows[:s.y+height], s.y // what is below the cursor goes first
	}
}

func (s *shown) text() []string {
	var all []string
	for _, r := range s.rows {
		all = append(all, r.text())
	}
	return all
}

// TestTheTerminalOfTheTests wraps, folds and cuts.
func TestTheTerminalOfTheTests(t *testing.T) {
	for _, folds := range []bool{false, true} {
		s := &shown{t: t, width: 10, height: 4, folds: folds}
		_, _ = s.Write([]byte("0123456789ab\r\n日本\r\n"))
		assert.Equal(t, []string{"0123456789", "ab", "日本", ""}, s.text())
		assert.Equal(t, 1, s.wrapped)
		_, _ = s.Write([]byte("\x1b[?7l0123456789ab\x1b[?7h"))
		assert.Equal(t, "012345678b", s.text()[3])
		s.x = 0
		s.resize(5, 4)
		assert.Equal(t, folds, len(s.text()) > 4)
		_, _ = s.Write([]byte("\x1b[Jx"))
		assert.Equal(t, "x", s.text()[len(s.text())-1])
	}
}
