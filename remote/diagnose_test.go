package remote

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type closeNothing struct{ io.Writer }

func (closeNothing) Close() error { return nil }

// TestAProgramThatWasKilledMayHaveDoneAll: sudo hands the answer on, and may be killed before the
// first line of it, while the program behind it goes on.
func TestAProgramThatWasKilledMayHaveDoneAll(t *testing.T) {
	for exit, unknown := range map[int]bool{1: false, 126: false, 127: false, 137: true, 255: true} {
		x := newExchange("h", []Op{Mkdir{Path: "/a"}, Stat{Path: "/"}})
		x.written.Store(x.wire.Size)
		sh := newShell(process{stdin: closeNothing{io.Discard}, stdout: strings.NewReader(""),
			stderr: strings.NewReader("no"),
			wait:   func() (int, bool) { return exit, true }, end: func() {}}, true, question{})
		results, err := x.run(t.Context(), sh, true, Timeouts{}.withDefaults())
		require.Error(t, err)
		if unknown {
			require.ErrorIs(t, results[0].Err, ErrUnknown, "exit status %d", exit)
		} else {
			require.NotErrorIs(t, results[0].Err, ErrUnknown, "exit status %d", exit)
			require.ErrorContains(t, err, "no POSIX shell ran")
		}
		require.NotErrorIs(t, results[1].Err, ErrUnknown, "a look has no effect")
	}
}
